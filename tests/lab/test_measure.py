"""Step 12: answers about a run that was left, right ones and wrong ones.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_measure.py
"""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
if "FOUR_WAYS_BUILD" in os.environ:
    built = Path(os.environ["FOUR_WAYS_BUILD"]).absolute() / "tests/conformance/conformance"
    os.environ.setdefault("LAB_CONFORMANCE", str(built))
sys.path.insert(0, str(TOP / "lab/command"))

import course
import processes
from check import Check
from results import FAILED, PASSED

HEAD = "metric server mode idle active size firehoses value low high".split()
FOUR = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
SCANNING = FOUR[:2]
RIGHT = {"results": "results", "server": "mine", "cheaper": "none", "grows": "select, poll",
         "calls": "3", "why": ""}


class Measure(unittest.TestCase):
    def setUp(self):
        processes.adopt_orphans()
        self.addCleanup(processes.end_all)
        self.item = course.find("12")
        there = tempfile.TemporaryDirectory()
        self.addCleanup(there.cleanup)
        self.folder = Path(there.name)
        shutil.copy(self.item.folder / "starter.c", self.folder / "server.c")
        self.run_left("0", "900")

    def run_left(self, *idle: str):
        """A results folder: select and poll need six times as much with 900 idle."""
        rows = [HEAD]
        for number in idle:
            for server in (*FOUR, "mine"):
                value = 3e-4 if number == "900" and server in SCANNING else 5e-5
                numbers = [str(value), str(value * 0.9), str(value * 1.1)]
                rows.append(["cpu", server, "closed", number, "1", "64", "0", *numbers])
        (self.folder / "results").mkdir(exist_ok=True)
        table = "".join("\t".join(row) + "\n" for row in rows)
        (self.folder / "results/figures.tsv").write_text(table)

    def check(self, **answers: str) -> dict:
        lines = [f"{key}: {value}\n" for key, value in (RIGHT | answers).items()]
        (self.folder / "answers.txt").write_text("".join(lines))
        report = Check(self.item, self.folder, None).run()
        return {one.name: one for one in report.results}

    def test_right(self):
        found = self.check()
        for name in ("serves", "run", "place", "grows"):
            self.assertEqual(found[name].outcome, PASSED, found[name])
        self.assertNotEqual(found["calls"].outcome, FAILED, found["calls"])  # no strace: not run
        self.assertTrue(found["why"].person)

    def assert_fails(self, name: str, text: str, **answers: str):
        found = self.check(**answers)
        self.assertEqual(found[name].outcome, FAILED, found[name])
        self.assertIn(text, found[name].message)
        self.assertTrue(found[name].hint)

    def test_wrong_about_idle_connections(self):
        self.assert_fails("grows", "mine: you say that it grows", grows="select poll mine")
        self.assert_fails("grows", "poll: you say that it doesn't grow", grows="select")

    def test_wrong_name(self):
        self.assert_fails("run", "isn't in the run", server="fast")

    def test_without_900_idle(self):
        self.run_left("0")
        self.assert_fails("grows", "no figures for 1 active and 900 idle")


if __name__ == "__main__":
    unittest.main()
