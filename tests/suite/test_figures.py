"""From trials to figures, on trials whose figures are known."""

import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from made_up import (
    EXPERIMENTS, FLOOR, FOUR, SELECT_HOLDS, TWIN, alike, counters, failed, index, latency, limit,
    make_doubtful, make_failed, run_of, trial, whole_run,
)

from figures import figures
from figures import hgrm
from figures import histogram
from figures.figures import find, make_figures
from sentences.reasons import expected_quantile

POLL, LT, ET = FOUR[1:]


def rows_of(trials, experiment="idle"):
    return make_figures(run_of(trials))[experiment]


def row(trials, metric="rate", server=POLL, panel="1", x=0, experiment="idle"):
    found = [
        r for r in rows_of(trials, experiment)
        if (r.server, r.panel, r.x, r.metric) == (server, panel, x, metric)
    ]
    return found[0] if found else None


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

    def test_all_but_one_in_so_many_is_the_quantile(self):
        recorded = latency([random.Random(4).randrange(10**6) for _ in range(3000)])
        for one_in, parts in ((2, 50000), (10, 90000), (100, 99000), (1000, 99900)):
            self.assertEqual(
                histogram.all_but(recorded, one_in), histogram.quantile(recorded, parts)
            )

    def test_of_fewer_values_than_that_nobody_knows(self):
        self.assertIsNone(histogram.all_but(latency([7] * 99), 100))
        self.assertIsNotNone(histogram.all_but(latency([7] * 100), 100))

    def test_ten_values_beyond_it_support_a_quantile(self):
        self.assertFalse(histogram.supports(999, 100))
        self.assertTrue(histogram.supports(1000, 100))

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


class Rows(unittest.TestCase):
    def test_median_of_the_rounds_with_its_interval(self):
        rates = [500.0, 100.0, 300.0, 900.0, 200.0, 400.0, 600.0, 800.0, 700.0]
        found = row([trial(POLL, r, rate=rate) for r, rate in enumerate(rates, 1)])
        self.assertEqual((found.value, found.low, found.high, found.rounds), (500, 200, 800, 9))
        self.assertEqual((found.invalid, found.solid, found.samples), (0, 1, 9000))

    def test_failed_trials_are_counted_and_never_averaged(self):
        found = row([trial(POLL, 1, rate=100.0), failed(POLL, 2)])
        self.assertEqual((found.value, found.rounds, found.invalid), (100, 1, 1))

    def test_a_point_that_failed_in_every_round_has_rows_without_a_value(self):
        trials = [failed(POLL, 1, 7), failed(POLL, 2, 7)]
        found = row(trials, x=7)
        self.assertEqual((found.value, found.low, found.rounds, found.invalid), (None, None, 0, 2))
        line = figures.to_tsv(figures.Row, [found]).splitlines()[1]
        self.assertEqual(line.split("\t")[5:8], ["", "", ""])

    def test_latency_is_the_median_of_the_rounds_quantiles(self):
        trials = [
            trial(POLL, r, latency=latency([us * 1000] * 1000))
            for r, us in ((1, 5), (2, 9), (3, 6))
        ]
        found = row(trials, "p99")
        self.assertEqual((found.value, found.low, found.high), (6, 5, 9))

    def test_a_quantile_that_too_few_echoes_support_is_hollow(self):
        few = [trial(POLL, 1, echoes=999), trial(POLL, 2)]
        self.assertEqual((row(few, "p99").solid, row(few, "p50").solid), (0, 1))
        # An open loop records also what comes in after the window.
        late = [trial(POLL, 1, echoes=10, latency=alike(1000, 500))]
        self.assertEqual(row(late, "p99").solid, 1)
        self.assertEqual(row([trial(POLL, 1)], "p99").solid, 1)

    def test_cpu_time_and_calls_an_echo(self):
        usage = {
            "cpu_seconds": 0.03,
            "counters": counters(2000, waits=500, ready_events=2000, scanned=6000, sends=3000),
        }
        made = [trial(POLL, 1, echoes=2000, server=usage)]
        self.assertAlmostEqual(row(made, "cpu_per_echo").value, 15)
        self.assertAlmostEqual(row(made, "calls_per_echo").value, (500 + 2000 + 3000) / 2000)
        self.assertEqual(row(made, "scanned_per_echo").value, 3)
        self.assertEqual(row(made, "events_per_wait").value, 4)

    def test_without_counters_or_a_server_there_is_no_such_row(self):
        self.assertIsNone(row([trial(POLL, 1)], "scanned_per_echo"))
        self.assertIsNone(row([trial(POLL, 1, server=None)], "cpu_per_echo"))
        self.assertIsNotNone(row([trial(POLL, 1, server=None)], "rate"))

    def test_a_window_without_any_echo_is_a_rate_of_0_and_no_error(self):
        made = [trial(POLL, 1, echoes=0, rate=0.0, latency=latency([]))]
        self.assertEqual(row(made).value, 0)
        self.assertIsNone(row(made, "p50"))

    def test_a_server_that_held_fewer_has_a_row_that_says_so(self):
        trials = [trial("select_server", 1, 900, 100), limit("select_server", 1, 3000, 1, 1019)]
        found = row(trials, "held", "select_server", "", 3001)
        self.assertEqual((found.value, found.unit), (1019, "connections"))
        self.assertIsNone(row(trials, "rate", "select_server", "1", 3000))

    def test_the_trial_that_measures_capacity_is_no_point_of_the_chart(self):
        trials = [
            trial(POLL, 1, experiment="rate", role="capacity", rate=8000.0),
            trial(POLL, 1, experiment="rate", mode="open", rate_planned=4000.0, load=0.5),
        ]
        found = {(r.panel, r.x, r.metric) for r in rows_of(trials, "rate")}
        self.assertIn(("capacity", 0, "capacity"), found)
        self.assertIn(("load", 50, "rate"), found)
        self.assertNotIn(("capacity", 0, "rate"), found)
        self.assertNotIn(("absolute", 4000, "rate"), found)
        self.assertIsNone(row([trial(POLL, 1, role="capacity")]))

    def test_memory_of_a_connection_is_the_growth_within_a_round(self):
        trials = []
        for number, base in ((1, 5_000_000), (2, 7_000_000)):
            for held in (200, 100, 1100):
                made = trial(POLL, number, held, 0, experiment="memory", mode="hold")
                made["server"]["user_bytes"] = base + 64 * held
                made["kernel"] = {"slab_bytes": base + 5000 * held, "tcp_bytes": 100 * held}
                trials.append(made)
        found = row(trials, "user_bytes", POLL, "", 1100, "memory")
        self.assertEqual((found.value, found.rounds, found.unit), (64, 2, "bytes"))
        self.assertEqual(row(trials, "kernel_bytes", POLL, "", 1100, "memory").value, 5100)
        self.assertIsNone(row(trials, "user_bytes", POLL, "", 100, "memory"))

    def test_memory_that_nobody_could_read_has_no_row(self):
        trials = [
            trial(POLL, 1, held, 0, experiment="memory", mode="hold", kernel=None)
            for held in (100, 1000)
        ]
        self.assertIsNone(row(trials, "kernel_bytes", POLL, "", 1000, "memory"))
        self.assertEqual(row(trials, "user_bytes", POLL, "", 1000, "memory").value, 64)


class Doubts(unittest.TestCase):
    """Doubtful trials are kept and never mixed with valid ones."""

    def test_a_doubtful_trial_takes_no_part_where_most_are_valid(self):
        trials = [
            trial(POLL, 1, rate=100.0),
            trial(POLL, 2, rate=900.0, doubts=["generator"]),
            trial(POLL, 3, rate=100.0),
        ]
        found = row(trials)
        self.assertEqual((found.value, found.rounds, found.invalid, found.solid), (100, 2, 1, 1))

    def test_a_few_valid_ones_are_those_that_were_disturbed(self):
        """Where the generator is the limit, only what slowed both down is without a doubt."""
        for valid, doubtful in ((1, 2), (2, 2)):
            trials = [trial(POLL, r, rate=100.0) for r in range(valid)]
            for r in range(valid, valid + doubtful):
                trials.append(trial(POLL, r, rate=900.0, doubts=["generator"]))
            found = row(trials)
            self.assertEqual(
                (found.value, found.rounds, found.invalid, found.solid), (900, 2, 2, 0)
            )

    def test_without_a_valid_one_it_is_shown_hollow(self):
        trials = [trial(POLL, r, rate=900.0, doubts=["generator"]) for r in (1, 2)]
        found = row(trials)
        self.assertEqual((found.value, found.rounds, found.invalid, found.solid), (900, 2, 2, 0))

    def test_a_doubt_spoils_only_what_it_concerns(self):
        trials = [trial(POLL, 1, doubts=["generator"])]
        solid = {metric: row(trials, metric).solid for metric in ("rate", "p50", "cpu_per_echo")}
        self.assertEqual(solid, {"rate": 0, "p50": 0, "cpu_per_echo": 1})
        stolen = [trial(POLL, 1, doubts=["steal"])]
        self.assertEqual(row(stolen, "cpu_per_echo").solid, 0)

    def test_a_comparison_has_none_of_them(self):
        trials = [trial(LT, r, rate=100.0) for r in (1, 2, 3)]
        trials += [trial(ET, r, rate=200.0) for r in (1, 2)]
        trials.append(trial(ET, 3, rate=900.0, doubts=["generator"]))
        found = [r for r in figures.comparison(run_of(trials)) if r.metric == "rate"]
        self.assertEqual([(r.server, r.value, r.rounds) for r in found], [(ET, 2, 2)])

    def test_a_comparison_wants_most_of_the_trials_to_be_valid(self):
        trials = [trial(LT, r, rate=100.0) for r in (1, 2)]
        trials += [trial(ET, 1, rate=200.0), trial(ET, 2, rate=900.0, doubts=["generator"])]
        found = [r for r in figures.comparison(run_of(trials)) if r.metric == "rate"]
        self.assertEqual(found, [])

    def test_a_comparison_wants_pairs_in_most_of_the_rounds(self):
        def run(doubtful_of_et):
            trials = []
            for r in range(1, 7):
                lt = ["generator"] if r in (5, 6) else []
                et = ["generator"] if r in doubtful_of_et else []
                trials += [trial(LT, r, rate=100.0, doubts=lt), trial(ET, r, rate=200.0, doubts=et)]
            found = [r for r in figures.comparison(run_of(trials)) if r.metric == "rate"]
            return [(r.server, r.rounds) for r in found]

        self.assertEqual(run((1, 2)), [])  # two pairs of six
        self.assertEqual(run((6,)), [(ET, 4)])

    def test_a_curve_is_made_of_valid_trials_only(self):
        def one(round_, us, doubts):
            recorded = latency([us * 1000] * 1000)
            return trial(
                POLL, round_, 0, 100, experiment="percentiles", mode="open", load=0.5,
                latency=recorded, service=recorded, doubts=doubts,
            )

        mixed = [one(1, 5, []), one(2, 900, ["lag"]), one(3, 5, [])]
        found = row(mixed, "response", POLL, "0", 100, "percentiles")
        self.assertEqual((found.value, found.rounds, found.invalid, found.solid), (5, 2, 1, 1))
        found = row(mixed[1:2], "response", POLL, "0", 2, "percentiles")
        self.assertEqual((round(found.value / 900, 2), found.solid), (1, 0))
        mostly = [one(1, 5, []), one(2, 900, ["lag"]), one(3, 900, ["lag"])]
        found = row(mostly, "response", POLL, "0", 2, "percentiles")
        self.assertEqual((round(found.value / 900, 2), found.rounds, found.solid), (1, 2, 0))

    def test_a_curve_ends_where_not_every_round_knows(self):
        trials = []
        for number, count in ((1, 1000), (2, 50)):
            recorded = latency([5000] * count)
            trials.append(
                trial(
                    POLL, number, 0, 100, experiment="percentiles", mode="open", load=0.5,
                    latency=recorded, service=recorded,
                )
            )
        rows = figures.make_figures(run_of(trials))["percentiles"]
        self.assertEqual(max(r.x for r in rows if r.metric == "response"), 50)


class Comparison(unittest.TestCase):
    def ratios(self, trials):
        return figures.comparison(run_of(trials))

    def test_the_band_is_what_the_twin_shows(self):
        trials = []
        for number, (lt, twin) in enumerate([(100, 104), (100, 97), (100, 100)] * 2, 1):
            trials.append(trial(LT, number, rate=float(lt)))
            trials.append(trial(TWIN, number, rate=float(twin)))
            trials.append(trial(ET, number, rate=300.0))
        found = {r.server: r for r in self.ratios(trials) if r.metric == "rate"}
        self.assertEqual(found[ET].value, 3)
        self.assertAlmostEqual(found[ET].band_high, 1.04)
        self.assertAlmostEqual(found[ET].band_low, 1 / 1.04)

    def test_an_experiment_without_the_twin_takes_the_widest_band_of_its_kind(self):
        trials = []
        for number in (1, 2):
            trials += [trial(LT, number, rate=100.0), trial(TWIN, number, rate=120.0)]
            for server in (LT, ET):
                trials.append(trial(server, number, 0, 10, experiment="size", size=4096))
        found = [r for r in self.ratios(trials) if r.metric == "mib_per_s"]
        self.assertEqual([(r.server, round(r.band_high, 6)) for r in found], [(ET, 1.2)])
        for number in (1, 2):  # wherever it was
            trials += [trial(LT, number, 900, rate=100.0), trial(TWIN, number, 900, rate=150.0)]
        found = [r for r in self.ratios(trials) if r.metric == "mib_per_s"]
        self.assertEqual([(r.server, round(r.band_high, 6)) for r in found], [(ET, 1.5)])

    def test_servers_are_compared_where_both_were_measured(self):
        trials = [trial(LT, 1, idle) for idle in (0, 900, 19000)]
        trials += [trial("select_server", 1, idle, rate=500.0) for idle in (0, 900)]
        found = {r.question for r in self.ratios(trials) if r.metric == "rate"}
        self.assertEqual(
            found, {"echoes a second, 1 active, 0 idle", "echoes a second, 1 active, 900 idle"}
        )

    def test_without_epoll_lt_there_is_no_comparison(self):
        self.assertEqual(self.ratios([trial(POLL, 1), trial(ET, 1)]), [])


class WholeRuns(unittest.TestCase):
    """Everything that a run may look like gives tables, and never an exception."""

    def tables(self, trials):
        with tempfile.TemporaryDirectory() as folder:
            figures.write_tables(Path(folder), make_figures(run_of(trials)))
            return {path.stem: path.read_text() for path in Path(folder).iterdir()}

    def test_ten_experiments_give_ten_tables_and_the_comparison(self):
        tables = self.tables(make_failed(make_doubtful(whole_run(2, True, True))))
        self.assertEqual(len(tables), 11)
        head = "server panel x metric unit value low high rounds invalid solid samples"
        for name, text in tables.items():
            lines = text.splitlines()
            if name != "comparison":
                self.assertEqual(lines[0].split("\t"), head.split())
            widths = {line.count("\t") for line in lines}
            self.assertEqual(len(widths), 1, name)

    def test_one_round_one_experiment_one_server_and_nothing(self):
        self.assertEqual(set(self.tables(whole_run(1))) - {"comparison"}, set(EXPERIMENTS))
        one = self.tables(whole_run(2, experiments=("churn",)))
        self.assertEqual(set(one), {"churn", "comparison"})
        self.tables(whole_run(2, servers=(POLL,)))
        self.assertEqual(set(self.tables([])), {"comparison"})

    def test_a_server_with_only_failed_trials_is_still_there(self):
        trials = whole_run(2, experiments=("idle", "size", "memory", "percentiles", "freeze"))
        trials = [
            failed(POLL, t["round"], t["idle"], t["active"], experiment=t["experiment"],
                   mode=t["mode"], size=t["size"], role=t["role"], wanted=t["wanted"])
            if t["server_name"] == POLL else t
            for t in trials
        ]
        for name, rows in make_figures(run_of(trials)).items():
            if name != "comparison":
                own = [r for r in rows if r.server == POLL]
                self.assertTrue(own, name)
                self.assertEqual({r.value for r in own}, {None}, name)
                self.assertTrue(all(r.invalid > 0 for r in own), name)

    def test_the_order_is_the_four_then_mine_then_peers(self):
        rows = rows_of(whole_run(1, True, True))
        names = list(dict.fromkeys(r.server for r in rows))
        self.assertEqual(names[:5], FOUR + ["mine"])
        self.assertEqual(names[-2:], [TWIN, FLOOR])

    def test_select_ends_where_its_limit_is(self):
        rows = rows_of(whole_run(1))
        self.assertIsNone(find(rows, "select_server", "rate", "1", 5000))
        held = [r.value for r in rows if r.metric == "held"]
        self.assertEqual(held, [SELECT_HOLDS])


class Freeze(unittest.TestCase):
    """A server that stood still for a known time: the answers are arithmetic."""

    def test_measured_is_what_arithmetic_expects(self):
        trials = whole_run(1, experiments=("freeze",))
        stop = next(t for t in trials if t["mode"] == "open" and t["server_name"] == LT)
        rows = make_figures(run_of(trials))["freeze"]
        for one_in in (5, 10, 20, 50, 100):
            expected = expected_quantile(stop, one_in)
            self.assertEqual(expected, (0.25 - 1 / one_in) * 1e6)
            found = find(rows, LT, "latency", "response", one_in).value
            # One gap between two sends, and half a bucket.
            self.assertLess(abs(found - expected), 1200 + 0.01 * expected, one_in)
        self.assertEqual(expected_quantile(stop, 2), 0)

    def test_the_closed_loop_omits_nearly_all_of_it(self):
        rows = make_figures(run_of(whole_run(1, experiments=("freeze",))))["freeze"]
        self.assertLess(find(rows, LT, "latency", "closed", 1000).value, 100)


class Hgrm(unittest.TestCase):
    def setUp(self):
        self.values = [random.Random(5).randrange(1000, 10**7) for _ in range(5000)]
        self.text = hgrm.to_hgrm(latency(self.values))
        self.lines = self.text.splitlines()

    def plotted(self, text):
        """What HdrHistogram's plotter takes: no comments, four numbers a line."""
        points = []
        for line in text.splitlines():
            words = line.split()
            if not line.startswith("#") and len(words) == 4 and words[0] != "Value":
                points.append((float(words[3]), float(words[0])))
        return points

    def test_has_the_head_and_the_end_that_its_readers_expect(self):
        head = "Value Percentile TotalCount 1/(1-Percentile)"
        self.assertEqual(self.lines[0].split(), head.split())
        self.assertEqual(self.lines[1], "")
        self.assertRegex(self.lines[-3], r"^#\[Mean    = +[\d.]+, StdDeviation   = +[\d.]+\]$")
        self.assertRegex(self.lines[-2], r"^#\[Max     = +[\d.]+, Total count    = +5000\]$")
        self.assertRegex(self.lines[-1], r"^#\[Buckets = +\d+, SubBuckets     = +\d+\]$")
        value, part, count = self.lines[-4].split()
        self.assertEqual((float(value), float(part), int(count)), (max(self.values) / 1e6, 1, 5000))

    def test_values_are_milliseconds_within_a_bucket_of_the_exact_ones(self):
        ordered = sorted(self.values)
        for line in self.lines[2:-4]:
            value, part, count, _ = map(float, line.split())
            exact = ordered[max(-(-int(part * 1e9) * 5000 // 10**9), 1) - 1]
            self.assertGreaterEqual(value * 1e6, exact)
            self.assertLessEqual(value * 1e6, exact * (1 + 1 / 128))
            self.assertEqual(int(count), sum(v <= value * 1e6 for v in ordered))

    def test_lines_of_all_files_stand_for_the_same_percentiles(self):
        """The plotter takes the axis from the first file and the rest by line."""
        short = self.plotted(hgrm.to_hgrm(latency(self.values[:400])))
        long = self.plotted(self.text)
        self.assertEqual([x for x, _ in short], [x for x, _ in long][: len(short)])
        self.assertLess(len(short), len(long))

    def test_one_value_and_an_overflow(self):
        self.assertIn("0.000005", hgrm.to_hgrm(latency([5])))
        self.assertIn(f"{(1 << 40) / 1e6:.6f}", hgrm.to_hgrm(latency([5, 1 << 40])))

    def test_every_curve_of_a_run_has_its_file(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            hgrm.write(folder, run_of(whole_run(2, experiments=("percentiles", "freeze"))))
            files = {path.name for path in (folder / "hgrm").iterdir()}
        self.assertEqual(len(files), 4 * 3 + 4 * 2 + 3 * 2)  # select has no 5,000 idle
        self.assertIn("percentiles-response-5000-poll_server.hgrm", files)
        self.assertIn("freeze-closed-select_server.hgrm", files)

    def test_a_name_with_anything_in_it_stays_in_the_folder(self):
        self.assertEqual(hgrm.file_name("freeze", "../../a b"), "freeze-.._.._a_b.hgrm")

    @unittest.skipUnless(shutil.which("gnuplot"), "no gnuplot here")
    def test_gnuplot_reads_it(self):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "one.hgrm"
            path.write_text(self.text)
            script = (
                "set terminal unknown; set logscale x; stats 'one.hgrm' using 4:1 nooutput; "
                "plot 'one.hgrm' using 4:1; print STATS_records"
            )
            done = subprocess.run(
                ["gnuplot", "-d", "-e", script], cwd=name, capture_output=True, text=True, timeout=60
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(int(float(done.stderr.split()[-1])), len(self.plotted(self.text)))


if __name__ == "__main__":
    unittest.main()
