"""The plan: who gets which loads, in which order, within which time."""

import itertools
import unittest
from collections import Counter

import made_up  # noqa: F401  (it knows where the suite is)

from measure.experiments import BY_NAME, EXPERIMENTS, Load
from options import THE_FOUR, parse_options
from measure.plan import (
    Climb,
    climb_seconds,
    fitted,
    left_out,
    lessened,
    make_plan,
    points,
    room_for,
    run_seconds,
)

LIMIT = 20000  # of open files, on the machine that the costs were measured on
POLL, LT = "poll_server", "epoll_lt_server"


def plan(*arguments: str, limit: int = LIMIT) -> list[Climb]:
    return make_plan(parse_options(["--seed=1", *arguments]), limit)


def most_connections(climb: Climb) -> int:
    wanted = [
        point["idle"] + point["active"] + point.get("firehoses", 0)
        for load in climb.loads
        for point in points(load)
    ]
    return max(wanted)


class Order(unittest.TestCase):
    def test_rounds_are_outermost_and_experiments_next(self):
        places = [(c.round, list(BY_NAME).index(c.experiment)) for c in plan()]
        self.assertEqual(places, sorted(places))
        self.assertEqual({c.round for c in plan()}, set(range(1, 7)))

    def test_every_server_has_one_turn_in_each_experiment_and_round(self):
        climbs = plan("--rounds=2", "--server=mine=x {port}")
        everybody = {*THE_FOUR, "mine"}
        for (number, name), group in itertools.groupby(climbs, lambda c: (c.round, c.experiment)):
            turns = list(group)
            self.assertEqual([c.order for c in turns], list(range(1, len(turns) + 1)))
            counts = Counter(c.server for c in turns if c.server != "floor")
            twin = {"epoll_lt_again"} if name in ("idle", "active", "churn") else set()
            self.assertEqual(set(counts), everybody | twin, (number, name))
            self.assertEqual(set(counts.values()), {1})

    def test_the_order_is_random_and_the_seed_decides(self):
        orders = {
            tuple(c.server for c in plan("size") if c.round == number and c.experiment == "size")
            for number in range(1, 7)
        }
        self.assertGreater(len(orders), 1)
        self.assertEqual(plan(), plan())
        self.assertNotEqual(plan(), make_plan(parse_options(["--seed=2"]), LIMIT))

    def test_the_freeze_happens_in_the_first_round_only(self):
        self.assertEqual({c.round for c in plan() if c.experiment == "freeze"}, {1})

    def test_without_epoll_lt_it_has_no_twin(self):
        self.assertNotIn("epoll_lt_again", {c.server for c in plan("--only=poll_server")})

    def test_the_floor_is_in_every_round_of_any_run(self):
        for names in [[e.name] for e in EXPERIMENTS] + [[]]:
            climbs = plan(*names)
            for number in range(1, 7):
                own = [c for c in climbs if c.server == "floor" and c.round == number]
                self.assertIn((100,), [c.loads[0].active for c in own], names)

    def test_a_floor_serves_exactly_one_number_of_connections_128_at_most(self):
        for climb in plan("idle", "active", "--active=1,128,129,5000"):
            if climb.server == "floor":
                (load,) = climb.loads
                self.assertEqual((len(load.active), load.idle), (1, (0,)))
                self.assertLessEqual(load.active[0], 128)


class Loads(unittest.TestCase):
    def test_points_come_in_the_order_in_which_loadgen_measures(self):
        load = Load("open", idle=(0, 9), size=(1, 2), active=(3, 4), rate=(5, 6))
        found = [(p["idle"], p["size"], p["active"], p["rate"]) for p in points(load)]
        self.assertEqual(found, sorted(found))
        self.assertEqual(len(found), 16)

    def test_a_share_of_the_capacity_comes_after_the_capacity(self):
        for name in ("rate", "percentiles"):
            for climb in plan(name, "--only=epoll_lt_server"):
                known = set()
                for load in climb.loads:
                    if load.role == "capacity":
                        known.add((load.idle, load.active))
                    if load.share:
                        self.assertIn((load.idle, load.active), known)

    def test_the_experiment_idle_takes_other_numbers(self):
        (climb,) = [c for c in plan("idle", "--idle=0,7", "--active=2", "--rounds=1")
                    if c.server == POLL]
        self.assertEqual(
            [(p["idle"], p["active"]) for p in points(climb.loads[0])], [(0, 2), (7, 2)]
        )

    def test_what_a_server_is_known_not_to_hold_is_asked_where_that_is_the_question(self):
        for climb in plan("percentiles", "idle", "memory", "--only=select_server", "--rounds=1"):
            if climb.server == "floor":
                continue
            left = lessened(climb, 1017).loads
            if climb.experiment == "percentiles":
                self.assertEqual({load.idle for load in left}, {(0,)})
            else:
                self.assertEqual(left, climb.loads)
            self.assertEqual(lessened(climb, None), climb)


class Limits(unittest.TestCase):
    def test_the_most_leaves_room_for_the_active_and_is_a_round_number(self):
        wanted = Load(idle=(0, "max"), active=(1, 100))
        self.assertEqual(fitted(wanted, 20000).idle, (0, 19000))
        self.assertEqual(fitted(wanted, 1048576).idle, (0, 20000))

    def test_who_asks_for_more_than_the_most_by_number_gets_it(self):
        self.assertEqual(fitted(Load(idle=(50000, "max")), 1048576).idle, (20000, 50000))

    def test_the_most_is_not_measured_twice(self):
        self.assertEqual(fitted(Load(idle=(19000, "max")), 20000).idle, (19000,))

    def test_what_does_not_fit_becomes_the_most_that_does(self):
        self.assertEqual(fitted(Load(idle=(0, 900, 5000, "max")), 4096).idle, (0, 900, 3900))
        self.assertEqual(fitted(Load("hold", hold=(100, 10000)), 1024).hold, (100, 960))
        self.assertEqual(fitted(Load(active=(1, 1000)), 512).active, (1, 440))

    def test_with_any_limit_every_experiment_keeps_something_that_fits(self):
        for limit in (32, 33, 50, 64, 100, 256, 400, 1024, 4096):
            climbs = plan("--rounds=1", limit=limit)
            for experiment in EXPERIMENTS:
                own = [c for c in climbs if c.experiment == experiment.name]
                self.assertEqual({c.server for c in own} & set(THE_FOUR), set(THE_FOUR))
            for climb in climbs:
                self.assertLessEqual(most_connections(climb), room_for(limit))
                for load in climb.loads:
                    self.assertTrue(all(n > 0 for n in (*load.active, *load.hold)), (limit, load))
                self.assertEqual(len(set(climb.loads)), len(climb.loads))

    def test_what_is_left_out_is_told(self):
        self.assertEqual(left_out(parse_options([]), LIMIT), [])
        self.assertEqual(left_out(parse_options([]), 4096), [5000, 10000])
        self.assertEqual(left_out(parse_options(["churn"]), 4096), [])
        self.assertEqual(left_out(parse_options(["idle", "--idle=0,99999"]), LIMIT), [99999])


class Time(unittest.TestCase):
    """The promise of the README and of --help.  Costs: the head of plan.py."""

    def test_the_default_takes_eight_minutes_at_most_and_quick_ninety_seconds(self):
        for arguments, most in (([], 480), (["--quick"], 90)):
            options = parse_options(arguments)
            planned = run_seconds(options, make_plan(options, LIMIT))
            self.assertLessEqual(planned, most)
            self.assertGreater(planned, most / 2)  # time that is promised is used

    def test_more_connections_take_longer_and_poll_longest(self):
        options = parse_options([])

        def seconds(server: str, idle: int) -> float:
            return climb_seconds(options, Climb(1, 1, "idle", server, [Load(idle=(idle,))]))

        self.assertLess(seconds(LT, 0), seconds(LT, 19000))
        self.assertGreater(seconds(POLL, 19000), seconds(LT, 19000) + 2)

    def test_a_trial_takes_its_window_and_its_warm_up(self):
        short, long = (
            climb_seconds(parse_options(words), Climb(1, 1, "size", LT, [Load(size=(1, 2, 3))]))
            for words in (["--seconds=1", "--warm-up=1"], ["--seconds=2", "--warm-up=3"])
        )
        self.assertAlmostEqual(long - short, 9)


if __name__ == "__main__":
    unittest.main()
