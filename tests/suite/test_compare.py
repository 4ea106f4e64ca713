"""Two runs side by side."""

import tempfile
import unittest
from pathlib import Path

from made_up import FLOOR, FOUR, environment, trial, whole_run, write

from report import compare
from problem import Problem

POLL, LT, ET = FOUR[1:]


class Folders(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name)

    def run_in(self, name, trials):
        write(self.root / name, trials)
        return self.root / name

    def rates(self, name, rates, **changes):
        return self.run_in(
            name, [trial(LT, r, rate=rate, **changes) for r, rate in enumerate(rates, 1)]
        )

    def line(self, first, second):
        """The words on epoll LT's rate."""
        lines = compare.compare(first, second).splitlines()
        return lines[lines.index("echoes a second, 1 active, 0 idle") + 1]


class Verdicts(Folders):
    def test_intervals_that_are_apart_are_different(self):
        a = self.rates("a", [100.0, 101.0, 102.0, 103.0, 104.0, 105.0])
        b = self.rates("b", [205.0, 206.0, 207.0, 208.0, 209.0, 210.0])
        words = r"^epoll LT +102 \(100-105\) +208 \(205-210\) +2.02 different$"
        self.assertRegex(self.line(a, b), words)
        self.assertRegex(self.line(b, a), r"0.49 different$")

    def test_intervals_that_share_a_value_are_not(self):
        a = self.rates("a", [100.0, 101.0, 102.0, 103.0, 104.0, 200.0])
        b = self.rates("b", [200.0, 206.0, 207.0, 208.0, 209.0, 210.0])
        self.assertTrue(self.line(a, b).endswith("not shown"))

    def test_a_single_round_shows_nothing(self):
        a, b = self.rates("a", [100.0]), self.rates("b", [900.0, 901.0])
        self.assertTrue(self.line(a, b).endswith("one round"))
        self.assertIn("which has no interval: 3.", compare.compare(a, b).replace("\n    ", " "))

    def test_too_few_rounds_are_told(self):
        a, b = self.rates("a", [100.0, 101.0]), self.rates("b", [900.0, 901.0])
        self.assertIn("in only 50 %", compare.compare(a, b).replace("\n    ", " "))

    def test_doubtful_trials_take_no_part(self):
        a = self.rates("a", [100.0, 101.0])
        b = self.rates("b", [900.0, 901.0], doubts=["generator"])
        self.assertNotIn("echoes a second", compare.compare(a, b))

    def test_a_run_beside_itself_has_no_difference(self):
        a = self.run_in("a", whole_run(6))
        self.assertNotIn(" different\n", compare.compare(a, a))
        self.assertIn("environments of both runs are the same", compare.compare(a, a))

    def test_the_floor_is_compared_because_it_tells_the_machines_apart(self):
        both = [
            self.run_in(name, whole_run(2, experiments=("idle",), seed=seed))
            for name, seed in (("a", 1), ("b", 2))
        ]
        self.assertRegex(compare.compare(*both), rf"(?m)^{FLOOR} ")


class Conditions(Folders):
    def test_what_differs_is_named_and_nothing_else(self):
        a, b = self.rates("a", [100.0]), self.rates("b", [100.0] * 6)
        text = compare.compare(a, b)
        self.assertIn("  plan.rounds: A 1, B 6\n", text)
        self.assertIn("  plan.mode: A quick, B default\n", text)
        for same in ("kernel", "cpu_model", "source.commit", "seed", "load_average"):
            self.assertNotIn(same, text)

    def test_lists_and_what_only_one_of_them_has(self):
        made = environment([trial(LT, 1)])
        nested = {"a": {"b": [1], "c": {"d": None}}}
        self.assertEqual(compare.flat(nested), {"a.b": [1], "a.c.d": None})
        run = type("R", (), {})
        one, two = run(), run()
        one.environment, two.environment = made, {**made, "cpus_allowed": [3]}
        del two.environment["governor"]
        self.assertEqual(
            compare.conditions((one, two)),
            [("cpus_allowed", "0 1", "3"), ("governor", "performance", "not there")],
        )


class Output(Folders):
    def test_fits_a_terminal(self):
        a = self.run_in("a", whole_run(2, True, True))
        b = self.run_in("b", whole_run(2, True, True, seed=8))
        for line in compare.compare(a, b).splitlines():
            self.assertLessEqual(len(line), compare.COLUMNS, line)

    def test_files_are_left_when_asked_for(self):
        a = self.run_in("a", whole_run(2))
        self.assertEqual(len(list(self.root.iterdir())), 1)
        folder = self.root / "out" / "deeper"
        compare.compare(a, a, folder)
        lines = (folder / "compare.tsv").read_text().splitlines()
        self.assertEqual(lines[0].split("\t")[:4], ["question", "metric", "unit", "server"])
        self.assertEqual({line.count("\t") for line in lines}, {13})
        page = (folder / "compare.html").read_text()
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        self.assertIn("<style>", page)
        self.assertGreater(page.count("<tr>"), 50)

    def test_runs_with_nothing_in_common(self):
        a = self.run_in("a", whole_run(1, experiments=("churn",)))
        b = self.run_in("b", whole_run(1, experiments=("size",)))
        self.assertIn("no figure in common", compare.compare(a, b))
        self.assertIn("no figure in common", compare.compare(self.run_in("c", []), b))

    def test_a_folder_that_cannot_be_made_is_one_clear_line(self):
        a = self.rates("a", [100.0])
        (self.root / "file").write_text("")
        with self.assertRaises(Problem) as caught:
            compare.compare(a, a, self.root / "file")
        self.assertIn("--output=", str(caught.exception))

    def test_names_from_outside_are_escaped_in_the_page(self):
        trials = [{**trial(LT, r), "server_name": "<b>x", "kind": "mine"} for r in (1, 2)]
        a = self.run_in("a", trials)
        compare.compare(a, a, self.root / "out")
        page = (self.root / "out" / "compare.html").read_text()
        self.assertIn("&lt;b&gt;x", page)
        self.assertNotIn("<b>x", page)


if __name__ == "__main__":
    unittest.main()
