"""What a run found, in sentences that are made from its data.

    conclusions  the whole run, the largest difference first
    headline     the title of a chart, or nothing when it may not be said
    seen, why    what an experiment shows, and what its counters explain

No sentence and no figure is typed here: where a difference may be noise, the
sentence says so (claims.py); what wasn't measured isn't mentioned.
"""

from collections import Counter

from figures import ratios
from figures.figures import Row
from figures.intervals import coverage, rank
from figures.points import ET, LT, POLL, SELECT, Run, of_experiment
from figures.ratios import QUESTIONS, Question
from sentences.claims import Claim, Sentence, claim, compared, grew, over_floor, tell
from sentences.reasons import expected_quantile, frozen_trials, own, rows_of, why
from sentences.words import amount, factor, listed, number, percent, reaches, short, some

__all__ = ["conclusions", "generator_remark", "headline", "seen", "why"]

ENOUGH_ROUNDS = 6  # fewer can't reach 95 %

# Who is compared in a sentence about the four; the comparison has all of them.
PAIRS: list[tuple[Question, str, str]] = [
    (ratios.RATE_OF_ONE, POLL, ET),
    (ratios.RATE_OF_ONE, POLL, LT),
    (ratios.RATE_OF_MANY, POLL, LT),
    (ratios.RATE_OF_ONE, SELECT, LT),
    (ratios.CPU_OF_MANY, POLL, LT),
    (ratios.CPU_OF_MANY, ET, LT),
    (ratios.CPU_NO_IDLE, SELECT, LT),
    (ratios.CPU_NO_IDLE, POLL, LT),
    (ratios.CPU_NO_IDLE, ET, LT),
    (ratios.P99_OF_MANY, POLL, LT),
    (ratios.RATE_ACTIVE, POLL, LT),
    (ratios.CPU_A_MIB, POLL, LT),
    (ratios.CPU_A_MIB, ET, LT),
    (ratios.MIB_A_SECOND, ET, LT),
    (ratios.P99_RATE, POLL, LT),
    (ratios.P99_LOAD, POLL, LT),
    (ratios.P99_LOAD, ET, LT),
    (ratios.CHURN, SELECT, LT),
    (ratios.CHURN, POLL, LT),
    (ratios.CHURN, ET, LT),
    (ratios.P99_CROWDED, POLL, LT),
    (ratios.P99_CROWDED, ET, LT),
    (ratios.MEMORY, POLL, LT),
]
GROWTHS = [
    (ratios.RATE_OF_ONE, LT),
    (ratios.CPU_OF_MANY, LT),
    (ratios.CPU_OF_MANY, ET),
    (ratios.P99_CROWDED, POLL),
    (ratios.P99_CROWDED, LT),
]
FOR_CONTEXT = [
    ratios.CPU_NO_IDLE, ratios.RATE_OF_MANY, ratios.P50_ALONE, ratios.CHURN, ratios.MEMORY
]


# --- Comparisons.


def on_the_four(run: Run) -> list[Sentence]:
    said = []
    for question, first, second in PAIRS:
        said += compared(run, question, first, second)
    for question, server in GROWTHS:
        if question.experiment in run.experiments:
            said += grew(run, question, server)
    return sorted(said, key=lambda sentence: (not sentence.shown, -sentence.strength))


def on_mine(run: Run) -> list[Sentence]:
    """Every question, for a server that somebody brought along."""
    said = []
    for server in run.mine:
        for question in QUESTIONS:
            said += compared(run, question, server)
    return said


def on_peers(run: Run) -> list[Sentence]:
    made = []
    for peer in run.peers:
        made += [claim(run, question, peer) for question in FOR_CONTEXT]
        made.append(claim(run, ratios.CPU_NO_IDLE, peer, ET))
    return [tell(found, context=True) for found in made if found is not None]


# --- Facts.


def fact(text: str, experiment: str = "") -> Sentence:
    return Sentence(text, True, False, experiment)


def floor_sentences(run: Run) -> list[Sentence]:
    """How much of a server's work is more than receiving and sending."""
    found = {name: over_floor(run, name) for name in run.servers}
    parts = [
        f"{short(name)} {factor(ratio.value)} times ({reaches(ratio)}; efficiency"
        f" {percent(1 / ratio.value)})"
        for name, (_, ratio) in ((n, f) for n, f in found.items() if f)
    ]
    if not parts:
        return []
    active = max(f[0] for f in found.values() if f)
    return [
        fact(
            f"{active} active, 0 idle: CPU time an echo, in those of a bare recv and send:"
            f" {', '.join(parts)}."
        )
    ]


def held_sentences(figures: dict[str, list]) -> list[Sentence]:
    """Who held fewer than were asked for, once each."""
    most: dict[str, Row] = {}
    for name, rows in figures.items():
        for row in rows if name != "comparison" else []:
            if row.metric == "held" and row.x > most.get(row.server, row).x - 1:
                most[row.server] = row
    said = []
    for row in most.values():
        why_so = " (FD_SETSIZE)" if row.server == SELECT else ""
        said.append(
            fact(
                f"{short(row.server)} held {row.value:,.0f} of {row.x:,.0f} connections"
                f" and no more{why_so}."
            )
        )
    return said


def freeze_sentences(run: Run, figures: dict[str, list]) -> list[Sentence]:
    """The known answer beside the measured one, the worst of all servers."""
    found = {r.server: r for r in rows_of(figures.get("freeze", []), "latency", "response")
             if r.x == 100}
    pairs = [
        (expected_quantile(t, 100), found[t["server_name"]].value)
        for t in frozen_trials(run, "open")
        if t["server_name"] in found and t["server_name"] in run.servers
    ]
    pairs = [pair for pair in pairs if pair[0] > 0]
    if not pairs:
        return []
    expected, measured = max(pairs, key=lambda pair: abs(pair[1] - pair[0]))
    return [
        fact(
            f"Stopped for a while, open loop: p99 must be {amount(expected)} by arithmetic, and"
            f" {amount(measured)} was measured; that is the farthest off of"
            f" {some(len(pairs), 'server')}.",
            "freeze",
        )
    ]


# --- How far the run can be trusted.


def doubtful(trial: dict) -> bool:
    return trial["outcome"] == "measured" and bool(trial["doubts"])


def generator_sentences(run: Run) -> list[Sentence]:
    """Where the generator was the limit, in one sentence; each chart says its own."""
    where, count = [], 0
    for name in run.experiments:
        limited = generator_limited(run, name)
        count += len(limited)
        if limited:
            where.append(f"{name} ({at_least(limited)})")
    if not where:
        return []
    return [
        fact(
            f"The load generator was the limit, not the server, in {some(count, 'trial')}:"
            f" {listed(where)}. Rates and latencies there are no server's; CPU time is."
        )
    ]


def at_least(trials: list[dict]) -> str:
    """With how many active connections; the fewest, when there are several."""
    actives = sorted({t["active"] for t in trials})
    return f"{actives[0]:,} active" + (" and more" if len(actives) > 1 else "")


def generator_limited(run: Run, experiment: str) -> list[dict]:
    return [
        t for t in of_experiment(run, experiment)
        if t["outcome"] == "measured" and "generator" in t["doubts"] and t["role"] == "figure"
    ]


def generator_remark(run: Run, experiment: str) -> str:
    """For the chart of an experiment; empty when the generator kept up."""
    limited = generator_limited(run, experiment)
    if not limited:
        return ""
    names = list(dict.fromkeys(short(t["server_name"]) for t in limited))
    actives = sorted({t["active"] for t in limited})
    where = listed([f"{n:,}" for n in actives])
    return (
        f"the load generator was the limit, not the server, in {some(len(limited), 'trial')}"
        f" with {where} active ({listed(names)}): rates and latencies there are no server's."
    )


def validity_sentences(run: Run) -> list[Sentence]:
    failed = [t for t in run.trials if t["outcome"] == "failed"]
    doubts = Counter(code for t in run.trials if doubtful(t) for code in t["doubts"])
    count = sum(doubtful(t) for t in run.trials)
    if not failed and not count:
        return []
    reasons = ", ".join(f"{number_} {code}" for code, number_ in doubts.most_common())
    tail = f" ({reasons})" if reasons else ""
    return [
        fact(
            f"Of {some(len(run.trials), 'trial')} {len(failed):,} failed and {count:,}"
            f" {'is' if count == 1 else 'are'} doubtful{tail}. Failed ones are never used;"
            " doubtful ones only, drawn hollow, where they are half of all or more."
        )
    ]


def failure_sentences(run: Run) -> list[Sentence]:
    """How a server broke the contract: its most frequent reason an experiment."""
    said = []
    reasons: dict[tuple[str, str], Counter] = {}
    for trial in run.trials:
        if trial["outcome"] == "failed":
            key = trial["server_name"], trial["experiment"]
            reasons.setdefault(key, Counter())[trial.get("reason") or "no reason known"] += 1
    for (server, experiment), counted in reasons.items():
        reason, _ = counted.most_common(1)[0]
        context = server in run.peers
        text = f"{short(server)} failed {some(counted.total(), 'trial')} of {experiment}: {reason}."
        said.append(Sentence(text, True, context, experiment))
    return said


def confidence_sentences(run: Run) -> list[Sentence]:
    """Said once, of a run with too few rounds to be sure of anything."""
    rounds = run.rounds
    if rounds >= ENOUGH_ROUNDS or rounds == 0:
        return []
    if rounds == 1:
        text = "1 round is a first look: it has no interval, so no difference is claimed."
    else:
        text = (
            f"{rounds} rounds are a first look: an interval from the least to the greatest"
            f" of them holds the true median in {percent(coverage(rounds, rank(rounds)))} of all"
            f" runs; {ENOUGH_ROUNDS} rounds reach"
            f" {percent(coverage(ENOUGH_ROUNDS, rank(ENOUGH_ROUNDS)))}."
        )
    return [fact(text)]


def conclusions(run: Run, figures: dict[str, list]) -> list[Sentence]:
    """All that can be said: what differs, what doesn't, what it stands on."""
    four = on_the_four(run)
    return (
        confidence_sentences(run)
        + [sentence for sentence in four if sentence.shown]
        + held_sentences(figures)
        + floor_sentences(run)
        + freeze_sentences(run, figures)
        + on_mine(run)
        + generator_sentences(run)
        + validity_sentences(run)
        + failure_sentences(run)
        + [sentence for sentence in four if not sentence.shown]
        + on_peers(run)
    )


# --- Titles.

CLEAR = 1.1  # less makes no title

TITLES: dict[str, tuple[Question, str, str]] = {
    "idle": (ratios.RATE_OF_ONE, POLL, ET),
    "idle-cpu": (ratios.CPU_OF_MANY, POLL, ET),
    "active": (ratios.RATE_ACTIVE, POLL, LT),
    "size": (ratios.CPU_A_MIB, POLL, LT),
    "rate": (ratios.P99_RATE, POLL, LT),
    "churn": (ratios.CHURN, POLL, LT),
    "memory": (ratios.MEMORY, POLL, LT),
    "fairness": (ratios.P99_CROWDED, POLL, LT),
}


def title_of(made: Claim) -> str:
    """The greater one first, without the interval."""
    where = f"{made.place}: " if made.place else ""
    return (
        f"{where}{short(made.first)} has {factor(made.ratio.value)} times the"
        f" {made.question.quantity} of {short(made.second)}"
    )


def percentile_title(rows: list[Row]) -> str | None:
    """p99 with many idle connections, where the servers lie apart."""
    panels = sorted({int(row.panel) for row in rows if row.metric == "response"})
    if not panels:
        return None
    at = {
        r.server: r for r in rows_of(rows, "response", str(panels[-1])) if r.x == 100 and r.solid
    }
    if POLL not in at or LT not in at or at[POLL].rounds < 2 or at[POLL].low <= at[LT].high:
        return None
    return (
        f"{panels[-1]:,} idle, half load: 99 of 100 echoes within {amount(at[POLL].value)} (poll),"
        f" {amount(at[LT].value)} (epoll LT)"
    )


def syscall_title(run: Run, rows: list[Row]) -> str | None:
    """What select or poll look at that epoll doesn't; counted, not timed."""
    panel = next((r.panel for r in reversed(rows) if r.metric == "scanned_per_echo"), None)
    found = {r.server: r.value for r in own(run, rows_of(rows, "scanned_per_echo", panel))}
    if POLL not in found or LT not in found or found[POLL] < 2 * max(found[LT], 0.01):
        return None
    return (
        f"{panel}: poll looks at {number(found[POLL])} descriptors an echo,"
        f" epoll LT at {number(found[LT])}"
    )


def freeze_title(run: Run, rows: list[Row]) -> str | None:
    """The same stop, seen by both loops."""
    at = {
        (r.panel, r.server): r.value for r in rows_of(rows, "latency") if r.x == 100
    }
    for server in run.servers:
        if ("closed", server) in at and ("response", server) in at:
            return (
                f"{short(server)} stopped for a moment: p99 {amount(at['closed', server])} seen by"
                f" the closed loop, {amount(at['response', server])} by the open one"
            )
    return None


def comparison_title(run: Run) -> str | None:
    """How small a difference this machine can claim, over all that was asked twice."""
    highs = [r.band_high for r in ratios.comparison(run) if r.band_high is not None]
    if not highs:
        return None
    between = f"{factor(min(highs))} to {factor(max(highs))}"
    return f"Equal servers came out {between} times apart: the grey bands"


def headline(run: Run, figures: dict[str, list], chart: str) -> str | None:
    """The title of a chart, or None when there is nothing that may be claimed."""
    rows = figures.get(chart, [])
    special = {
        "percentiles": lambda: percentile_title(rows),
        "syscalls": lambda: syscall_title(run, rows),
        "freeze": lambda: freeze_title(run, rows),
        "comparison": lambda: comparison_title(run),
    }
    if chart in special:
        return special[chart]()
    if chart not in TITLES:
        return None
    made = claim(run, *TITLES[chart])
    return title_of(made) if made and made.shown and made.ratio.value >= CLEAR else None


# --- What an experiment shows.


def seen(run: Run, figures: dict[str, list], experiment: str) -> list[str]:
    """The comparisons that belong to this experiment, said or withheld."""
    said = [s.text for s in on_the_four(run) if s.experiment == experiment]
    said += [s.text for s in on_mine(run) if s.experiment == experiment]
    said += [s.text for s in freeze_sentences(run, figures) if s.experiment == experiment]
    said += [s.text for s in held_sentences({experiment: figures.get(experiment, [])})]
    title = headline(run, figures, experiment)
    if experiment in ("percentiles", "syscalls", "freeze") and title:
        said.insert(0, f"{title}.")
    remark = generator_remark(run, experiment)
    if remark:
        said.append(remark[0].upper() + remark[1:])
    return said
