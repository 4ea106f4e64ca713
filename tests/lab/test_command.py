"""The lab's command, on a small course of its own: what it says, and that nothing is lost.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_command.py [TEST]
"""

import fcntl
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = HERE.parents[1] / "lab/lab"
BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
TINY = (HERE / "tiny_server.c").read_text()
FAKE = HERE.parent / "conformance_tool/fake_server.py"
DEADLINE = 120

FIRST = """
title = "The first step"
minutes = 5
read = ["chapter 1"]
hints = ["Look at recv.", "Look at send."]
[[promise]]
name = "line"
says = "A line comes back"
points = 4
cases = ["lab-one-line"]
read = ["recv(2)"]
hint = "Send what you have received."
[[promise]]
name = "mechanism"
says = "The server waits in poll, in one process with one thread"
points = 2
mechanism = { waits_in = ["poll"], one_thread = true }
"""
SECOND = """
title = "The second step"
keeps = ["01-first"]
hints = []
[[promise]]
name = "three"
says = "Three clients at once are served"
points = 3
cases = ["lab-three-at-once"]
"""
EXERCISE = """
title = "Add two numbers"
module = "sum"
[[promise]]
name = "sum"
says = "The sum is right"
points = 1
hint = "Count."
[[promise]]
name = "why"
says = "You say why"
points = 2
person = true
"""
MODULE = """
from results import FAILED, PASSED, Result

def start(item, folder, seed):
    (folder / "numbers.txt").write_text("1 2")

def check(item, folder):
    answer = (folder / "answers.txt").read_text()
    if "fault" in answer:
        raise ValueError(answer)
    right = answer == "sum: 3"
    return [Result("", "sum", outcome=PASSED if right else FAILED, message="" if right else "saw: no 3")]
"""
HUNTS = """
build = "cc -o server *.c"
server = "{port}"
[[promise]]
name = "others"
says = "Everything else"
cases = ["lab-short-messages"]
[[promise]]
name = "broken"
says = "What is broken"
cases = ["lab-one-line"]
[[hunt]]
number = 3
title = "A bug"
promise = "broken"
case = "lab-three-at-once"
points = 5
"""
DISGUISE = f"""
class HuntError(Exception):
    pass

def make_hunt(number, seed, folder):
    (folder / "part.c").write_text(f"int seed_{{seed}};\\n")
    (folder / "server.c").write_text("#define HANGS\\n" + {TINY!r})
"""


def setUpModule() -> None:
    global BASE, COURSE
    BASE = Path(tempfile.mkdtemp(prefix="lab command "))
    unittest.addModuleCleanup(shutil.rmtree, BASE)
    COURSE = BASE / "course"
    write("steps/01-first/step.toml", FIRST)
    write("steps/02-second/step.toml", SECOND)
    for step in ("01-first", "02-second"):
        write(f"steps/{step}/task.md", f"The task of {step}\n")
        write(f"steps/{step}/starter.c", "#define HANGS\n" + TINY)
        write(f"steps/{step}/solution.c", TINY)
    write("exercises/04-add/exercise.toml", EXERCISE)
    write("exercises/04-add/task.md", "Add.\n")
    write("exercises/04-add/answers.txt", "sum: ")
    write("command/exercises/__init__.py", MODULE)
    write("hunts/hunts.toml", HUNTS)
    write("hunts/disguise.py", DISGUISE)


def write(name: str, text: str) -> None:
    path = COURSE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def environment(**more) -> dict:
    mine = {
        "LAB_COURSE": str(COURSE),
        "LAB_CONFORMANCE": str(BUILD / "tests/conformance/conformance"),
    }
    return os.environ | mine | more


def lab(*words: str, cwd: Path, env=None, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, LAB, *words], cwd=cwd, env=environment(**(env or {})), text=True,
        timeout=DEADLINE, check=False,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more),
    )


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes that have this folder in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder / "server") in words:
            found.append(words)
    return found


def largest_output(pid: int) -> int:
    """The size of the largest file in memory that a process or its children write."""
    found = [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(pid) in ancestors(process.name) and "output" in os.readlink(process / "fd/1"):
                found.append((process / "fd/1").stat().st_size)
        except OSError:  # it has ended meanwhile
            continue
    return max(found)


def ancestors(pid: str) -> list[str]:
    found = []
    while pid != "0":
        found.append(pid)
        pid = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    return found


def await_that(condition) -> bool:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(dir=BASE)) / "my server"

    def start(self, item: str = "1", *words: str, faults: str | None = None) -> Path:
        done = lab("start", item, str(self.folder), *words, cwd=BASE)
        self.assertEqual(done.returncode, 0, done.stderr)
        if faults is not None:
            (self.folder / "server.c").write_text(faults + TINY)
        return self.folder

    def run_lab(self, *words: str, status: int = 0, cwd: Path | None = None, **more) -> str:
        """What it prints, which ends in what to do next and fits 80 columns."""
        limits = {"LAB_TIME_FACTOR": "1" if status else "4"}  # long where all must hold
        more["env"] = limits | more.get("env", {})
        done = lab(*words, cwd=cwd or self.folder, **more)
        printed = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, printed)
        self.assertRegex(done.stdout, r"(^|\n)Next: .+\n$")
        for line in done.stdout.splitlines():
            if not line.startswith(("Next: ", "    ")):
                self.assertLessEqual(len(line), 80, line)
        if done.stderr or status == 64:
            self.assertRegex(done.stderr, r"^lab: [^\n]+\n$")
        return printed

    def state(self) -> dict:
        return json.loads((self.folder / ".lab.json").read_bytes())


class Quick(Command):
    """What is tested each time."""

    def assert_no_room(self, *words: str) -> None:
        """Nothing can be written, as on a full disk."""
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        none = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        self.assertIn("File too large", self.run_lab(*words, status=2, preexec_fn=none))
        after = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self.assertEqual(after, before)

    def test_from_start_to_end(self):
        self.start()
        self.assertEqual((self.folder / "TASK.md").read_text(), "The task of 01-first\n")
        failed = self.run_lab("check", status=1)
        for words in ("FAILED   A line comes back", "0/4", "hint:      Send what you have",
                      "read:      recv(2)", "2 s", "2 of 6 points"):
            self.assertIn(words, failed)
        self.assertEqual(self.state()["items"]["step-1"], {"points": 2})
        (self.folder / "server.c").write_text(TINY)
        self.assertIn("6 of 6 points\nPassed.  Step 2: The second", self.run_lab("check"))
        self.assertEqual((self.folder / "server.c").read_text(), TINY)
        self.assertEqual((self.folder / "TASK.md").read_text(), "The task of 02-second\n")
        passed = self.run_lab("check")
        self.assertIn("passed   a promise of earlier steps", passed)
        self.assertIn("3 of 3 points", passed)
        self.assertEqual(self.run_lab("list").count("(passed)"), 2)
        self.assertEqual(
            {path.name for path in self.folder.iterdir()},
            {"server.c", "server", "TASK.md", ".lab.json"},
        )

    def test_hints(self):
        self.start()
        self.assertIn("Hint 1 of 2: Look at recv.", self.run_lab("hint"))
        self.assertIn("Hint 2 of 2: Look at send.", self.run_lab("hint"))
        self.assertIn("no more hints", self.run_lab("hint"))

    def test_reset_and_skip_keep_what_was_written(self):
        self.start()
        for text, copy in (("one", "server.step-1.c"), ("two", "server.step-1.1.c")):
            (self.folder / "server.c").write_text(text)
            self.assertIn(copy, self.run_lab("reset"))
            self.assertEqual((self.folder / copy).read_text(), text)
        self.assertTrue((self.folder / "server.c").read_text().startswith("#define HANGS"))
        (self.folder / "server.c").write_text("three")
        self.assertIn("server.step-1.2.c", self.run_lab("skip"))
        self.assertTrue((self.folder / "server.c").read_text().startswith("#define HANGS"))
        self.assertEqual(self.state()["items"]["step-1"], {"state": "skipped"})
        self.assertIn("nothing follows", self.run_lab("skip", status=64))

    def test_start_keeps_a_program_that_is_there(self):
        self.folder.mkdir()
        (self.folder / "server.c").write_text("mine")
        self.start("2")
        self.assertEqual((self.folder / "server.c").read_text(), "mine")
        self.assertIn("already", self.run_lab("start", "1", ".", status=64))

    def test_an_exercise(self):
        self.start("exercise-4")
        self.assertEqual((self.folder / "numbers.txt").read_text(), "1 2")
        failed = self.run_lab("check", status=1)
        self.assertIn("saw:       no 3", failed)
        self.assertRegex(failed, r"teacher  You say why +-/2")
        (self.folder / "answers.txt").write_text("fault")
        self.assertIn("ERROR", self.run_lab("check", status=2))
        (self.folder / "answers.txt").write_text("sum: 3")
        self.assertIn("1 of 1 points", self.run_lab("check"))

    def test_a_step_with_a_form(self):
        """It has no new code, so there is nothing to change in the program."""
        form = COURSE / "steps/02-second/answers.txt"
        form.write_text("call: ")
        self.addCleanup(form.unlink)
        self.start("2")
        self.assertIn("Next: change answers.txt", self.run_lab("check", status=1))

    def test_the_hint_fits_the_failure(self):
        """The first promise's own hint would be about something else."""
        self.start()
        for program, hint in (
            ("int main(void) { return 0; }", "Does each call say why"),
            ("#define CRASHES\n" + TINY, "Do what the check did"),
        ):
            (self.folder / "server.c").write_text(program)
            self.assertIn(f"hint:      {hint}", self.run_lab("check", status=1))
        self.run_lab("skip")
        self.assertIn("hint:      This is a promise of an earlier", self.run_lab("check", status=1))

    def test_usage(self):
        for words in ([], ["dance"], ["start", "1"], ["start", "99", "x"], ["list", "--all"]):
            self.run_lab(*words, status=64, cwd=BASE)
        self.assertIn("no .lab.json", self.run_lab("check", status=64, cwd=BASE))

    def test_no_room(self):
        self.start()
        for command in ("hint", "skip", "reset"):
            self.assert_no_room(command)

    def test_output_that_is_lost(self):
        self.start()
        with open("/dev/full", "wb") as full:
            done = lab("hint", cwd=self.folder, stdout=full)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "lab: standard output: No space left on device\n")
        self.assertEqual(self.state()["items"]["step-1"], {"hints": 1})
        done = lab("list", cwd=self.folder, preexec_fn=lambda: os.close(1))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_two_at_once(self):
        self.start(faults="")
        lock = os.open(self.folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [sys.executable, LAB, "hint"], cwd=self.folder, env=environment(), text=True,
            stdout=subprocess.PIPE,
        ) as other:
            self.assertIn("waiting", other.stdout.readline())
            self.assertEqual(self.state()["items"], {})
            os.close(lock)
            self.assertIn("Hint 1", other.stdout.read())
        self.assertEqual(other.returncode, 0)


class Steps(Command):
    """Steps, hunts and exercises."""

    def test_a_failure_can_be_repeated(self):
        self.start()
        failed = self.run_lab("check", status=1)
        command = failed.partition("To repeat this case alone:\n")[2].partition("\n\n")[0]
        again = subprocess.run(
            command, shell=True, capture_output=True, text=True, check=False, timeout=DEADLINE
        )
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertIn("FAILED  lab-one-line", again.stdout)
        self.assertIn("0 passed, 1 failed", again.stdout)

    def test_an_earlier_promise_is_broken(self):
        self.start("2")
        failed = self.run_lab("check", status=1)
        self.assertIn("FAILED   A line comes back (an earlier step)", failed)
        self.assertIn("The first that does not hold: A line comes back", failed)
        (self.folder / "server.c").write_text(TINY)
        self.run_lab("check", "1")
        self.assertEqual(self.state()["item"], "step-2")

    def test_a_server_in_another_language(self):
        command = f"{shlex.join([sys.executable, str(FAKE)])} {{port}} good"
        self.start("1", "--server", command)
        self.assertFalse((self.folder / "server.c").exists())
        failed = self.run_lab("check", status=1)
        self.assertIn("passed   A line comes back", failed)
        self.assertIn("saw:       the server sleeps in epoll_wait", failed)
        self.assertIn("no-such", self.run_lab("check", "--server", "no-such {port}", status=64))
        for command in ("x", "", "x '{port}"):
            for words in (["check"], ["start", "1", "x"]):
                self.run_lab(*words, "--server", command, status=64)
        self.assertFalse((self.folder / "x").exists())

    def test_a_hunt(self):
        self.start("hunt-3")
        part = (self.folder / "part.c").read_text()
        self.assertIn(f"seed_{self.state()['seed']};", part)
        self.assertIn("FAILED   What is broken", self.run_lab("check", status=1))
        (self.folder / "server.c").write_text("mine")
        self.assertIn("has C files", self.run_lab("start", "hunt-3", ".", status=64))
        self.run_lab("reset")
        self.assertEqual((self.folder / "hunt-3.1/server.c").read_text(), "mine")
        self.assertEqual((self.folder / "part.c").read_text(), part)
        (self.folder / "server.c").write_text(TINY)
        self.assertIn("5 of 5 points", self.run_lab("check"))

    def test_the_command_as_it_is_typed(self):
        """By its name where PATH has this very one, else by the shorter path."""
        self.start()
        bin_folder = Path(tempfile.mkdtemp(dir=BASE))
        (bin_folder / "lab").symlink_to(LAB)
        path = f"{bin_folder}:{os.environ['PATH']}"
        self.assertIn("Next: try it, then lab check", self.run_lab("hint", env={"PATH": path}))
        (bin_folder / "lab").unlink()
        shutil.copy(LAB, bin_folder / "lab")
        self.assertIn(f"then {LAB} check", self.run_lab("hint", env={"PATH": path}))
        self.assertIn("Next: ./lab start", self.run_lab("list", cwd=LAB.parent))
        self.assertIn("Next: lab/lab start", self.run_lab("list", cwd=LAB.parents[1]))

    def test_help(self):
        for command in ("list", "start", "check", "hint", "watch", "reset", "skip"):
            done = lab(command, "--help", cwd=BASE)
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"usage: lab {command}", done.stdout)


class Programs(Command):
    """What is wrong with the student's program."""

    def assert_says(self, faults: str, *words: str) -> str:
        self.start(faults=faults)
        printed = self.run_lab("check", status=1)
        for word in words:
            self.assertIn(word, printed)
        self.assertEqual(processes_in(self.folder), [])
        return printed

    def test_a_compile_error(self):
        printed = self.assert_says("int x = y;\n", "'y' undeclared", "server.c:1", "0 of 6")
        self.assertIn("not run  The server waits", printed)

    def test_a_long_compile_error(self):
        errors = "".join(f"int x{number} = y{number};\n" for number in range(100))
        printed = self.assert_says(errors, "more lines")
        self.assertLess(len(printed.splitlines()), 65)

    def test_it_includes_itself(self):
        self.assert_says('#include "server.c"\n', "nested")

    def test_no_file(self):
        """A folder of that name, or a pipe, which a compiler waits for."""
        self.start()
        (self.folder / "server.c").unlink()
        os.mkfifo(self.folder / "server.c")
        self.assertIn("no such file", self.run_lab("check", status=1))

    def test_a_folder_where_the_program_belongs(self):
        self.start(faults="")
        (self.folder / "server").mkdir()
        self.assertIn("server: there is a folder of this name", self.run_lab("check", status=1))

    def test_a_warning(self):
        self.start(faults="static int unused;\n")
        self.assertIn("-Wunused-variable", self.run_lab("check"))

    def test_it_ends_at_once(self):
        self.assert_says("#define EXITS\n", "ended with status 3", "I have nothing to do")

    def test_it_is_killed_by_a_signal(self):
        self.assert_says("#define CRASHES\n", "killed by SIGABRT (Aborted)", "the server was gone")

    def test_a_sanitizer_report(self):
        self.assert_says("#define OVERFLOWS\n", "AddressSanitizer: stack-buffer-overflow")

    def test_it_goes_to_the_background(self):
        """It is gone before it listens, at the look at its calls, or before the first case."""
        printed = self.assert_says("#define DAEMON\n")
        self.assertRegex(printed, "saw: +the server (was gone|ended)")

    def test_it_leaves_children(self):
        self.assert_says("#define FORKS\n", "2 processes for these connections")

    def test_it_ignores_signals(self):
        self.start(faults="#define STUBBORN\n")
        self.run_lab("check")
        self.assertEqual(processes_in(self.folder), [])

    def test_it_prints_without_end(self):
        """What it prints must not fill the memory."""
        self.start(faults="#define PRINTS\n")
        with subprocess.Popen(
            [sys.executable, LAB, "check"], cwd=self.folder, env=environment(),
            stdout=subprocess.DEVNULL,
        ) as check:
            self.assertTrue(await_that(lambda: largest_output(check.pid) > 0))
            largest = 0
            while check.poll() is None:
                largest = max(largest, largest_output(check.pid))
                time.sleep(0.02)
        self.assertEqual(check.returncode, 1)
        self.assertLessEqual(largest, 1 << 20)

    def test_where_memory_runs_out_it_ends_first(self):
        command = "cat /proc/self/oom_score_adj {port}"
        self.start("1", "--server", command)
        self.assertIn("printed:   1000\n", self.run_lab("check", status=1))

    def test_a_sanitizer_report_is_written_to_its_end(self):
        self.assert_says("#define USES_NULL\n", "SUMMARY: AddressSanitizer: SEGV")

    def test_its_port_is_taken(self):
        self.assert_says("#define TAKEN\n", '"Address already in use"')

    def test_no_program(self):
        self.start()
        (self.folder / "server.c").unlink()
        self.assertIn("no such file", self.run_lab("check", status=1))

    def test_it_never_listens(self):
        self.assert_says("#define DEAF\n", "nothing listens on its port after 8 s")


class Machine(Command):
    """What can go wrong around it."""

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.setUp()
            self.start()
            before = (self.folder / ".lab.json").read_bytes()
            with subprocess.Popen(
                [sys.executable, LAB, "check"], cwd=self.folder, env=environment(), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            ) as check:
                self.assertTrue(await_that(lambda: len(processes_in(self.folder)) > 1))
                check.send_signal(number)
                out, complaint = check.communicate(timeout=DEADLINE)
            self.assertEqual(check.returncode, 128 + number)
            self.assertEqual(complaint, f"lab: {signal.strsignal(number)}\n")
            self.assertRegex(out, r"\nNext: .*\n$")
            self.assertEqual(processes_in(self.folder), [])
            self.assertEqual((self.folder / ".lab.json").read_bytes(), before)

    def test_killed(self):
        self.start()
        with subprocess.Popen(
            [sys.executable, LAB, "check"], cwd=self.folder, env=environment(),
            stdout=subprocess.DEVNULL,
        ) as check:
            self.assertTrue(await_that(lambda: len(processes_in(self.folder)) > 1))
            check.kill()
        self.assertTrue(await_that(lambda: not processes_in(self.folder)))

    def test_no_compiler(self):
        self.start()
        self.assertIn("no C compiler", self.run_lab("check", status=2, env={"PATH": str(BASE)}))

    def test_no_sanitizers(self):
        self.start(faults="")
        fake = Path(tempfile.mkdtemp(dir=BASE)) / "cc"
        fake.write_text(
            f'#!/bin/sh\ncase "$*" in *sanitize*) echo no -lasan; exit 1;; esac\n'
            f'exec {shutil.which("cc")} "$@"\n'
        )
        fake.chmod(0o755)
        path = f"{fake.parent}:{os.environ['PATH']}"
        self.assertIn("Built without sanitizers", self.run_lab("check", env={"PATH": path}))

    def test_few_descriptors(self):
        self.start(faults="")
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        printed = self.run_lab("check", status=2, preexec_fn=few)
        self.assertIn("The first that could not be checked: A line comes back", printed)
        self.assertIn("only 64 descriptors", printed)
        self.assertNotIn("hint:", printed)

    def test_a_limit_of_memory(self):
        self.start(faults="")
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
        self.assertIn("than ulimit -v allows", self.run_lab("check", preexec_fn=limit))

    def test_moved_and_copied(self):
        self.start(faults="")
        self.run_lab("hint")
        moved, copy = self.folder.with_name("it's moved"), self.folder.with_name("copy")
        self.folder.rename(moved)
        shutil.copytree(moved, copy)
        self.run_lab("check", cwd=moved)
        (copy / "below").mkdir()
        self.assertIn("Hint 2", self.run_lab("hint", cwd=copy / "below"))

    def test_a_state_that_cannot_be_read(self):
        self.start()
        state = self.folder / ".lab.json"
        for text, why in (
            ("{", "damaged"), ("[]", "damaged"), ('{"format": 1}', "damaged"), ("", "damaged"),
            (json.dumps(self.state() | {"items": {"step-1": 5}}), "damaged"),
            (json.dumps(self.state() | {"items": {"step-1": {"points": "4"}}}), "damaged"),
            (json.dumps(self.state() | {"server": 7}), "damaged"),
            (json.dumps(self.state() | {"format": 2}), "another version"),
        ):
            state.write_text(text)
            for command in ("check", "hint", "skip", "reset", "list"):
                self.assertIn(why, self.run_lab(command, status=2))
                self.assertEqual(state.read_text(), text)
        state.rename(self.folder / "damaged.json")
        (self.folder / "server.c").write_text("mine")
        self.run_lab("start", "1", ".")
        self.assertEqual((self.folder / "server.c").read_text(), "mine")

    def in_tmpfs(self, prepare: str, *words: str) -> subprocess.CompletedProcess:
        """Run the command in a copy of the folder on a file system of its own."""
        place = Path(tempfile.mkdtemp(dir=BASE))
        script = (
            f"mount -t tmpfs -o size=64k none {shlex.quote(str(place))} || exit 77\n"
            f"cd {shlex.quote(str(place))} && cp {shlex.quote(str(self.folder))}/.lab.json .\n"
            f"cp {shlex.quote(str(self.folder))}/* . && cp .lab.json before\n{prepare}\n"
            f"cd . && {shlex.join([sys.executable, str(LAB), *words])}\nstatus=$?\n"
            "cmp .lab.json before || exit 99\nexit $status\n"
        )
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script], env=environment(),
            capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        if done.returncode == 77 or done.stderr.startswith("unshare:"):
            self.skipTest(f"no file system of our own here: {done.stderr.strip()}")
        return done

    def test_a_full_disk(self):
        self.start(faults="")
        full = "cat /dev/zero >full 2>/dev/null"
        for words in (["check"], ["hint"], ["skip"]):
            done = self.in_tmpfs(full, *words)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertRegex(done.stderr, r"^lab: .*No space left on device\n$")
            self.assertIn("\nNext: make room", "\n" + done.stdout)

    def test_a_read_only_folder(self):
        self.start(faults="")
        for words in (["check"], ["hint"], ["reset"]):
            done = self.in_tmpfs("mount -o remount,ro \"$PWD\"", *words)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertRegex(done.stderr, r"^lab: .*(can't be written|Read-only file system)\n$")
            self.assertIn("Next: copy the folder", done.stdout)

    def test_output_that_nobody_reads(self):
        self.start(faults="")
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            done = lab("check", cwd=self.folder, stdout=gone)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.state()["items"]["step-1"]["state"], "passed")

    def test_a_plain_environment(self):
        self.start(faults="")
        plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0",
                 "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(HERE)}
        wanted = {key: environment()[key] for key in ("LAB_COURSE", "LAB_CONFORMANCE")}
        done = subprocess.run(
            [sys.executable, LAB, "check"], cwd=self.folder, env=plain | wanted, text=True,
            capture_output=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("\033", done.stdout)

    def test_watch(self):
        self.start()
        with subprocess.Popen(
            [sys.executable, LAB, "watch"], cwd=self.folder, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as watch:
            self.read_until(watch, "2 of 6 points")
            self.read_until(watch, "Watching")
            (self.folder / "server.c").write_text(TINY)
            self.read_until(watch, "6 of 6 points")
            self.read_until(watch, "Watching")
            watch.send_signal(signal.SIGINT)
            out, complaint = watch.communicate(timeout=DEADLINE)
        self.assertEqual((watch.returncode, complaint), (130, "lab: Interrupt\n"))
        self.assertRegex(out, r"Next: .*\n$")

    def read_until(self, process: subprocess.Popen, word: str) -> None:
        for line in process.stdout:
            if word in line:
                return
        self.fail(f"ended without {word}: {process.stderr.read()}")


if __name__ == "__main__":
    unittest.main()
