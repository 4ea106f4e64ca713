"""From trials to figures, on trials whose figures are known."""

import random
import unittest

from made_up import FLOOR, failed, index, latency, limit, plausible_run, trial

import findings
import histogram
import table
from charts import settings
from findings import Data
from plan import two_digits
from summary import summary

FOUR = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]


def row(trials, server, metric, active=1, idle=0):
    return table.find(table.make_table(trials, [server]), server, metric, active, idle)


class Histograms(unittest.TestCase):
    def test_every_bucket_begins_where_the_one_before_it_ends(self):
        for i in range(4000):
            self.assertEqual(index(histogram.low(i)), i)
            self.assertEqual(index(histogram.high(i)), i)
            self.assertEqual(histogram.high(i) + 1, histogram.low(i + 1))

    def test_quantile_is_the_middle_of_the_bucket_of_nearest_rank(self):
        dice = random.Random(1)
        for size in (1, 2, 10, 99, 100, 101, 5000):
            values = sorted(int(dice.lognormvariate(11, 2)) for _ in range(size))
            for parts in (0, 50000, 90000, 99000, 99900, 100000):
                rank = max(-(-size * parts // 100000), 1)
                exact = values[rank - 1]
                answer = histogram.quantile(latency(values), parts)
                middle = (histogram.low(index(exact)) + histogram.high(index(exact))) // 2
                self.assertEqual(answer, max(values[0], min(middle, values[-1])))
                self.assertLessEqual(abs(answer - exact), exact / 256)

    def test_merging_equals_counting_all_in_one(self):
        dice = random.Random(2)
        parts = [[dice.randrange(10**7) for _ in range(n)] for n in (1, 500, 0, 37)]
        parts.append([1 << 40])  # past the last bucket
        merged = histogram.merge([latency(part) for part in parts])
        whole = latency([value for part in parts for value in part])
        for name in ("count", "overflow", "sum", "min", "max", "buckets"):
            self.assertEqual(merged[name], whole[name])

    def test_quantile_among_the_overflow_is_the_maximum(self):
        self.assertEqual(histogram.quantile(latency([5, 1 << 40]), 100000), 1 << 40)

    def test_an_empty_histogram_has_no_quantile(self):
        self.assertIsNone(histogram.quantile(histogram.merge([]), 50000))

    def test_a_histogram_of_another_layout_is_refused(self):
        with self.assertRaises(ValueError):
            histogram.merge([{**latency([1]), "k": 5}])


class Table(unittest.TestCase):
    def test_median_least_and_greatest_of_the_rounds(self):
        rates = {1: 500.0, 2: 100.0, 3: 300.0}
        trials = [trial("poll_server", r, 0, 1, rate=rate) for r, rate in rates.items()]
        found = row(trials, "poll_server", "rate")
        self.assertEqual((found.value, found.min, found.max, found.rounds), (300, 100, 500, 3))
        self.assertEqual(found.echoes, 3000)

    def test_median_of_an_even_number_of_rounds_is_the_middle(self):
        trials = [trial("poll_server", r, 0, 1, rate=float(r)) for r in (1, 2, 5, 9)]
        self.assertEqual(row(trials, "poll_server", "rate").value, 3.5)

    def test_failed_trials_are_counted_and_never_averaged(self):
        trials = [trial("poll_server", 1, 0, 1, rate=100.0), failed("poll_server", 2, 0, 1)]
        found = row(trials, "poll_server", "rate")
        self.assertEqual((found.value, found.rounds, found.failed), (100, 1, 1))

    def test_a_point_that_failed_in_every_round_has_a_row_without_a_value(self):
        rows = table.make_table([failed("poll_server", 1, 7, 1)], ["poll_server"])
        self.assertEqual([(r.idle, r.value, r.rounds, r.failed) for r in rows], [(7, None, 0, 1)])
        self.assertEqual(table.to_tsv(rows).splitlines()[1].split("\t")[5:8], ["", "", ""])

    def test_latency_is_the_quantile_over_all_echoes_not_the_middle_one(self):
        slow, fast = [1_000_000] * 500, [1_000] * 500
        trials = [
            trial("poll_server", 1, 0, 1, latency=latency(fast)),
            trial("poll_server", 2, 0, 1, latency=latency(fast)),
            trial("poll_server", 3, 0, 1, latency=latency(slow)),
        ]
        found = row(trials, "poll_server", "p99")
        self.assertEqual((found.value, found.min, found.max), (1000, 1, 1000))

    def test_cpu_time_an_echo_in_microseconds(self):
        made = trial("poll_server", 1, 0, 1, echoes=2000, server={"cpu_seconds": 0.03})
        self.assertAlmostEqual(row([made], "poll_server", "cpu_per_echo").value, 15)

    def test_calls_an_echo_from_the_counters(self):
        counters = dict.fromkeys(table.COUNTERS_OF_CALLS, 0)
        counters |= {"waits": 500, "sends": 1000, "scanned": 9}
        made = trial("poll_server", 1, 0, 1, server={"cpu_seconds": 1, "counters": counters})
        self.assertAlmostEqual(row([made], "poll_server", "calls_per_echo").value, 1.5)

    def test_held_is_the_most_of_a_round_and_knows_what_was_asked(self):
        trials = [trial("select_server", 1, 900, 100), limit("select_server", 1, 3000, 1, 1019)]
        held = table.held_row("select_server", trials)
        self.assertEqual((held.value, held.idle + held.active), (1019, 3001))

    def test_memory_of_an_idle_connection_is_the_slope(self):
        trials = [trial("poll_server", 1, idle, 1) for idle in (200, 100, 1000)]
        self.assertEqual(table.memory_row("poll_server", trials).value, 64)

    def test_ratios_are_taken_within_a_round(self):
        rates = [(1, 100.0, 10.0), (2, 900.0, 30.0), (3, 40.0, 2.0)]
        trials = [trial("epoll_et_server", r, 0, 1, rate=a) for r, a, _ in rates]
        trials += [trial("poll_server", r, 0, 1, rate=b) for r, _, b in rates]
        trials.append(trial("poll_server", 4, 0, 1, rate=1.0))  # without its partner
        s = table.ratio(trials, "rate", ("epoll_et_server", 1, 0), ("poll_server", 1, 0))
        self.assertEqual((s.value, s.minimum, s.maximum, s.rounds), (20, 10, 30, 3))


class Findings(unittest.TestCase):
    def data(self, trials):
        servers = table.servers_in(trials)
        return Data(trials, table.make_table(trials, servers), servers, [1, 100])

    def pair(self, *rounds):
        trials = []
        for number, (epoll, poll) in enumerate(rounds, 1):
            trials.append(trial("epoll_et_server", number, 500, 1, rate=epoll))
            trials.append(trial("poll_server", number, 500, 1, rate=poll))
        return self.data(trials)

    def test_a_ratio_on_which_all_rounds_agree_is_said(self):
        data = self.pair((300.0, 100.0), (500.0, 100.0), (400.0, 100.0))
        self.assertIn("4.00 times (3.00 to 5.00)", findings.rate_sentence(data))
        self.assertIn("4.00 times as often", findings.headline_rate(data))

    def test_a_ratio_on_which_rounds_differ_is_withheld(self):
        data = self.pair((300.0, 100.0), (90.0, 100.0))
        self.assertIn("no difference seen", findings.rate_sentence(data))
        self.assertIsNone(findings.headline_rate(data))

    def test_a_headline_on_latency_needs_enough_echoes(self):
        trials = [
            trial(name, r, 0, 100, echoes=400, latency=latency([ns] * 400))
            for r in (1, 2)
            for name, ns in (("poll_server", 90_000_000), ("epoll_et_server", 1_000_000))
        ]
        self.assertIsNone(findings.headline_latency(self.data(trials)))
        more = [{**t, "round": t["round"] + 2} for t in trials]
        self.assertIn("90 ms (poll)", findings.headline_latency(self.data(trials + more)))

    def test_the_summary_fits_a_terminal(self):
        for more in ((), ("a_server_with_a_long_na",)):
            trials = plausible_run(3, more) + [failed("poll_server", 4, 0, 1)]
            for line in summary(self.data(trials)).splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_a_latency_that_few_echoes_support_is_marked(self):
        few = self.data([trial("poll_server", 1, 0, 1, echoes=999)])
        enough = self.data([trial("poll_server", 1, 0, 1, echoes=1000)])
        self.assertIn("~ from fewer than 1,000 echoes", summary(few))
        self.assertNotIn("~", summary(enough))

    def test_nothing_is_said_about_what_was_not_measured(self):
        self.assertEqual(findings.sentences(self.data([trial(FLOOR, 1, 0, 1)])), [])

    def test_a_window_without_any_echo_is_a_rate_of_0_and_no_error(self):
        empty = {"echoes": 0, "rate": 0.0, "latency": latency([])}
        trials = [trial(name, 1, idle, 1, **empty) for name in FOUR for idle in (0, 9)]
        data = self.data(trials)
        self.assertNotIn("rates lie", "".join(findings.sentences(data)))
        self.assertIn("poll_server", summary(data))
        self.assertIn("$labels", settings(data, "caption", "method"))

    def test_two_leading_digits(self):
        self.assertEqual([two_digits(n) for n in (0, 7, 42, 999, 19884)], [0, 7, 42, 990, 19000])


if __name__ == "__main__":
    unittest.main()
