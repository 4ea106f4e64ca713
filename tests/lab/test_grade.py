"""lab grade: the formats, the journal, and whole runs on a small course of its own.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_grade.py [TEST]

The made-up class of forty, which takes the real course, is in test_class.py.
"""

import csv
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
LAB = TOP / "lab/lab"
BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
CONFORMANCE = BUILD / "tests/conformance/conformance"
TINY = (HERE / "tiny_server.c").read_text()
DEADLINE = 300
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
sys.path[:0] = [str(TOP / "lab/command"), str(TOP / "lab/teacher")]

import course
import formats
import journal
import rubric
from grades import Grade, Graded, from_dict, plain
from results import ERROR, FAILED, NOT_RUN, PASSED
from sandbox import Protection

# What a student's program, or a folder's name, may try to smuggle into a report.
HOSTILE = (
    "=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a,b\"c\nx", "\x1b[2J\x07",
    "]]></failure><testcase/>", "&amp;<b>", "\ufffe\uffff", "\ud800", "\0", "ok 1 - passed", "\u202e",
)
GRADESCOPE_TEST = {
    "name", "number", "score", "max_score", "status", "output", "visibility",
}
GRADESCOPE = {"score", "execution_time", "visibility", "stdout_visibility", "output", "tests"}
VISIBILITY = ("hidden", "visible")  # the others hide the total
JUNIT = {  # each element with the attributes that it must have, and what may be in it
    "testsuites": ({"name"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"},
                  {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname"}, {"failure", "error", "skipped", "system-out"}),
    "failure": ({"message"}, set()),
    "error": ({"message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}

STEP = """
title = "The only step"
[[promise]]
name = "line"
says = "A line comes back"
points = 4
cases = ["lab-one-line"]
[[promise]]
name = "bytes"
says = "All bytes come back"
points = 3
cases = ["echo-all-byte-values"]
[[promise]]
name = "mechanism"
says = "The server waits in poll, in one process with one thread"
points = 2
mechanism = { waits_in = ["poll"], one_thread = true }
"""
RUBRIC = """
[promise.bytes]
partial = true
hidden = ["echo-nothing-but-nul", "lab-next-client"]
[[person]]
name = "readable"
says = "It can be read"
points = 2
"""
EXERCISE = """
title = "Add two numbers"
module = "sum"
[[promise]]
name = "sum"
says = "The sum is right"
points = 3
[[promise]]
name = "why"
says = "You say why"
points = 2
person = true
"""
MODULE = """
from results import FAILED, PASSED, Result

def check(item, folder):
    answer = (folder / "answers.txt").read_text()
    if "fault" in answer:
        raise ValueError(answer)
    right = answer == "sum: 3"
    return [Result("", "sum", outcome=PASSED if right else FAILED, message="" if right else "saw: no 3")]
"""
PYTHON = """
import selectors, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
waiting = selectors.PollSelector()
waiting.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in waiting.select():
        if key.fileobj is listener:
            waiting.register(listener.accept()[0], selectors.EVENT_READ)
        elif data := key.fileobj.recv(65536):
            key.fileobj.sendall(data)
        else:
            waiting.unregister(key.fileobj)
            key.fileobj.close()
"""
STOPS_AT_NUL = "length = strlen(buffer);"  # a usual mistake, of which one case of three comes through


def setUpModule() -> None:
    global BASE, COURSE
    BASE = Path(tempfile.mkdtemp(prefix="lab grade "))
    unittest.addModuleCleanup(shutil.rmtree, BASE)
    COURSE = BASE / "course"
    write(COURSE / "steps/01-only/step.toml", STEP)
    write(COURSE / "steps/01-only/rubric.toml", RUBRIC)
    write(COURSE / "exercises/04-add/exercise.toml", EXERCISE)
    write(COURSE / "command/exercises/__init__.py", MODULE)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def environment(**more) -> dict:
    mine = {"LAB_COURSE": str(COURSE), "LAB_CONFORMANCE": str(CONFORMANCE)}
    return os.environ | mine | more


def lab(*words, cwd: Path, env=None, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, LAB, *map(str, words)], cwd=cwd, env=environment(**(env or {})), text=True,
        capture_output=True, timeout=DEADLINE, check=False, **more,
    )


def grade(name: str, points: float | None, outcome: str, **more) -> Grade:
    return Grade(name, f"It is {name}", 3, points, outcome, **more)


def made_up() -> list[Graded]:
    """A submission of each kind, and one for each hostile text."""
    found = [
        Graded("all", "step-1", [grade("a", 3, PASSED), grade("b", 3, PASSED)]),
        Graded("some", "step-1", [
            grade("a", 1.33, FAILED, message="saw: less", notes="echo-x (hidden): saw: less",
                  cases=9, passed=4),
            grade("b", 0, NOT_RUN, message="it doesn't compile"),
            Grade("k", "It is kept", 0, 0, FAILED, "saw: nothing", kept=True),
            Grade("p", "A person judges it", 2, person=True),
        ], compiler="warning: unused"),
        Graded("no-epoll", "step-1", [grade("a", None, NOT_RUN, message="no epoll here")]),
        Graded("broken", "step-1", [grade("a", 3, PASSED), grade("b", None, ERROR, message="bug")]),
        Graded("lost", "", error="the judge ended"),
    ]
    for text in HOSTILE:
        clean = plain(text)  # as from_dict() does
        found.append(Graded(f"{clean!r}", "step-1", [
            grade("a", 0, FAILED, message=clean, notes=clean), grade("b", 3, PASSED),
        ]))
        found.append(Graded(clean.replace("\n", " ") or "empty", "step-1", error=clean))
    return found


class Formats(unittest.TestCase):
    """Each format is held to its rules."""

    def setUp(self):
        self.graded = made_up()
        self.protection = Protection("limits", ("no <namespaces>",))

    def test_what_is_plain(self):
        for text in HOSTILE:
            for line in plain(text).split("\n"):
                self.assertTrue(line.isprintable(), repr(text))
        self.assertLessEqual(len(plain("x\n" * 1000).splitlines()), 30)
        self.assertLessEqual(len(plain("x" * 10000)), 300)

    def test_a_judge_cannot_give_more_than_there_is(self):
        for points, outcome in ((4, PASSED), (-1, FAILED), ("3", PASSED), (float("nan"), PASSED),
                                (3, "good")):
            table = Graded("x", "step-1", [grade("a", points, outcome)]).as_dict()
            with self.assertRaises((ValueError, TypeError), msg=points):
                from_dict(table)

    def test_table(self):
        text = formats.table(self.graded, self.protection)
        self.assertIn("all                       step-1             6/6", text)
        self.assertRegex(text, r"some +step-1 +1.33/6 +failed: a \(4 of 9 cases\), k \(an earlier")
        self.assertRegex(text, r"no-epoll +step-1 +0/0 +can't be shown here: a")
        self.assertRegex(text, r"broken +step-1 +- +to grade again: b: bug")
        self.assertRegex(text, r"lost +- +to grade again: the judge ended")
        self.assertIn("Protection is missing: no <namespaces>", text)
        for line in text.splitlines():
            self.assertTrue(line.isprintable(), repr(line))

    def test_csv(self):
        rows = list(csv.reader(io.StringIO(formats.comma_separated(self.graded, self.protection))))
        self.assertEqual(rows[0], [
            "submission", "item", "status", "points", "possible", "step-1 a", "step-1 b",
            "step-1 p (teacher)", "remark",
        ])
        self.assertEqual(len(rows), len(self.graded) + 1)
        for row in rows:
            self.assertEqual(len(row), len(rows[0]))
            for cell in row:
                self.assertFalse(cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell)
        cells = {row[0]: row[2:8] for row in rows}
        self.assertEqual(cells["all"], ["graded", "6", "6", "3", "3", ""])
        self.assertEqual(cells["some"], ["graded", "1.33", "6", "1.33", "0", ""])
        self.assertEqual(cells["no-epoll"], ["graded", "0", "0", "", "", ""])
        for name in ("broken", "lost"):
            self.assertEqual(cells[name], ["to grade again", "", "", "", "", ""])

    def test_junit(self):
        root = ElementTree.fromstring(formats.junit(self.graded, self.protection))
        for element in root.iter():
            attributes, inside = JUNIT[element.tag]
            self.assertEqual(set(element.attrib), attributes, element.tag)
            self.assertLessEqual({child.tag for child in element}, inside, element.tag)
        self.assertEqual(len(root), len(self.graded))
        for suite, one in zip(root, self.graded):
            counts = [len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")]
            self.assertEqual(
                [suite.get(name) for name in ("failures", "errors", "skipped", "tests")],
                [str(count) for count in [*counts, len(suite.findall("testcase"))]],
            )
            self.assertEqual(counts[1] > 0, not one.done, one.name)
            names = {one.get("name") for one in suite.iter("property")}
            self.assertEqual("points" in names, one.done)
        self.assertEqual([root[1].get(name) for name in ("failures", "skipped")], ["2", "2"])

    def test_gradescope(self):
        folder = BASE / "gradescope"
        stale = folder / "broken/results.json"
        write(stale, "{}")
        formats.write_folder(folder, self.graded[:5])
        self.assertFalse(stale.exists())  # it would be taken for a zero
        self.assertEqual(sorted(path.parent.name for path in folder.glob("*/results.json")),
                         ["all", "no-epoll", "some"])
        for one in self.graded:
            if one.done:
                self.hold_to_rules(one, json.loads(json.dumps(formats.gradescope(one))))

    def hold_to_rules(self, one: Graded, results: dict):
        self.assertLessEqual(set(results), GRADESCOPE)
        self.assertIsInstance(results["execution_time"], int)
        score, possible = 0, 0
        for test in results["tests"]:
            self.assertLessEqual(set(test), GRADESCOPE_TEST)
            self.assertIn(test["visibility"], VISIBILITY)
            self.assertLessEqual("score" in test, "max_score" in test)
            if test["visibility"] == "hidden":  # no false 100 %, and no hidden total
                self.assertNotIn("score", test)
            else:
                self.assertNotIn("hidden", test.get("output", "").replace("hidden cases", ""))
            self.assertLessEqual(test.get("score", 0), test.get("max_score", 0))
            score, possible = score + test.get("score", 0), possible + test.get("max_score", 0)
        self.assertEqual((score, results["score"]), (one.points, one.points))
        # What Gradescope compares with the points of the assignment.
        self.assertEqual(possible, sum(each.possible for each in one.judged))

    def test_one_file_for_one_submission(self):
        path = BASE / "one/results.json"
        formats.write_folder(path, self.graded[:1])
        self.assertEqual(len(json.loads(path.read_text())["tests"]), 2)


class JournalTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=BASE))
        self.path = self.folder / journal.NAME

    def test_torn_at_any_byte(self):
        self.enterContext(mock.patch("os.fsync"))  # thousands of them take minutes
        every = [Graded(f"s{i}", "step-1", [grade("a", i, FAILED, message="é")]) for i in range(4)]
        with journal.opened(self.folder) as kept:
            seed = kept.seed
            for one in every:
                kept.add(one.name, one)
        whole = self.path.read_bytes()
        ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
        for size in range(len(whole) + 1):
            self.path.write_bytes(whole[:size])
            before = max(sum(end <= size for end in ends) - 1, 0)
            with journal.opened(self.folder) as kept:
                self.assertEqual(list(kept.done.values()), every[:before], size)
                self.assertEqual(kept.seed == seed, size >= ends[0], size)
                kept.add("last", every[3])
            with journal.opened(self.folder) as kept:
                self.assertEqual(len(kept.done), before + 1, size)

    def test_a_damaged_line_is_graded_again(self):
        with journal.opened(self.folder) as kept:
            for name in "abc":
                kept.add(name, Graded(name, "step-1"))
        lines = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join([*lines[:2], b'{"key": "b", "graded": 7}\n', b"\xff\0\n", lines[3]]))
        with journal.opened(self.folder) as kept:
            self.assertEqual(sorted(kept.done), ["a", "c"])

    def test_full_disk(self):
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        with journal.opened(self.folder) as kept:
            kept.add("a", Graded("a", "step-1"))
            before = self.path.read_bytes()
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limit[1]))
            self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limit)
            with self.assertRaises(OSError) as caught:
                kept.add("b", Graded("b", "step-1"))
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            self.assertEqual(caught.exception.filename, str(self.path))
            self.assertEqual(self.path.read_bytes(), before)
            self.assertNotIn("b", kept.done)
            kept.add("b", Graded("b", "step-1"))


class Rubrics(unittest.TestCase):
    def test_every_step_has_one(self):
        listed = subprocess.run([CONFORMANCE, "--list"], capture_output=True, text=True, check=True)
        for step in sorted((TOP / "lab/steps").glob("[0-9]*")):
            table = course.read_toml(step / "step.toml")
            item = course.make_item("step", int(step.name[:2]), step, table)
            found = rubric.read(item)  # a promise that doesn't exist is a Problem
            for promise in item.promises:
                hidden = found.rule(promise.name).hidden
                self.assertEqual(set(hidden) & set(promise.cases), set(), step)
                self.assertLessEqual(set(hidden), set(listed.stdout.split()), step)
            for criterion in found.person:
                self.assertTrue(criterion.full and criterion.half and criterion.points, step)

    def test_of_a_hunt_names_the_bug(self):
        words = [LAB, "rubric", "hunt-1"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("The bug: select_server with tests/breaks/exit-on-reset.patch\n", done.stdout)
        self.assertNotIn("0 by a person", done.stdout)


class Hidden(unittest.TestCase):
    def test_the_solutions_pass_the_hidden_cases(self):
        for step in sorted((TOP / "lab/steps").glob("[0-9]*/solution.c")):
            table = course.read_toml(step.with_name("step.toml"))
            item = course.make_item("step", int(step.parent.name[:2]), step.parent, table)
            rules = rubric.read(item).rules.values()
            hidden = [case for rule in rules for case in rule.hidden]
            with self.subTest(step.parent.name), tempfile.TemporaryDirectory(dir=BASE) as folder:
                compiled = ["cc", "-fsanitize=address,undefined", "-o", f"{folder}/server", step]
                subprocess.run(compiled, check=True)
                words = [CONFORMANCE, "--patience=8", f"--case={','.join(hidden)}"]
                words.append(f"./server {item.server or '{port}'}")
                done = subprocess.run(words if hidden else ["true"], cwd=folder, text=True,
                                      capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertNotIn("SKIPPED", done.stdout)


class Class(unittest.TestCase):
    """Whole runs, on the small course."""

    def setUp(self):
        self.base = Path(tempfile.mkdtemp(dir=BASE))
        self.results = self.base / "results"

    def hand_in(self, name: str, item: str, text: str | None = None, **state) -> Path:
        folder = self.base / "class" / name
        folder.mkdir(parents=True)
        known = {"format": 1, "item": item, "items": {}, "seed": 1} | state
        write(folder / ".lab.json", json.dumps(known))
        if text is not None:
            write(folder / ("answers.txt" if item == "exercise-4" else "server.c"), text)
        return folder

    def grade(self, *words, env=None) -> SimpleNamespace:
        """Grade all of the class as CSV."""
        folders = sorted((self.base / "class").iterdir())
        done = lab("grade", "--format=csv", "--results", self.results, *words, *folders,
                   cwd=self.base, env=env)
        rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
        return SimpleNamespace(rows=rows, status=done.returncode, stderr=done.stderr, text=done.stdout)

    def points(self, done) -> dict[str, str]:
        return {name: row["points"] for name, row in done.rows.items()}

    def test_a_small_class(self):
        self.hand_in("right", "step-1", TINY)
        cheat = {"points": 99, "items": {"step-1": {"state": "passed", "points": 99}}}
        self.hand_in("nul", "step-1", "#include <string.h>\n" + TINY.replace(
            "#ifdef HANGS", f"    buffer[length > 0 ? length : 0] = 0;\n    if (length > 0) {STOPS_AT_NUL}\n"
            "#ifdef HANGS").replace("buffer[4096]", "buffer[4097]").replace(
            "sizeof(buffer), 0)", "4096, 0)"), **cheat)
        self.hand_in("no-c", "step-1", "int main(void) { return }\n", **cheat)
        self.hand_in("hangs", "step-1", "#define HANGS\n" + TINY)
        self.hand_in("deaf", "step-1", "#define DEAF\n" + TINY)
        self.hand_in("empty", "step-1", **cheat)
        (self.hand_in("python", "step-1", server="python3 server.py {port}") / "server.py").write_text(PYTHON)
        self.hand_in("no-ruby", "step-1", server="no-such-language server.rb {port}")
        secret = self.base / "secret.c"
        secret.write_text(TINY)
        (self.hand_in("link", "step-1") / "server.c").symlink_to(secret)
        os.mkfifo(self.hand_in("pipe", "step-1") / "server.c")
        (self.hand_in("damaged", "step-1", TINY) / ".lab.json").write_text("[" * 100000)
        done = self.grade()
        self.assertEqual(self.points(done), {
            "right": "9", "nul": "7", "no-c": "0", "hangs": "2", "deaf": "0", "empty": "0", "python": "9",
            "no-ruby": "", "link": "0", "pipe": "0", "damaged": "",
        }, done.stderr)
        self.assertEqual(done.rows["nul"]["step-1 bytes"], "1")
        self.assertIn("no-such-language is not installed", done.rows["no-ruby"]["remark"])
        self.assertIn("--item", done.rows["damaged"]["remark"])
        self.assertEqual({row["possible"] for row in done.rows.values() if row["points"]}, {"9"})
        self.assertEqual({row["step-1 readable (teacher)"] for row in done.rows.values()}, {""})
        self.assertEqual(done.status, 2)  # two are to be graded again
        again = self.grade("--item=1")
        self.assertIn("9 of 11 were graded before.", again.stderr)
        self.assertEqual(self.points(again), self.points(done) | {"damaged": "9"})
        self.assertEqual(list(self.results.iterdir()), [self.results / journal.NAME])

    def test_a_change_is_graded_again(self):
        folder = self.hand_in("anna", "exercise-4", "sum: 4")
        self.hand_in("ben", "exercise-4", "sum: 3")
        self.assertEqual(self.points(self.grade()), {"anna": "0", "ben": "3"})
        (folder / "answers.txt").write_text("sum: 3")
        done = self.grade()
        self.assertIn("1 of 2 were graded before.", done.stderr)
        self.assertEqual(self.points(done), {"anna": "3", "ben": "3"})
        self.assertEqual(done.rows["anna"]["exercise-4 why (teacher)"], "")

    def test_a_fault_is_no_zero(self):
        self.hand_in("fault", "exercise-4", "fault")
        self.hand_in("right", "exercise-4", "sum: 3")
        done = self.grade()
        self.assertEqual((done.status, self.points(done)), (2, {"fault": "", "right": "3"}))
        self.assertIn("To grade again: fault: sum: sum: ValueError: fault", done.stderr)

    def test_conformance_that_is_missing_or_broken(self):
        self.hand_in("right", "step-1", TINY)
        broken = self.base / "broken"
        write(broken, "#!/bin/sh\necho conformance: out of order >&2\nexit 70\n")
        broken.chmod(0o755)
        for program in (self.base / "missing", broken):
            done = self.grade(env={"LAB_CONFORMANCE": str(program)})
            self.assertEqual((done.status, self.points(done)), (2, {"right": ""}), done.stderr)
        self.assertEqual(self.points(self.grade()), {"right": "9"})

    def test_a_sandbox_that_breaks(self):
        """Nothing compiles then, and nothing starts: that is not the student's."""
        folder = self.hand_in("right", "step-1", TINY)
        job = {"name": "right", "item": "step-1", "server": None, "seed": 1}
        code = (
            "import json, judge, processes\n"
            "processes.confinement = lambda *_: ['sh', '-c', 'echo bwrap: no; exit 1']\n"
            f"print(json.dumps(judge.judge({job!r}).as_dict()))"
        )
        paths = f"{TOP / 'lab/command'}:{TOP / 'lab/teacher'}"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True,
            env=environment(PYTHONPATH=paths), timeout=DEADLINE, check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bwrap: no", from_dict(json.loads(done.stdout)).error)

    def test_full_disk(self):
        """Where files may have 20 bytes, as on a full disk: nothing is graded, nothing a zero."""
        self.hand_in("right", "exercise-4", "sum: 3")
        self.grade()
        before = (self.results / journal.NAME).read_bytes()
        self.hand_in("more", "exercise-4", "sum: 3" + " " * len(before))
        done = lab(
            "grade", "--results", self.results, *(self.base / "class").iterdir(), cwd=self.base,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (len(before), resource.RLIM_INFINITY)),
        )
        self.assertEqual((done.returncode, done.stdout.count("more")), (2, 0), done.stdout)
        self.assertIn("File too large", done.stderr)
        self.assertEqual((self.results / journal.NAME).read_bytes(), before)

    def test_one_run_at_a_time(self):
        self.hand_in("right", "exercise-4", "sum: 3")
        with journal.opened(self.results):
            done = self.grade()
        self.assertEqual((done.status, done.text.count("right")), (2, 0))
        self.assertIn("another grading run is at work there", done.stderr)
        self.assertEqual(self.grade().status, 0)

    def test_usage(self):
        for words, message in (
            (["grade"], "FOLDER"), (["grade", "--jobs=0", "."], "'0' is not a number from 1"),
            (["grade", "--item=77", "."], "77: no such step"),
            (["grade", "--format=pdf", "."], "pdf"), (["rubric", "nothing"], "no such step"),
        ):
            done = lab(*words, cwd=self.base)
            self.assertEqual(done.returncode, 64, words)
            self.assertIn(message, done.stderr)
        self.assertEqual(list(self.base.iterdir()), [])

    def test_interrupted_at_random_moments(self):
        """Twenty times; then it ends with the table of a run that was left alone."""
        for number in range(12):
            answer = ("sum: 3", "sum: 4", "")[number % 3]
            self.hand_in(f"s{number:02}", "exercise-4", answer)
        folders = sorted((self.base / "class").iterdir())
        words = [sys.executable, LAB, "grade", "--jobs=2", *folders]
        began = time.monotonic()
        whole = lab(*words[2:], "--results", self.base / "whole", cwd=self.base)
        seconds = time.monotonic() - began
        self.assertEqual(whole.returncode, 0, whole.stderr)
        done = 0
        for _ in range(20):
            ending = random.choice(ENDINGS)
            process = subprocess.Popen(
                [*words, "--results", self.results], cwd=self.base, env=environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
            time.sleep(random.uniform(0, seconds / 4))
            process.send_signal(ending)
            stderr = process.communicate(timeout=DEADLINE)[1]
            early = "init_import_site" in stderr  # Python itself was still starting
            if not early and process.returncode not in (0, *map(int.__neg__, ENDINGS)):
                self.assertEqual(process.returncode, 128 + ending, stderr)
            self.assertEqual(self.left_over(), [], ending)
            before, done = done, self.recorded()
            self.assertGreaterEqual(done, before)
        resumed = lab(*words[2:], "--results", self.results, cwd=self.base)
        self.assertEqual((resumed.returncode, resumed.stdout), (0, whole.stdout), resumed.stderr)
        if done:
            self.assertIn(f"{done} of 12 were graded before.", resumed.stderr)

    def recorded(self) -> int:
        path = self.results / journal.NAME
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return sum(b'"graded"' in line for line in lines)

    def left_over(self) -> list[str]:
        """Judges of this run that are still there, a moment later."""
        deadline = time.monotonic() + 10
        while found := [
            path for path in Path("/proc").glob("[0-9]*/cmdline") if self.is_judge(path)
        ]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return list(map(str, found))

    def is_judge(self, path: Path) -> bool:
        try:
            words = path.read_bytes()
        except OSError:
            return False
        return os.fsencode(self.results / "work") in words


if __name__ == "__main__":
    unittest.main(warnings="ignore")
