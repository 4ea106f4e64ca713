"""Hostile programs in the sandbox: what they can't do, and that nothing of them is left.

    python3 tests/lab/test_sandbox.py [Bubblewrap | Conformance | Fallback | OrdinaryUser | Ending]

Each is handed in as a submission, compiled, started and sent a line; hostile/ has them.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
LAB = HERE.parents[1] / "lab"
sys.path[:0] = [str(LAB / "command"), str(LAB / "teacher"), str(HERE)]
# pylint: disable=wrong-import-position
import hostile_programs
import processes
import sandbox

BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
CONFORMANCE = BUILD / "tests/conformance/conformance"
MIB = 1 << 20
NOBODY = 65534
SECRET_TEXT = "int hidden_case;"
RIGHT = "right"  # a program that does no harm
SERVED = {"compiled": True, "served": True, "again": True}


def program(name: str, secret: Path, port: int) -> str:
    if name == RIGHT:
        return (HERE / "hostile/echo.h").read_text() + "\nstatic void harm(void)\n{\n}\n"
    return hostile_programs.source(name, str(secret), port)


@contextlib.contextmanager
def listener():
    """A server of the machine's, which no submission may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def command_lines() -> set[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.add(path.read_text(errors="replace"))
    return found


class Submissions(unittest.TestCase):
    """Submissions of two students: the second one's must stay untouched and unseen."""

    limits = sandbox.Limits(seconds=60, memory=768 * MIB, room=32 * MIB, file_size=16 * MIB)

    def setUp(self):
        processes.adopt_orphans()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="lab-test-")))
        self.folder.chmod(0o755)
        self.secret = self.folder / "other" / "server.c"
        self.secret.parent.mkdir()
        self.secret.write_text(SECRET_TEXT)
        self.machine = self.enterContext(listener())
        self.scratch = self.folder / "tmp"
        self.scratch.mkdir()
        self.enterContext(mock.patch("tempfile.tempdir", str(self.scratch)))

    def submission(self, name: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=name, dir=self.folder))
        port = self.machine.getsockname()[1]
        (folder / "server.c").write_text(program(name, self.secret, port))
        return folder

    def start(self, name: str, *arguments: str, **more) -> sandbox.Ended:
        judge = HERE / "sandbox_judge.py"
        return sandbox.run(
            ["python3", str(judge), str(LAB), *arguments], self.submission(name), [LAB, judge],
            more.pop("limits", self.limits), {"LAB_TIME_FACTOR": "3"}, **more,
        )

    def judge(self, name: str) -> dict:
        """What the judge saw; afterwards nothing is left, and the next one is served."""
        seen = self.report(self.start(name))
        self.assert_nothing_left()
        return seen

    def report(self, ended: sandbox.Ended) -> dict:
        self.assertEqual((ended.reason, ended.status), ("", 0), ended)
        return json.loads(ended.report)

    def assert_nothing_left(self):
        self.assertEqual(processes.family(os.getpid()), [os.getpid()])
        self.assertEqual(os.listdir(self.scratch), [])
        self.assertEqual(self.secret.read_text(), SECRET_TEXT)

    def assert_next_is_served(self):
        seen = self.report(self.start(RIGHT))
        self.assertEqual(seen | SERVED, seen)

    def assert_could_not(self, seen: dict):
        self.assertEqual([line for line in seen["printed"] if "could " in line], [])


class Bubblewrap(Submissions):
    """With all the protection that there is."""

    def setUp(self):
        super().setUp()
        if sandbox.protection().missing:
            self.skipTest(sandbox.protection().missing[0])

    def served(self, name: str) -> dict:
        """It is as right as any other, and could do no harm."""
        seen = self.judge(name)
        self.assertEqual(seen | SERVED, seen)
        self.assert_could_not(seen)
        return seen

    def test_right(self):
        self.assertEqual(self.served(RIGHT)["files"], ["server", "server.c"])

    def test_fork_bomb(self):
        seen = self.judge("fork_bomb")
        self.assertLess(seen.get("processes", seen), self.limits.processes + 4)
        self.assert_next_is_served()

    def test_endless_output(self):
        self.assertTrue(self.judge("endless_output")["served"])
        self.assert_next_is_served()

    def test_stays_behind(self):
        """It ends with the sandbox: its parent has ended at once."""
        self.judge("stays_behind")
        self.assert_next_is_served()

    def test_deletes_its_folder(self):
        """That was a copy, for one start."""
        self.assertEqual(self.served("deletes_its_folder")["files"], ["server", "server.c"])

    def test_reads_secrets(self):
        self.served("reads_secrets")

    def test_includes_a_secret(self):
        self.served("includes_a_secret")

    def test_embeds_a_secret(self):
        seen = self.judge("embeds_a_secret")
        self.assertFalse(seen["compiled"])
        self.assertIn("file not found", "\n".join(seen["printed"]))

    def test_fakes_a_result(self):
        """The report is the judge's alone, and the folder has no new file."""
        self.assertEqual(self.served("fakes_a_result")["files"], ["server", "server.c"])

    def test_prints_passed(self):
        seen = self.judge("prints_passed")
        self.assertFalse(seen["served"] or seen["again"])

    def test_kills_everything(self):
        """It can reach its own processes only."""
        self.assert_could_not(self.judge("kills_everything"))
        self.assert_next_is_served()

    def test_fills_the_disk(self):
        """Three folders and two descriptors have room."""
        free = shutil.disk_usage("/").free, shutil.disk_usage("/tmp").free
        seen = self.served("fills_the_disk")
        filled = [line for line in seen["printed"] if line.startswith("filled ")]
        self.assertLess(int(filled[0].split()[1]) if filled else 0, 4 * self.limits.room / MIB)
        after = shutil.disk_usage("/").free, shutil.disk_usage("/tmp").free
        for one, other in zip(free, after):
            self.assertLess(one - other, 512 * MIB)  # others write, too
        self.assert_next_is_served()

    def test_fills_the_memory(self):
        for name in ("fills_the_memory", "hides_memory"):
            with self.subTest(name):
                self.assertEqual(self.start(name, "50").reason, "memory")
                self.assert_nothing_left()
        self.assert_next_is_served()

    def test_sleeps(self):
        seen = self.judge("sleeps")
        self.assertFalse(seen["served"] or seen["again"])

    def test_binds_every_port(self):
        self.judge("binds_every_port")
        self.assert_next_is_served()

    def test_side_by_side(self):
        """A judge suffers nothing from what another one judges."""
        names = [RIGHT, "kills_everything", "fills_the_disk", "binds_every_port", RIGHT]
        with ThreadPoolExecutor(len(names)) as pool:
            ended = list(pool.map(self.start, names))
        for name, one in zip(names, ended):
            if name == RIGHT:
                self.assertEqual(self.report(one) | SERVED, self.report(one))
        self.assert_nothing_left()

    def test_connects_outside(self):
        self.served("connects_outside")

    def test_becomes_root(self):
        self.served("becomes_root")


class Conformance(Submissions):
    """Right servers earn everything in the sandbox, as they do outside."""

    limits = sandbox.Limits(seconds=500)

    def run_in_judge(self, script: str, files: dict[str, Path], *arguments: str) -> sandbox.Ended:
        folder = self.submission(RIGHT)
        for name, path in files.items():
            shutil.copy(path, folder / name)
        judge = HERE / script
        return sandbox.run(
            ["python3", str(judge), str(LAB), *arguments], folder, [LAB, judge, CONFORMANCE],
            self.limits, {"LAB_CONFORMANCE": str(CONFORMANCE), "LAB_TIME_FACTOR": "4"},
        )

    def test_all_cases(self):
        """The server's counters are read through a file in /tmp, so the two share that."""
        server = {"server": BUILD / "epoll_lt_server"}
        ended = self.run_in_judge("sandbox_cases.py", server, str(CONFORMANCE))
        text = (ended.report + ended.complaint).decode()
        self.assertEqual((ended.reason, ended.status), ("", 0), text)
        passed, failed = re.search(r"(\d+) passed, (\d+) failed", text).groups()
        self.assertGreaterEqual(int(passed), 100, text)
        self.assertEqual(failed, "0")

    def test_mechanisms(self):
        """/proc shows how the confined server waits, and what its epoll instance watches."""
        for step in ("03-select", "07-poll", "10-edge-triggered"):
            with self.subTest(step):
                solution = {"server.c": LAB / "steps" / step / "solution.c"}
                ended = self.run_in_judge("sandbox_check.py", solution, step)
                self.assertEqual((ended.reason, ended.status), ("", 0), ended)
                self.assertEqual(set(json.loads(ended.report).values()), {"passed"}, ended)


class Ending(Submissions):
    """A judge that doesn't end by itself."""

    def test_time(self):
        ended = self.start(RIGHT, limits=sandbox.Limits(seconds=0.5))
        self.assertEqual(ended.reason, "time")
        self.assert_nothing_left()

    def test_stop(self):
        asked = threading.Event()
        threading.Timer(0.5, asked.set).start()
        self.assertEqual(self.start(RIGHT, stop=asked.is_set).reason, "stopped")
        self.assert_nothing_left()

    def test_report(self):
        ended = sandbox.run(["yes"], self.submission(RIGHT), [], self.limits)
        self.assertEqual((ended.reason, len(ended.report)), ("output", self.limits.report))
        self.assert_nothing_left()

    def test_the_grader_is_killed(self):
        """Then the kernel ends its judges."""
        mark = f"{1000 + os.getpid()}.5"
        code = (
            "import sys; from pathlib import Path; sys.path[:0] = sys.argv[3:]; import sandbox;"
            "sandbox.run(['sleep', sys.argv[1]], Path(sys.argv[2]), [])"
        )
        paths = [f"{LAB}/command", f"{LAB}/teacher"]
        words = [sys.executable, "-B", "-c", code, mark, str(self.submission(RIGHT)), *paths]
        with subprocess.Popen(words) as grader:
            self.await_sleeper(mark, True)
            grader.kill()
        self.await_sleeper(mark, False)

    def await_sleeper(self, mark: str, wanted: bool):
        deadline = time.monotonic() + 60
        while (f"sleep\0{mark}\0" in command_lines()) != wanted:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    @unittest.skipIf(os.geteuid() != 0, "only root takes another user's rights")
    def test_the_signal_of_a_killed_parent_stays(self):
        code = (
            "import ctypes, os, processes; found = ctypes.c_int()\n"
            "processes.libc.prctl(1, 15, 0, 0, 0)\n"
            "os.stat = lambda _: os.stat_result([0] * 4 + [65534, 65534] + [0] * 4)\n"
            f"with processes.with_rights_of({os.getpid()}): pass\n"
            "processes.libc.prctl(2, ctypes.byref(found), 0, 0, 0); print(found.value)\n"
        )
        words, paths = [sys.executable, "-B", "-c", code], os.environ | {"PYTHONPATH": f"{LAB}/command"}
        done = subprocess.run(words, capture_output=True, text=True, env=paths, check=True)
        self.assertEqual(done.stdout.split(), ["15"])

    def test_no_room_for_the_submission(self):
        limits = sandbox.Limits(room=MIB)
        folder = self.submission(RIGHT)
        (folder / "large").write_bytes(b"x" * 2 * MIB)
        ended = sandbox.run(["true"], folder, [], limits)
        self.assertNotEqual(ended.status, 0)
        self.assertIn(b"No space left", ended.complaint)


class Fallback(Submissions):
    """Without bubblewrap: what is promised then, and what is said to be missing."""

    def setUp(self):
        super().setUp()
        sandbox.protection.cache_clear()
        self.addCleanup(sandbox.protection.cache_clear)
        self.enterContext(mock.patch("bubblewrap.shutil.which", lambda _: None))

    def test_what_is_missing(self):
        found = sandbox.protection()
        self.assertEqual(found.level, "limits")
        self.assertIn("not installed", found.missing[0])
        self.assertTrue(all(line.endswith(".") for line in found.missing))

    def test_right(self):
        seen = self.judge(RIGHT)
        self.assertEqual(seen | SERVED, seen)

    def test_network(self):
        import fallback
        if not fallback.network():
            self.skipTest("no network namespace can be made here")
        self.assert_could_not(self.judge("connects_outside"))

    def test_harm(self):
        """Only as root is the student's program another user's."""
        names = ["fork_bomb", "endless_output", "stays_behind", "prints_passed", "sleeps"]
        names += ["kills_everything", "fakes_a_result"] if os.geteuid() == 0 else []
        for name in names:
            with self.subTest(name):
                self.judge(name)
        self.assert_next_is_served()


@unittest.skipIf(os.geteuid() != 0, "we are one")
class OrdinaryUser(unittest.TestCase):
    """All of it, run by a user who isn't root."""

    def run_as_nobody(self, name: str):
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        done = subprocess.run(
            [*words, sys.executable, __file__, name], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_bubblewrap(self):
        self.run_as_nobody("Bubblewrap")

    def test_fallback(self):
        self.run_as_nobody("Fallback")

    def test_ending(self):
        self.run_as_nobody("Ending")


if __name__ == "__main__":
    unittest.main()
