"""lab gradescope: the package in a container like Gradescope's, a chroot as root with Docker's
capabilities.  It makes a Debian with debootstrap, or copies the tree that LAB_DEBIAN names.

    python3 tests/lab/test_gradescope.py [TEST]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = HERE.parents[1] / "lab"
STEP = LAB / "steps/04-every-byte"
POINTS = 10
DEADLINE = 900
CAPABILITIES = (  # that Docker leaves to root
    "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap",
)
ENTER = """
mount -t proc proc "$0/proc" && { [ "$1" = online ] || ip link set lo up; } && shift &&
exec setpriv --bounding-set=-all,%s --inh-caps=-all --no-new-privs chroot "$0" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
""" % ",".join(f"+{name}" for name in CAPABILITIES)
HOSTILE = """
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
static const char FAKE[] = "{\\"score\\": 10, \\"tests\\": []}";
static void write_to(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    if (write(fd, FAKE, strlen(FAKE)) > 0)
        close(fd);
}
int main(void)
{
    write_to("/autograder/results/results.json");
    write_to("/autograder/results/stolen.json");
    write_to("results.json");
    if (access("/autograder/source/item", R_OK) == 0)
        write_to("/tmp/has-read-the-source");
    if (write(1, FAKE, strlen(FAKE)) > 0)
        write_to("/tmp/results.json");
    kill(-1, SIGKILL);
    return 0;
}
"""
TEST_KEYS = {
    "score": (int, float), "max_score": (int, float), "name": str, "number": str, "output": str,
    "status": str, "visibility": str, "tags": list, "extra_data": dict,
}
VISIBILITY = {"visible", "hidden", "after_due_date", "after_published"}


def make_container() -> None:
    if os.geteuid() != 0:
        raise unittest.SkipTest("a chroot needs root")
    if not os.environ.get("LAB_DEBIAN") and shutil.which("debootstrap") is None:
        raise unittest.SkipTest("debootstrap is not installed")
    global ROOT
    ROOT = Path(tempfile.mkdtemp(prefix="lab gradescope "))
    unittest.addModuleCleanup(shutil.rmtree, ROOT)
    make_debian()
    package = ROOT.parent / f"{ROOT.name}.zip"
    unittest.addModuleCleanup(package.unlink, missing_ok=True)
    subprocess.run([sys.executable, LAB / "lab", "gradescope", "4", package], check=True)
    unpack(package)
    done = inside("/autograder/source/setup.sh", network="online")
    if done.returncode != 0:
        raise AssertionError(done.stdout)


def make_debian() -> None:
    tree = os.environ.get("LAB_DEBIAN")
    if tree:
        words = ["cp", "-a", "--one-file-system", f"{tree}/.", str(ROOT)]
    else:
        words = ["debootstrap", "--variant=minbase", "bookworm", str(ROOT)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
    if done.returncode != 0:
        raise unittest.SkipTest(f"no Debian: {(done.stdout + done.stderr).strip()[-200:]}")
    shutil.copy("/etc/resolv.conf", ROOT / "etc/resolv.conf")


def unpack(package: Path) -> None:
    """As Gradescope's image is built."""
    place = ROOT / "autograder"
    for name in ("source", "submission", "results"):
        (place / name).mkdir(parents=True)
    with zipfile.ZipFile(package) as archive:
        for one in archive.infolist():
            path = archive.extract(one, place / "source")
            os.chmod(path, (one.external_attr >> 16) & 0o777 or 0o644)
    shutil.copy(place / "source/run_autograder", place / "run_autograder")


def inside(*words: str, network: str = "") -> subprocess.CompletedProcess:
    own = [] if network else ["--net"]
    return subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", *own,
         "sh", "-ec", ENTER, str(ROOT), network, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False,
    )


class Gradescope(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_container()

    def grade(self, files: dict[str, str]) -> tuple[dict, str]:
        """results.json, and what the teacher sees besides."""
        for name in ("submission", "results"):
            shutil.rmtree(ROOT / "autograder" / name)
            (ROOT / "autograder" / name).mkdir()
        for name, text in files.items():
            path = ROOT / "autograder/submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = inside("/autograder/run_autograder")
        path = ROOT / "autograder/results/results.json"
        self.assertTrue(path.exists(), done.stdout)
        self.assertEqual([one.name for one in path.parent.iterdir()], ["results.json"])
        return json.loads(path.read_text()), done.stdout

    def assert_valid(self, results: dict, printed: str, points: float = POINTS) -> None:
        """By Gradescope's rules, and ours: a total that students can trust."""
        self.assertIn("tests", results, printed)
        self.assertEqual(results["stdout_visibility"], "hidden")
        self.assertEqual(results["score"], self.score(results), printed)
        for test in results["tests"]:
            for key, value in test.items():
                self.assertIsInstance(value, TEST_KEYS[key], printed)
            self.assertIn(test.get("visibility", "visible"), VISIBILITY)
            if test.get("visibility", "visible") != "visible":
                self.assertNotIn("score", test)
            self.assertLessEqual("score" in test, "max_score" in test)
            self.assertIn(test.get("status", "passed"), ("passed", "failed"))
            self.assertLessEqual(test.get("score", 0), test.get("max_score", 0))
        possible = sum(test.get("max_score", 0) for test in results["tests"])
        self.assertEqual(possible, points, printed)

    def score(self, results: dict) -> float:
        return sum(test.get("score", 0) for test in results["tests"])

    def test_a_right_server(self):
        """In the folder of a zip file, beside what macOS puts into it."""
        results, printed = self.grade({
            "My homework (1)/server.c": (STEP / "solution.c").read_text(),
            "My homework (1)/old/server.c": "not C",
            "__MACOSX/._server.c": "\0",
        })
        self.assert_valid(results, printed)
        self.assertEqual(self.score(results), POINTS, printed)
        self.assertIn("Protection is missing", printed)
        self.assertNotIn("rotection", json.dumps(results))

    def test_what_does_not_compile(self):
        results, printed = self.grade({"server.c": "int main(void) { return x; }\n"})
        self.assert_valid(results, printed)
        self.assertEqual(self.score(results), 0)
        self.assertIn("'x' undeclared", results["output"])

    def test_no_server(self):
        results, printed = self.grade({"notes.txt": "I was ill\n"})
        self.assert_valid(results, printed)
        self.assertEqual(self.score(results), 0)

    def test_a_hostile_server(self):
        results, printed = self.grade({"server.c": HOSTILE})
        self.assert_valid(results, printed)
        self.assertEqual(self.score(results), 0, printed)
        self.assertFalse((ROOT / "tmp/has-read-the-source").exists())

    def set_item(self, key: str) -> None:
        item = ROOT / "autograder/source/item"
        self.addCleanup(item.write_text, item.read_text())
        item.write_text(f"{key}\n")

    def test_steps_that_look_into_the_server(self):
        """Nothing may be left out because root lacks CAP_SYS_PTRACE here: limits of a running
        process, the call that it waits in, and what epoll watches."""
        for number in (8, 10):
            self.set_item(f"step-{number}")
            solution = next(LAB.glob(f"steps/{number:02}-*/solution.c"))
            results, printed = self.grade({"server.c": solution.read_text()})
            self.assert_valid(results, printed, results["score"])
            self.assertGreater(results["score"], 0)
            for test in results["tests"]:
                self.assertNotIn("not run", test.get("output", ""), printed)

    def test_a_failure_of_the_grader(self):
        """It has no score: Gradescope would show a zero otherwise."""
        self.set_item("step-99")
        results, printed = self.grade({"server.c": (STEP / "solution.c").read_text()})
        self.assertEqual(set(results), {"output", "visibility", "stdout_visibility"})
        self.assertIn("tell your teacher", results["output"])
        self.assertEqual(results["stdout_visibility"], "hidden")
        self.assertIn("step-99: no such step", printed)


class Package(unittest.TestCase):
    """What can be tested anywhere."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lab package "))
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, LAB / "lab", "gradescope", *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=DEADLINE, check=False)

    def test_what_it_has(self):
        done = self.make("4", "four.zip")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"{POINTS} points", done.stdout)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["four.zip"])
        with zipfile.ZipFile(self.folder / "four.zip") as package:
            self.assertEqual(package.read("item"), b"step-4\n")
            names = package.namelist()
            wanted = {"setup.sh", "run_autograder", "bench/build", "meson.build"}
            self.assertEqual(wanted - set(names), set())
            self.assertEqual([name for name in names if "/." in name or "__pycache__" in name], [])
            modes = {one.filename: one.external_attr >> 16 & 0o111 for one in package.infolist()}
            self.assertTrue(modes["run_autograder"] and modes["setup.sh"] and modes["bench/need"])

    def test_usage(self):
        (self.folder / "essay.zip").write_text("mine")
        for words, said in ((["4", "four.tar"], "four.tar"), (["4", "essay.zip"], "is no zip file"),
                            (["99", "x.zip"], "no such step"), (["4"], "required")):
            done = self.make(*words)
            self.assertEqual(done.returncode, 64)
            self.assertRegex(done.stderr, rf"^lab: [^\n]*{said}[^\n]*\n$")
        self.assertEqual((self.folder / "essay.zip").read_text(), "mine")
        self.assertEqual(self.make("4", "nowhere/x.zip").returncode, 2)


if __name__ == "__main__":
    unittest.main()
