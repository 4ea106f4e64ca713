"""Which trials are suspect, and what that spoils."""

import random
import unittest

from made_up_folder import LT, line, trial

from suspect import RULES, broken_promises, outcome, suspicions


def names(one: dict, **of_line) -> list[str]:
    """The suspicions against a trial in a line of its own."""
    return [rule.name for rule in suspicions(line("idle", 1, [one], **of_line), one)]


def made(**changes) -> dict:
    return trial(LT, random.Random(1), **changes)


def busy(generator: float, server: float, spin: float = 0.0) -> dict:
    """Shares of a CPU."""
    one = made()
    for name, share in (("generator_cpu", generator), ("cpu", server), ("spin", spin)):
        one["turns"][name] = [0.02 * share] * 10
    return one


class Rules(unittest.TestCase):
    def test_a_plain_trial_is_not_suspect(self):
        self.assertEqual(names(made()), [])

    def test_the_generator_is_the_limit_only_where_the_server_is_not(self):
        self.assertEqual(names(busy(0.97, 0.80)), ["generator"])
        self.assertEqual(names(busy(0.97, 0.93)), [])
        self.assertEqual(names(busy(0.94, 0.80)), [])
        self.assertEqual(names(busy(0.97, 0.80, spin=0.1)), [])

    def test_what_the_machine_did(self):
        self.assertEqual(names(made(), steal_seconds=0.05), ["steal"])
        self.assertEqual(names(made(), steal_seconds=0.01), [])  # a single tick
        paused = {"cpu_seconds": 0.1, "spin_seconds": 0, "paused_seconds": 0.5}
        self.assertEqual(names(made(generator=paused)), ["pause"])

    def test_a_load_off_its_plan_and_a_generator_that_sends_late(self):
        one = made()
        plan = {"mode": "open", "rate_planned": 1000}
        self.assertEqual(names({**one, "planned": one["echoes"]}, **plan), [])
        self.assertEqual(names({**one, "planned": one["echoes"] * 2}, **plan), ["rate"])
        late = {"sum": one["latency"]["sum"] / 5, "count": one["echoes"]}
        self.assertEqual(names({**one, "planned": one["echoes"], "lag": late}, **plan), ["lag"])

    def test_a_server_that_works_when_it_is_not_its_turn(self):
        one = made()
        one["server_use"]["awake_seconds"] = 0.05
        self.assertEqual(names(one), ["awake"])

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
