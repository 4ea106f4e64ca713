"""The steps of the lab: each check finds what it is there to find, and nothing else.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_steps.py [FOLDER...]

FOLDER is one of lab/steps, such as 03-select; usually all of them.  In each

    starter.c          compiles without a warning, and is no solution yet
    solution.c         passes; it grows out of the solution before it by 10 to 40 lines
    wrong-NAME.patch   makes a typical mistake in the solution.  Its second line names the
                       promise that fails first, and that promise has a hint and a place
                       to read

A step without new code has solution.txt and wrong-NAME.txt instead: answers to its form.
"""

import contextlib
import difflib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parents[2]
STEPS = TOP / "lab/steps"
COMPILER = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
TRIES = 3  # on a busy machine, a server may be held back by that alone
NEW_LINES = range(10, 41)
FACTOR = 4  # for time limits, where the machine may have had other things to do
LIMITS = ("check.SECONDS", "compiler.SECONDS", "conformance.PATIENCE", "mechanism.SECONDS",
          "processes.LISTEN_SECONDS")
FORM, TASK_LINES, TASK_COLUMNS = "answers.txt", 60, 80
if "FOUR_WAYS_BUILD" in os.environ:
    built = Path(os.environ["FOUR_WAYS_BUILD"]).absolute() / "tests/conformance/conformance"
    os.environ.setdefault("LAB_CONFORMANCE", str(built))
sys.path.insert(0, str(TOP / "lab/command"))

import course
import processes
from check import KEPT_HINT, Check
from results import PASSED, Report


def code_lines(source: Path) -> list[str]:
    """Without comments, blank lines and indentation."""
    text = re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.DOTALL)
    return [line.strip() for line in text.splitlines() if line.strip()]


def new_lines(before: Path, after: Path) -> int:
    compared = difflib.ndiff(code_lines(before), code_lines(after))
    return sum(line.startswith("+ ") for line in compared)


def second_line(path: Path) -> str:
    """The promise that a wrong solution breaks first."""
    line = path.read_text().splitlines()[1]
    found = re.search(r"promise: ([a-z-]+)", line)
    if not found:
        raise AssertionError(f"{path}: its second line is not 'promise: NAME'")
    return found[1]


def missing_headings(place: str) -> set[str]:
    """Of 'chapter 2 of the book: "Backpressure"': those that the chapter doesn't have."""
    chapter = re.match(r"chapter (\d+) ", place)
    if not chapter:
        return set()
    text = next((TOP / "docs/book").glob(f"{int(chapter[1]):02}-*.adoc")).read_text()
    headings = re.findall("^=+ (.*)$|^(.*)::$", text, re.MULTILINE)  # a pitfall's name ends with ::
    return set(re.findall('"(.*?)"', place)) - {name for pair in headings for name in pair}


def outcomes(report: Report) -> str:
    lines = [f"{report.item}: {report.compile or 'compiles'}"]
    lines += [f"{one.name}: {one.outcome}: {one.message}" for one in report.results]
    return "\n".join(lines)


@contextlib.contextmanager
def patiently():
    with contextlib.ExitStack() as stack:
        for name in LIMITS:
            module, constant = name.split(".")
            longer = FACTOR * getattr(importlib.import_module(module), constant)
            stack.enter_context(mock.patch(name, longer))
        yield


def fails_first(report: Report) -> str:
    return report.first_failure.name if report.first_failure else ""


class Step(unittest.TestCase):
    """One step; its folder is given by the subclass."""

    folder = Path()

    def setUp(self):
        processes.adopt_orphans()
        self.addCleanup(processes.end_all)
        self.item = course.find(str(int(self.folder.name[:2])))
        self.has_code = not (self.folder / FORM).exists()

    def check(self, source: Path) -> Report:
        """What `lab check` finds of a program, or of the answers about the solution."""
        program = source if source.suffix == ".c" else self.folder / "solution.c"
        with tempfile.TemporaryDirectory() as there:
            shutil.copy(program, Path(there) / "server.c")
            if source.suffix == ".patch":
                words = ["patch", "--quiet", Path(there) / "server.c", source]
                subprocess.run(words, check=True)
            if source.suffix == ".txt":
                shutil.copy(source, Path(there) / FORM)
            elif not self.has_code:
                shutil.copy(self.folder / FORM, there)
            return Check(self.item, Path(there), None).run()

    def sources(self, pattern: str) -> list[Path]:
        """The solution, or the wrong ones: programs, or answers."""
        change = ".patch" if pattern.startswith("wrong") else ".c"
        return sorted(self.folder.glob(pattern + (change if self.has_code else ".txt")))

    def test_its_texts(self):
        task = (self.folder / "task.md").read_text().splitlines()
        self.assertLessEqual(len(task), TASK_LINES)
        self.assertLessEqual(max(map(len, task)), TASK_COLUMNS)
        self.assertTrue(self.item.read and self.item.hints)
        for promise in self.item.promises:
            self.assertTrue(promise.read, promise.name)
            self.assertTrue(promise.hint, promise.name)
        for place in self.item.read + [place for one in self.item.promises for place in one.read]:
            self.assertEqual(missing_headings(place), set(), place)

    def test_starter(self):
        starter = self.folder / "starter.c"
        if not starter.exists():
            return  # such as the last step, which is no program
        subprocess.run([*COMPILER, starter], check=True)
        report = self.check(starter)
        if not report.first_failure:  # it may be the machine that is slow
            with patiently():
                report = self.check(starter)
        self.assertFalse(report.holds, outcomes(report))
        self.assertNotEqual(report.first_failure, None, outcomes(report))

    def test_solution(self):
        for solution in self.sources("solution"):
            with patiently():
                report = self.check(solution)
            self.assertTrue(report.holds, outcomes(report))
            wrong = [one for one in report.judged if one.outcome != PASSED]
            self.assertEqual(wrong, [], outcomes(report))

    def test_solution_grows(self):
        solution = self.folder / "solution.c"
        before = STEPS / f"{self.item.number - 1:02}-"
        earlier = sorted(STEPS.glob(f"{before.name}*/solution.c"))
        if not self.has_code or not solution.exists():
            return
        start = earlier[0] if earlier else self.folder / "starter.c"
        self.assertIn(new_lines(start, solution), NEW_LINES)

    def test_wrong_solutions(self):
        wrongs = self.sources("wrong-*")
        if self.sources("solution"):
            self.assertGreaterEqual(len(wrongs), 2)
        for wrong in wrongs:
            with self.subTest(wrong.name):
                report, promise = self.check(wrong), second_line(wrong)
                for _ in range(TRIES):
                    if fails_first(report) != promise:  # it may be the machine that is slow
                        with patiently():
                            report = self.check(wrong)
                self.assertEqual(fails_first(report), promise, outcomes(report))
                first = report.first_failure
                self.assertTrue(first.hint and first.read, first.name)
                self.assertEqual(first.hint == KEPT_HINT, first.kept, first.hint)


def load_tests(loader, _tests, _pattern):
    """A class for each step, so that a result names it."""
    suite = unittest.TestSuite()
    for name in CHOSEN:
        if not (STEPS / name).is_dir():
            raise SystemExit(f"{name}: no such folder in {STEPS}")
    for folder in sorted(STEPS.glob("[0-9]*")):
        if not CHOSEN or folder.name in CHOSEN:
            step = type(f"Step{folder.name[:2]}", (Step,), {"folder": folder})
            suite.addTests(loader.loadTestsFromTestCase(step))
    return suite


CHOSEN: list[str] = []
if __name__ == "__main__":
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    CHOSEN = [word for word in sys.argv[1:] if not word.startswith("-")]
    unittest.main(argv=[sys.argv[0], *options], warnings="ignore")
