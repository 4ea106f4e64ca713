"""lab similar: copies are found however they are disguised, and independent programs are not.

The programs in similar/ solve step 4 and were written independently of each other.

    python3 tests/lab/test_similar.py [TEST]
"""

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = HERE.parents[1] / "lab"
STEP = LAB / "steps/04-every-byte"
NAMES = re.compile(r"\b(connections?|owed|offset|buffer|[a-z]+_[a-z]+|fd|c|n|one|readable)\b")
SLOW = """#!/bin/sh
# sim_c, which never ends for the submission that is called 1
for word; do
    [ "$word" != / ] || break
    [ "$word" != 1 ] || exec sleep 100
done
exec /usr/bin/sim_c "$@"
"""


def renamed(text: str) -> str:
    """Other names for what is the program's own, and for calls of the system: just as good."""
    return NAMES.sub(lambda match: f"my_{match[0][::-1]}", text)


def reordered(text: str) -> str:
    """The last function comes first; only main stays at its place."""
    head, *functions, main = re.split(r"\n(?=static [^;{=]*\n\{|int main)", text)
    return "\n".join([head, *reversed(functions), main])


def on_one_line(text: str) -> str:
    """All of it but the lines that begin with #."""
    lines = [line if line.startswith("#") else f"{line}\0" for line in text.split("\n")]
    return "\n".join(lines).replace("\0\n", " ").replace("\0", "\n")


def commented(text: str) -> str:
    return text.replace(";\n", "; /* I wrote \"this\" /* myself */\n// yes {\n")


def similar(folder: Path, *words, item: str = "4", **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, LAB / "lab", "similar", f"--item={item}", *words],
        cwd=folder, env=os.environ | environment, text=True, capture_output=True, timeout=300,
        check=False, errors="surrogateescape",
    )


@unittest.skipIf(shutil.which("sim_c") is None, "similarity-tester is not installed")
class Similar(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lab similar test "))
        self.addCleanup(shutil.rmtree, self.folder)
        self.programs = {path.stem: path.read_text() for path in (HERE / "similar").glob("*.c")}

    def submit(self, name: str, text: str | bytes, file: str = "server.c") -> Path:
        path = self.folder / name / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def submit_all(self) -> None:
        for name, text in self.programs.items():
            self.submit(name, text)

    def rows(self, *words, status: int = 0, **more) -> list[dict]:
        names = sorted(path.name for path in self.folder.iterdir())
        done = similar(self.folder, "--format=csv", *words, "--", *names, **more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return list(csv.DictReader(done.stdout.splitlines()))

    def pairs(self, *words, **more) -> set[tuple[str, str]]:
        return {(row["first"], row["second"]) for row in self.rows(*words, **more) if row["second"]}

    def test_independent_programs(self):
        self.submit_all()
        self.assertEqual(self.pairs(), set())
        self.assertNotEqual(self.pairs("--least=10"), set())

    def test_copies(self):
        self.submit_all()
        self.submit("anna2", renamed(self.programs["anna"]))
        self.submit("boris2", reordered(renamed(self.programs["boris"])))
        self.submit("chen2", on_one_line(self.programs["chen"]))
        self.submit("dora2", commented(renamed(self.programs["dora"])))
        self.submit("emil2", self.programs["emil"].partition("int main")[0], "all.h")
        self.submit("emil2", "#include \"all.h\"\nint main" + self.programs["emil"].partition("int main")[2])
        copied = {(name, f"{name}2") for name in self.programs}
        self.assertEqual(self.pairs(), copied)
        self.assertEqual(self.pairs("--least=90"), copied)

    def test_a_part_is_copied(self):
        """A copy in a longer program: the share of one of the two is high."""
        self.submit_all()
        self.submit("long", self.programs["anna"] + self.programs["emil"].replace("int main", "int x"))
        found = {(row["first"], row["second"]): row for row in self.rows() if row["second"]}
        self.assertEqual(set(found), {("anna", "long"), ("emil", "long")})
        self.assertEqual(found["anna", "long"]["first_in_second"], "100")
        self.assertLess(int(found["anna", "long"]["second_in_first"]), 60)
        self.assertRegex(found["anna", "long"]["passages"], r"^server\.c:\d+-\d+ = server\.c:\d+-\d+;")

    def test_the_starter(self):
        """Those who changed nothing, or hardly anything, didn't copy from each other."""
        starter = (STEP / "starter.c").read_text()
        self.submit("carl", starter)
        self.submit("cleo", starter.replace("errx(EXIT_FAILURE", "errx(3 - 2"))
        self.submit("solved", (STEP / "solution.c").read_text())
        rows = self.rows()
        remarks = {row["first"]: row["remark"] for row in rows if row["remark"]}
        self.assertEqual(set(remarks), {"carl", "cleo"})
        self.assertEqual(remarks["carl"], "0 tokens beyond what the course gives out")
        pairs = [(row["first"], row["second"]) for row in rows if row["second"]]
        self.assertEqual(len(pairs), 1)
        self.assertEqual(pairs[0][0], "solved")
        self.assertRegex(pairs[0][1], "^ours: step [45], s")

    def test_earlier_versions_of_ones_own(self):
        """What lab keeps of an earlier step is no copy, nor is it compared."""
        self.submit("anna", self.programs["anna"])
        self.submit("boris", self.programs["boris"])
        self.submit("boris", self.programs["boris"], "server.step-3.c")
        self.submit("boris", self.programs["anna"], "server.step-4.2.c")
        self.assertEqual(self.pairs(), set())

    def test_hostile_folders(self):
        self.submit("good", self.programs["anna"])
        self.submit("also good", renamed(self.programs["anna"]))
        (self.folder / "endless").mkdir()
        (self.folder / "endless/server.c").symlink_to("/dev/zero")
        (self.folder / "link").mkdir()
        (self.folder / "link/server.c").symlink_to(self.folder / "good/server.c")
        (self.folder / "around").mkdir()
        (self.folder / "around/again").symlink_to("..")
        (self.folder / "fifo").mkdir()
        os.mkfifo(self.folder / "fifo/server.c")
        (self.folder / "socket").mkdir()
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(self.folder / "socket/server.c"))
        self.submit("binary", b"int main\0")
        self.submit("large", "int a;\n" * 100_000)
        self.submit("long", "a b " * 30_000)
        self.submit("no C", "print()", "server.py")
        self.submit("=odd\n\033[31m", self.programs["boris"].encode("latin-1") + b"\xff // \xfe")
        self.submit("=odd\n\033[31m", "", "\033[2J\n.c")
        rows = self.rows(status=2)
        remarks = {row["first"]: row["remark"] for row in rows if row["remark"]}
        self.assertEqual(set(remarks), {
            "endless", "link", "around", "fifo", "socket", "binary", "large", "long", "no C"})
        self.assertIn("symbolic link", remarks["endless"])
        self.assertIn("256 KiB", remarks["large"])
        pairs = [(row["first"], row["second"]) for row in rows if row["second"]]
        self.assertEqual(pairs, [("also good", "good")])

    def test_no_permission(self):
        self.submit("anna", self.programs["anna"])
        self.submit("boris", self.programs["boris"]).chmod(0)
        if os.access(self.folder / "boris/server.c", os.R_OK):
            self.skipTest("root may read everything")
        rows = self.rows(status=2)
        self.assertEqual([(row["first"], row["remark"]) for row in rows],
                         [("boris", "server.c: Permission denied")])

    def test_names_for_a_spreadsheet(self):
        """A name must not become a formula."""
        self.submit("=1+1", self.programs["anna"])
        self.submit("@x", renamed(self.programs["anna"]))
        self.assertEqual(self.pairs(), {("'=1+1", "'@x")})

    def test_a_comparison_without_end(self):
        """It costs the others nothing but the time."""
        self.submit_all()
        self.submit("zoe", renamed(self.programs["emil"]))
        programs = self.folder.parent / f"{self.folder.name} programs"
        programs.mkdir()
        self.addCleanup(shutil.rmtree, programs)
        (programs / "sim_c").write_text(SLOW)
        (programs / "sim_c").chmod(0o755)
        rows = self.rows(status=2, PATH=f"{programs}:{os.environ['PATH']}", LAB_TIME_FACTOR="0.2")
        self.assertEqual([(row["first"], row["second"]) for row in rows],
                         [("emil", "zoe"), ("boris", "")])
        self.assertIn("more than 6 s", rows[1]["remark"])

    def test_the_table(self):
        self.submit_all()
        self.submit("a student with a very long name and \033[2J a sequence", self.programs["dora"])
        self.submit("nothing", (STEP / "starter.c").read_text())
        names = [path.name for path in self.folder.iterdir()]
        done = similar(self.folder, *names)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Compared 7 submissions for step 4.", done.stdout)
        self.assertIn("  nothing: 0 tokens", done.stdout)
        self.assertRegex(done.stdout, r"\n100 % 100 %  \.\.\.\S[^\n]* \?\[2J a sequence  +dora\n")
        self.assertIn("a reason to read both programs, not a verdict", done.stdout)
        self.assertEqual([line for line in done.stdout.splitlines() if len(line) > 80], [])

    def test_usage(self):
        self.submit_all()
        for words, item, said in (
            (["anna"], "4", "one submission alone"),
            (["anna", "anna/"], "4", "one submission alone"),
            (["anna", "boris"], "hunt-1", "a hunt's programs are alike"),
            (["anna", "boris"], "99", "no such step"),
            (["--least=0", "anna", "boris"], "4", "--least=0"),
            (["--least=many", "anna", "boris"], "4", "--least=many"),
        ):
            done = similar(self.folder, *words, item=item)
            self.assertEqual(done.returncode, 64, done.stdout)
            self.assertRegex(done.stderr, rf"^lab: [^\n]*{said}[^\n]*\n$")
        done = similar(self.folder, "anna", "boris", "nowhere")
        self.assertEqual(done.returncode, 2)
        self.assertIn("  nowhere: No such file or directory", done.stdout)


if __name__ == "__main__":
    unittest.main()
