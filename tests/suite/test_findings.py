"""The report's sentences from made-up data: what may be said and what may not."""

import re
import unittest
from dataclasses import replace

from made_up import (
    FLOOR, FOUR, MINE, TWIN, failed, latency, limit, make_doubtful, make_failed, run_of, trial,
    whole_run,
)

from sentences import findings
from sentences.claims import WITHHELD
from figures.figures import make_figures
from sentences.findings import conclusions, generator_remark, headline, seen, why
from figures.points import EXPERIMENTS
from sentences.summary import COLUMNS, summary
from sentences.words import amount, factor, number, short

SELECT, POLL, LT, ET = FOUR
CHARTS = EXPERIMENTS + ["idle-cpu", "comparison"]


def cpu(seconds, **more):
    """What a server used for 1,000 echoes, in microseconds each."""
    return {"cpu_seconds": seconds * 1e-3, "user_bytes": 0, "counters": None, **more}


def pairs(of_poll, of_twin=(10.0, 10.1, 9.9, 10.0, 10.1, 9.9)):
    """CPU time an echo of poll, beside epoll LT's 10 us, and the twin's."""
    trials = []
    for number_, poll in enumerate(of_poll, 1):
        trials.append(trial(LT, number_, 0, 100, server=cpu(10.0)))
        trials.append(trial(POLL, number_, 0, 100, server=cpu(poll)))
    for number_, twin in enumerate(of_twin, 1):
        trials.append(trial(TWIN, number_, 0, 100, server=cpu(twin)))
    return trials


def said(trials):
    run = run_of(trials)
    return conclusions(run, make_figures(run))


def about(trials, words, experiment="idle"):
    """The one sentence with these words in it."""
    found = [s for s in said(trials) if words in s.text and s.experiment == experiment]
    if len(found) != 1:
        raise AssertionError([s.text for s in found])
    return found[0]


class Withholding(unittest.TestCase):
    def test_a_clear_difference_is_said_with_its_numbers(self):
        sentence = about(pairs([20.0, 21.0, 19.0, 20.0, 22.0, 20.0]), "CPU time an echo of")
        self.assertTrue(sentence.shown)
        self.assertEqual(
            sentence.text,
            "100 active, 0 idle: poll has 2.00 times the CPU time an echo of epoll LT"
            " (1.90 to 2.20; equals differ by up to 1.010): 20 us against 10 us.",
        )

    def test_the_greater_one_comes_first_whichever_it_is(self):
        sentence = about(pairs([5.0] * 6), "CPU time an echo of")
        self.assertIn("epoll LT has 2.00 times the CPU time an echo of poll", sentence.text)

    def test_an_interval_that_crosses_1_is_withheld(self):
        sentence = about(pairs([20.0, 21.0, 9.9, 20.0, 22.0, 20.0]), "CPU time an echo of")
        self.assertFalse(sentence.shown)
        self.assertIn(WITHHELD, sentence.text)
        self.assertIn("2.00 (0.990 to 2.20", sentence.text)

    def test_a_median_within_the_band_is_withheld(self):
        noisy = [10.0, 13.0, 9.0, 10.0, 11.0, 10.0]
        sentence = about(pairs([12.0] * 6, noisy), "CPU time an echo of")
        self.assertFalse(sentence.shown)
        self.assertIn("equals differ by up to 1.30", sentence.text)
        self.assertTrue(about(pairs([14.0] * 6, noisy), "CPU time an echo of").shown)

    def test_one_round_claims_nothing(self):
        sentence = about(pairs([40.0], [10.0]), "CPU time an echo of")
        self.assertFalse(sentence.shown)

    def test_no_title_is_made_of_what_is_withheld(self):
        def title(ratios):
            trials = []
            for number_, ratio in enumerate(ratios, 1):
                trials.append(trial(ET, number_, 500, 1, rate=100.0 * ratio))
                trials.append(trial(POLL, number_, 500, 1, rate=100.0))
            run = run_of(trials)
            return headline(run, make_figures(run), "idle")

        words = "1 active, 500 idle: epoll ET has 4.00 times the echoes a second of poll"
        self.assertEqual(title([4.0, 4.1, 3.9, 4.0, 4.0, 4.0]), words)
        self.assertIsNone(title([4.0, 4.1, 0.9, 4.0, 4.0, 4.0]))
        self.assertIsNone(title([4.0]))
        self.assertIsNone(title([1.05, 1.05, 1.05]))  # true, and too little for a title

    def test_equal_servers_make_no_claim(self):
        """The same numbers for everybody, with the same noise: nothing is a difference."""
        trials = [
            {**t, "server_name": name, "kind": "twin" if name == TWIN else "four"}
            for seed, name in enumerate(FOUR + [TWIN])
            for t in whole_run(6, servers=(LT,), seed=seed)
            if t["server_name"] == LT
        ]
        run = run_of(trials)
        claims = findings.on_the_four(run)
        self.assertGreater(len(claims), 10)
        wrong = [s.text for s in claims if s.shown and "with none" not in s.text]
        self.assertLess(len(wrong), len(claims) / 5)

    def test_doubtful_trials_support_no_claim(self):
        trials = [{**t, "doubts": ["steal"]} for t in pairs([20.0] * 6)]
        texts = [s.text for s in said(trials) if "CPU time an echo of" in s.text]
        self.assertEqual(texts, [])

    def test_a_ratio_needs_rounds_that_both_have(self):
        trials = [trial(LT, 1, 0, 100), trial(POLL, 2, 0, 100, server=cpu(30.0))]
        self.assertEqual([s for s in said(trials) if "times the" in s.text], [])


class Truth(unittest.TestCase):
    """A server that is made twice as slow is found to be."""

    def test_a_server_of_the_user_at_twice_the_cpu_time(self):
        trials = []
        for t in whole_run(6, experiments=("idle",)):
            trials.append(t)
            if t["server_name"] == LT:
                usage = {**t["server"], "cpu_seconds": 2 * t["server"]["cpu_seconds"]}
                trials.append({**t, "server_name": MINE, "kind": "mine", "server": usage})
        run = run_of(trials)
        own = [s for s in findings.on_mine(run) if "CPU time an echo" in s.text]
        self.assertEqual(len(own), 4)
        for sentence in own:
            self.assertTrue(sentence.shown)
            words = "mine has 2.00 times the CPU time an echo of epoll LT (2.00 to 2.00"
            self.assertIn(words, sentence.text)
        same = [s for s in findings.on_mine(run) if "echoes a second" in s.text]
        self.assertTrue(same and not any(s.shown for s in same))

    def test_the_largest_difference_comes_first(self):
        shown = [s for s in said(whole_run(6)) if s.strength and s.shown]
        strengths = [s.strength for s in shown]
        self.assertEqual(strengths, sorted(strengths, reverse=True))

    def test_every_number_of_a_claim_is_in_the_tables(self):
        trials = pairs([20.0, 21.0, 19.0, 20.0, 22.0, 20.0])
        sentence = about(trials, "CPU time an echo of")
        ratio = next(
            r for r in make_figures(run_of(trials))["comparison"]
            if r.server == POLL and r.metric == "cpu_per_echo"
        )
        for value in (ratio.value, ratio.low, ratio.high, ratio.band_high):
            self.assertIn(factor(value), sentence.text)


class Groups(unittest.TestCase):
    def test_peers_are_context_and_in_no_other_sentence(self):
        found = said(whole_run(2, peers=True))
        peers = ("threads", "libuv", "libevent", "io_uring")
        for sentence in found:
            named = any(re.search(rf"\b{peer}\b", sentence.text) for peer in peers)
            self.assertEqual(named, sentence.context, sentence.text)
        self.assertTrue(any(s.context for s in found))

    def test_peers_change_nothing_that_is_said_on_the_four(self):
        with_peers = make_trials_of(whole_run(2, peers=True), drop=False)
        without = make_trials_of(with_peers, drop=True)
        own = [s.text for s in said(with_peers) if not s.context and "trials" not in s.text]
        self.assertEqual(own, [s.text for s in said(without) if "trials" not in s.text])

    def test_the_twin_and_the_floor_are_no_servers(self):
        for sentence in said(whole_run(2)):
            self.assertNotIn(short(TWIN), sentence.text)
            self.assertNotIn(FLOOR, sentence.text)


def make_trials_of(trials, drop):
    return [t for t in trials if not (drop and t["kind"] == "peer")]


class Facts(unittest.TestCase):
    def test_efficiency_is_given_against_the_floor(self):
        trials = []
        for number_ in range(1, 7):
            trials.append(trial(FLOOR, number_, 0, 100, server=cpu(8.0)))
            trials.append(trial(LT, number_, 0, 100, server=cpu(10.0)))
        texts = " ".join(s.text for s in said(trials))
        self.assertIn("epoll LT 1.25 times (1.25 to 1.25; efficiency 80 %)", texts)

    def test_the_floor_by_itself_is_taken_beside_the_same_load(self):
        """bench/run syscalls measures it as an experiment of its own."""
        trials = []
        for number_ in (1, 2):
            own = {"server": cpu(8.0), "experiment": FLOOR}
            trials.append(trial(FLOOR, number_, 0, 100, **own))
            for idle, seconds in ((0, 10.0), (900, 30.0)):
                own = {"server": cpu(seconds), "experiment": "syscalls"}
                trials.append(trial(LT, number_, idle, 100, **own))
        self.assertIn("epoll LT 1.25 times", " ".join(s.text for s in said(trials)))

    def test_a_first_look_is_called_one_once_with_its_confidence(self):
        def looks(rounds):
            trials = pairs([20.0] * rounds, [10.0] * rounds)
            return [s.text for s in said(trials) if "first look" in s.text]

        self.assertEqual(len(looks(2)), 1)
        self.assertIn("50 %", looks(2)[0])
        self.assertIn("96.9 %", looks(2)[0])
        self.assertIn("no interval", looks(1)[0])
        self.assertEqual(looks(6), [])

    def test_a_generator_at_its_limit_is_named(self):
        trials = [trial(LT, r, 0, 100, doubts=["generator"]) for r in (1, 2)]
        run = run_of(trials)
        self.assertIn("2 trials with 100 active (epoll LT)", generator_remark(run, "idle"))
        self.assertTrue(any("generator was the limit" in s.text for s in said(trials)))
        self.assertEqual(generator_remark(run_of([trial(LT, 1)]), "idle"), "")

    def test_invalid_trials_are_counted_with_their_reasons(self):
        trials = [trial(LT, 1), trial(LT, 2, doubts=["steal", "lag"]), failed(POLL, 1)]
        texts = [s.text for s in said(trials)]
        self.assertTrue(any("Of 3 trials 1 failed and 1 is doubtful" in t for t in texts))
        self.assertIn("poll failed 1 trial of idle: it died.", texts)
        self.assertFalse(any("doubtful" in s.text for s in said([trial(LT, 1)])))

    def test_who_held_fewer_is_named_with_how_many(self):
        texts = [s.text for s in said([trial(LT, 1), limit(SELECT, 1, 3000, 1, 1019)])]
        self.assertIn("select held 1,019 of 3,001 connections and no more (FD_SETSIZE).", texts)

    def test_a_server_that_only_held_is_measured_and_still_named(self):
        texts = [s.text for s in said(whole_run(1, experiments=("memory",)))]
        self.assertIn("select held 1,019 of 10,000 connections and no more (FD_SETSIZE).", texts)

    def test_the_freeze_is_told_with_what_arithmetic_expects(self):
        trials = whole_run(1, experiments=("freeze",))
        run = run_of(trials)
        texts = seen(run, make_figures(run), "freeze") + why(run, make_figures(run), "freeze")
        self.assertTrue(any("must be 240 ms by arithmetic" in t for t in texts), texts)
        self.assertTrue(any("150 ms measured, 150 ms expected" in t for t in texts), texts)
        slow = [
            {**t, "latency": latency([10**8] * 1000)} if t["mode"] == "open" else t for t in trials
        ]
        self.assertTrue(any("100 ms was measured" in s.text for s in said(slow)))

    def test_counters_explain_and_their_absence_is_no_error(self):
        trials = whole_run(2)
        run = run_of(trials)
        reasons = " ".join(why(run, make_figures(run), "idle"))
        words = r"Descriptors looked at .* 19,000 idle: select 902 \(at 900\), poll"
        self.assertRegex(reasons, words)
        for t in trials:
            if t.get("server"):
                t["server"]["counters"] = None
        bare = run_of(trials)
        self.assertEqual(why(bare, make_figures(bare), "idle"), [])
        self.assertEqual(why(bare, make_figures(bare), "syscalls"), [])

    def test_what_is_drawn_hollow_is_no_reason(self):
        run = run_of(whole_run(6))
        made = make_figures(run)
        for experiment, metric, words in [
            ("rate", "response_p99", "p99 of response and of service"),
            ("percentiles", "service", "as response and as service time"),
            ("churn", "handshake_p50", "until it is established"),
            ("fairness", "firehose_mib_per_s", "got meanwhile"),
            ("freeze", "latency", "Closed loop: p99"),
        ]:
            with self.subTest(experiment=experiment):
                self.assertIn(words, " ".join(why(run, made, experiment)))
                hollow = [
                    replace(row, solid=0) if row.metric == metric else row for row in made[experiment]
                ]
                said_then = " ".join(why(run, {**made, experiment: hollow}, experiment))
                self.assertNotIn(words, said_then)

    def test_streams_are_compared_beside_the_same_load(self):
        run = run_of(whole_run(6))
        made = make_figures(run)
        most = max(row.x for row in made["fairness"])
        rows = [
            replace(row, solid=0) if (row.server, row.x) == ("poll_server", most) else row
            for row in made["fairness"]
        ]
        text = " ".join(why(run, {**made, "fairness": rows}, "fairness"))
        self.assertIn("epoll LT", text)
        self.assertNotIn("poll ", text.replace("epoll ", ""))


class AnyRun(unittest.TestCase):
    """Whatever a run left, it is told without an exception and without nonsense."""

    def tell(self, trials):
        run = run_of(trials)
        made = make_figures(run)
        texts = [s.text for s in conclusions(run, made)]
        for chart in CHARTS:
            texts.append(headline(run, made, chart) or "")
        for name in EXPERIMENTS:
            texts += seen(run, made, name) + why(run, made, name)
        texts += summary(run, made).splitlines()
        for text in texts:
            self.assertNotRegex(text, r"\bNone\b|\bnan\b|\binf\b|\[\]|\{|\}", text)
        return texts

    def test_runs_of_every_kind(self):
        whole = whole_run(2, True, True)
        self.tell(make_failed(make_doubtful(whole)))
        self.tell(whole_run(1))
        for name in EXPERIMENTS:
            self.tell(whole_run(2, experiments=(name,)))
        for server in FOUR:
            self.tell(whole_run(2, servers=(server,)))
        self.tell([{**t, "doubts": ["generator", "steal"]} for t in whole_run(2)])

    def test_a_run_that_ended_in_mid_round(self):
        whole = whole_run(2)
        for end in (1, 2, 7, len(whole) // 2 - 3, len(whole) - 1):
            self.tell(whole[:end])

    def test_a_server_with_only_failed_trials(self):
        trials = [
            failed(POLL, t["round"], t["idle"], t["active"], experiment=t["experiment"])
            if t["server_name"] == POLL else t
            for t in whole_run(2)
        ]
        texts = self.tell(trials)
        self.assertTrue(any("poll failed" in text for text in texts))
        self.assertFalse(any("poll has" in text for text in texts))

    def test_nothing_at_all(self):
        self.assertEqual(self.tell([]), [""] * len(CHARTS))

    def test_windows_without_any_echo(self):
        empty = {"echoes": 0, "rate": 0.0, "latency": latency([])}
        places = [(name, r, idle) for name in FOUR for idle in (0, 9) for r in (1, 2)]
        self.tell([trial(*place, 1, **empty) for place in places])


class Summary(unittest.TestCase):
    def text(self, trials):
        run = run_of(trials)
        return summary(run, make_figures(run))

    def test_fits_a_terminal(self):
        trials = make_failed(make_doubtful(whole_run(2, True, True)))
        long = [
            {**t, "server_name": "a_server_with_a_very_long_name"} if t["kind"] == "mine" else t
            for t in trials
        ]
        for some in (trials, long, whole_run(1)):
            for line in self.text(some).splitlines():
                self.assertLessEqual(len(line), COLUMNS, line)

    def test_a_hollow_figure_is_marked_and_explained(self):
        few = [trial(POLL, 1, echoes=999)]
        self.assertIn("~ from doubtful trials", self.text(few))
        self.assertNotIn("~", self.text([trial(POLL, 1)]))

    def test_withheld_comparisons_are_counted(self):
        self.assertIn("1 comparison more: no difference", self.text(pairs([10.0] * 6)))


class Words(unittest.TestCase):
    def test_three_digits_that_matter(self):
        self.assertEqual([number(v) for v in (0.0123, 1.5, 99.96, 12345, 1e6)],
                         ["0.0123", "1.5", "100", "12,300", "1,000,000"])
        self.assertEqual([amount(v) for v in (0.5, 999.4, 999.6, 1500, 2.5e6)],
                         ["0.5 us", "999 us", "1 ms", "1.5 ms", "2.5 s"])
        self.assertEqual([factor(v) for v in (0.05, 0.5, 0.95, 1.004, 2.5, 619.4)],
                         ["0.05", "0.50", "0.950", "1.004", "2.50", "619"])


if __name__ == "__main__":
    unittest.main()
