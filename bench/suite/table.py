"""From trials to figures.

The trial is the unit: a figure is the median of its rounds, beside the least
and the greatest.  A latency is a quantile over all echoes of all rounds, from
their histograms added up, beside the least and the greatest of the rounds.
Ratios are taken pair by pair within a round, because what disturbs a round
disturbs both.  Failed trials are counted and their figures never used.
"""

import statistics
from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from typing import Callable

import histogram
from options import FLOOR, THE_FOUR

Key = tuple[str, int, int]  # server, active, idle
COUNTERS_OF_CALLS = ("waits", "accepts", "receives", "sends", "epoll_ctls")
QUANTILES = {"p50": 50000, "p90": 90000, "p99": 99000, "p999": 99900}


@dataclass
class Spread:
    """The median of some numbers, their least and greatest, how many."""

    value: float
    minimum: float
    maximum: float
    rounds: int


@dataclass
class Row:
    """A line of table.tsv, named as its head."""

    server: str
    active: int
    idle: int
    metric: str
    unit: str
    value: float | None
    min: float | None
    max: float | None
    rounds: int
    failed: int
    echoes: int


def spread(numbers: list[float]) -> Spread | None:
    if not numbers:
        return None
    return Spread(statistics.median(numbers), min(numbers), max(numbers), len(numbers))


def an_echo(trial: dict, amount: float | None) -> float | None:
    return None if amount is None or trial["echoes"] == 0 else amount / trial["echoes"]


def of_server(trial: dict, name: str) -> float | None:
    return (trial["server"] or {}).get(name)


def counted(trial: dict, *names: str) -> float | None:
    counters = of_server(trial, "counters")
    return None if counters is None else sum(counters[name] for name in names)


def cpu_an_echo(trial: dict) -> float | None:
    """In microseconds."""
    cpu = of_server(trial, "cpu_seconds")
    return an_echo(trial, None if cpu is None else cpu * 1e6)


def server_share(trial: dict) -> float | None:
    cpu = of_server(trial, "cpu_seconds")
    return None if cpu is None or trial["seconds"] == 0 else cpu / trial["seconds"]


# Every metric of a single trial: its unit and how it is computed.
METRICS: dict[str, tuple[str, Callable[[dict], float | None]]] = {
    "rate": ("echoes/s", lambda t: t["rate"]),
    "cpu_per_echo": ("us", cpu_an_echo),
    "calls_per_echo": ("calls", lambda t: an_echo(t, counted(t, *COUNTERS_OF_CALLS))),
    "scanned_per_echo": ("descriptors", lambda t: an_echo(t, counted(t, "scanned"))),
    "user_bytes": ("bytes", lambda t: of_server(t, "user_bytes")),
    "server_share": ("CPUs", server_share),
    "generator_share": ("CPUs", lambda t: t["generator"]["cpu_share"]),
}


def key_of(trial: dict) -> Key:
    return trial["server_name"], trial["active"], trial["idle"]


def by_point(trials: list[dict], outcome: str) -> dict[Key, list[dict]]:
    groups = defaultdict(list)
    for trial in trials:
        if trial["outcome"] == outcome:
            groups[key_of(trial)].append(trial)
    return groups


def metric_of(trials: list[dict], metric: str) -> Spread | None:
    numbers = [METRICS[metric][1](trial) for trial in trials]
    return spread([number for number in numbers if number is not None])


def latency_of(trials: list[dict], parts: int) -> Spread | None:
    """In microseconds."""
    latencies = [trial["latency"] for trial in trials if trial["latency"]["count"] > 0]
    if not latencies:
        return None
    each = [histogram.quantile(latency, parts) / 1e3 for latency in latencies]
    merged = histogram.quantile(histogram.merge(latencies), parts) / 1e3
    return Spread(merged, min(each), max(each), len(each))


def point_rows(key: Key, trials: list[dict], failures: int) -> list[Row]:
    """All metrics of one point."""
    echoes = sum(trial["echoes"] for trial in trials)
    found = [(name, unit, metric_of(trials, name)) for name, (unit, _) in METRICS.items()]
    found += [(name, "us", latency_of(trials, parts)) for name, parts in QUANTILES.items()]
    return [
        Row(*key, name, unit, s.value, s.minimum, s.maximum, s.rounds, failures, echoes)
        for name, unit, s in found
        if s is not None
    ]


def failed_row(key: Key, failures: int) -> Row:
    """A point of which nothing came in any round."""
    return Row(*key, "rate", "echoes/s", None, None, None, 0, failures, 0)


def held_row(server: str, trials: list[dict]) -> Row | None:
    """The most connections that it held, and how many were asked of it."""
    own = [t for t in trials if t["server_name"] == server and t["outcome"] != "failed"]
    rounds = defaultdict(list)
    for trial in own:
        rounds[trial["round"]].append(trial["held"])
    if not rounds:
        return None
    s = spread([max(held) for held in rounds.values()])
    most = max(own, key=lambda t: (t["idle"], t["active"]))
    return Row(
        server, most["active"], most["idle"], "held", "connections",
        s.value, s.minimum, s.maximum, s.rounds, 0, 0,
    )


def memory_row(server: str, trials: list[dict]) -> Row | None:
    """User memory of an idle connection: the slope from few of them to many."""
    points = by_point([t for t in trials if t["server_name"] == server], "measured")
    if not points:
        return None
    active = min(key[1] for key in points)
    idle = [key[2] for key in points if key[1] == active]
    few, many = (server, active, min(idle)), (server, active, max(idle))
    difference = many[2] - few[2]
    numbers = [
        (METRICS["user_bytes"][1](b) - METRICS["user_bytes"][1](a)) / difference
        for a, b in same_round(points[few], points[many])
        if difference > 0 and None not in (of_server(a, "user_bytes"), of_server(b, "user_bytes"))
    ]
    s = spread(numbers)
    if s is None:
        return None
    return Row(
        server, active, many[2], "bytes_per_idle", "bytes",
        s.value, s.minimum, s.maximum, s.rounds, 0, 0,
    )


def same_round(first: list[dict], second: list[dict]) -> list[tuple[dict, dict]]:
    """The pairs of trials that were measured in the same round."""
    by_round = {trial["round"]: trial for trial in second}
    return [(t, by_round[t["round"]]) for t in first if t["round"] in by_round]


def ratio(trials: list[dict], metric: str, of: Key, to: Key) -> Spread | None:
    """How many times `of` has what `to` has: pair by pair within the rounds."""
    points = by_point(trials, "measured")
    compute = METRICS[metric][1]
    pairs = [(compute(a), compute(b)) for a, b in same_round(points[of], points[to])]
    return spread([a / b for a, b in pairs if a is not None and b])


def servers_in(trials: list[dict]) -> list[str]:
    """Those that were measured, the four first; the floor is no server."""
    names = dict.fromkeys(trial["server_name"] for trial in trials)
    four = [name for name in THE_FOUR if name in names]
    return four + [name for name in names if name not in THE_FOUR + [FLOOR]]


def make_table(trials: list[dict], servers: list[str]) -> list[Row]:
    """All rows: server by server, climbing."""
    measured, failures = by_point(trials, "measured"), by_point(trials, "failed")
    rows = []
    for server in servers + [FLOOR]:
        own = sorted({key for key in [*measured, *failures] if key[0] == server})
        for key in own:
            count = len(failures.get(key, []))
            if key in measured:
                rows += point_rows(key, measured[key], count)
            else:
                rows.append(failed_row(key, count))
        if server != FLOOR:
            rows += [row for row in (held_row(server, trials), memory_row(server, trials)) if row]
    return rows


def as_text(value) -> str:
    """A missing number is an empty field, which gnuplot and pandas understand."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def to_tsv(rows: list[Row]) -> str:
    lines = ["\t".join(field.name for field in fields(Row))]
    lines += ["\t".join(as_text(value) for value in astuple(row)) for row in rows]
    return "\n".join(lines) + "\n"


def find(rows: list[Row], server: str, metric: str, active: int, idle: int) -> Row | None:
    """The row of this point, if it was measured."""
    for row in rows:
        same = (row.server, row.metric, row.active, row.idle) == (server, metric, active, idle)
        if same and row.value is not None:
            return row
    return None


def largest_idle(rows: list[Row], server: str, active: int) -> int | None:
    """The most idle connections with which it was measured."""
    wanted = (server, active, "rate")
    found = [row.idle for row in rows if (row.server, row.active, row.metric) == wanted and row.rounds]
    return max(found, default=None)


def find_held(rows: list[Row], server: str, metric: str = "held") -> Row | None:
    return next((r for r in rows if r.server == server and r.metric == metric), None)
