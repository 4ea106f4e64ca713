"""From a results folder to figures and ratios, on trials with a known answer."""

import random
import tempfile
import unittest
from pathlib import Path

from made_up import FLOOR, FOUR, LT, TWIN, line, lines, trial, write

from experiments import BY_NAME, EXPERIMENTS
from figures import METRICS, Point, load_run, metrics_of, write_tables
from problem import Problem

SELECT, POLL, _, ET = FOUR
ALONE = Point("closed", 0, 1)


def costing(server: str, cpu: float, dice: random.Random, **changes) -> dict:
    """A trial whose CPU time per echo is known to a per cent in each turn."""
    one = trial(server, ALONE, dice) | changes
    one["turns"]["cpu"] = [cpu * dice.gauss(1, 0.01) * n for n in one["turns"]["echoes"]]
    return one


def point(number: int, trials: list[dict], at: Point = ALONE, **changes) -> dict:
    """A line of trials.ndjson."""
    made = line(BY_NAME["idle"], at, number, [], random.Random(1))
    return made | {"trials": trials} | changes


def find(made: list, metric: str, server: str):
    return next((one for one in made if (one.metric, one.server) == (metric, server)), None)


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.dice = random.Random(2)

    def load(self, trials: list[dict]):
        return load_run(write(self.folder, trials))

    def of_three_rounds(self, cpu: dict[str, float], **changes):
        """One point at which each server's CPU time is known."""
        return self.load([
            point(r, [costing(name, each, self.dice, **changes) for name, each in cpu.items()])
            for r in (1, 2, 3)
        ])


class Figures(Folder):
    def test_the_median_over_all_turns_with_its_interval(self):
        run = self.of_three_rounds({LT: 5e-6})
        cpu = find(run.figures, "cpu", LT)
        self.assertAlmostEqual(cpu.value, 5e-6, delta=0.05e-6)
        self.assertTrue(cpu.low < cpu.value < cpu.high)

    def test_every_metric_of_every_experiment_has_figures(self):
        run = self.load(lines())
        for experiment in EXPERIMENTS:
            self.assertLessEqual(set(metrics_of(experiment.name)), METRICS.keys())
            for name in [p.metric for p in experiment.panels] + list(experiment.compare):
                values = [f.value for f in run.figures
                          if (f.experiment, f.metric) == (experiment.name, name)]
                self.assertGreaterEqual(len(values), len(FOUR), (experiment.name, name))
                self.assertTrue(all(value > 0 for value in values))
        self.assertEqual(run.servers, [*FOUR, TWIN, FLOOR])
        self.assertEqual(run.experiments, [e.name for e in EXPERIMENTS])

    def test_latency_of_a_closed_loop_is_no_figure_unless_beside_streams(self):
        shown = {f.experiment for f in self.load(lines()).figures
                 if f.metric == "p50" and f.point.mode == "closed"}
        self.assertEqual(shown, {"fairness"})

    def test_the_length_of_a_turn_is_part_of_the_point_where_turns_are_compared(self):
        points = {f.point for f in self.load(lines()).figures if f.point.turn is not None}
        self.assertEqual({point.turn for point in points}, {0.01, 0.02})
        self.assertIn("100 active, 0 idle, turns of 20 ms", {point.words() for point in points})

    def test_a_rate_leaves_out_the_time_in_which_other_programs_had_the_cpu(self):
        one = costing(LT, 5e-6, self.dice)
        one["turns"] |= {"echoes": [100] * 8, "seconds": [0.02] * 8, "waited": [0.01] * 7 + [None]}
        self.assertEqual(METRICS["rate"].values(one), [100 / 0.01] * 7 + [100 / 0.02])
        one["turns"]["waited"][0] = 0.02  # all of it
        self.assertIsNone(METRICS["rate"].values(one)[0])

    def test_turns_that_were_taken_again_are_counted_in_a_line(self):
        run = self.of_three_rounds({LT: 5e-6}, retaken=4)
        self.assertIn("12 turns taken again", " ".join(run.missing))
        self.assertNotIn("taken again", " ".join(self.of_three_rounds({LT: 5e-6}).missing))

    def test_memory_is_what_the_connections_added(self):
        run = self.load(lines(["memory"], servers=[LT]))
        one = find(run.figures, "user_bytes", LT)
        self.assertAlmostEqual(one.value, 62, delta=0.1)
        self.assertEqual(one.point.words(), "3,000 held")

    def test_a_trial_that_failed_leaves_no_figure_and_one_that_is_full_neither(self):
        bad = {"server": POLL, "valid": False, "reason": "a wrong byte", "held": 1}
        run = self.load([point(1, [bad, costing(LT, 5e-6, self.dice)])])
        self.assertIsNone(find(run.figures, "cpu", POLL).value)
        self.assertIn("poll failed in 1 trial of idle: a wrong byte.", run.missing)
        run = self.load([point(1, [{**bad, "server": SELECT, "limited_by": "server"}])])
        self.assertEqual(run.figures, [])
        self.assertIn("select holds 1 connections at most", run.missing[0])


class Ratios(Folder):
    def test_a_ratio_holds_its_interval_and_is_claimed(self):
        run = self.of_three_rounds({LT: 5e-6, TWIN: 5e-6, POLL: 10e-6, ET: 5.01e-6})
        poll = find(run.ratios, "cpu", POLL)
        self.assertAlmostEqual(poll.value, 2, delta=0.04)
        self.assertTrue(poll.low < 2 < poll.high and poll.claim, poll)
        self.assertEqual((poll.rounds, poll.cycles), (3, 24))
        twin = find(run.ratios, "cpu", TWIN)
        self.assertEqual(poll.aa, max(twin.high, 1 / twin.low))
        self.assertFalse(find(run.ratios, "cpu", ET).claim or twin.claim)

    def test_it_is_taken_inside_the_cycle(self):
        """A machine that is half as fast in every other cycle changes nothing."""
        made = [[costing(n, c, self.dice) for n, c in ((LT, 5e-6), (POLL, 6e-6))] for _ in "123"]
        for one in (one for pair in made for one in pair):
            cpu = one["turns"]["cpu"]
            one["turns"]["cpu"] = [x * (1 + i % 2) for i, x in enumerate(cpu)]
        run = self.load([point(r, pair) for r, pair in enumerate(made, 1)])
        poll = find(run.ratios, "cpu", POLL)
        self.assertTrue(1.17 < poll.low < 1.2 < poll.high < 1.23, poll)

    def test_nothing_is_claimed_from_suspect_trials(self):
        made = [costing(n, c, self.dice) for n, c in ((LT, 5e-6), (TWIN, 5e-6), (POLL, 10e-6))]
        for stolen, doubt in ((0, False), (0.5, True)):
            run = self.load([point(r, made, steal_seconds=stolen) for r in (1, 2, 3)])
            one, figure = (find(of, "cpu", POLL) for of in (run.ratios, run.figures))
            self.assertEqual((one.suspect, one.claim), (doubt, not doubt))
            self.assertEqual((figure.suspect, bool(figure.reasons)), (doubt, doubt))

    def test_a_suspicion_spoils_only_what_it_can(self):
        stopped = {"generator": {"paused_seconds": 0.6}}
        run = self.of_three_rounds({LT: 5e-6, TWIN: 5e-6, POLL: 10e-6}, **stopped)
        self.assertFalse(find(run.ratios, "cpu", POLL).suspect)
        self.assertTrue(find(run.ratios, "rate", POLL).suspect)

    def test_a_suspicion_that_spoils_nothing_shown_is_none(self):
        stopped = {"generator": {"paused_seconds": 0.6}}
        (shown, other) = (
            self.load([point(1, [costing(LT, 5e-6, self.dice, **stopped)], experiment=name)])
            for name in ("idle", "memory")
        )
        self.assertTrue(shown.trials[0]["suspicions"])
        self.assertFalse(other.trials[0]["suspicions"])

    def test_suspect_trials_are_left_out_where_the_others_are_more(self):
        pairs = [[costing(name, 5e-6, self.dice) for name in (LT, POLL)] for _ in "123"]
        stolen = {"steal_seconds": 0.5}
        made = [point(r, pair, **(stolen if r == 3 else {})) for r, pair in enumerate(pairs, 1)]
        poll = find(self.load(made).ratios, "cpu", POLL)
        self.assertEqual((poll.rounds, poll.suspect), (2, False))

    def test_one_number_has_no_interval_and_no_ratio(self):
        run = self.load(lines(["memory"], rounds=1))
        self.assertEqual(run.ratios, [])
        self.assertEqual({(f.low, f.high) for f in run.figures if f.metric == "user_bytes"},
                         {(None, None)})


class Tables(Folder):
    def rows(self, name: str) -> list[list[str]]:
        return [text.split("\t") for text in (self.folder / name).read_text().splitlines()]

    def test_the_comparison_keeps_its_columns_and_the_server_entered_twice(self):
        write_tables(self.load(lines()))
        head, *rows = self.rows("comparison.tsv")
        self.assertEqual(" ".join(head), "question metric server value low high rounds band_low"
                         " band_high panel")
        self.assertIn(TWIN, {row[2] for row in rows})
        for row in rows:
            self.assertEqual(len(row), 10)
            self.assertTrue(row[7] == "" or abs(float(row[7]) * float(row[8]) - 1) < 1e-4)

    def test_every_figure_is_a_line(self):
        run = self.load(lines())
        write_tables(run)
        rows = self.rows("figures.tsv")
        self.assertEqual(len(rows), 1 + len(run.figures))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})


class Strangers(Folder):
    def test_what_another_version_wrote_is_refused_in_a_line(self):
        for text in (5, [], {"hello": "world"}, point(1, []) | {"schema": 2}):
            with self.subTest(text), self.assertRaises(Problem) as caught:
                self.load([text])
            self.assertIn("trials.ndjson: not written by this version", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
