"""lab grade on a made-up class of forty, with the real course: each score is as expected.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_class.py [--show]

With --show, it prints what was found as it comes, and the seconds per submission at the end.  The
class is graded once; then all formats are made from the same journal.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import hostile_programs

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
LAB, STEPS = TOP / "lab/lab", TOP / "lab/steps"
BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
SHOW = "--show" in sys.argv
JOBS = 4  # most harm lets a judge wait; with more, a spinning server hardly gets to spin

# The points of each: a step's file is handed in as the program, or as the answers.
FILES = {
    1: {"solution": 10, "starter": 0, "wrong-never-closes": 5.33, "wrong-one-receive": 2.67,
        "wrong-port-byte-order": 0, "wrong-receives-from-the-listener": 0, "wrong-strlen": 4},
    2: {"solution": 10, "wrong-at-the-client": 7, "wrong-first-to-send": 8, "wrong-in-accept": 8},
    3: {"solution": 10, "wrong-never-closes": 8, "wrong-serves-to-the-end": 3.5},
    4: {"solution": 10},
    6: {"solution": 10},
    8: {"solution": 10, "wrong-spins": 7},
    11: {"solution": 10},
}
# Each is a right program for step 1, and does some harm besides: it earns what is left of it.
ANY = "any"  # points: the harm may hit its own program sooner or later
HOSTILE = dict.fromkeys(hostile_programs.NAMES, 10) | {
    "embeds_a_secret": 0, "fills_the_memory": 0, "hides_memory": 0, "prints_passed": 0,
    "sleeps": 0, "stays_behind": 0,
    "binds_every_port": ANY, "endless_output": ANY, "fork_bomb": ANY, "kills_everything": ANY,
}
OTHERS = {
    "hangs": 0, "no-compiler": None, "no-state": None, "does-not-compile": 0, "empty": 0,
}
LOOPS = "int main(void)\n{\n    for (;;)\n        ;\n}\n"


def setUpModule() -> None:
    global BASE, CLASS, GRADED
    BASE = Path(tempfile.mkdtemp(prefix="lab class "))
    unittest.addModuleCleanup(shutil.rmtree, BASE)
    CLASS = BASE / "class"
    make_class()
    GRADED = lab("csv")


def make_class() -> None:
    for number, files in FILES.items():
        for name in files:
            from_step(number, name)
    for name in HOSTILE:
        secret = str(CLASS / "step-1 solution/server.c")
        (hand_in(name, 1) / "server.c").write_text(hostile_programs.source(name, secret))
    (hand_in("hangs", 1) / "server.c").write_text(LOOPS)
    (hand_in("does-not-compile", 1) / "server.c").write_text("int main(void) { return }\n")
    hand_in("no-compiler", 1, server="no-such-language server.nsl {port}")
    hand_in("empty", 1)
    (hand_in("no-state", 1) / ".lab.json").unlink()


def hand_in(name: str, number: int, **more) -> Path:
    folder = CLASS / name
    folder.mkdir(parents=True)
    lie = {"state": "passed", "points": 1000}
    state = {"format": 1, "item": f"step-{number}", "items": {f"step-{number}": lie}, "seed": 1}
    (folder / ".lab.json").write_text(json.dumps(state | more))
    return folder


def from_step(number: int, name: str) -> None:
    step = next(STEPS.glob(f"{number:02}-*"))
    folder = hand_in(f"step-{number} {name}", number)
    source = next(step.glob(f"{name}.*"))
    program = source if source.suffix == ".c" else step / "solution.c"
    shutil.copy(program, folder / "server.c")
    answers = step / f"{name}.txt"
    if answers.exists():
        shutil.copy(answers, folder / "answers.txt")
    if (step / f"{name}.patch").exists():
        words = ["patch", "--quiet", folder / "server.c", step / f"{name}.patch"]
        subprocess.run(words, check=True)


def expected() -> dict[str, float | None]:
    steps = {f"step-{number} {name}": points for number, files in FILES.items()
             for name, points in files.items()}
    return steps | HOSTILE | OTHERS


def found() -> dict[str, float | None]:
    rows = csv.DictReader(io.StringIO(GRADED.stdout))
    return {row["submission"]: float(row["points"]) if row["points"] else None for row in rows}


def lab(kind: str, *words) -> subprocess.CompletedProcess:
    conformance = {"LAB_CONFORMANCE": str(BUILD / "tests/conformance/conformance")}
    return subprocess.run(
        [sys.executable, LAB, "grade", f"--format={kind}", f"--results={BASE / 'results'}",
         f"--jobs={JOBS}", *words,
         *sorted(CLASS.iterdir())],
        stdout=subprocess.PIPE, stderr=None if SHOW else subprocess.PIPE, text=True, check=False,
        env=os.environ | conformance,
    )


class Forty(unittest.TestCase):
    def test_there_are_forty(self):
        self.assertGreaterEqual(len(expected()), 40)

    def test_every_score(self):
        points = found()
        wrong = {name: (points.get(name), wanted) for name, wanted in expected().items()
                 if points.get(name) != wanted and (wanted != ANY or points.get(name) is None)}
        self.assertEqual(wrong, {}, GRADED.stderr)
        self.assertEqual(GRADED.returncode, 2)  # two of them must be graded again

    def test_every_format_says_the_same(self):
        suites = ElementTree.fromstring(lab("junit").stdout)
        self.assertEqual(len(suites), len(expected()))
        for suite in suites:
            values = {one.get("name"): one.get("value") for one in suite.iter("property")}
            points, name = values.get("points"), suite.get("name")
            self.assertEqual(float(points) if points else None, found()[name], name)
        table = lab("table").stdout
        for name, points in found().items():
            shown = "-" if points is None else f"{points:g}/10"
            self.assertRegex(table, rf"(?m)^{name} +(step-\d+)? +{shown}( |$)")
        lab("gradescope", f"--output={BASE / 'gradescope'}")
        for name, points in found().items():
            path = BASE / "gradescope" / name / "results.json"
            self.assertEqual(path.exists(), points is not None, name)
            if path.exists():
                tests = json.loads(path.read_text())["tests"]
                score = sum(test.get("score", 0) for test in tests)
                self.assertAlmostEqual(score, points, 2, name)

    def test_seconds(self):
        """No figure is asserted; what it took is printed for the record."""
        lines = (BASE / "results/journal.jsonl").read_text().splitlines()[1:]
        seconds = sorted(json.loads(line)["graded"]["seconds"] for line in lines)
        self.assertEqual(len(seconds), sum(one is not None for one in found().values()))
        if SHOW:
            print(f"\nseconds per submission: median {seconds[len(seconds) // 2]}, "
                  f"from {seconds[0]} to {seconds[-1]}")


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--show"], warnings="ignore")
