"""How a server waits: right for the four servers, and wrong wherever it should be.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_mechanism.py
"""

import os
import shlex
import sys
import tempfile
import unittest
import warnings
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
sys.path.insert(0, str(HERE.parents[1] / "lab/command"))

import mechanism
import processes
from results import FAILED, NOT_RUN, PASSED

ONE = {"one_thread": True}
SHORTLY = mock.patch.object(mechanism, "SECONDS", 1)  # where it never sleeps in the right call


def waits(how: str):
    return lambda port: [sys.executable, str(HERE / "waits.py"), str(port), how]


def wrapped(how: str):
    return lambda port: ["sh", "-c", shlex.join(waits(how)(port)) + "; true"]


def ours(name: str):
    return lambda port: [str(BUILD / name), f"--port={port}"]


class Mechanism(unittest.TestCase):
    def setUp(self):
        processes.adopt_orphans()
        self.addCleanup(processes.end_all)
        warnings.simplefilter("ignore", ResourceWarning)  # end_all() waits for them
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def judge(self, make_words, **wanted) -> tuple[str, str]:
        server = processes.start_server(make_words, Path(self.folder.name))
        outcome = mechanism.judge(server, wanted)
        if outcome[0] == NOT_RUN:
            self.skipTest(outcome[1])
        processes.end_all()
        return outcome

    def assert_passes(self, make_words, **wanted) -> None:
        self.assertEqual(self.judge(make_words, **wanted), (PASSED, ""))

    def assert_fails(self, make_words, saw: str, expected: str, **wanted) -> None:
        with SHORTLY:
            outcome, message = self.judge(make_words, **wanted)
        self.assertEqual(outcome, FAILED)
        self.assertRegex(message, f"^saw: .*{saw}.*\nexpected: .*{expected}")

    def test_the_four_servers(self):
        for name, call, trigger in (
            ("select_server", "select", {}), ("poll_server", "poll", {}),
            ("epoll_lt_server", "epoll_wait", {"edge_triggered": False}),
            ("epoll_et_server", "epoll_wait", {"edge_triggered": True}),
        ):
            with self.subTest(name):
                self.assert_passes(ours(name), waits_in=[call], **trigger, **ONE)

    def test_one_client_at_a_time(self):
        self.assert_passes(waits("blocking"), waits_in=["accept", "recv"], **ONE)

    def test_through_a_shell(self):
        self.assert_passes(wrapped("poll"), waits_in=["poll"], **ONE)
        self.assert_fails(wrapped("processes"), "processes", "one process", **ONE)

    def test_another_call(self):
        self.assert_fails(
            waits("poll"), "sleeps in poll", "in select while", waits_in=["select"]
        )
        self.assert_fails(waits("blocking"), "sleeps in recv", "in poll", waits_in=["poll"])

    def test_never_asleep(self):
        self.assert_fails(waits("spin"), "not stay asleep", "in select", waits_in=["select"])
        self.assert_fails(waits("naps"), "sleeps in nanosleep", "in select", waits_in=["select"])

    def test_a_thread_or_process_for_each_connection(self):
        self.assert_fails(waits("threads"), "4 threads", "one thread", **ONE)
        self.assert_fails(waits("processes"), "4 processes", "one process", **ONE)

    def test_the_trigger(self):
        self.assert_fails(waits("epoll"), "0 .* 3 level", "edge-triggered", edge_triggered=True)
        self.assert_fails(waits("edge"), "3 conn.* 0 level", "no EPOLLET", edge_triggered=False)
        for wanted in (True, False):
            self.assert_fails(waits("poll"), "watches none", "all", edge_triggered=wanted)

    def test_a_machine_that_hides_it(self):
        server = processes.start_server(waits("poll"), Path(self.folder.name))
        hidden = mock.patch.object(
            Path, "read_text", side_effect=PermissionError(13, "Permission denied")
        )
        with hidden, self.assertRaisesRegex(mechanism.CannotSee, "syscall.*Permission denied"):
            mechanism.present_call(server.process.pid)
        with mock.patch("platform.machine", return_value="riscv64"):
            outcome, reason = mechanism.judge(server, {"waits_in": ["poll"]})
        self.assertEqual(outcome, NOT_RUN)
        self.assertIn("riscv64", reason)


if __name__ == "__main__":
    unittest.main()
