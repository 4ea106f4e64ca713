"""Intervals and claims, on simulated machines whose truth is known.

The machine has what a shared virtual one has: its speed drifts, jumps between levels
and stays there, single turns take up to ten times as long, and each fresh process is
off by a constant factor.  All of it is drawn from seeds, so a test passes always or
never.
"""

import math
import random
import sys
import unittest
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, pstdev

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "suite"))

from intervals import Interval, claims, interval, reach, standard_error, student  # noqa: E402


@dataclass(frozen=True)
class Machine:
    """How it disturbs: standard deviations and probabilities, per process or turn."""

    process: float = 0.005
    turn: float = 0.01
    drift: float = 0.0  # change of speed over the run, at most, as a logarithm
    step: float = 0.0
    spike: float = 0.0

    def speeds(self, dice: random.Random, turns: int) -> list[float]:
        slope, level, found = dice.uniform(-self.drift, self.drift), 1.0, []
        for turn in range(turns):
            if dice.random() < self.step:
                level = dice.choice([1.0, 0.85, 0.7, 0.6])
            found.append(level * math.exp(slope * turn / turns))
        return found

    def turn_time(self, dice: random.Random) -> float:
        slow = dice.uniform(2, 10) if dice.random() < self.spike else 1.0
        return slow * math.exp(dice.gauss(0, self.turn))

    def point(
        self, dice: random.Random, truths: list[float], rounds: int, cycles: int
    ) -> list[list[list[float]]]:
        """For each server but the first its cycles' ratios to the first, by rounds."""
        speeds = iter(self.speeds(dice, rounds * cycles * len(truths)))
        found: list[list[list[float]]] = [[] for _ in truths]
        for _ in range(rounds):
            costs = [truth * math.exp(dice.gauss(0, self.process)) for truth in truths]
            for ratios in found:
                ratios.append([])
            for _ in range(cycles):
                times = [0.0] * len(truths)
                for server in dice.sample(range(len(truths)), len(truths)):
                    times[server] = costs[server] * self.turn_time(dice) / next(speeds)
                for server, ratios in enumerate(found):
                    ratios[-1].append(times[server] / times[0])
        return found[1:]


MACHINES = {
    "quiet": Machine(),
    "drift": Machine(drift=0.3),
    "steps": Machine(step=1 / 40),
    "spikes": Machine(spike=0.04),
    "all of it": Machine(drift=0.3, step=1 / 40, spike=0.04),
    "all of it, processes alike": Machine(process=0, drift=0.3, step=1 / 40, spike=0.04),
    "all of it, and loud": Machine(turn=0.1, drift=0.3, step=1 / 40, spike=0.04),
}
TRUTH = 1.03
RUNS = 600


@cache
def simulated(machine: Machine, rounds: int, cycles: int) -> list[Interval]:
    dice = random.Random(11)
    points = (machine.point(dice, [1.0, TRUTH], rounds, cycles) for _ in range(RUNS))
    return [interval(ratios) for ratios, in points]


class Coverage(unittest.TestCase):
    """How often 95 % intervals hold the truth, and how wide they are."""

    SHAPES = [(3, 4), (5, 3), (5, 8), (5, 16)]  # rounds, cycles, as experiments declare them

    def test_of_95_percent_intervals_on_every_machine(self):
        for name, machine in MACHINES.items():
            for rounds, cycles in self.SHAPES:
                with self.subTest(name, rounds=rounds, cycles=cycles):
                    found = simulated(machine, rounds, cycles)
                    held = sum(i.low <= TRUTH <= i.high for i in found) / RUNS
                    self.assertGreaterEqual(held, 0.925)

    def test_they_are_no_wider_than_they_must_be(self):
        """The least anybody could do is 1.96 standard deviations of the values."""
        for name, machine in MACHINES.items():
            for rounds, cycles in self.SHAPES:
                with self.subTest(name, rounds=rounds, cycles=cycles):
                    found = simulated(machine, rounds, cycles)
                    least = 1.96 * pstdev(math.log(i.value) for i in found)
                    width = fmean(math.log(i.high / i.low) / 2 for i in found)
                    self.assertLess(width, 2.2 * least)

    def test_the_values_have_no_bias(self):
        for name, machine in MACHINES.items():
            with self.subTest(name):
                middle = fmean(math.log(i.value) for i in simulated(machine, 3, 20))
                self.assertAlmostEqual(middle, math.log(TRUTH), delta=0.005)

    def test_processes_that_differ_far_more_than_turns_need_more_rounds(self):
        """The known limit of three rounds: nine of ten instead of 95 %."""
        machine = Machine(process=0.02, turn=0.01)
        for rounds, least in ((3, 0.86), (5, 0.90), (9, 0.93)):
            found = simulated(machine, rounds, 12)
            self.assertGreaterEqual(sum(i.low <= TRUTH <= i.high for i in found), least * RUNS)


class Claims(unittest.TestCase):
    def test_at_most_five_of_a_hundred_runs_of_equal_servers_claim_a_difference(self):
        """A run: ten points with three more servers like the one entered twice."""
        for name in ("quiet", "all of it", "all of it, and loud"):
            for rounds, cycles in ((3, 4), (5, 8), (5, 16)):
                with self.subTest(name, rounds=rounds, cycles=cycles):
                    dice = random.Random(5)
                    wrong = sum(
                        self.claims_anything(MACHINES[name], dice, rounds, cycles)
                        for _ in range(100)
                    )
                    self.assertLessEqual(wrong, 5)

    def claims_anything(
        self, machine: Machine, dice: random.Random, rounds: int, cycles: int
    ) -> bool:
        for _ in range(10):
            twin, *others = map(interval, machine.point(dice, [1.0] * 5, rounds, cycles))
            if any(claims(other, reach(twin)) for other in others):
                return True
        return False

    def test_three_percent_are_found(self):
        """On a machine as disturbed as the one in the gallery, with 0.3 % per process."""
        machine = Machine(process=0.003, drift=0.3, step=1 / 40, spike=0.02)
        for rounds, cycles, least in ((3, 20, 80), (5, 12, 90)):
            dice, found = random.Random(3), 0
            for _ in range(100):
                points = machine.point(dice, [1.0, 1.0, TRUTH, 1.0], rounds, cycles)
                twin, other = map(interval, points[:2])
                found += claims(other, reach(twin))
            self.assertGreaterEqual(found, least, (rounds, cycles))

    def test_the_whole_interval_must_lie_outside_of_the_reach(self):
        cases = [
            ((2.0, 1.8, 2.2), 1.05, True),
            ((0.5, 0.4, 0.6), 1.05, True),
            ((1.06, 1.04, 1.08), 1.05, False),
            ((0.94, 0.90, 0.96), 1.05, False),  # 1/1.05 is 0.952
            ((0.93, 0.91, 0.95), 1.05, True),
            ((1.05, 1.03, 1.07), None, True),  # no twin: 1.02
            ((1.03, 1.01, 1.05), None, False),
            ((2.0, math.nan, math.nan), None, False),
            ((2.0, 1.8, 2.2), math.inf, False),
        ]
        for found, aa, expected in cases:
            self.assertEqual(claims(Interval(*found), aa), expected, (found, aa))

    def test_the_reach_is_the_farther_side(self):
        self.assertAlmostEqual(reach(Interval(1.0, 0.8, 1.1)), 1.25)
        self.assertAlmostEqual(reach(Interval(1.3, 1.2, 1.6)), 1.6)
        self.assertEqual(reach(Interval(0.1, -0.1, 0.3)), math.inf)
        self.assertEqual(reach(Interval(1.0, math.nan, math.nan)), math.inf)


class Arithmetic(unittest.TestCase):
    """Small examples that can be checked by hand."""

    def test_the_middle_root_n_of_n_span_two_standard_errors(self):
        self.assertAlmostEqual(standard_error([float(i) for i in range(16)]), 2.0)
        self.assertAlmostEqual(standard_error([5.0, 3.0]), 1.0)

    def test_it_is_the_standard_error_of_the_median(self):
        """sqrt(pi / 2n) for a bell curve: tables."""
        dice = random.Random(2)
        found = [standard_error([dice.gauss(0, 1) for _ in range(16)]) for _ in range(4000)]
        self.assertAlmostEqual(fmean(found), math.sqrt(math.pi / 32), delta=0.02)

    def test_student_as_tables_have_it(self):
        for degrees, expected in ((1, 12.71), (3, 3.18), (10, 2.23), (12, 2.18), (30, 2.04)):
            self.assertAlmostEqual(student(degrees), expected, delta=0.015)

    def test_the_value_is_the_mean_of_the_medians_on_a_log_scale(self):
        found = interval([[1.0, 2.0, 100.0], [8.0, 8.0, 8.0]])
        self.assertAlmostEqual(found.value, 4.0)
        self.assertLess(found.low, 2.0)
        self.assertAlmostEqual(found.low * found.high, 16.0)

    def test_three_rounds_of_one_number_each_are_the_textbook_t_interval(self):
        found = interval([[math.exp(1)], [math.exp(2)], [math.exp(3)]])
        self.assertAlmostEqual(math.log(found.high), 2 + 4.303 / math.sqrt(3))

    def test_one_round_reaches_as_far_as_one_degree_of_freedom(self):
        found = interval([[math.exp(i) for i in range(16)]])
        self.assertAlmostEqual(math.log(found.high), 7.5 + 12.706 * 2)

    def test_equal_numbers_have_an_interval_of_no_width(self):
        found = interval([[2.0] * 5] * 3)
        for limit in found:
            self.assertAlmostEqual(limit, 2.0)

    def test_with_zeros_the_numbers_themselves_are_taken(self):
        found = interval([[0.0, 0.0], [0.0, 0.0], []])
        self.assertEqual(found, (0, 0, 0))
        self.assertEqual(interval([[0.0], [2.0]]).value, 1.0)

    def test_one_number_has_no_interval_and_none_is_an_error(self):
        found = interval([[7.0], []])
        self.assertAlmostEqual(found.value, 7.0)
        self.assertTrue(math.isnan(found.low) and math.isnan(found.high))
        with self.assertRaises(ValueError):
            interval([[]])


if __name__ == "__main__":
    unittest.main()
