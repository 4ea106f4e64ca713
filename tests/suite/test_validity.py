"""Which trials may be believed, and what a doubt spoils."""

import unittest

import made_up  # noqa: F401  (it knows where the suite is)

from measure.neighbours import Times, sentences, throttled_in
from measure.validity import (
    TAINTS,
    WORDS,
    broken_promises,
    doubts,
    generator_share,
    rate_error,
    spoils,
    steal_share,
)

CPUS = 2


def trial(**changes) -> dict:
    """One without a flaw: a second of open loop at 1,000 messages a second."""
    made = {
        "mode": "open",
        "seconds": 1.0,
        "echoes": 1000,
        "rate": 1000.0,
        "rate_planned": 1000,
        "planned": 1000,
        "latency": {"sum": 10**8},
        "lag": {"sum": 10**6},
        "generator": {"cpu_seconds": 0.9, "cpu_share": 0.9, "spin_seconds": 0.3},
        "steal_seconds": 0.0,
    }
    return {**made, **changes}


class Quota(unittest.TestCase):
    """What a container takes away is nowhere else to be seen."""

    def test_both_versions_of_control_groups(self):
        two = "usage_usec 5\nnr_periods 3\nnr_throttled 2\nthrottled_usec 2500000\n"
        self.assertEqual(throttled_in(two), 2.5)
        self.assertEqual(throttled_in("nr_throttled 2\nthrottled_time 2500000000\n"), 2.5)
        self.assertEqual(throttled_in("usage_usec 5\n"), 0)

    def test_it_is_said(self):
        (said,) = sentences(Times(0, 0, 10, 0, 2.5), "during the run")
        self.assertIn("kept the programs from running for 2.5 s during the run", said)
        self.assertEqual(sentences(Times(0, 0, 10, 0, 0.0), "during the run"), [])


class Rules(unittest.TestCase):
    def check(self, expected: list[str], **changes):
        self.assertEqual(doubts(trial(**changes), CPUS), expected)

    def test_a_good_trial_has_no_doubts(self):
        self.check([])

    def test_the_generator_is_the_limit_above_95_percent(self):
        self.check([], generator={"cpu_seconds": 0.95, "spin_seconds": 0})
        self.check(["generator"], generator={"cpu_seconds": 0.96, "spin_seconds": 0})

    def test_a_pause_of_the_generator_is_no_latency(self):
        self.check([], generator={"cpu_seconds": 0.1, "paused_seconds": 0.0})
        self.check(["pause"], generator={"cpu_seconds": 0.1, "paused_seconds": 0.7})
        self.assertTrue(spoils({"doubts": ["pause"]}, "latency"))
        self.assertFalse(spoils({"doubts": ["pause"]}, "cpu"))

    def test_waiting_by_spinning_is_no_work(self):
        self.check([], generator={"cpu_seconds": 1.0, "spin_seconds": 0.2})
        self.assertAlmostEqual(generator_share(trial()), 0.6)

    def test_a_load_off_its_plan_by_more_than_a_tenth(self):
        for echoes, expected in ((900, []), (899, ["rate"]), (1100, []), (1101, ["rate"])):
            self.check(expected, echoes=echoes)

    def test_random_gaps_make_a_plan_of_their_own(self):
        self.check([], echoes=1205, rate=1205.0, planned=1200)
        self.assertAlmostEqual(rate_error(trial(echoes=600, planned=1200)), 0.5)

    def test_a_closed_loop_has_no_plan_to_miss(self):
        self.check([], mode="closed", rate_planned=None, planned=None, lag=None, echoes=5)

    def test_messages_sent_late_by_more_than_a_tenth_of_the_response_time(self):
        self.check([], lag={"sum": 10**7})
        self.check(["lag"], lag={"sum": 10**7 + 1})

    def test_without_a_message_there_is_no_lag(self):
        self.check([], lag={"sum": 0})
        self.check([], latency={"sum": 0})

    def test_stolen_time_of_more_than_2_percent_of_all_cpus(self):
        self.check([], steal_seconds=0.04)
        self.check(["steal"], steal_seconds=0.05)

    def test_a_single_tick_of_stolen_time_proves_nothing(self):
        self.check([], seconds=0.1, steal_seconds=0.01, generator={})
        self.check(["steal"], seconds=0.1, steal_seconds=0.02, generator={})
        self.assertEqual(steal_share(trial(steal_seconds=None), CPUS), 0)

    def test_holding_connections_has_no_load_to_doubt(self):
        self.assertEqual(doubts({"mode": "hold", "wanted": 5, "held": 5}), [])

    def test_all_doubts_are_told_together(self):
        self.check(
            ["generator", "rate", "lag", "steal"],
            generator={"cpu_seconds": 1.0, "spin_seconds": 0},
            echoes=10,
            lag={"sum": 10**8},
            steal_seconds=1.0,
        )


class Consequences(unittest.TestCase):
    def spoilt(self, *codes: str) -> set[str]:
        kinds = ("rate", "latency", "cpu", "count", "memory")
        return {kind for kind in kinds if spoils({"doubts": list(codes)}, kind)}

    def test_a_busy_generator_leaves_cpu_time_counts_and_memory(self):
        self.assertEqual(self.spoilt("generator"), {"rate", "latency"})

    def test_a_missed_plan_and_a_late_send_spoil_latencies_only(self):
        self.assertEqual(self.spoilt("rate"), {"latency"})
        self.assertEqual(self.spoilt("lag"), {"latency"})

    def test_stolen_time_leaves_counts_and_memory(self):
        self.assertEqual(self.spoilt("steal"), {"rate", "latency", "cpu"})

    def test_nothing_is_spoilt_without_a_doubt(self):
        self.assertEqual(self.spoilt(), set())
        self.assertFalse(spoils({}, "rate"))

    def test_every_doubt_has_its_words_and_its_consequence(self):
        self.assertEqual(set(WORDS), set(TAINTS))


class Contract(unittest.TestCase):
    def test_a_failed_trial_names_the_promises_that_were_broken(self):
        errors = {"wrong_bytes": 1, "closed": 0, "lost": 0, "unserved": 3}
        said = broken_promises({"errors": errors})
        self.assertEqual(len(said), 2)
        self.assertIn("contract 1", said[0])
        self.assertIn("contract 6", said[1])

    def test_where_nobody_is_served_nobody_is_starved(self):
        errors = {"unserved": 100}
        self.assertEqual(broken_promises({"errors": errors, "active": 100}), [])
        self.assertEqual(len(broken_promises({"errors": errors, "active": 101})), 1)

    def test_one_that_never_started_has_promised_nothing(self):
        self.assertEqual(broken_promises({}), [])


if __name__ == "__main__":
    unittest.main()
