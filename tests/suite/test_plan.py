"""The plan: which servers get which loads, in which order, within which time."""

import unittest

import made_up  # noqa: F401  (it knows where the suite is)

from experiments import EXPERIMENTS, MOST, WAITS, Load
from options import FLOOR, LT, THE_FOUR, TWIN, parse_options
from plan import (
    Step,
    connections,
    fitted,
    left_out,
    lessened,
    make_plan,
    points,
    room_for,
    run_seconds,
    step_seconds,
)

LIMIT = 20000  # of open files, on the machine that the costs were measured on


def plan(*arguments: str, limit: int = LIMIT) -> list[Step]:
    return make_plan(parse_options(["--seed=1", *arguments]), limit)


class Order(unittest.TestCase):
    def test_rounds_are_outermost_and_experiments_next(self):
        names = [experiment.name for experiment in EXPERIMENTS]
        places = [(step.round, names.index(step.experiment)) for step in plan()]
        self.assertEqual(places, sorted(places))
        self.assertEqual({step.round for step in plan()}, {1, 2, 3, 4, 5})

    def test_all_servers_take_turns_at_every_load_and_epoll_lt_twice(self):
        for step in plan("idle", "latency", "churn", "--server=mine=x {port}"):
            self.assertEqual(set(step.servers), {*THE_FOUR, "mine", TWIN})

    def test_memory_and_freeze_take_one_server_at_a_time(self):
        for step in plan("memory", "freeze"):
            self.assertEqual(len(step.servers), 1)

    def test_the_seed_decides_the_order_and_the_gaps(self):
        self.assertEqual(plan(), plan())
        self.assertNotEqual(plan(), make_plan(parse_options(["--seed=2"]), LIMIT))
        self.assertGreater(len({step.seed for step in plan("size")}), 1)
        orders = {tuple(s.servers[0] for s in plan("memory") if s.round == r) for r in (1, 2, 3)}
        self.assertGreater(len(orders), 1)

    def test_the_freeze_and_the_waits_are_measured_once(self):
        self.assertEqual({s.round for s in plan("freeze", WAITS)}, {1})

    def test_without_epoll_lt_it_is_not_there_twice(self):
        self.assertNotIn(TWIN, {name for s in plan("--only=poll_server") for name in s.servers})

    def test_the_floor_takes_part_where_it_can(self):
        floors = [step.load for step in plan("active", "idle") if FLOOR in step.servers]
        self.assertEqual({load.active for load in floors}, {(1,), (10,), (100,)})
        self.assertEqual({load.idle for load in floors}, {(0,)})


class Loads(unittest.TestCase):
    def test_points_come_in_the_order_in_which_loadgen_measures(self):
        load = Load("open", idle=(0, 9), size=(1, 2), active=(3, 4), rate=(5, 6))
        found = [(p["idle"], p["size"], p["active"], p["rate_planned"]) for p in points(load)]
        self.assertEqual(found, sorted(found))
        self.assertEqual(len(found), 16)

    def test_the_experiment_idle_takes_other_numbers(self):
        (step,) = plan("idle", "--idle=0,7", "--active=2", "--rounds=1")
        self.assertEqual([(p["idle"], p["active"]) for p in points(step.load)], [(0, 2), (7, 2)])

    def test_turns_and_cycles_can_be_given_but_a_freeze_keeps_its_own(self):
        for step in plan("--cycles=3", "--turn=0.5"):
            if step.load is not None and step.load.mode != "hold" and step.load.freeze is None:
                self.assertEqual((step.load.cycles, step.load.turn), (3, 0.5))
        self.assertEqual(plan("freeze", "--turn=0.5"), plan("freeze"))

    def test_a_server_that_is_full_or_does_not_start_is_left_out(self):
        step = Step(1, "idle", [*THE_FOUR], Load(idle=(900, 5000), active=(1,)))
        self.assertEqual(lessened(step, {"select_server": 1019}, set()), step)
        self.assertEqual(lessened(step, {"select_server": 900}, {LT}).servers,
                         ["poll_server", "epoll_et_server"])


class Limits(unittest.TestCase):
    def test_the_most_leaves_room_for_the_active_and_is_a_round_number(self):
        wanted = Load(idle=(0, MOST), active=(1, 100))
        self.assertEqual(fitted(wanted, 20000).idle, (0, 19000))
        self.assertEqual(fitted(wanted, 1048576).idle, (0, 20000))
        self.assertEqual(fitted(Load(idle=(50000, MOST)), 1048576).idle, (20000, 50000))
        self.assertEqual(fitted(Load(idle=(19000, MOST)), 20000).idle, (19000,))

    def test_what_does_not_fit_becomes_the_most_that_does(self):
        wide = Load(idle=(0, 900, 5000, MOST), active=(100,))
        self.assertEqual(fitted(wide, 4096).idle, (0, 900, 3900))
        self.assertEqual(fitted(Load("hold", hold=(100, 10000)), 1024).hold, (100, 960))
        self.assertEqual(fitted(Load(active=(1, 1000)), 512).active, (1, 440))

    def test_with_any_limit_every_experiment_keeps_something_that_fits(self):
        for limit in (32, 33, 50, 64, 100, 256, 400, 1024, 4096):
            steps = plan("--rounds=1", limit=limit)
            self.assertEqual({s.experiment for s in steps}, {e.name for e in EXPERIMENTS})
            for load in [step.load for step in steps if step.load is not None]:
                self.assertLessEqual(max(map(connections, points(load))), room_for(limit))
                self.assertTrue(all(n > 0 for n in (*load.active, *load.hold)), (limit, load))

    def test_what_is_left_out_is_known(self):
        self.assertEqual(left_out(parse_options([]), LIMIT), [])
        self.assertEqual(left_out(parse_options([]), 4096), [5000])
        self.assertEqual(left_out(parse_options(["churn"]), 4096), [])
        self.assertEqual(left_out(parse_options(["idle", "--idle=0,99999"]), LIMIT), [99999])


class Time(unittest.TestCase):
    """The promise of the README and of --help.  Costs: the head of plan.py."""

    def test_the_default_takes_four_minutes_at_most_and_quick_45_seconds(self):
        for arguments, most in (([], 240), (["--quick"], 45)):
            options = parse_options(arguments)
            planned = run_seconds(options, make_plan(options, LIMIT))
            self.assertLessEqual(planned, most)
            self.assertGreater(planned, most / 2)  # time that is promised is used

    def test_poll_takes_longest_with_many_connections(self):
        few, many = Load(idle=(0,)), Load(idle=(19000,))
        seconds = {
            (name, load): step_seconds(Step(1, "idle", [name], load))
            for name in ("poll_server", LT)
            for load in (few, many)
        }
        self.assertLess(seconds[LT, few], seconds[LT, many])
        self.assertGreater(seconds["poll_server", many], seconds[LT, many] + 2)


if __name__ == "__main__":
    unittest.main()
