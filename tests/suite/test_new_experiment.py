"""To add an experiment takes what CONTRIBUTING.md says, and nothing else.

Its example is put into a copy of the benchmark, as a reader would, and has to be
listed, and drawn from a run that was made up.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", GUIDE, re.S)[1]


class NewExperiment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="four-ways-new-")
        self.addCleanup(folder.cleanup)
        self.copy = Path(folder.name)
        for part in ("bench/suite", "plots", "tests/suite"):
            ignored = shutil.ignore_patterns("gallery", "__pycache__")
            shutil.copytree(ROOT / part, self.copy / part, ignore=ignored)
        declarations = self.copy / "bench/suite/experiments.py"
        head, rest = declarations.read_text().split("EXPERIMENTS = (\n", 1)
        declarations.write_text(f"{head}EXPERIMENTS = (\n{block('python')}{rest}")
        (self.copy / "plots/tiny.gp").write_text(block("gnuplot"))

    def run_python(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-B", *words], cwd=self.copy, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_it_is_listed(self):
        self.assertIn("\ntiny\n    asks ", "\n" + self.run_python("bench/suite", "--list"))

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot here")
    def test_its_chart_is_drawn(self):
        write = "import made_up, pathlib; made_up.whole_run(pathlib.Path('run'), ['tiny'])"
        self.run_python("-c", f"import sys; sys.path.insert(0, 'tests/suite'); {write}")
        self.run_python("bench/suite/charts.py", "run", "tiny")
        drawn = (self.copy / "run/tiny.svg").read_text()
        for words in ("bytes per message", "CPU time per echo", "epoll"):
            self.assertIn(words, drawn)


if __name__ == "__main__":
    unittest.main()
