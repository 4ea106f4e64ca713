"""The command line, the plan, and where labels go."""

import math
import random
import unittest

import made_up  # noqa: F401  (it knows where the suite is)

from charts import Axis, spread_labels
from options import parse_options
from plan import climb_seconds, make_plan, step_seconds, what_fits
from problem import USAGE, Problem

BAD = [
    (["--rounds=0"], "--rounds=0: "),
    (["--rounds=three"], "--rounds=three: "),
    (["--rounds=1e3"], "--rounds=1e3: "),
    (["--seconds=0"], "--seconds=0: "),
    (["--seconds=-1"], "--seconds=-1: "),
    (["--seconds=nan"], "--seconds=nan: "),
    (["--warm-up=."], "--warm-up=.: "),
    (["--idle="], "--idle=: "),
    (["--idle=5,5"], "--idle=5,5: the numbers must ascend"),
    (["--idle=max,5"], "--idle=max,5: "),
    (["--idle=1,,2"], "--idle=1,,2: "),
    (["--active=0,1"], "--active=0,1: "),
    (["--active=max"], "--active=max: "),
    (["--seed=x"], "--seed=x: "),
    (["--server=echo {port}"], "--server=echo {port}: "),
    (["--server=a b=c {port}"], "--server=a b=c {port}: "),
    (["--server=mine=echo"], "--server=mine=echo: the command doesn't say"),
    (["--server=poll_server=x {port}"], "--server=poll_server=x {port}: the name"),
    (["--server=floor=x {port}"], "--server=floor=x {port}: the name"),
    (["--server=m=x {port}", "--server=m=y {port}"], "--server=m=y {port}: the name"),
    (["--server=mine='x {port}"], "--server=mine='x {port}: "),
    (["--only=poll_server,pol"], "--only=poll_server,pol: no server is called 'pol'"),
    (["--draw=/nowhere"], "--draw=/nowhere: "),
    (["--frobnicate"], "--frobnicate"),
    (["--round=3"], "--round=3"),
    (["stray"], "stray"),
    (["--rounds"], "--rounds"),
]


class Options(unittest.TestCase):
    def test_a_mistake_is_one_line_with_option_and_value_and_status_64(self):
        for arguments, expected in BAD:
            with self.subTest(arguments), self.assertRaises(Problem) as caught:
                parse_options(arguments)
            self.assertIn(expected, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))
            self.assertEqual(caught.exception.status, USAGE)

    def test_given_options_win_over_quick(self):
        options = parse_options(["--quick", "--rounds=7", "--idle=0,200"])
        self.assertEqual((options.rounds, options.idle), (7, [0, 200]))
        self.assertEqual(options.seconds, parse_options(["--quick"]).seconds)

    def test_a_command_is_split_as_a_shell_would(self):
        options = parse_options(["--server", "mine=python3 'my server.py' --port={port}"])
        self.assertEqual(options.servers["mine"], ["python3", "my server.py", "--port={port}"])

    def test_only_chooses_among_all_of_them(self):
        options = parse_options(["--server=m=x {port}", "--only=m,poll_server"])
        self.assertEqual(list(options.servers), ["poll_server", "m"])


class Plan(unittest.TestCase):
    def test_the_most_leaves_room_for_the_active_and_is_a_round_number(self):
        self.assertEqual(what_fits([0, "max"], [1, 100], 20000), ([0, 19000], []))
        self.assertEqual(what_fits([0, "max"], [1, 100], 1048576), ([0, 20000], []))

    def test_what_does_not_fit_is_cut_and_told(self):
        self.assertEqual(what_fits([0, 900, 5000, "max"], [1], 4096), ([0, 900, 4000], [5000]))
        self.assertEqual(what_fits([0, 900, 5000], [1], 4096), ([0, 900], [5000]))

    def test_who_asks_for_more_than_the_most_by_number_gets_it(self):
        self.assertEqual(what_fits([50000, "max"], [1], 1048576), ([20000, 50000], []))

    def test_the_most_is_not_measured_twice(self):
        self.assertEqual(what_fits([19000, "max"], [1], 20000), ([19000], []))

    def test_each_round_has_every_server_once_in_an_order_of_the_seed(self):
        options = parse_options(["--rounds=6", "--seed=1", "--active=1,100,500"])
        climbs = make_plan(options, [0, 100])
        orders = []
        for number in range(1, 7):
            turn = [c for c in climbs if c.round == number]
            self.assertEqual([c.order for c in turn], list(range(1, 7)))
            orders.append(tuple((c.server, tuple(c.active)) for c in turn))
            # The floor serves 128 connections at most.
            floors = [c for c in turn if c.server == "floor"]
            self.assertEqual(sorted(c.active for c in floors), [[1], [100]])
            self.assertEqual({tuple(c.idle) for c in floors}, {(0,)})
            self.assertEqual({c.server for c in turn} - {"floor"}, set(options.servers))
        self.assertGreater(len(set(orders)), 1)
        self.assertEqual(climbs, make_plan(options, [0, 100]))
        options.seed = 2
        self.assertNotEqual(climbs, make_plan(options, [0, 100]))

    def test_planned_seconds_are_those_of_the_steps(self):
        options = parse_options(["--rounds=1", "--seconds=0.5", "--warm-up=0.1", "--active=1,2"])
        climb = make_plan(options, [0, 20000])[0]
        while climb.server == "floor":
            climb = make_plan(options, [0, 20000])[climb.order]
        steps = [step_seconds(options, climb, i) for i in range(4)]
        for seconds, expected in zip(steps, (0.6, 0.6, 2.6, 0.6)):
            self.assertAlmostEqual(seconds, expected)
        self.assertAlmostEqual(climb_seconds(options, climb), 4.4)

    def test_the_default_takes_three_minutes_at_most_and_quick_one(self):
        for arguments, most in (([], 180), (["--quick"], 60)):
            options = parse_options(arguments)
            idle, _ = what_fits(options.idle, options.active, 20000)
            climbs = make_plan(options, idle)
            self.assertLess(sum(climb_seconds(options, c) for c in climbs), most)


class Labels(unittest.TestCase):
    def test_labels_that_fit_stay_where_they_are(self):
        self.assertEqual(spread_labels([0.1, 0.5, 0.9], 0.1), [0.1, 0.5, 0.9])

    def test_lines_that_coincide_get_labels_around_their_place_in_order(self):
        moved = spread_labels([0.5, 0.5, 0.5, 0.1], 0.1)
        for place, expected in zip(moved, [0.4, 0.5, 0.6, 0.1]):
            self.assertAlmostEqual(place, expected)

    def test_any_labels_keep_their_distance_their_order_and_the_panel(self):
        dice = random.Random(3)
        for _ in range(300):
            wanted = [dice.choice([0, 1, dice.random()]) for _ in range(dice.randrange(1, 9))]
            moved = spread_labels(wanted, 0.1)
            order = sorted(range(len(wanted)), key=lambda i: wanted[i])
            heights = [moved[i] for i in order]
            for below, above in zip(heights, heights[1:]):
                self.assertGreaterEqual(above - below, 0.1 - 1e-9)
            self.assertGreaterEqual(min(moved), -1e-9)
            self.assertLessEqual(max(moved), 1 + 1e-9)

    def test_an_axis_goes_there_and_back(self):
        for axis in (Axis(0, 200, False), Axis(3, 30000, True)):
            for place in (0, 0.3, 1):
                self.assertAlmostEqual(axis.place(axis.value(place)), place)
        self.assertTrue(math.isclose(Axis(1, 100, True).value(0.5), 10))


if __name__ == "__main__":
    unittest.main()
