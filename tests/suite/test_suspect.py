"""Which trials are suspect, and what that spoils."""

import random
import unittest

from made_up import LT, line, trial

from experiments import BY_NAME
from figures import Point
from suspect import RULES, broken_promises, outcome, suspicions


ALONE = Point("closed", 0, 1)


def names(one: dict, **of_line) -> list[str]:
    """The suspicions against a trial in a line of its own."""
    made = line(BY_NAME["idle"], ALONE, 1, [], random.Random(1))
    return [rule.name for rule in suspicions(made | {"start": 0.005} | of_line, one)]


def made(**changes) -> dict:
    one = trial(LT, ALONE, random.Random(1))
    return one | {"latency": {"p50": 10**5}, "lag": None} | changes


def busy(generator: float, server: float, spin: float = 0.0) -> dict:
    """Shares of a CPU."""
    one = made()
    for name, share in (("generator_cpu", generator), ("cpu", server), ("spin", spin)):
        one["turns"][name] = [0.02 * share] * len(one["turns"]["place"])
    return one


class Rules(unittest.TestCase):
    def test_a_plain_trial_is_not_suspect(self):
        self.assertEqual(names(made()), [])

    def test_the_generator_is_the_limit_only_where_the_server_is_not(self):
        self.assertEqual(names(busy(0.97, 0.80)), ["generator"])
        self.assertEqual(names(busy(0.97, 0.93)), [])
        self.assertEqual(names(busy(0.94, 0.80)), [])
        self.assertEqual(names(busy(0.97, 0.80, spin=0.1)), [])
        waiting = busy(0.97, 0.80)
        waiting["turns"]["waited"] = [0.02 * 0.15] * len(waiting["turns"]["place"])
        self.assertEqual(names(waiting), [])

    def test_what_the_machine_did(self):
        self.assertEqual(names(made(), steal_seconds=0.05), ["steal"])
        self.assertEqual(names(made(), steal_seconds=0.01, seconds=0.1), [])  # a single tick
        paused = {"cpu_seconds": 0.1, "spin_seconds": 0, "paused_seconds": 0.5}
        self.assertEqual(names(made(generator=paused)), ["pause"])

    def test_a_load_off_its_plan_and_a_generator_that_sends_late(self):
        one = made()
        plan = {"mode": "open", "rate_planned": 1000}
        self.assertEqual(names({**one, "planned": one["echoes"]}, **plan), [])
        self.assertEqual(names({**one, "planned": one["echoes"] * 2}, **plan), ["rate"])
        late = {"p50": one["latency"]["p50"] / 5}
        self.assertEqual(names({**one, "planned": one["echoes"], "lag": late}, **plan), ["lag"])

    def test_a_server_that_works_when_it_is_not_its_turn(self):
        def awake(seconds: float) -> list[str]:
            return names(made(server_use={"awake_seconds": seconds, "outside_seconds": 1}))

        self.assertEqual(awake(0.05), ["awake"])
        self.assertEqual(awake(0.03), [])  # the last scans: 5 ms of each of the 8 turns

    def test_a_trial_that_only_holds_connections_is_never_suspect(self):
        self.assertEqual(names(made(), mode="hold", steal_seconds=0.5), [])

    def test_each_says_what_it_spoils(self):
        for rule in RULES:
            self.assertTrue(rule.spoils <= {"rate", "latency", "cpu"} and rule.words)


class Outcomes(unittest.TestCase):
    def test_a_server_that_is_full_has_not_failed(self):
        self.assertEqual(outcome(made()), "measured")
        bad = {"valid": False, "limited_by": "server", "held": 5}
        self.assertEqual(outcome(made(**bad)), "limit")
        self.assertEqual(outcome(made(**bad, errors={"closed": 1})), "failed")
        self.assertEqual(outcome(made(**{**bad, "held": 0})), "failed")
        self.assertEqual(outcome(made(valid=False)), "failed")

    def test_the_contract_is_named_where_it_was_broken(self):
        def broken(**errors):
            return [text.split(":")[0] for text in
                    broken_promises({"active": 10}, {"errors": errors})]

        self.assertEqual(broken(wrong_bytes=1, closed=2), ["contract 1", "contract 2"])
        self.assertEqual(broken(unserved=3), ["contract 6"])
        self.assertEqual(broken(unserved=10), [])  # no connection was preferred


if __name__ == "__main__":
    unittest.main()
