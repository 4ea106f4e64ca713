"""Claims we tested: published results, what this run found for each, and a verdict.

The verdict is the run's: it follows from its intervals, and from the differences that
noise can't explain, by the rule that each function states.  To add a result, add a
Published to CLAIMS.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from figures import Ratio, Run
from intervals import claims
from options import LT
from words import amount, interval, noun, number, percent, short

REPRODUCED, CONTRADICTED, OPEN = "reproduced", "contradicted", "not decided by this run"

MECHANISMS = ("select", "poll", "epoll_lt", "epoll_et")  # as bench/baseline/waits calls them
KERRISK_WAITS = 100_000
KERRISK_SECONDS = {  # seconds for all of them, one random descriptor of so many ready
    "poll": {10: 1.12, 100: 6.8, 1000: 157, 10000: 1750},
    "select": {10: 1.28, 100: 7.1, 1000: 151, 10000: 1087},
    "epoll_lt": {10: 0.65, 100: 0.68, 1000: 0.89, 10000: 0.97},
}
EQUAL = 1.1  # Gammo's equal curves lie about so close to each other
MANY = 4000  # idle connections: "thousands"


@dataclass(frozen=True)
class Finding:
    ours: str  # the figure of this run, in words
    verdict: str


@dataclass(frozen=True)
class Published:
    source: str
    claim: str
    setup: str
    decide: Callable[[Run], Finding]


def nothing(why: str) -> Finding:
    return Finding(why, OPEN)


def wait_figures(run: Run) -> dict:
    """(mechanism, watched, ready) -> seconds of CPU time per wait, lowest, highest."""
    found: dict = {}
    for line in run.waits:
        key = (line["mechanism"], line["watched"], line["ready"])
        found.setdefault(key, []).append(line)
    return {
        key: (
            median(line["cpu_ns_per_wait"] for line in lines) / 1e9,
            min(line["low"] for line in lines) / 1e9,
            max(line["high"] for line in lines) / 1e9,
        )
        for key, lines in sorted(found.items())
    }


def one_ready(run: Run, mechanism: str) -> list[tuple]:
    """(descriptors, seconds per wait) with the fewest and the most, one ready; or nothing."""
    found = [(n, v[0]) for (m, n, k), v in wait_figures(run).items() if (m, k) == (mechanism, 1)]
    return [(min(found), max(found))] if len(found) > 1 else []


def wait_words(run: Run, mechanisms) -> str:
    """poll 2 µs with 10 descriptors watched and 2.5 ms with 19,000; ..."""
    return "; ".join(
        f"{short(mechanism)} {amount(few[1], 's')} with {few[0]:,} watched and"
        f" {amount(many[1], 's')} with {many[0]:,}"
        for mechanism in mechanisms for few, many in one_ready(run, mechanism)
    )


def some_ratios(run: Run, server: str, metric: str, experiments=("idle", "active"), **wanted):
    """Those that can be believed, at the points that have these numbers."""
    return [
        one for one in run.ratios
        if (one.server, one.metric) == (server, metric) and one.experiment in experiments
        and not one.suspect
        and all(getattr(one.point, name) == value for name, value in wanted.items())
    ]


def told(one: Ratio) -> str:
    return f"{interval(one.value, one.low, one.high)} at {one.point.words()}"


def published_ratio(found: list[Ratio], published: float, why: str) -> Finding:
    """Reproduced: a claim of at least half the size, on a logarithmic scale; contradicted: the
    interval ends below that."""
    if not found:
        return nothing(why)
    half = math.sqrt(published)
    up = [one if published > 1 else mirrored(one) for one in found]
    words = f"{noun(found[0].metric).words}, as a ratio: {'; '.join(map(told, found))}"
    if any(one.claim and one.value >= max(half, 1 / half) for one in up):
        return Finding(words, REPRODUCED)
    if all(one.high < max(half, 1 / half) for one in up):
        return Finding(words, CONTRADICTED)
    return Finding(words, OPEN)


def mirrored(one: Ratio) -> Ratio:
    """The other way round."""
    return replace(one, value=1 / one.value, low=1 / one.high, high=1 / one.low)


# --- One function per result


def kerrisk(run: Run) -> Finding:
    """Reproduced: poll grows at least a tenth as much as the descriptors do, epoll less than
    threefold; contradicted: either does the opposite."""
    grown = {}
    for mechanism in ("poll", "epoll_lt"):
        for few, many in one_ready(run, mechanism):
            grown[mechanism] = many[1] / few[1] / (many[0] / few[0] if mechanism == "poll" else 1)
    if len(grown) < 2:
        return nothing("The experiment waits was not run.")
    words = wait_words(run, ("poll", "epoll_lt"))
    if grown["poll"] >= 0.1 and grown["epoll_lt"] < 3:
        return Finding(words, REPRODUCED)
    opposite = grown["poll"] < 0.03 or grown["epoll_lt"] > 10
    return Finding(words, CONTRADICTED if opposite else OPEN)


def equality(run: Run) -> Finding:
    """Reproduced: every interval lies within 10 % of 1; contradicted: a claim lies outside."""
    found = [
        one for server in ("select_server", "poll_server") for metric in ("cpu", "rate")
        for one in some_ratios(run, server, metric, idle=0)
    ]
    if not found:
        return nothing("Nothing was measured without idle connections.")
    low, high = min(one.low for one in found), max(one.high for one in found)
    words = f"CPU time per echo and rate, as ratios: from {number(low)} to {number(high)}"
    latency = some_ratios(run, "poll_server", "p50", ("latency",), idle=0)
    for most in sorted((o for o in latency if o.claim), key=lambda one: one.value)[-1:]:
        words += f"; but not in the latency at equal rates: poll's median is {told(most)}"
    if all(1 / EQUAL <= one.low and one.high <= EQUAL for one in found):
        return Finding(words, REPRODUCED)
    apart = any(one.claim and (one.low > EQUAL or one.high < 1 / EQUAL) for one in found)
    return Finding(words, CONTRADICTED if apart else OPEN)


def loss(run: Run) -> Finding:
    """Reproduced: poll loses half of its rate or more; contradicted: less than a tenth."""
    found = [one for one in some_ratios(run, "poll_server", "rate") if one.point.idle >= MANY]
    if not found:
        return nothing(f"Nothing was measured with {MANY:,} idle connections.")
    most = min(found, key=lambda one: one.value)
    words = f"poll loses {percent(1 - most.value)} of the rate of epoll LT at {most.point.words()}"
    select = [one for one in some_ratios(run, "select_server", "rate") if one.claim]
    for worst in sorted(select, key=lambda one: one.value)[:1]:
        words += f", select {percent(1 - worst.value)} at {worst.point.words()}"
    if most.claim and most.high < 0.5:
        return Finding(words, REPRODUCED)
    return Finding(words, CONTRADICTED if most.low > 0.9 else OPEN)


def edge_triggered(run: Run) -> Finding:
    """Reproduced: a claim in its favour and none against; contradicted: the other way round."""
    rates = some_ratios(run, "epoll_et_server", "rate")
    costs = some_ratios(run, "epoll_et_server", "cpu")
    if not rates and not costs:
        return nothing("Edge-triggered epoll was not measured.")
    claims_of = [one.value for one in [*rates, *map(mirrored, costs)] if one.claim]
    words = []
    for name, found in (("rate", rates), ("CPU time per echo", costs)):
        for one in sorted(found, key=lambda one: one.value)[len(found) // 2 :][:1]:
            words.append(f"{name} {told(one)}, the median of {len(found)} loads")
    if not claims_of:
        return Finding(f"{'; '.join(words)}; no measurable difference at any", OPEN)
    words.append(f"of {len(rates + costs)} ratios {sum(value > 1 for value in claims_of)} are in"
                 f" its favour and {sum(value < 1 for value in claims_of)} against it")
    favours = {value > 1 for value in claims_of}
    verdict = OPEN if len(favours) > 1 else REPRODUCED if True in favours else CONTRADICTED
    return Finding("; ".join(words), verdict)


def io_uring(published: float) -> Callable[[Run], Finding]:
    def decide(run: Run) -> Finding:
        found = some_ratios(run, "io_uring", "rate", idle=0, active=100)
        return published_ratio(found[:1], published, "io_uring is measured with --peers only.")

    return decide


def multishot(run: Run) -> Finding:
    """Reproduced: a claim of any size, and none of the opposite; contradicted: one of that."""
    found = some_ratios(run, "io_uring", "rate", ("active",), idle=0)
    if not found:
        return nothing("io_uring is measured with --peers only.")
    claimed = [one.value for one in found if one.claim]
    words = f"echoes per second, as a ratio: {'; '.join(map(told, found))}"
    if not claimed:
        return Finding(words, OPEN)
    return Finding(words, REPRODUCED if min(claimed) > 1 else CONTRADICTED)


def read_size(run: Run) -> Finding:
    """libevent reads at most 4 KiB at a time, the four 64 KiB: does it fall behind with the
    size?  Reproduced: by a fifth or more; contradicted: the intervals forbid it."""
    found = {
        one.point.size: one for one in some_ratios(run, "libevent", "cpu_per_mib", ("size",))
    }
    large = [size for size in found if size >= 16384]
    if not large or 64 not in found:
        return nothing("libevent, with its shorter reads, is measured with --peers only.")
    short_one, long_one = found[64], found[max(large)]
    words = f"libevent's CPU time per MiB, as a ratio: {told(short_one)}; {told(long_one)}"
    if long_one.low > 1.2 * short_one.high:
        return Finding(words, REPRODUCED)
    return Finding(words, CONTRADICTED if long_one.high < 1.1 * short_one.low else OPEN)


def select_to_poll(run: Run) -> Finding:
    """poll in terms of select, with the ends of both intervals against each other."""
    pairs = {
        one.point: [one] for one in some_ratios(run, "poll_server", "rate", ("active",), active=100)
    }
    for one in some_ratios(run, "select_server", "rate", ("active",), active=100):
        pairs.get(one.point, []).append(one)
    found = []
    for poll, select in (pair for pair in pairs.values() if len(pair) == 2):
        ends = (poll.value / select.value, poll.low / select.high, poll.high / select.low)
        found.append(replace(poll, **dict(zip(("value", "low", "high"), ends)),
                             claim=claims(ends[1:], poll.aa)))
    return published_ratio(found, 0.8, "select and poll were not measured with 100 active.")


def coordinated_omission(run: Run) -> Finding:
    """Reproduced: nine of ten echoes look at least ten times as good to the closed loop."""
    known = {}
    for trial in run.trials:
        if trial["experiment"] == "freeze" and trial.get("freeze") and trial["valid"]:
            quantiles = dict(map(tuple, trial["latency"]["quantiles"]))
            known.setdefault((trial["server"], trial["mode"]), quantiles.get(90))
    closed, opened = known.get((LT, "closed")), known.get((LT, "open"))
    if not closed or not opened:
        return nothing("The experiment freeze was not run.")
    words = (
        f"90 % of all echoes took at most {amount(closed / 1e9, 's')} by the closed loop, and"
        f" {amount(opened / 1e9, 's')} by the open one"
    )
    return Finding(words, REPRODUCED if opened > 10 * closed else CONTRADICTED)


CLAIMS = (
    Published(
        "Kerrisk, linux.conf.au 2006",
        "select and poll get dearer with every descriptor watched, epoll hardly: poll 11 µs per"
        " wait with 10 and 17 ms with 10,000, epoll 7 and 10 µs.",
        "100,000 waits, one random descriptor ready.", kerrisk,
    ),
    Published(
        "Gammo, Brecht et al., Ottawa Linux Symposium 2004",
        "Without idle connections select, poll and epoll are equal.",
        "A web server under httperf.", equality,
    ),
    Published(
        "Gammo, Brecht et al., Ottawa Linux Symposium 2004",
        "With 10,000 idle connections select and poll lose up to 79 %.",
        "A web server under httperf.", loss,
    ),
    Published(
        "Often said, seldom measured", "Edge-triggered epoll is faster than level-triggered.",
        "", edge_triggered,
    ),
    Published(
        "frevib, io_uring-echo-server", "io_uring answers 49 % more echoes per second than epoll.",
        "128 bytes, 300 connections, Linux 5.6-rc1.", io_uring(1.49),
    ),
    Published(
        "liburing, issues 189 and 536",
        "With multishot receives (Linux 6.0), io_uring reliably beats epoll.",
        "Echo servers, ping-pong.", multishot,
    ),
    Published(
        "muduo, ping-pong test (2010)",
        "Up to 70 % over libevent 2, because of the size of one read.",
        "16 KiB messages; reads of 4 KiB against 16 KiB.", read_size,
    ),
    Published(
        "cpp-httplib, issue 2111", "Going from select to poll cost 20 % of the rate.",
        "A web server on an Apple M1.", select_to_poll,
    ),
    Published(
        "Tene; Schroeder et al., NSDI 2006",
        "Closed-loop load generators hide a stall (coordinated omission).",
        "Load generators of both kinds.", coordinated_omission,
    ),
)
