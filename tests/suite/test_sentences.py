"""What is said of a run: numbers, claims and what noise forbids, verdicts on published results."""

import tempfile
import unittest
from pathlib import Path

import made_up
import published
import sentences
import words
from experiments import EXPERIMENTS
from figures import Point, Ratio, Run
from published import CONTRADICTED, OPEN, REPRODUCED

NO_IDLE, CROWD = Point("closed", 0, 100), Point("closed", 19000, 100)
folder = tempfile.TemporaryDirectory(prefix="four-ways-sentences-")


def tearDownModule():
    folder.cleanup()


def made(value, server="poll_server", metric="cpu", point=NO_IDLE, claim=True, name="active",
         width=0.02) -> Ratio:
    ends = (value, value * (1 - width), value * (1 + width))
    return Ratio(name, metric, server, point, *ends, 24, 3, 1.01, claim)


def run_of(*ratios, trials=(), waits=()) -> Run:
    return Run(Path("nowhere"), {}, list(trials), [], list(ratios), list(waits))


class Numbers(unittest.TestCase):
    def test_three_digits(self):
        for value, text in ((0, "0"), (0.95, "0.95"), (21, "21"), (99.96, "100"), (123.4, "123"),
                            (19000, "19,000"), (190123, "190,000")):
            self.assertEqual(words.number(value), text)

    def test_the_unit_that_suits(self):
        for value, unit, text in ((1.31e-6, "s", "1.31 µs"), (0.25, "s", "250 ms"),
                                  (0.9996, "s", "1 s"), (62, "B", "62 B"), (65536, "B", "64 KiB"),
                                  (19e4, "/s", "190,000/s")):
            self.assertEqual(words.amount(value, unit), text)

    def test_as_many_decimals_as_the_interval_allows(self):
        for ends, text in (((1.014, 1.010, 1.022), "1.014 (1.010 to 1.022)"),
                           ((0.95, 0.9, 1.0), "0.95 (0.90 to 1.00)"),
                           ((21.0, 20.4, 21.5), "21.0 (20.4 to 21.5)"),
                           ((415, 398, 440), "415 (398 to 440)")):
            self.assertEqual(words.interval(*ends), text)


class Comparing(unittest.TestCase):
    def test_a_claim_has_its_interval(self):
        said = sentences.compare([made(1.5)])
        self.assertEqual(said, [
            "With 100 active connections and none idle, poll needs 1.50 times (1.47 to 1.53) the"
            " CPU time per echo of epoll LT."])

    def test_what_noise_explains_is_no_difference(self):
        said = sentences.compare([made(1.5, claim=False)])
        self.assertEqual(said, [
            "With 100 active connections and none idle, there is no measurable difference between"
            " epoll LT and poll (A/A: 1.010)."])

    def test_the_largest_claim_decides_on_the_load(self):
        found = [made(1.2), made(9, point=CROWD), made(30, "epoll_et_server", claim=False),
                 made(0.98, "epoll_et_server", point=CROWD, claim=False),
                 made(1.1, "select_server")]
        first, alike, select = sentences.compare(found)
        self.assertIn("100 active and 19,000 idle", first)
        self.assertIn("epoll ET", alike)
        self.assertIn("select needs 1.10 times", select)

    def test_of_equal_servers_nothing_is_claimed(self):
        lines = made_up.lines(servers=("epoll_lt_server",))
        for line in lines:
            one = line["trials"][0]
            line["trials"] = [one | {"server": name} for name in (*made_up.FOUR, made_up.TWIN)]
        place = made_up.write(Path(folder.name) / "equal", lines)
        run = made_up.load_run(place)
        self.assertGreater(len(run.ratios), 50)
        for experiment in EXPERIMENTS:
            self.assertNotRegex(sentences.result(run, experiment.name), r"\d times")

    def test_peers_stand_apart(self):
        everyone = (*made_up.FOUR, made_up.TWIN, *made_up.PEERS, made_up.FLOOR)
        run = made_up.whole_run(Path(folder.name) / "peers", servers=everyone)
        for experiment in (e for e in EXPERIMENTS if e.name != "memory"):
            said = sentences.result(run, experiment.name)
            self.assertTrue(said, experiment.name)
            self.assertNotRegex(said, r"libuv|io_uring|floor|again")
        self.assertIn("libuv", sentences.context(run, "active"))
        self.assertIn("floor", sentences.context(run, "active"))

    def test_explanations_come_from_the_counters(self):
        run = made_up.whole_run(Path(folder.name) / "all")
        self.assertIn("per echo: poll 19,000, epoll LT 1", sentences.explanation(run, "idle"))
        self.assertIn("1 active connection and none idle: 1", sentences.explanation(run, "active"))
        self.assertIn("select 0, poll 0, epoll LT 1", sentences.explanation(run, "churn"))
        self.assertIn("poll 140 ns", sentences.explanation(run, "waits"))

    def test_the_order_of_the_trials_changes_nothing(self):
        lines = made_up.lines(("idle", "active", "fairness"))
        said = []
        for name in ("forth", "back"):
            run = made_up.load_run(made_up.write(Path(folder.name) / name, lines))
            said.append([sentences.explanation(run, e) for e in ("idle", "active", "fairness")])
            lines.reverse()
        self.assertEqual(*said)

    def test_an_empty_run_says_nothing(self):
        for experiment in EXPERIMENTS:
            for say in (sentences.result, sentences.context, sentences.explanation):
                self.assertEqual(say(run_of(), experiment.name), "")
        self.assertIn("entered twice", sentences.trust(run_of()))


def frozen(mode: str, ns: float) -> dict:
    return {"experiment": "freeze", "server": "epoll_lt_server", "mode": mode, "valid": True,
            "freeze": {"seconds": 0.25}, "latency": {"quantiles": [[90, ns]]}}


def watched(**ns) -> list[dict]:
    return [
        {"mechanism": mechanism, "watched": watched, "ready": 1, "cpu_ns_per_wait": value,
         "low": value, "high": value}
        for mechanism, values in ns.items() for watched, value in zip((10, 1000), values)
    ]


def rates(server, *values, claim=True, point=NO_IDLE):
    return [made(v, server, "rate", point, claim) for v in values]


# A published result, what a run has to hold against it, and the verdict.
VERDICTS = [
    (published.kerrisk, {"waits": watched(poll=(2000, 140000), epoll_lt=(1e3, 1500))}, REPRODUCED),
    (published.kerrisk, {"waits": watched(poll=(2000, 3000), epoll_lt=(1e3, 20000))}, CONTRADICTED),
    (published.kerrisk, {"waits": watched(poll=(2000, 12000), epoll_lt=(1e3, 1500))}, OPEN),
    (published.equality, {"ratios": rates("poll_server", 1.02)}, REPRODUCED),
    (published.equality, {"ratios": rates("poll_server", 1.02, 0.7)}, CONTRADICTED),
    (published.equality, {"ratios": [made(1.05, width=0.1)]}, OPEN),
    (published.loss, {"ratios": rates("poll_server", 0.1, point=CROWD)}, REPRODUCED),
    (published.loss, {"ratios": rates("poll_server", 0.99, point=CROWD, claim=False)},
     CONTRADICTED),
    (published.loss, {"ratios": rates("poll_server", 0.1, point=CROWD, claim=False)}, OPEN),
    (published.edge_triggered, {"ratios": rates("epoll_et_server", 1.05)}, REPRODUCED),
    (published.edge_triggered, {"ratios": [made(0.9, "epoll_et_server")]}, REPRODUCED),
    (published.edge_triggered, {"ratios": rates("epoll_et_server", 0.9)}, CONTRADICTED),
    (published.edge_triggered, {"ratios": rates("epoll_et_server", 0.9, 1.1)}, OPEN),
    (published.io_uring(1.49), {"ratios": rates("io_uring", 1.4)}, REPRODUCED),
    (published.io_uring(1.49), {"ratios": rates("io_uring", 1.1)}, CONTRADICTED),
    (published.io_uring(1.49), {"ratios": rates("io_uring", 1.21, claim=False)}, OPEN),
    (published.multishot, {"ratios": rates("io_uring", 1.05)}, REPRODUCED),
    (published.multishot, {"ratios": rates("io_uring", 0.9)}, CONTRADICTED),
    (published.multishot, {"ratios": rates("io_uring", 1.05, claim=False)}, OPEN),
    (published.select_to_poll,
     {"ratios": rates("poll_server", 0.8) + rates("select_server", 1.0)}, REPRODUCED),
    (published.select_to_poll,
     {"ratios": rates("poll_server", 1.0) + rates("select_server", 1.0)}, CONTRADICTED),
    (published.coordinated_omission,
     {"trials": [frozen("closed", 1e5), frozen("open", 1e8)]}, REPRODUCED),
    (published.coordinated_omission,
     {"trials": [frozen("closed", 1e8), frozen("open", 1e8)]}, CONTRADICTED),
]


class Verdicts(unittest.TestCase):
    def test_the_run_decides(self):
        for decide, has, verdict in VERDICTS:
            with self.subTest(rule=decide.__doc__, verdict=verdict):
                found = decide(run_of(*has.pop("ratios", ()), **has))
                self.assertEqual(found.verdict, verdict, found.ours)

    def test_the_size_of_a_read_needs_two_sizes(self):
        def of_size(size, value):
            return made(value, "libevent", "cpu_per_mib", Point("closed", 0, 10, size), name="size")

        for verdict, values in ((REPRODUCED, (1.4, 2)), (CONTRADICTED, (1.4, 1.3)), (OPEN, (1.4,))):
            ratios = [of_size(*pair) for pair in zip((64, 262144), values)]
            self.assertEqual(published.read_size(run_of(*ratios)).verdict, verdict)

    def test_nothing_measured_decides_nothing(self):
        for claim in published.CLAIMS:
            found = claim.decide(run_of())
            self.assertEqual(found.verdict, OPEN, claim.claim)
            self.assertTrue(found.ours.endswith("."))


if __name__ == "__main__":
    unittest.main()
