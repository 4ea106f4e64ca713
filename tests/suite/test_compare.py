"""Two runs side by side."""

import random
import tempfile
import unittest
from pathlib import Path

from made_up import FLOOR, LT, lines, write
from test_figures import costing, point

import compare
from problem import Problem


class Folders(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name)

    def run_of(self, name: str, cpu: float, **machine) -> Path:
        """Epoll LT at one point, three rounds."""
        dice = random.Random(name)
        made = [point(r, [costing(LT, cpu, dice)]) for r in (1, 2, 3)]
        return write(self.root / name, made, **machine)

    def line_of(self, first: Path, second: Path) -> str:
        said = compare.compare(first, second).splitlines()
        return said[said.index("CPU time per echo, 1 active, 0 idle") + 1]


class Verdicts(Folders):
    def test_intervals_that_are_apart_are_different(self):
        a, b = self.run_of("a", 5e-6), self.run_of("b", 10e-6)
        self.assertRegex(self.line_of(a, b), r"^  epoll LT +\S+ µs \(.+\) +(1\.9\d|2|2\.0\d) \*$")
        self.assertIn("2 figures in both runs; 1 differs", compare.compare(a, b))

    def test_intervals_that_share_a_value_are_not(self):
        a, b = self.run_of("a", 5e-6), self.run_of("b", 5.01e-6)
        self.assertFalse(self.line_of(a, b).endswith("*"))

    def test_a_run_beside_itself_has_no_difference(self):
        a = write(self.root / "a", lines())
        text = compare.compare(a, a)
        self.assertIn("; none differ", text)
        self.assertIn("environments of both runs are the same", text)
        self.assertRegex(text, rf"(?m)^  {FLOOR} ")

    def test_runs_with_nothing_in_common(self):
        a, b = self.run_of("a", 5e-6), write(self.root / "b", [])
        self.assertIn("no figure in common", compare.compare(a, b))


class Conditions(Folders):
    def test_what_differs_is_named_and_nothing_else(self):
        a, b = self.run_of("a", 5e-6), self.run_of("b", 5e-6, kernel="6.2.0", hypervisor=None)
        text = compare.compare(a, b)
        self.assertIn("  kernel: A 6.1.0, B 6.2.0\n", text)
        self.assertIn("  hypervisor: A kvm, B unknown\n", text)
        self.assertNotIn("cpu_model", text)

    def test_lists_and_nested_names(self):
        nested = {"a": {"b": [1], "c": {"d": None}}}
        self.assertEqual(compare.flat(nested), {"a.b": [1], "a.c.d": None})


class Output(Folders):
    def test_it_fits_a_terminal(self):
        a = write(self.root / "a", lines())
        b = write(self.root / "b", lines(rounds=2))
        for text in compare.compare(a, b).splitlines():
            self.assertLessEqual(len(text), compare.COLUMNS, text)

    def test_a_table_is_left_when_asked_for(self):
        a = write(self.root / "a", lines())
        folder = self.root / "out" / "deeper"
        compare.compare(a, a, folder)
        rows = (folder / "compare.tsv").read_text().splitlines()
        self.assertEqual(rows[0].split("\t")[:4], ["question", "metric", "unit", "server"])
        self.assertEqual({text.count("\t") for text in rows}, {11})

    def test_a_folder_that_cannot_be_made_is_one_clear_line(self):
        a = self.run_of("a", 5e-6)
        (self.root / "file").write_text("")
        with self.assertRaises(Problem) as caught:
            compare.compare(a, a, self.root / "file")
        self.assertIn("--output=", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
