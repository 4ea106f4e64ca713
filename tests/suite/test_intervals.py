"""Intervals of medians against published tables and against trying it out."""

import itertools
import random
import unittest
from fractions import Fraction

import made_up  # noqa: F401  (finds bench/suite)

from figures.intervals import (
    Band, Interval, band_of, coverage, is_different, median_interval, paired_ratio, rank,
)


def interval(value, low, high, rounds=6):
    return Interval(value, low, high, rounds)


class Coverage(unittest.TestCase):
    """Nonparametric intervals of the median, as statistics tables have them."""

    # n, k, confidence of [x_k, x_(n+1-k)] in percent
    PUBLISHED = [
        (5, 1, 93.8), (6, 1, 96.9), (7, 1, 98.4), (8, 1, 99.2), (9, 2, 96.1), (10, 2, 97.9),
        (11, 2, 98.8), (12, 3, 96.1), (13, 3, 97.8), (14, 3, 98.7), (15, 4, 96.5),
        (16, 4, 97.9), (17, 5, 95.1), (18, 5, 96.9), (19, 5, 98.1), (20, 6, 95.9),
    ]

    def test_agrees_with_published_tables(self):
        for n, k, percent in self.PUBLISHED:
            self.assertEqual(round(100 * coverage(n, k), 1), percent, (n, k))

    def test_the_narrowest_interval_that_reaches_95_percent_is_taken(self):
        for n, k, _ in self.PUBLISHED[1:]:
            self.assertEqual(rank(n), k)
        for n in range(6, 60):
            self.assertGreaterEqual(coverage(n, rank(n)), 0.95)
            self.assertLess(coverage(n, rank(n) + 1), 0.95)

    def test_fewer_than_six_rounds_give_least_to_greatest_with_its_real_confidence(self):
        self.assertEqual([rank(n) for n in range(1, 6)], [1] * 5)
        found = [coverage(n, 1) for n in range(1, 6)]
        self.assertEqual(found, [0, 0.5, 0.75, 0.875, 0.9375])

    def test_is_what_counting_all_outcomes_gives(self):
        """Every way in which n rounds can fall below or above the true median."""
        for n in range(1, 13):
            for k in range(1, n // 2 + 1):
                inside = sum(
                    k <= sum(fall) <= n - k for fall in itertools.product((0, 1), repeat=n)
                )
                self.assertEqual(Fraction(inside, 2**n), Fraction(coverage(n, k)))

    def test_holds_the_true_median_as_often_as_it_says(self):
        """For a distribution as lopsided as latencies are."""
        dice = random.Random(3)
        for n in (6, 9):
            held = 0
            for _ in range(4000):
                found = median_interval([dice.lognormvariate(0, 1) for _ in range(n)])
                held += found.low <= 1 <= found.high  # e^0 is its median
            self.assertAlmostEqual(held / 4000, coverage(n, rank(n)), delta=0.015)


class Medians(unittest.TestCase):
    def test_median_with_the_ranks_of_the_table(self):
        numbers = [float(i) for i in range(1, 10)]
        random.Random(1).shuffle(numbers)
        found = median_interval(numbers)
        self.assertEqual((found.value, found.low, found.high, found.rounds), (5, 2, 8, 9))
        found = median_interval([float(i) for i in range(1, 13)])
        self.assertEqual((found.value, found.low, found.high), (6.5, 3, 10))

    def test_two_rounds_and_one_and_none(self):
        found = median_interval([3.0, 1.0])
        self.assertEqual((found.value, found.low, found.high, found.confidence), (2, 1, 3, 0.5))
        found = median_interval([7.0])
        self.assertEqual((found.low, found.high, found.confidence), (7, 7, 0))
        self.assertIsNone(median_interval([]))


class Ratios(unittest.TestCase):
    def test_are_taken_within_a_round(self):
        of = {1: 100.0, 2: 900.0, 3: 40.0}
        to = {1: 10.0, 2: 30.0, 3: 2.0, 4: 1.0}  # round 4 has no partner
        found = paired_ratio(of, to)
        self.assertEqual((found.value, found.low, found.high, found.rounds), (20, 10, 30, 3))

    def test_what_disturbs_a_round_goes_out_of_its_ratio(self):
        slow = {r: 1.0 + r * r for r in range(6)}
        self.assertEqual(paired_ratio({r: 2 * v for r, v in slow.items()}, slow).high, 2)

    def test_a_round_with_nothing_to_divide_by_is_left_out(self):
        self.assertIsNone(paired_ratio({1: 5.0}, {1: 0.0}))
        self.assertEqual(paired_ratio({1: 5.0, 2: 4.0}, {1: 0.0, 2: 2.0}).rounds, 1)

    def test_without_a_common_round_there_is_none(self):
        self.assertIsNone(paired_ratio({1: 5.0}, {2: 5.0}))


class Noise(unittest.TestCase):
    def test_the_band_reaches_as_far_as_the_twin_came_to_either_side(self):
        band = band_of(interval(1.0, 0.8, 1.1))
        self.assertAlmostEqual(band.high, 1.25)
        self.assertAlmostEqual(band.low, 0.8)
        band = band_of(interval(1.3, 1.2, 1.6))
        self.assertAlmostEqual(band.high, 1.6)
        self.assertAlmostEqual(band.low, 1 / 1.6)

    def test_a_single_round_or_no_twin_shows_no_band(self):
        self.assertIsNone(band_of(interval(1.0, 1.0, 1.0, 1)))
        self.assertIsNone(band_of(None))

    def test_a_difference_needs_its_interval_on_one_side_and_its_median_outside_the_band(self):
        band = Band(0.95, 1.05)
        cases = [
            (interval(2.0, 1.8, 2.2), True),
            (interval(0.5, 0.4, 0.6), True),
            (interval(1.04, 1.01, 1.2), False),  # median within the band
            (interval(0.96, 0.9, 0.99), False),
            (interval(1.3, 0.99, 1.5), False),  # interval crosses 1
            (interval(1.3, 1.0, 1.5), False),  # and touching is not leaving out
            (interval(2.0, 2.0, 2.0, 1), False),  # one round
            (None, False),
        ]
        for found, expected in cases:
            self.assertEqual(is_different(found, band), expected, found)
        self.assertTrue(is_different(interval(1.04, 1.01, 1.2), None))

    def test_with_few_rounds_all_of_the_interval_must_be_outside_the_band(self):
        band = Band(0.8, 1.25)
        cases = [
            (interval(2.0, 1.1, 3.0, 2), False),
            (interval(2.0, 1.3, 3.0, 2), True),
            (interval(0.5, 0.4, 0.9, 5), False),
            (interval(2.0, 1.1, 3.0, 6), True),  # 6 rounds reach 95 %
        ]
        for found, expected in cases:
            self.assertEqual(is_different(found, band), expected, found)


if __name__ == "__main__":
    unittest.main()
