"""Hostile programs in the sandbox: what they can't do, and that nothing of them is left.

    python3 tests/lab/test_sandbox.py [Bubblewrap | Fallback | OrdinaryUser | Ending]

Each is handed in as a submission, compiled, started and sent a line; hostile/ has them.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
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

MIB = 1 << 20
NOBODY = 65534
SECRET_TEXT = "int hidden_case;"
RIGHT = "right"  # a program that does no harm
NO_SCRATCH = {"compiled": True, "served": True, "again": True}


def program(name: str, secret: Path, port: int) -> str:
    if name == RIGHT:
        return (HERE / "hostile/echo.h").read_text() + "\nstatic void harm(void)\n{\n}\n"
    return hostile_programs.source(name, str(secret), port)


@contextlib.contextmanager
def listener():
    """A server of the machine's, which no submission may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def stat_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().split()


class Class(unittest.TestCase):
    """Submissions of two students: the second one's must stay untouched and unseen."""

    limits = sandbox.Limits(seconds=60, memory=768 * MIB, room=32 * MIB, file_size=16 * MIB)

    def setUp(self):
        processes.adopt_orphans()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="lab-test-")))
        self.secret = self.folder / "other" / "server.c"
        self.secret.parent.mkdir()
        self.secret.write_text(SECRET_TEXT)
        self.machine = self.enterContext(listener())
        self.before = set(os.listdir("/tmp"))

    def submission(self, name: str) -> Path:
        folder = self.folder / f"copy-of-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
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
        new = set(os.listdir("/tmp")) - self.before
        self.assertEqual([name for name in new if name.startswith("lab-judge")], [])
        self.assertEqual(self.secret.read_text(), SECRET_TEXT)

    def assert_next_is_served(self):
        seen = self.report(self.start(RIGHT))
        self.assertEqual(seen | NO_SCRATCH, seen)

    def assert_could_not(self, seen: dict):
        self.assertEqual([line for line in seen["printed"] if "could " in line], [])


class Bubblewrap(Class):
    """With all the protection that there is."""

    def setUp(self):
        super().setUp()
        self.assertEqual(sandbox.protection(), sandbox.Protection("bubblewrap"))

    def served(self, name: str) -> dict:
        """It is as right as any other, and could do no harm."""
        seen = self.judge(name)
        self.assertEqual(seen | NO_SCRATCH, seen)
        self.assert_could_not(seen)
        return seen

    def test_right(self):
        self.assertEqual(self.served(RIGHT)["files"], ["server", "server.c"])

    def test_fork_bomb(self):
        seen = self.judge("fork_bomb")
        self.assertLess(seen["processes"], self.limits.processes + 4)
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

    def test_connects_outside(self):
        self.served("connects_outside")

    def test_becomes_root(self):
        self.served("becomes_root")


class Ending(Class):
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

    def test_no_room_for_the_submission(self):
        limits = sandbox.Limits(room=MIB)
        folder = self.submission(RIGHT)
        (folder / "large").write_bytes(b"x" * 2 * MIB)
        ended = sandbox.run(["true"], folder, [], limits)
        self.assertNotEqual(ended.status, 0)
        self.assertIn(b"No space left", ended.complaint)


class Fallback(Class):
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
        self.assertEqual(seen | NO_SCRATCH, seen)

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
