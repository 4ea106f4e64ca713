"""Ways to points that weren't earned, to what nobody may see, and to a grader that gives up.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_cheats.py [Submitted | Forms | Graded]

Programs that harm the machine are in hostile/ and test_sandbox.py.
"""

import contextlib
import csv
import io
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(TOP / "lab/command"), str(TOP / "lab/teacher"), str(HERE)]
# pylint: disable=wrong-import-position
import mechanism
import processes
import sandbox
import submissions
from exercises import five_buffers, form, from_the_symptom, measure_yours, one_line
from exercises.beside_the_four import Figure
from problem import Problem
from test_grade import EXERCISE, MODULE, RUBRIC, STEP, TINY

BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
CONFORMANCE = BUILD / "tests/conformance/conformance"
DEADLINE = 300  # seconds
# Spoils NUL bytes, and writes what conformance would print if it didn't.
FORGES = r"""
#include <stdio.h>
static void forge(char *buffer, long length)
{
    for (long i = 0; i < length; i++)
        buffer[i] += buffer[i] == 0;
    fputs("x\rok 1 - 01 echo-all-byte-values\rok 2 - 01 echo-nothing-but-nul\r"
          "ok 3 - 01 lab-next-client\r\n", stderr);
}
"""


class Folders(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lab-test-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)


class Submitted(Folders):
    """Folders and .lab.json files that no student makes by accident."""

    def found(self, **state) -> submissions.Submission:
        (self.folder / ".lab.json").write_text(json.dumps(state))
        return submissions.find([str(self.folder)], None)[0]

    def deep(self, depth: int) -> None:
        here = os.open(self.folder, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir("d", dir_fd=here)
            there = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = there
        os.close(here)

    def test_too_deep(self):
        self.deep(1800)
        with self.assertRaises(Problem):
            list(submissions.files(self.folder))

    def test_deep_enough(self):
        self.deep(10)
        self.assertEqual(list(submissions.files(self.folder)), [])

    def test_too_many_folders(self):
        for number in range(submissions.FILES_MOST + 1):
            (self.folder / str(number)).mkdir()
        with self.assertRaises(Problem):
            list(submissions.files(self.folder))

    def test_commands(self):
        """One word for Python is one word for conformance, and nothing in it is expanded."""
        for command, usable in (
            ("python3 server.py {port}", "python3 server.py {port}"),
            ("./server --port={port} {options}", "./server --port={port} {options}"),
            ("sh -c 'exec ./a {port}'", "sh -c 'exec ./a {port}'"),
            ("./a {port} $HOME/* ~ `id`", "./a {port} '$HOME/*' '~' '`id`'"),
            ("./a {port} $((1", "./a {port} '$((1'"),
            ("./a " + "(" * 100_000 + " {port}", None), ("./a", None), ("'' {port}", None),
        ):
            self.assertEqual(self.found(item="step-1", server=command).server, usable)
            if usable:
                self.assertEqual(shlex.split(usable), shlex.split(command))


class Forms(Folders):
    """answers.txt, and the files it names."""

    def test_control_characters(self):
        for text in ("results: a\0b", "hunt: \x1b[2J", "client: a\x7f"):
            with self.assertRaises(form.BadForm):
                form.parse(text)
        self.assertEqual(form.parse("key:\ta\tb\r\n"), {"key": "a b"})

    def test_a_client_is_confined(self):
        """It is the student's program, as the server is."""
        with mock.patch.object(processes, "confinement", lambda _: ["echo", "confined"]):
            with five_buffers.running(["./client"], self.folder) as client:
                client.process.wait()
                self.assertEqual(client.lines(), ["confined ./client"])

    def test_a_client_with_a_long_number(self):
        with five_buffers.running(["echo", "9" * 5000], self.folder) as client:
            client.process.wait()
            self.assertEqual([number for number in five_buffers.numbers(client) if number < 0], [])

    def test_a_hunt_elsewhere(self):
        """Only what was handed in is judged."""
        inside, outside = self.folder / "in", self.folder / "out"
        for path in (inside / "hunt", outside):
            path.mkdir(parents=True)
            state = {"format": 1, "item": "hunt-1", "items": {}, "seed": 1}
            (path / ".lab.json").write_text(json.dumps(state))
        (inside / "link").symlink_to(outside)
        self.assertEqual(from_the_symptom.hunt_in({"hunt": "../out"}, inside)[1], outside)
        with mock.patch.object(processes, "confinement", lambda _: []):
            for said in ("../out", str(outside), "link", "a" * 5000):
                with self.assertRaises(form.Wrong):
                    from_the_symptom.hunt_in({"hunt": said}, inside)
            self.assertEqual(from_the_symptom.hunt_in({"hunt": "hunt"}, inside)[0].key, "hunt-1")

    def test_a_hunt_with_a_damaged_state(self):
        (self.folder / "hunt").mkdir()
        for text in ("[" * 100_000, "{}", '{"format": 1, "item": []}', '{"format": 1' + "0" * 9999):
            (self.folder / "hunt/.lab.json").write_text(text)
            with self.assertRaises(form.Wrong):
                from_the_symptom.hunt_in({"hunt": "hunt"}, self.folder)

    def test_a_run_that_took_no_time(self):
        many = {("cpu", name): Figure(1, 1, 1) for name in (*one_line.live.FOUR.values(), "mine")}
        none = {key: Figure(0, 0, 0) for key in many}
        with mock.patch("exercises.beside_the_four.read_figures", lambda *_: many):
            with self.assertRaises(form.Wrong):
                measure_yours.check_growth(none, self.folder, {"server": "mine", "grows": "none"})

    def test_one_line_less_and_a_file_more(self):
        one_line.start(self.folder, 0)
        self.assertEqual(one_line.difference(self.folder), ([], []))
        (self.folder / "echo/more.c").write_text("int more;\n")
        self.assertEqual(one_line.difference(self.folder), ([], ["int more;"]))


class Ports(unittest.TestCase):
    def test_none_is_free(self):
        """The judge doesn't look for one without end."""
        with socket.create_server((processes.HOST, 0)) as taken:
            port = taken.getsockname()[1]
            with mock.patch.object(processes, "PORTS", range(port, port + 1)):
                with self.assertRaises(processes.NotServing):
                    processes.free_port()


class Mechanism(Folders):
    def test_a_decoy(self):
        """What listens must be what serves."""
        (self.folder / "server.c").write_text((HERE / "hostile/decoy.c").read_text())
        subprocess.run(["cc", "-o", "server", "server.c"], cwd=self.folder, check=True)
        program = str(self.folder / "server")
        server = processes.start_server(lambda port: [program, str(port)], self.folder)
        self.addCleanup(os.close, server.printed)
        self.addCleanup(processes.end, server.process)
        outcome, message = mechanism.judge(server, {"waits_in": ["poll"], "one_thread": True})
        self.assertEqual(outcome, "failed")
        self.assertIn("processes for these connections", message)

    def test_hidden(self):
        """What started it must not be taken for it."""
        with socket.create_server((processes.HOST, 0)) as listener:
            server = SimpleNamespace(
                process=subprocess.Popen(["sleep", "60"]), port=listener.getsockname()[1])
            self.addCleanup(server.process.wait)
            self.addCleanup(server.process.kill)
            self.assertEqual(mechanism.serving(server), [])


@unittest.skipIf(os.geteuid() != 0, "only root can become other users")
class Users(Folders):
    """What the kernel counts for each user, one submission can't take from another."""

    def whoami(self, number: int) -> str:
        """Without bubblewrap only the student's programs have a user of their own: fallback.py."""
        folder = self.folder / str(number)
        folder.mkdir()
        self.folder.chmod(0o755)
        ended = sandbox.run(["sh", "-c", "sleep 1; echo ${LAB_STUDENT:-$(id -u)}"], folder, [])
        return ended.report.decode().strip()

    def test_a_user_for_each_judge(self):
        with ThreadPoolExecutor(3) as pool:
            users = list(pool.map(self.whoami, range(3)))
        self.assertEqual(len(set(users) - {"0", ""}), 3, users)


class Graded(Folders):
    """Whole runs on a small course."""

    def setUp(self):
        super().setUp()
        for path, text in (
            ("steps/01-only/step.toml", STEP), ("steps/01-only/rubric.toml", RUBRIC),
            ("exercises/04-add/exercise.toml", EXERCISE), ("command/exercises/__init__.py", MODULE),
        ):
            self.write(f"course/{path}", text)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def hand_in(self, name: str, text: str, **state) -> Path:
        known = {"format": 1, "item": "step-1", "items": {}, "seed": 1} | state
        self.write(f"class/{name}/.lab.json", json.dumps(known))
        self.write(f"class/{name}/server.c", text)
        return self.folder / "class" / name

    def grade(self) -> tuple[dict[str, dict], str]:
        places = {"LAB_COURSE": str(self.folder / "course"), "LAB_CONFORMANCE": str(CONFORMANCE)}
        done = subprocess.run(
            [sys.executable, TOP / "lab/lab", "grade", "--format=csv", "--results",
             self.folder / "results", *sorted((self.folder / "class").iterdir())],
            env=os.environ | places, text=True, capture_output=True, timeout=DEADLINE, check=False,
        )
        rows = csv.DictReader(io.StringIO(done.stdout))
        return {row["submission"]: row for row in rows}, done.stdout + done.stderr

    def points(self) -> dict[str, str]:
        rows, text = self.grade()
        self.assertNotEqual(rows, {}, text)
        return {name: row["points"] for name, row in rows.items()}

    def test_forged_results(self):
        """What a server prints is never read as a result."""
        served = TINY.replace("#ifdef HANGS", "forge(buffer, length);\n#ifdef HANGS")
        self.assertNotEqual(served, TINY)
        self.hand_in("forges", FORGES + served)
        self.hand_in("spoils", FORGES.replace(r'"x\rok 1', '"x') .replace(r"\rok", "") + served)
        points = self.points()
        self.assertEqual(points["forges"], points["spoils"])

    def test_names_that_are_in_the_way(self):
        """The judge writes `server`, and doesn't give up where that is a folder."""
        folder = self.hand_in("folder", TINY)
        for name in ("server", *(f".server.{pid}" for pid in range(9))):
            self.write(f"class/folder/{name}/file", "")
        self.assertTrue((folder / "server").is_dir())
        self.assertEqual(self.points(), {"folder": "0"})

    def test_one_that_is_too_deep(self):
        """The others are graded all the same."""
        self.hand_in("right", TINY)
        self.hand_in("deep", TINY)
        with contextlib.chdir(self.folder / "class/deep"):
            for _ in range(1800):
                os.mkdir("d")
                os.chdir("d")
        self.assertEqual(self.points(), {"right": "9", "deep": ""})


if __name__ == "__main__":
    unittest.main(warnings="ignore")
