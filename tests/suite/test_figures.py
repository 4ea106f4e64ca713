"""From a results folder to figures and ratios, on trials with a known answer."""

import random
import tempfile
import unittest
from pathlib import Path

from made_up_folder import FLOOR, FOUR, TWIN, held, line, point, trial, whole_run, write

from experiments import EXPERIMENTS
from figures import METRICS, Point, load_run, metrics_of, write_tables
from problem import Problem

SELECT, POLL, LT, ET = FOUR
ALONE = Point("closed", 0, 1)


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def load(self, lines: list[dict]):
        return load_run(write(self.folder, lines))

    def of_three_rounds(self, cpu: dict[str, float], **changes):
        """One point at which each server's CPU time per echo is known to a per cent."""
        dice = random.Random(3)
        return self.load([
            line("idle", r, [trial(name, dice, cpu=each, **changes) for name, each in cpu.items()])
            for r in (1, 2, 3)
        ])


def find(made: list, metric: str, server: str, at: Point = ALONE, experiment: str = "idle"):
    found = [
        one for one in made
        if (one.experiment, one.metric, one.server, one.point) == (experiment, metric, server, at)
    ]
    return found[0] if found else None


class Figures(Folder):
    def test_the_median_over_all_turns_with_its_interval(self):
        run = self.of_three_rounds({LT: 5e-6})
        cpu = find(run.figures, "cpu", LT)
        self.assertAlmostEqual(cpu.value, 5e-6, delta=0.05e-6)
        self.assertTrue(cpu.low < cpu.value < cpu.high)
        self.assertAlmostEqual(find(run.figures, "rate", LT).value, 2e5, delta=2e3)

    def test_every_metric_of_every_experiment_has_figures(self):
        run = self.load(whole_run())
        for experiment in EXPERIMENTS:
            for name in [p.metric for p in experiment.panels] + list(experiment.compare):
                values = [f.value for f in run.figures
                          if (f.experiment, f.metric) == (experiment.name, name)]
                self.assertGreaterEqual(len(values), len(FOUR), (experiment.name, name))
                self.assertTrue(all(value > 0 for value in values))
        for experiment in EXPERIMENTS:
            self.assertLessEqual(set(metrics_of(experiment.name)), METRICS.keys())
        self.assertEqual(run.servers, [*FOUR, TWIN, FLOOR])
        self.assertEqual(run.experiments, [e.name for e in EXPERIMENTS])

    def test_latency_of_a_closed_loop_is_no_figure_unless_beside_streams(self):
        run = self.load(whole_run())
        shown = {f.point for f in run.figures if f.metric == "p50" and f.point.mode == "closed"}
        self.assertEqual({at.firehoses for at in shown}, {4})

    def test_memory_is_what_the_connections_added(self):
        dice = random.Random(1)
        run = self.load([held(r, LT, dice, n) for r in (1, 2, 3) for n in (100, 10000)])
        (one,) = [f for f in run.figures if f.metric == "user_bytes"]
        self.assertAlmostEqual(one.value, 64)
        self.assertEqual(one.point.words(), "10,000 held")

    def test_a_trial_that_failed_leaves_no_figure_and_one_that_is_full_neither(self):
        dice = random.Random(1)
        bad = trial(POLL, dice, valid=False, reason="a wrong byte")
        run = self.load([line("idle", 1, [bad, trial(LT, dice)])])
        self.assertIsNone(find(run.figures, "cpu", POLL).value)
        self.assertIn("poll failed in 1 trial of idle: a wrong byte.", run.missing)
        run = self.load([point("idle", 1, [SELECT], dice, 5000)])
        self.assertEqual(run.figures, [])
        self.assertIn("select holds 1,019 connections at most", run.missing[0])


class Ratios(Folder):
    def test_a_ratio_holds_its_interval_and_is_claimed(self):
        run = self.of_three_rounds({LT: 5e-6, TWIN: 5e-6, POLL: 10e-6, ET: 5.01e-6})
        poll = find(run.ratios, "cpu", POLL)
        self.assertAlmostEqual(poll.value, 2, delta=0.04)
        self.assertTrue(poll.low < 2 < poll.high and poll.claim)
        self.assertEqual((poll.rounds, poll.cycles), (3, 30))
        twin = find(run.ratios, "cpu", TWIN)
        self.assertEqual(poll.aa, max(twin.high, 1 / twin.low))
        self.assertFalse(find(run.ratios, "cpu", ET).claim or twin.claim)

    def test_it_is_taken_inside_the_cycle(self):
        """A machine that is half as fast in every other cycle changes nothing."""
        def slowed(one: dict) -> dict:
            cpu = one["turns"]["cpu"]
            one["turns"]["cpu"] = [x * (1 + i % 2) for i, x in enumerate(cpu)]
            return one

        dice = random.Random(4)
        pairs = [[slowed(trial(n, dice, cpu=c)) for n, c in ((LT, 5e-6), (POLL, 6e-6))]
                 for _ in range(3)]
        poll = find(self.load([line("idle", r, p) for r, p in enumerate(pairs, 1)]).ratios, "cpu",
                    POLL)
        self.assertTrue(1.17 < poll.low < 1.2 < poll.high < 1.23, poll)

    def test_nothing_is_claimed_from_suspect_trials(self):
        lazy = {"generator": {"cpu_seconds": 1, "spin_seconds": 0, "paused_seconds": 0.6}}
        run = self.of_three_rounds({LT: 5e-6, TWIN: 5e-6, POLL: 10e-6}, **lazy)
        self.assertTrue(find(run.ratios, "cpu", POLL).claim)
        rate = find(run.ratios, "rate", POLL)
        self.assertTrue(rate.suspect and not rate.claim)
        self.assertTrue(find(run.figures, "rate", POLL).suspect)
        self.assertTrue(find(run.figures, "rate", POLL).reasons)

    def test_suspect_trials_are_left_out_where_the_others_are_more(self):
        dice = random.Random(5)
        quiet = [point("idle", r, [LT, POLL], dice) for r in (1, 2)]
        stolen = point("idle", 3, [LT, POLL], dice, steal_seconds=0.5)
        poll = find(self.load([*quiet, stolen]).ratios, "cpu", POLL)
        self.assertEqual((poll.rounds, poll.suspect), (2, False))

    def test_one_number_has_no_interval_and_no_ratio(self):
        dice = random.Random(6)
        run = self.load([held(1, name, dice, n) for name in (LT, POLL) for n in (100, 10000)])
        self.assertEqual(run.ratios, [])
        self.assertEqual({(f.low, f.high) for f in run.figures if f.metric == "user_bytes"},
                         {(None, None)})


class Tables(Folder):
    def test_the_comparison_keeps_its_columns_and_the_server_entered_twice(self):
        run = self.load(whole_run())
        write_tables(run)
        rows = [text.split("\t") for text in
                (self.folder / "comparison.tsv").read_text().splitlines()]
        self.assertEqual(" ".join(rows[0]), "question metric server value low high rounds band_low"
                         " band_high panel")
        self.assertEqual({len(row) for row in rows}, {10})
        self.assertIn(TWIN, {row[2] for row in rows})
        for row in rows[1:]:
            self.assertAlmostEqual(float(row[7]) * float(row[8]), 1, places=4)

    def test_every_figure_is_a_line(self):
        run = self.load(whole_run())
        write_tables(run)
        rows = (self.folder / "figures.tsv").read_text().splitlines()
        self.assertEqual(len(rows), 1 + len(run.figures))
        self.assertEqual({row.count("\t") for row in rows}, {rows[0].count("\t")})


class Strangers(Folder):
    def test_what_another_version_wrote_is_refused_in_a_line(self):
        (old,) = [line("idle", 1, [])]
        for text in (5, [], {"hello": "world"}, {**old, "schema": 2}):
            with self.subTest(text), self.assertRaises(Problem) as caught:
                self.load([text])
            self.assertIn("trials.ndjson: not written by this version", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
