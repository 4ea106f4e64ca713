"""Why the figures are as they are: from the servers' own counters and the trials.

These sentences state what was counted, without any comparison that noise could
fake: calls and descriptors are numbers, not timings.  What wasn't counted, by a
program without counters or in an experiment that wasn't run, isn't mentioned, nor
is a rate or a time that would be drawn hollow.
"""

from figures.figures import Row
from figures.points import Run, of_experiment
from measure.validity import spoils
from sentences.words import amount, in_unit, number, short, some


def rows_of(rows: list[Row], metric: str, panel: str | None = None) -> list[Row]:
    """Those of a metric (and a panel) that have a value."""
    return [
        row for row in rows
        if row.metric == metric and row.value is not None and panel in (None, row.panel)
    ]


def sound(rows: list[Row], metric: str, panel: str | None = None) -> list[Row]:
    """Those that are drawn in full."""
    return [row for row in rows_of(rows, metric, panel) if row.solid]


def own(run: Run, rows: list[Row]) -> list[Row]:
    """Those of the four and what was given beside them: no twin, no floor, no peers."""
    return [row for row in rows if row.server in run.servers]


def at_most_x(rows: list[Row]) -> list[Row]:
    """Each server's row that is farthest along the x axis."""
    last = {}
    for row in rows:
        if row.server not in last or row.x > last[row.server].x:
            last[row.server] = row
    return list(last.values())


def each(rows: list[Row], unit: str | None = None) -> str:
    """poll 19,000, epoll LT 1"""
    tell = (lambda v: in_unit(v, unit)) if unit else number
    return ", ".join(f"{short(row.server)} {tell(row.value)}" for row in rows)


def idle(run: Run, rows: list[Row]) -> list[str]:
    said = []
    for panel in dict.fromkeys(row.panel for row in rows if row.metric == "scanned_per_echo"):
        found = at_most_x(own(run, rows_of(rows, "scanned_per_echo", panel)))
        if found:
            most = max(row.x for row in found)
            said.append(
                f"Descriptors looked at for an echo, with {int(panel):,} active and {most:,} idle:"
                f" {each_there(found, most)}."
            )
        found = at_most_x(own(run, rows_of(rows, "calls_per_echo", panel)))
        if found:
            said.append(f"System calls an echo, there: {each_there(found, most)}.")
    return said


def each_there(rows: list[Row], x: float) -> str:
    """poll 19,000, select 901 (at 900): who didn't come that far says where it is."""
    parts = []
    for row in rows:
        where = "" if row.x == x else f" (at {row.x:,})"
        parts.append(f"{short(row.server)} {number(row.value)}{where}")
    return ", ".join(parts)


def active(run: Run, rows: list[Row]) -> list[str]:
    found = own(run, rows_of(rows, "events_per_wait"))
    if not found:
        return []
    few, many = min(r.x for r in found), max(r.x for r in found)
    said = []
    for x in dict.fromkeys([few, many]):
        here = [row for row in found if row.x == x]
        said.append(f"Ready events that a wait reports with {x:,} active: {each(here)}.")
    most = {x: max(row.value for row in found if row.x == x) for x in (few, many)}
    if most[many] > 2 * most[few]:
        said.append("A wait is paid once for all that are ready: the more, the cheaper for each.")
    return said


def size(run: Run, rows: list[Row]) -> list[str]:
    largest = max((row.x for row in rows if row.value is not None), default=None)
    said = []
    words = {
        "waits_per_echo": "waits", "receives_per_echo": "recv calls",
        "sends_per_echo": "send calls", "again_per_echo": "answers of EAGAIN",
        "epoll_ctls_per_echo": "epoll_ctl calls",
    }
    for metric, word in words.items():
        found = [r for r in own(run, rows_of(rows, metric)) if r.x == largest]
        if any(row.value >= 0.005 for row in found):
            said.append(f"{word} an echo of {largest:,} bytes: {each(found)}.")
    return [line[0].upper() + line[1:] for line in said]


def rate(run: Run, rows: list[Row]) -> list[str]:
    lags = sound(rows, "lag_p99")
    said = []
    if lags:
        worst = max(lags, key=lambda row: row.value)
        said.append(
            f"The generator's own error: 99 of 100 messages were sent at most"
            f" {amount(min(r.value for r in lags))} late at best and {amount(worst.value)} at"
            f" worst ({short(worst.server)}); it is part of the response times."
        )
    said += queueing(run, rows)
    return said


def queueing(run: Run, rows: list[Row]) -> list[str]:
    """What of the response time at high load is waiting for one's turn."""
    most = max((r.x for r in rows if r.panel == "load" and r.value is not None), default=None)
    parts = []
    for server in run.servers:
        of = {
            metric: next(
                (r for r in sound(rows, metric, "load") if (r.server, r.x) == (server, most)),
                None,
            )
            for metric in ("response_p99", "service_p99")
        }
        if None not in of.values():
            parts.append(
                f"{short(server)} {amount(of['response_p99'].value)} and"
                f" {amount(of['service_p99'].value)}"
            )
    if not parts:
        return []
    return [
        f"p99 of response and of service time at {most:g} % load: {'; '.join(parts)}. What lies"
        " between them is waiting for the connection's previous reply."
    ]


def percentiles(run: Run, rows: list[Row]) -> list[str]:
    """Response against service at the same quantile: the difference is the queue."""
    said = []
    for panel in dict.fromkeys(row.panel for row in rows if row.metric == "response"):
        parts = []
        for server in run.servers:
            pair = [
                next((r for r in sound(rows, m, panel) if (r.server, r.x) == (server, 100)), None)
                for m in ("response", "service")
            ]
            if None not in pair:
                response, service = (amount(row.value) for row in pair)
                parts.append(f"{short(server)} {response} and {service}")
        if parts:
            said.append(
                f"With {int(panel):,} idle, 99 of 100 echoes stay within, as response and as"
                f" service time: {'; '.join(parts)}."
            )
    return said


def churn(run: Run, rows: list[Row]) -> list[str]:
    words = {
        "accepts_per_connection": "accept4", "receives_per_connection": "recv",
        "sends_per_connection": "send", "waits_per_connection": "waits",
        "epoll_ctls_per_connection": "epoll_ctl",
    }
    parts = []
    for metric, word in words.items():
        found = own(run, rows_of(rows, metric))
        if found:
            parts.append(f"{word}: {each(found)}")
    said = [f"Calls a connection. {'; '.join(parts)}."] if parts else []
    found = own(run, sound(rows, "handshake_p50"))
    if found:
        said.append(
            f"From connect(2) until it is established, in the median: {each(found, 'us')}. That is"
            " the kernel's work; the server's accept4 comes after it."
        )
    return said


def memory(run: Run, rows: list[Row]) -> list[str]:
    kernel = at_most_x(own(run, rows_of(rows, "kernel_bytes")))
    if not kernel:
        return []
    user = at_most_x(own(run, rows_of(rows, "user_bytes")))
    return [
        f"In the kernel a connection takes, in bytes: {each(kernel)}. Both of its ends are in"
        " that, since the load generator is on the same machine. It is the growth of"
        " Slab in /proc/meminfo and of TCP's pages in /proc/net/sockstat."
    ] + ([f"In the server itself: {each(user)} bytes."] if user else [])


def syscalls(run: Run, rows: list[Row]) -> list[str]:
    said = []
    for panel in dict.fromkeys(row.panel for row in rows if row.metric == "waits"):
        totals: dict[str, float] = {}
        for metric in ("receives", "sends", "waits", "epoll_ctls", "accepts"):
            for row in own(run, rows_of(rows, metric, panel)):
                totals[row.server] = totals.get(row.server, 0) + row.value
        scanned = {r.server: r.value for r in own(run, rows_of(rows, "scanned_per_echo", panel))}
        parts = [
            f"{short(name)} {number(total)} ({number(scanned.get(name, 0))})"
            for name, total in totals.items()
        ]
        if parts:
            said.append(f"{panel}: calls an echo (descriptors looked at): {', '.join(parts)}.")
    return said


def fairness(run: Run, rows: list[Row]) -> list[str]:
    most = max((int(row.x) for row in rows), default=0)
    found = [row for row in own(run, sound(rows, "firehose_mib_per_s")) if row.x == most]
    if not any(row.value for row in found):
        return []
    return [
        f"What the {some(most, 'firehose')} got meanwhile: {each(found, 'MiB/s')}. Each turn of"
        " theirs is work that the talkers wait for, here and in the load generator."
    ]


def frozen_trials(run: Run, mode: str) -> list[dict]:
    """Those whose latencies nobody doubts: an answer that is known needs a sound question."""
    found = [t for t in of_experiment(run, "freeze") if t["outcome"] == "measured"]
    sound = [t for t in found if not spoils(t, "latency")]
    return [t for t in sound if t.get("mode") == mode and t.get("freeze")]


def expected_quantile(trial: dict, one_in: int) -> float:
    """By arithmetic, in microseconds, for the response time at equal gaps.

    Who is due t seconds after a stop of F seconds has begun waits F - t.  In a
    window of W seconds the part (F - r) / W of all waits longer than r, so the
    quantile q is F - (1 - q) W, or nothing where that is below 0.  W is that of
    the plan: what is due in it counts, however long the replies take.
    """
    window, stop = trial["planned"] / trial["rate_planned"], trial["freeze"]["seconds"]
    return max(stop - window / one_in, 0) * 1e6


def freeze(run: Run, rows: list[Row]) -> list[str]:
    said = []
    trials = [t for t in frozen_trials(run, "open") if t["server_name"] in run.servers]
    for one_in, words in ((10, "p90"), (100, "p99")):
        found = {
            row.server: row.value
            for row in rows_of(rows, "latency", "response") if row.x == one_in
        }
        parts = [
            f"{short(t['server_name'])} {amount(found[t['server_name']])} measured,"
            f" {amount(expected_quantile(t, one_in))} expected"
            for name in run.servers
            for t in trials if t["server_name"] == name and name in found
        ]
        if parts:
            said.append(
                f"Open loop, {words} of the response time; for a stop of F in a window of W"
                f" arithmetic expects F - (1 - q) W: {'; '.join(parts)}."
            )
    closed = [
        row for row in own(run, sound(rows, "latency", "closed")) if row.x == 100
    ]
    if closed:
        said.append(
            f"Closed loop: p99 {each(closed, 'us')}. It asked nothing while the server stood"
            " still, so only one echo a connection is slow: coordinated omission."
        )
    return said


TELLERS = {
    "idle": idle, "active": active, "size": size, "rate": rate, "percentiles": percentiles,
    "churn": churn, "memory": memory, "syscalls": syscalls, "fairness": fairness,
    "freeze": freeze,
}


def why(run: Run, figures: dict[str, list], experiment: str) -> list[str]:
    """The counters behind an experiment, in sentences."""
    return TELLERS[experiment](run, figures.get(experiment, []))
