"""The two scripts before everything else: bench/need and bench/build.

bench/need gets a PATH in which apt-get and dpkg-query are ours, and say what
real ones say on a machine that isn't quite in order.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from made_up import ROOT

# Prints as -f says, for each line "STATE|ARCHITECTURE" of the file named after the package.
DPKG_QUERY = r"""#!/bin/bash
[ -e "$STATES/${!#}" ] || exit 1
while IFS='|' read -r state architecture; do
    text=${3//'${db:Status-Abbrev}'/$state}
    text=${text//'${Architecture}'/$architecture}
    printf '%b' "$text"
done <"$STATES/${!#}"
"""
APT_GET = """#!/bin/bash
echo "$*" >>"$STATES/../calls"
case $* in
*update*) echo "E: Failed to fetch http://example.com/InRelease" >&2; exit 100 ;;
*install*)
    cp "$STATES"/../to-come/* "$STATES"
    echo "E: Sub-process /usr/bin/dpkg returned an error code (1)" >&2
    exit 100
    ;;
esac
"""
DPKG = "#!/bin/sh\necho amd64\n"

# A target that needs no compiler.
COPY = """
custom_target('{0}', input: '{0}.in', output: '{0}', command: ['cp', '@INPUT@', '@OUTPUT@'],
  build_by_default: true)
"""


class Folder(unittest.TestCase):
    def setUp(self):
        self.base = Path(tempfile.mkdtemp(prefix="setup-test-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)


class Need(Folder):
    def setUp(self):
        super().setUp()
        for name in ("bin", "states", "to-come"):
            (self.base / name).mkdir()
        tools = {"dpkg-query": DPKG_QUERY, "apt-get": APT_GET, "dpkg": DPKG,
                 "sudo": '#!/bin/sh\nexec "$@"\n'}
        for name, text in tools.items():
            (self.base / "bin" / name).write_text(text)
            (self.base / "bin" / name).chmod(0o755)

    def need(self, *packages: str):
        variables = {
            **os.environ,
            "PATH": f"{self.base}/bin:{os.environ['PATH']}",
            "STATES": f"{self.base}/states",
            }
        return subprocess.run(
            [ROOT / "bench" / "need", *packages],
            env=variables, capture_output=True, text=True, timeout=60,
        )

    def state(self, package: str, *lines: str, folder: str = "states"):
        (self.base / folder / package).write_text("".join(line + "\n" for line in lines))

    def was_asked(self) -> bool:
        return (self.base / "calls").exists()

    def test_what_is_installed_is_not_installed_again(self):
        for state in ("ii |amd64", "ii |all", "hi |amd64", "it |amd64", "iW |amd64", "ri |amd64"):
            with self.subTest(state):
                self.state("gcc", state)
                self.assertEqual(self.need("gcc").returncode, 0)
                self.assertFalse(self.was_asked())

    def test_for_two_architectures_is_installed_as_well(self):
        self.state("libc6-dev", "ii |i386", "ii |amd64")
        self.assertEqual(self.need("libc6-dev").returncode, 0)
        self.assertFalse(self.was_asked())

    def test_what_is_not_there_or_not_whole_is_installed(self):
        states = ("ii |i386", "rc |amd64", "iU |amd64", "iF |amd64", "iHR|amd64", "iiR|amd64")
        for state in states:
            with self.subTest(state):
                self.state("gcc", state)
                done = self.need("gcc")
                self.assertTrue(self.was_asked())
                self.assertEqual(done.returncode, 1)
                self.assertIn("By hand: apt-get install gcc", done.stderr)
                (self.base / "calls").unlink()

    def test_an_apt_get_that_fails_may_have_installed_it_all_the_same(self):
        self.state("gcc", "ii |amd64", folder="to-come")
        done = self.need("gcc")
        self.assertTrue(self.was_asked())
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_only_what_is_missing_in_the_end_is_named(self):
        self.state("gcc", "ii |amd64", folder="to-come")
        done = self.need("gcc", "meson")
        self.assertEqual(done.returncode, 1)
        self.assertIn("dpkg returned an error code", done.stderr)
        self.assertTrue(done.stderr.endswith("By hand: apt-get install meson\n"), done.stderr)


class Build(Folder):
    """A project with two files, in place of ours: what meson does with it is the same."""

    def setUp(self):
        super().setUp()
        self.make("first")

    def make(self, name: str):
        self.root = self.base / name
        (self.root / "bench").mkdir(parents=True)
        shutil.copy(ROOT / "bench" / "build", self.root / "bench")
        (self.root / "meson.build").write_text("project('p')" + COPY.format("p") + COPY.format("q"))
        (self.root / "p.in").write_text("")
        (self.root / "q.in").write_text("")

    def build(self, *arguments: str, folder: str = "build", **variables: str):
        return subprocess.run(
            [self.root / "bench" / "build", folder, *arguments],
            env={**os.environ, **variables}, cwd="/", capture_output=True, text=True, timeout=300,
        )

    def assert_builds(self, *arguments: str, **variables: str):
        done = self.build(*arguments, **variables)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertTrue((self.root / "build" / "p").exists())

    def options(self) -> str:
        return (self.root / "build" / "meson-private" / "cmd_line.txt").read_text()

    def test_a_checkout_that_was_copied_or_moved_builds_with_the_same_options(self):
        self.assert_builds("--buildtype=release")
        for name, change in (("copy", shutil.copytree), ("moved", shutil.move)):
            with self.subTest(name):
                change(self.root, self.base / name)
                self.root = self.base / name
                (self.root / "build" / "p").unlink()
                self.assert_builds()
                self.assertIn("release", self.options())
                rules = (self.root / "build" / "build.ninja").read_text()
                self.assertNotIn(str(self.base / "first"), rules)

    def test_the_build_folder_of_another_checkout_is_left_as_it_is(self):
        self.assert_builds()
        first = self.root
        self.make("second")
        done = self.build("--", "p", folder=str(first / "build"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, rf"^[^\n]*belongs to another checkout, {first}\n$")
        self.assertTrue((first / "build" / "q").exists())
        self.assert_builds()

    def test_a_set_up_that_was_interrupted_is_done_again(self):
        self.assert_builds()
        for lost in ("build.ninja", "meson-private/cmd_line.txt", "meson-info/meson-info.json"):
            with self.subTest(lost):
                (self.root / "build" / lost).unlink()
                if "cmd_line" in lost:
                    (self.root / "build" / "build.ninja").unlink()
                self.assert_builds()

    def test_what_goes_wrong_is_shown_unless_it_was_not_asked_for(self):
        self.assert_builds(PYTHONHOME="/nowhere", PYTHONPATH="/nowhere")  # another Python's
        (self.root / "q.in").unlink()
        done = self.build()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("q.in", done.stderr)
        self.assert_builds("--", "p")


if __name__ == "__main__":
    unittest.main()
