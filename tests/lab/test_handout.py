"""The handout: nothing in it that students mustn't see, and it works without the repository.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_handout.py [CLASS]

Contents reads what is there; Writing sees it written whole or not at all; Use starts and checks
steps, hunts and an exercise in it, as a student does.  handout_in_a_chroot builds it, too.
"""

import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("FOUR_WAYS_BUILD", str(TOP / "build"))).absolute()
os.environ.setdefault("LAB_CONFORMANCE", str(BUILD / "tests/conformance/conformance"))
sys.path[:0] = [str(TOP / "lab/hunts"), str(TOP / "lab/command")]

import disguise  # noqa: E402
from build import PACKAGES, PROGRAMS  # noqa: E402

LAB = TOP / "lab/lab"
SECONDS = 500
HASH_SEED = "1"
LONG = 24  # characters that make a line of C distinctive
# What students receive in any case: whatever stands there gives nothing away.
PUBLIC = ("echo", "select_server", "poll_server", "epoll_lt_server", "epoll_et_server", "bench",
          "docs/examples", "docs/sessions/three-clients", "tests/conformance", "tests/kernel",
          "lab/echo_client.c", "lab/steps/01-one-client/starter.c")


def run(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(one) for one in words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, check=False, **more)


def write(target: Path, *options: str, **more) -> subprocess.CompletedProcess:
    return run(LAB, "handout", target, "--variants=1", *options, **more)


def setUpModule() -> None:
    global BASE, MADE
    BASE = Path(tempfile.mkdtemp(prefix="lab handout "))
    unittest.addModuleCleanup(shutil.rmtree, BASE)
    MADE = BASE / "the handout"
    done = write(MADE, env=os.environ | {"PYTHONHASHSEED": HASH_SEED})
    if done.returncode != 0:
        raise RuntimeError(done.stdout)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def lines_of(*places: Path) -> set[str]:
    """Without the blanks at both ends."""
    found = set()
    for place in places:
        for file in [place] if place.is_file() else files(place):
            found |= {line.strip() for line in file.read_text(errors="replace").splitlines()}
    return found


def public_lines() -> set[str]:
    """The tasks show some lines, too."""
    return lines_of(*(TOP / place for place in PUBLIC), *TOP.glob("lab/steps/*/task.md"))


def lines_outside_hunts() -> set[str]:
    """What the hunts have is one of the four servers, rewritten: some lines look like others."""
    return lines_of(*(file for file in files(MADE) if "hunts" not in file.parts))


def digests(folder: Path) -> dict[str, tuple[int, str]]:
    return {str(one.relative_to(folder)): (one.stat().st_mode, hashlib.sha256(
        one.read_bytes()).hexdigest()) for one in files(folder)}


class Contents(unittest.TestCase):
    maxDiff = 2000

    def test_no_solution(self):
        public = public_lines()
        secret = [*TOP.glob("lab/steps/*/solution*"), *TOP.glob("docs/teaching/answers/*")]
        self.assertGreater(len(secret), 12)
        written = lines_outside_hunts()
        for file in secret:
            distinctive = {line for line in lines_of(file) - public
                           if len(line) >= LONG and not line.startswith(("/*", "*", "#"))}
            self.assertEqual(distinctive & written, set(), file)

    def test_no_wrong_solution(self):
        public = public_lines()
        written = lines_outside_hunts()
        for file in TOP.glob("lab/steps/*/wrong*.patch"):
            added = {line[1:].strip() for line in lines_of(file) if line.startswith("+ ")}
            self.assertEqual({line for line in added - public if len(line) >= LONG} & written,
                             set(), file)

    def test_no_answer(self):
        forms = lines_of(*TOP.glob("lab/steps/*/answers.txt"))
        answers = lines_of(*TOP.glob("lab/steps/*/solution.txt")) - forms
        self.assertIn("waits-in: recv", answers)
        self.assertEqual(answers & lines_of(MADE), set())
        self.assertNotIn("A good answer", "\n".join(lines_of(MADE)))

    def test_no_name_of_a_bug(self):
        names = {patch.stem for patch in (TOP / "tests/breaks").glob("*.patch")}
        self.assertGreater(len(names), 40)
        for file in files(MADE):
            text = f"{file.relative_to(MADE)}\n{file.read_text(errors='replace')}"
            self.assertEqual({name for name in names if name in text}, set(), file)

    def test_no_hidden_case(self):
        """All cases are in the conformance program; which of them grade a step isn't told."""
        for file in files(MADE):
            self.assertFalse(re.match("hidden|rubric|solution|wrong|grade", file.name), file)
        rubrics = list(TOP.glob("lab/steps/*/rubric.toml"))
        self.assertEqual(len(rubrics), 12)
        for rubric in rubrics:
            rules = tomllib.loads(rubric.read_text()).get("promise", {}).values()
            names = {name for rule in rules for name in rule.get("hidden", ())}
            for file in files(MADE / "course/steps" / rubric.parent.name):
                text = file.read_text(errors="replace")
                self.assertEqual({name for name in names if name in text}, set(), file)

    def test_the_hunts_say_only_what_a_student_may_know(self):
        table = tomllib.loads((MADE / "course/hunts/hunts.toml").read_text())
        whole = tomllib.loads((TOP / "lab/hunts/hunts.toml").read_text())
        self.assertEqual(len(table["hunt"]), len(whole["hunt"]))
        for hunt, original in zip(table["hunt"], whole["hunt"]):
            self.assertEqual(set(original) - set(hunt), {"program", "patch", "symptom"})
            self.assertEqual(hunt, {key: original[key] for key in hunt})
        self.assertEqual({key: table[key] for key in table if key != "hunt"},
                         {key: whole[key] for key in whole if key != "hunt"})

    def test_no_trace_of_the_teacher_or_of_this_machine(self):
        self.assertFalse((MADE / "course/teacher").exists())
        for file in files(MADE):
            self.assertNotIn(str(TOP), file.read_text(errors="replace"), file)

    def test_readme_and_container_name_the_same_packages(self):
        wanted = set(PACKAGES)
        for name in ("README.md", "Containerfile"):
            text = (MADE / name).read_text().replace("\\\n", " ")
            listed = set(re.search(r"(gcc libc6-dev .*)", text)[1].split())
            self.assertEqual(wanted - listed, set(), name)
            wanted = listed - {"less", "nano"}

    def test_the_readme_is_whole(self):
        text = (MADE / "README.md").read_text()
        for title in ("What you need", "The commands", "The path", "The contract",
                      "On macOS and Windows"):
            self.assertEqual(text.count(f"## {title}\n"), 1, title)
        self.assertNotIn("[[", text)
        for place in re.findall(r"\]\(([^:)#]+)\)", text):
            self.assertTrue((MADE / place).exists(), place)


class Writing(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory(dir=BASE)
        self.addCleanup(work.cleanup)
        self.work = Path(work.name)

    def test_the_same_bytes_whenever_it_is_written(self):
        other = self.work / "other"
        done = write(other, env=os.environ | {"PYTHONHASHSEED": "2", "LC_ALL": "C"}, umask=0o077)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(digests(other), digests(MADE))

    def test_another_seed_and_more_starters(self):
        other = self.work / "other"
        other.mkdir()  # an empty folder will do
        done = write(other, "--seed=2", "--starters=4")
        self.assertEqual(done.returncode, 0, done.stdout)
        mine, theirs = digests(MADE), digests(other)
        changed = {name for name in theirs if mine.get(name) != theirs[name]}
        starters = {name for name in changed if name.endswith("starter.c")}
        self.assertEqual(len(starters), 3)
        self.assertEqual({name for name in changed - starters if "course/hunts/" not in name},
                         set())
        self.assertIn("course/hunts/01/01/server.c", changed)

    def test_a_folder_that_is_in_use(self):
        (self.work / "mine.txt").write_text("mine\n")
        for target in (self.work, self.work / "mine.txt"):
            done = write(target)
            self.assertEqual(done.returncode, 64, done.stdout)
            self.assertIn("exists already", done.stdout)
        self.assertEqual([one.name for one in self.work.iterdir()], ["mine.txt"])

    def test_no_room_for_a_file(self):
        def little() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

        done = write(self.work / "new", preexec_fn=little)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("File too large", done.stdout)
        self.assertEqual(list(self.work.iterdir()), [])

    def test_a_full_disk(self):
        script = ('mount -t tmpfs -o size=700k none "$1" || exit 77\n"$2" handout "$1/new"\n'
                  'status=$?\nls -A "$1"\nexit $status')
        done = run("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh",
                   self.work, LAB)
        if done.returncode in (1, 77):
            self.skipTest(f"no file system can be mounted here: {done.stdout.strip()}")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("No space left on device", done.stdout)
        self.assertRegex(done.stdout, r"\nNext: .*\n\Z")  # and ls has shown nothing

    def test_interrupted(self):
        command = subprocess.Popen([LAB, "handout", self.work / "new"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        for line in command.stdout:
            if line.startswith("Disguising"):
                break
        time.sleep(0.5)
        command.send_signal(signal.SIGTERM)
        command.stdout.read()
        self.assertEqual(command.wait(SECONDS), 128 + signal.SIGTERM)
        command.stdout.close()
        self.assertEqual(list(self.work.iterdir()), [])


def link_programs(folder: Path) -> None:
    """As if they had been built in the handout: that is the business of handout_in_a_chroot."""
    for target in PROGRAMS:
        place = folder / target.replace("lab/", "course/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(BUILD / target)


class Use(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory(dir=BASE)
        self.addCleanup(work.cleanup)
        self.folder = Path(work.name) / "my work"
        self.programs = Path(work.name) / "programs"
        link_programs(self.programs)

    def lab(self, *words, status: int) -> str:
        done = run(MADE / "lab", *words, cwd=self.folder if self.folder.exists() else BASE,
                   env=os.environ | {"FOUR_WAYS_BUILD": str(self.programs)})
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def solve(self, step: str) -> None:
        shutil.copy(next(TOP.glob(f"lab/steps/{step}-*/solution.c")), self.folder / "server.c")

    def test_the_command_is_the_one_at_the_top(self):
        self.assertIn("the handout/lab' check", self.lab("start", "1", self.folder, status=0))
        self.assertIn(" step-2", self.lab("list", status=0))
        self.assertNotIn("grade", self.lab("--help", status=0))

    def test_a_step(self):
        self.lab("start", "1", self.folder, status=0)
        self.lab("check", status=1)
        self.solve("01")
        self.assertIn("Step 2", self.lab("check", status=0))
        self.assertIn("step 2", (self.folder / "TASK.md").read_text().lower())

    def test_a_step_without_a_starter(self):
        said = self.lab("start", "9", self.folder, status=0)
        self.assertIn("no starter for step 9", said)
        self.solve("04")
        before = (self.folder / "server.c").read_bytes()
        for command in ("reset", "skip"):
            self.assertIn("no starter for step", self.lab(command, status=2))
        self.assertEqual((self.folder / "server.c").read_bytes(), before)
        self.lab("check", status=1)
        self.solve("09")
        self.lab("check", status=0)

    def test_a_hunt(self):
        self.lab("start", "hunt-6", self.folder, status=0)
        self.assertIn("Half a file", (self.folder / "TASK.md").read_text())
        self.assertRegex(self.lab("check", status=1), "(?i)failed +after a client's FIN")
        for name in ("server.c", "connection.c"):  # change, then begin again
            (self.folder / name).write_text("int nothing;\n")
        self.lab("reset", status=0)
        self.lab("check", status=1)
        for file in self.folder.glob("*.[ch]"):
            file.unlink()
        with tempfile.TemporaryDirectory() as work:
            for file in disguise.copy_program("epoll_lt_server", None, Path(work)):
                shutil.copy(file, self.folder)
        self.lab("check", status=0)

    def test_an_exercise(self):
        self.lab("start", "exercise-1", self.folder, status=0)
        self.assertGreater(len((self.folder / "story.txt").read_text().splitlines()), 10)
        form = self.folder / "answers.txt"
        holds = []
        for name in ("select", "poll", "lt", "et"):
            form.write_text(re.sub("^server:.*", f"server: {name}", form.read_text(), flags=re.M))
            said = self.lab("check", status=1)
            holds.append(bool(re.search("passed +You name the server", said)))
        self.assertEqual(holds.count(True), 1)

    def test_an_exercise_that_can_not_begin(self):
        for one in ("select", "poll", "epoll_lt", "epoll_et"):
            program = self.programs / f"{one}_server"
            program.unlink()
            program.write_text("#!/bin/sh\nexit 3\n")
            program.chmod(0o755)
        said = self.lab("start", "exercise-1", self.folder, status=2)
        self.assertRegex(said, "(?m)^lab: exercise 1 can't begin: .*: the server has ended")
        self.assertNotIn("Traceback", said)

    def test_the_patch_of_exercise_6(self):
        self.lab("start", "exercise-6", self.folder, status=0)
        for part in ("echo", "poll_server"):
            shutil.copytree(MADE / part, self.folder / "broken" / part)
        done = run("patch", "-s", "-d", "broken", "-p1", "-i", self.folder / "greedy.patch",
                   cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
