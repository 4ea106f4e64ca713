"""The bug hunts: each folder builds and fails as it should, tells nothing of the bug, and the
disguise alone breaks nothing.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_hunts.py [CLASS]

Table and Two are quick.  Disguise compares what is written; Caught sees that the right case
catches each hunt; RoundTrip starts and checks each with the command, as a student does; Whole
holds disguised servers that aren't broken to the whole contract.
"""

import dataclasses
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "lab/hunts"), str(TOP / "lab/command")]
BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
CONFORMANCE = BUILD / "tests/conformance/conformance"
os.environ.setdefault("LAB_CONFORMANCE", str(CONFORMANCE))

import course  # noqa: E402
import disguise  # noqa: E402
import processes  # noqa: E402
from c_text import ctags, mask, without_comments  # noqa: E402
from check import Check  # noqa: E402
from results import FAILED, PASSED, Result  # noqa: E402

TABLE = tomllib.loads((TOP / "lab/hunts/hunts.toml").read_text(encoding="utf-8"))
HUNTS = disguise.hunts()
SERVERS = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]
SEEDS = (1, 20260)
AT_ONCE = 3  # as tests/breaks/run: a busy loop must keep a processor
PHRASE = 4  # words in a row of a patch's header that would give it away


def patch_of(hunt: dict) -> str:
    return (disguise.BREAKS / f"{hunt['patch']}.patch").read_text(encoding="utf-8")


def header_of(hunt: dict, key: str) -> str:
    found = re.search(rf"^{key}: (.*)$", patch_of(hunt), re.M)
    return found[1] if found else ""


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def words_in(*files: Path) -> str:
    return " ".join(words_of(" ".join(one.read_text(encoding="utf-8") for one in files)))


def build(folder: Path) -> str:
    """What the compiler says: nothing, if all is well."""
    line = TABLE["build"].replace("-Wall", "-Wall -Werror")
    done = subprocess.run(line, shell=True, cwd=folder, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout + ("" if done.returncode == 0 else f"exit status {done.returncode}")


def conformance(folder: Path, case: str | None = None) -> subprocess.CompletedProcess:
    server = shlex.quote(str(folder / "server")) + " --port={port} {options}"
    options = [f"--case={case}"] if case else []
    return subprocess.run([CONFORMANCE, *options, server], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)


def functions(folder: Path) -> dict[str, str]:
    """The text of each function in the C files, with strings and comments left out."""
    found = {}
    for file in sorted(folder.rglob("*.c")):
        text = file.read_text(encoding="utf-8")
        lines = text.split("\n")
        for line in ctags([file], "f", "%{line} %{end} %{name}"):
            first, end, name = line.split()
            body = "\n".join(lines[int(first) - 1 : int(end)])
            found[f"{file.name} {name}"] = mask(without_comments("\n" + body))[0]
    return found


def shape(function: str) -> str:
    """A function without its names and its layout: how it is written."""
    return re.sub(r"[A-Za-z_]\w*", "n", "".join(function.split()))


class InFolder(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.work = Path(work.name)


class Table(InFolder):
    def test_the_table(self):
        cases = subprocess.run([CONFORMANCE, "--list"], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.split()
        promises = {one["name"]: one for one in TABLE["promise"]}
        for promise in promises.values():
            self.assertEqual(set(promise["cases"]) - set(cases), set())
        for position, hunt in enumerate(HUNTS, 1):
            with self.subTest(hunt["patch"]):
                self.assertEqual(hunt["number"], position)
                self.assertEqual(hunt["program"], header_of(hunt, "Server"))
                self.assertEqual(hunt["case"], header_of(hunt, "Caught-by"))
                self.assertIn(hunt["promise"], promises)
                self.assertEqual(len(hunt["hints"]), 3)


class Disguise(InFolder):
    def test_nothing_names_the_bug(self):
        for hunt, seed in itertools.product(HUNTS, SEEDS):
            with self.subTest(hunt["patch"], seed=seed):
                folder = self.work / f"{hunt['number']}-{seed}"
                disguise.make_hunt(hunt["number"], seed, folder)
                words = words_in(*folder.iterdir())
                told = words_of(patch_of(hunt).split("\n\n")[0])
                phrases = {" ".join(told[i : i + PHRASE]) for i in range(len(told) - PHRASE + 1)}
                innocent = words_in(*(TOP / hunt["program"]).iterdir(), *(TOP / "echo").iterdir())
                self.assertNotIn(" ".join(words_of(hunt["patch"])), words)
                giving_away = [one for one in phrases if one in words and one not in innocent]
                self.assertEqual(giving_away, [])

    def test_each_function_is_written_differently(self):
        """Than in the original, and than with another seed: shapes, not names, are compared."""
        for server in SERVERS:
            original = self.work / server
            disguise.copy_program(server, None, make_folder(original))
            plain = {shape(one) for one in functions(original).values()}
            made = []
            for seed in SEEDS:
                folder = self.work / f"{server}-{seed}"
                disguise.disguise(server, None, seed, folder)
                made.append([shape(one) for one in functions(folder).values()])
                self.assertLess(part_in(plain, made[-1]), 1 / 3, f"{server}, seed {seed}")
                event_loop = [shape(one) for name, one in functions(folder).items()
                              if name.startswith("server.c ")]
                self.assertLess(part_in(plain, event_loop), 1 / 3, f"{server}, seed {seed}")
            self.assertLess(part_in(set(made[0]), made[1]), 0.5, server)

    def test_order_and_names_differ(self):
        lists = []
        for seed in SEEDS:
            folder = self.work / str(seed)
            disguise.disguise("epoll_lt_server", None, seed, folder)
            lists.append(list(functions(folder)))
        common = set(lists[0]) & set(lists[1])
        self.assertLess(len(common), len(lists[0]) / 2)
        self.assertNotEqual([one for one in lists[0] if one in common],
                            [one for one in lists[1] if one in common])

    def test_the_same_seed_makes_the_same(self):
        one, other = self.work / "one", self.work / "other"
        for folder in (one, other):
            disguise.make_hunt(7, 3, folder)
        for file in one.iterdir():
            self.assertEqual(file.read_bytes(), (other / file.name).read_bytes(), file.name)

    def test_without_clang_format(self):
        which, disguise.shutil.which = disguise.shutil.which, lambda _: None
        try:
            disguise.make_hunt(4, 9, self.work / "plain")
        finally:
            disguise.shutil.which = which
        self.assertEqual(build(self.work / "plain"), "")
        lines = (self.work / "plain/server.c").read_text(encoding="utf-8").splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)


class Caught(InFolder):
    def test_each_hunt_fails_at_its_case(self):
        pairs = list(itertools.product(HUNTS, SEEDS[:1]))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            said = list(pool.map(lambda pair: self.fault(*pair), pairs))
        self.assertEqual([one for one in said if one], [])

    def fault(self, hunt: dict, seed: int) -> str:
        """What is wrong with this hunt; nothing, if it is caught."""
        folder = self.work / f"{hunt['number']}-{seed}"
        disguise.make_hunt(hunt["number"], seed, folder)
        name = f"{hunt['patch']}, seed {seed}: "
        if complaint := build(folder):
            return name + complaint
        for _ in range(int(header_of(hunt, "Tries") or 1)):
            done = conformance(folder, hunt["case"])
            if done.returncode == 1 and "1 failed" in done.stdout:
                return ""
        return name + done.stdout


class RoundTrip(InFolder):
    """Start a hunt, check it, undo the bug, and check again: one of each server."""

    hunts = [hunt for hunt in HUNTS if hunt["number"] in (1, 3, 6, 11)]

    def setUp(self):
        super().setUp()
        processes.adopt_orphans()
        self.addCleanup(processes.end_all)

    def item(self, hunt: dict) -> course.Item:
        return course.find(f"hunt-{hunt['number']}")

    def test_found_and_repaired(self):
        for hunt in self.hunts:
            with self.subTest(hunt["patch"]):
                self.round_trip(hunt)

    def round_trip(self, hunt: dict) -> None:
        folder = self.work / f"hunt-{hunt['number']}"
        subprocess.run([sys.executable, TOP / "lab/lab", "start", folder.name, folder],
                       check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.broken(hunt, folder).outcome, FAILED)
        seed = json.loads((folder / ".lab.json").read_text(encoding="utf-8"))["seed"]
        disguise.disguise(hunt["program"], None, seed, folder)
        report = Check(self.item(hunt), folder, None).run()
        self.assertEqual([one for one in report.results if one.outcome != PASSED], [])
        self.assertEqual(report.earned, hunt["points"])

    def broken(self, hunt: dict, folder: Path) -> Result:
        """What became of the promise that the bug breaks."""
        for _ in range(int(header_of(hunt, "Tries") or 1)):
            report = Check(self.item(hunt), folder, None).run()
            found = next(one for one in report.results if one.name == hunt["promise"])
            if found.outcome == FAILED:
                break
        return found


class Two(RoundTrip):
    """Two of them, and of each only the promise that is broken."""

    hunts = [hunt for hunt in HUNTS if hunt["number"] in (2, 10)]

    def item(self, hunt: dict) -> course.Item:
        whole = super().item(hunt)
        own = [one for one in whole.promises if one.name == hunt["promise"]]
        return dataclasses.replace(whole, promises=own)


class Whole(InFolder):
    def test_a_disguise_breaks_nothing(self):
        """Two of the four: the whole suite takes a minute for each."""
        for seed, server in ((5, "select_server"), (6, "epoll_et_server")):
            with self.subTest(server, seed=seed):
                folder = self.work / server
                disguise.disguise(server, None, seed, folder)
                self.assertEqual(build(folder), "")
                done = conformance(folder)
                told = [line for line in done.stdout.splitlines() if "FAILED" in line or "saw:" in line]
                self.assertEqual((done.returncode, told), (0, []))


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def part_in(known: set[str], shapes: list[str]) -> float:
    return sum(one in known for one in shapes) / len(shapes)


if __name__ == "__main__":
    unittest.main(verbosity=2)
