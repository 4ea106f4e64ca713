"""From trials to figures.

The trial is the unit: a figure is the median over the rounds, with the interval
that the rounds allow (intervals.py).  Ratios are taken pair by pair within a
round.  A failed trial is counted and its figures are never used.  A doubtful
one (validity.py) is never mixed with valid ones: it counts only where a point
has nothing better, and then the row says solid = 0, which is drawn hollow.

Each experiment leaves NAME.tsv, and all together comparison.tsv, in the same
tidy form: one line a figure, named by its columns.
"""

import math
from collections import defaultdict
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import Callable

import histogram
import results
from intervals import Band, Interval, band_of, median_interval, paired_ratio
from validity import spoils

SELECT, POLL = "select_server", "poll_server"
LT, ET = "epoll_lt_server", "epoll_et_server"
FOUR = [SELECT, POLL, LT, ET]
TWIN = "epoll_lt_again"  # epoll_lt_server once more, to see what noise can do
FLOOR = "floor"
MIB = 1 << 20
CALLS = ("receives", "sends", "waits", "epoll_ctls", "accepts")

# 1/(1-q) of the quantiles that a percentile chart shows: 2 is the median.
NINES = [1, 2, 3, 4, 5, 6, 8]
NINES += [m * 10**e for e in (1, 2, 3, 4) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)] + [1e5]
NINES = [int(x) for x in NINES]


@dataclass
class Run:
    """All that one run left, and who took part in it."""

    folder: Path | None
    trials: list[dict]
    environment: dict
    servers: list[str]  # the four and those given with --server, in that order
    peers: list[str]
    experiments: list[str]
    points: dict = field(default_factory=dict, repr=False)  # see collect()

    @property
    def rounds(self) -> int:
        """Of which there is at least something."""
        return len({trial["round"] for trial in self.trials})

    @property
    def mine(self) -> list[str]:
        return [name for name in self.servers if name not in FOUR]


@dataclass
class Row:
    """A line of NAME.tsv, named as its head.  value is None: all trials failed."""

    server: str
    panel: str
    x: float
    metric: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    rounds: int
    invalid: int
    solid: int
    samples: int


@dataclass
class Ratio:
    """A line of comparison.tsv: how many times a server has what epoll LT has."""

    question: str
    metric: str
    server: str
    value: float
    low: float
    high: float
    rounds: int
    band_low: float | None
    band_high: float | None
    panel: str

    @property
    def interval(self) -> Interval:
        return Interval(self.value, self.low, self.high, self.rounds)

    @property
    def band(self) -> Band | None:
        return None if self.band_low is None else Band(self.band_low, self.band_high)


@dataclass(frozen=True)
class Metric:
    """How a figure comes out of one trial, and which doubts spoil it."""

    name: str
    unit: str
    kind: str  # as in validity.TAINTS; a lag is the witness, and nothing spoils it
    of: Callable[[dict], float | None]
    needs: int = 1  # samples that it must stand on


@dataclass(frozen=True)
class Value:
    """What one round says."""

    round: int
    number: float
    valid: bool
    samples: int
    supported: bool = True  # by enough samples


@dataclass
class Point:
    """One place of a chart: all that was tried there."""

    values: dict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))
    tried: int = 0
    failed: int = 0
    trials: list[dict] = field(default_factory=list)


Place = tuple[str, str, float]  # server, panel, x


# --- What a single trial says.


def of_server(trial: dict, name: str) -> float | None:
    return (trial.get("server") or {}).get(name)


def counted(trial: dict, name: str) -> float | None:
    return (of_server(trial, "counters") or {}).get(name)


def each(trial: dict, amount: float | None, scale: float = 1) -> float | None:
    """By the echoes; in a churn, by the connections."""
    return None if amount is None or not trial["echoes"] else scale * amount / trial["echoes"]


def an_echo(counter: str) -> Callable[[dict], float | None]:
    return lambda t: each(t, counted(t, counter))


def cpu_an_echo(trial: dict) -> float | None:
    """In microseconds."""
    return each(trial, of_server(trial, "cpu_seconds"), 1e6)


def echoed_mib(trial: dict) -> float:
    return trial["echoes"] * trial["size"] / MIB


def mib_a_second(trial: dict) -> float | None:
    return echoed_mib(trial) / trial["seconds"] if trial["seconds"] else None


def cpu_a_mib(trial: dict) -> float | None:
    """In microseconds."""
    cpu = of_server(trial, "cpu_seconds")
    return None if cpu is None or not trial["echoes"] else 1e6 * cpu / echoed_mib(trial)


def firehose_mib_a_second(trial: dict) -> float | None:
    return trial["firehose_bytes"] / MIB / trial["seconds"] if trial["seconds"] else None


def events_a_wait(trial: dict) -> float | None:
    waits = counted(trial, "waits")
    return counted(trial, "ready_events") / waits if waits else None


def calls_an_echo(trial: dict) -> float | None:
    found = [counted(trial, name) for name in CALLS]
    return None if None in found else each(trial, sum(found))


def stays_within(key: str, one_in: int) -> Callable[[dict], float | None]:
    """The time in microseconds that all but one in so many stay within."""

    def compute(trial: dict) -> float | None:
        recorded = trial.get(key) or histogram.empty()
        if recorded["count"] == 0:
            return None
        rank = math.ceil(recorded["count"] * (one_in - 1) / one_in)
        return histogram.at_rank(recorded, max(rank, 1)) / 1e3

    return compute


def quantile(name: str, key: str, one_in: int, kind: str = "latency") -> Metric:
    return Metric(name, "us", kind, stays_within(key, one_in), 10 * one_in)


RATE = Metric("rate", "echoes/s", "rate", lambda t: t["rate"])
P50, P99 = quantile("p50", "latency", 2), quantile("p99", "latency", 100)
CPU = Metric("cpu_per_echo", "us", "cpu", cpu_an_echo)
ALL_CALLS = Metric("calls_per_echo", "calls", "count", calls_an_echo)
SCANNED = Metric("scanned_per_echo", "descriptors", "count", an_echo("scanned"))
EVENTS = Metric("events_per_wait", "events", "count", events_a_wait)
SHARE = Metric("generator_share", "CPUs", "count", lambda t: t["generator"]["cpu_share"])
PLAIN = [RATE, P50, P99, CPU, ALL_CALLS, SCANNED, EVENTS, SHARE]


def calls(what: str) -> list[Metric]:
    """One for each kind of system call, by the echoes or the connections."""
    return [Metric(f"{name}_per_{what}", "calls", "count", an_echo(name)) for name in CALLS]


# --- What an experiment shows.


@dataclass(frozen=True)
class Shape:
    """The chart of an experiment: its panels, its x axis, what is drawn.

    panel and x read the fields that even a failed trial has; None: nowhere.
    """

    x: Callable[[dict], float | None]
    metrics: list[Metric]
    panel: Callable[[dict], str] = lambda t: ""


def offered(trial: dict) -> float | None:
    """Percent of its own capacity, or echoes a second, as the load was given."""
    if trial.get("load") is not None:
        return round(100 * trial["load"])
    planned = trial.get("rate_planned")
    return None if planned is None else round(planned)


def syscall_panel(trial: dict) -> str:
    return f"{trial['active']:,} active, {trial['idle']:,} idle"


SHAPES: dict[str, Shape] = {
    "idle": Shape(lambda t: t["idle"], PLAIN, lambda t: str(t["active"])),
    "active": Shape(lambda t: t["active"], PLAIN),
    "size": Shape(
        lambda t: t.get("size"),
        [
            Metric("mib_per_s", "MiB/s", "rate", mib_a_second),
            Metric("cpu_per_mib", "us", "cpu", cpu_a_mib),
            *calls("echo"),
            Metric("again_per_echo", "calls", "count", an_echo("again")),
            *PLAIN,
        ],
    ),
    "rate": Shape(
        offered,
        [
            quantile("response_p50", "latency", 2),
            quantile("response_p99", "latency", 100),
            quantile("response_p999", "latency", 1000),
            quantile("service_p50", "service", 2),
            quantile("service_p99", "service", 100),
            quantile("service_p999", "service", 1000),
            quantile("lag_p50", "lag", 2, "lag"),
            quantile("lag_p99", "lag", 100, "lag"),
            RATE,
            Metric("offered", "echoes/s", "rate", lambda t: t["rate_planned"]),
            CPU,
        ],
        lambda t: "absolute" if t.get("load") is None else "load",
    ),
    "churn": Shape(
        lambda t: 0,
        [
            Metric("rate", "connections/s", "rate", lambda t: t["rate"]),
            P50,
            P99,
            quantile("handshake_p50", "handshake", 2),
            quantile("handshake_p99", "handshake", 100),
            Metric("cpu_per_connection", "us", "cpu", cpu_an_echo),
            *calls("connection"),
            SHARE,
        ],
    ),
    "syscalls": Shape(
        lambda t: 0,
        [
            *[Metric(name, "calls/echo", "count", an_echo(name)) for name in CALLS],
            Metric("again", "calls/echo", "count", an_echo("again")),
            EVENTS,
            SCANNED,
        ],
        syscall_panel,
    ),
    "fairness": Shape(
        lambda t: t.get("firehoses"),
        [P50, P99, RATE, Metric("firehose_mib_per_s", "MiB/s", "rate", firehose_mib_a_second)],
    ),
}


def values_of(trial: dict, metrics: list[Metric]) -> dict[str, Value]:
    samples = trial["echoes"]
    found = {}
    for metric in metrics:
        number = metric.of(trial)
        if number is not None:
            enough = metric.needs <= samples
            valid = not spoils(trial, metric.kind)
            found[metric.name] = Value(trial["round"], number, valid, samples, enough)
    return found


def add_trial(point: Point, trial: dict, metrics: list[Metric]) -> None:
    point.tried += 1
    if trial["outcome"] != "measured":
        point.failed += 1
        return
    point.trials.append(trial)
    for name, value in values_of(trial, metrics).items():
        point.values[name].append(value)


def of_experiment(run: Run, name: str) -> list[dict]:
    return [t for t in run.trials if t["experiment"] == name]


def collect(run: Run, name: str) -> dict[Place, Point]:
    """Every point of an experiment's chart with what each round says there."""
    if name not in run.points:
        make = {"memory": memory_points}.get(name, shaped_points)
        run.points[name] = make(run, name)
    return run.points[name]


def shaped_points(run: Run, name: str) -> dict[Place, Point]:
    shape, points = SHAPES[name], defaultdict(Point)
    for trial in of_experiment(run, name):
        x = shape.x(trial)
        if trial["role"] == "figure" and trial["outcome"] != "limit" and x is not None:
            add_trial(points[trial["server_name"], shape.panel(trial), x], trial, shape.metrics)
    return dict(points)


# --- Memory: what one more connection needs.


def user_bytes(trial: dict) -> float | None:
    return of_server(trial, "user_bytes")


def kernel_bytes(trial: dict) -> float | None:
    """Slab caches and socket buffers; both ends of a connection are in there."""
    kernel = trial.get("kernel") or {}
    found = [kernel.get("slab_bytes"), kernel.get("tcp_bytes")]
    return None if None in found else sum(found)


MEMORY = {"user_bytes": user_bytes, "kernel_bytes": kernel_bytes}


def memory_points(run: Run, name: str) -> dict[Place, Point]:
    """The growth from a round's fewest connections to each larger number."""
    climbs, points = defaultdict(list), defaultdict(Point)
    for trial in of_experiment(run, name):
        if trial["outcome"] == "failed":
            points[trial["server_name"], "", trial.get("wanted", 0)].failed += 1
            points[trial["server_name"], "", trial.get("wanted", 0)].tried += 1
        elif user_bytes(trial) is not None:
            climbs[trial["server_name"], trial["round"]].append(trial)
    for (server, number), trials in climbs.items():
        few = min(trials, key=lambda t: t["held"])
        for many in trials:
            if many["held"] > few["held"]:
                add_growth(points[server, "", many["held"]], number, few, many)
    return dict(points)


def add_growth(point: Point, number: int, few: dict, many: dict) -> None:
    point.tried += 1
    point.trials.append(many)
    more = many["held"] - few["held"]
    for metric, read in MEMORY.items():
        before, after = read(few), read(many)
        if before is not None and after is not None:
            valid = not (spoils(few, "memory") or spoils(many, "memory"))
            value = Value(number, (after - before) / more, valid, many["held"])
            point.values[metric].append(value)


# --- Rows.


def usable(values: list[Value]) -> list[Value]:
    """The valid ones; only when there is none, the doubtful ones."""
    return [value for value in values if value.valid] or values


def make_row(place: Place, name: str, unit: str, point: Point) -> Row:
    values = point.values[name]
    used = usable(values)
    found = median_interval([value.number for value in used])
    solid = all(value.valid and value.supported for value in used)
    return Row(
        *place, name, unit, found.value, found.low, found.high, found.rounds,
        point.failed + sum(not value.valid for value in values), int(solid),
        sum(value.samples for value in used),
    )


def failed_row(place: Place, name: str, unit: str, point: Point) -> Row:
    return Row(*place, name, unit, None, None, None, 0, point.failed, 0, 0)


def point_rows(place: Place, point: Point, units: dict[str, str]) -> list[Row]:
    if point.tried == point.failed:
        return [failed_row(place, name, unit, point) for name, unit in units.items()]
    found = [(name, unit) for name, unit in units.items() if point.values.get(name)]
    return [make_row(place, name, unit, point) for name, unit in found]


def shown_order(run: Run) -> dict[str, int]:
    names = run.servers + run.peers + [TWIN, FLOOR]
    return {name: i for i, name in enumerate(names)}


def panel_order(panel: str) -> tuple:
    """Numbers by their size, words after them."""
    return tuple(int(w) if w.isdigit() else w for w in [panel]) if panel.isdigit() else (1 << 40,)


def in_order(run: Run, points: dict[Place, Point]) -> list[tuple[Place, Point]]:
    """Panel by panel, in each server by server, along the x axis."""
    order = shown_order(run)
    panels = list(dict.fromkeys(place[1] for place in points))
    panels.sort(key=panel_order)

    def key(item):
        server, panel, x = item[0]
        return panels.index(panel), order[server], x

    return sorted(points.items(), key=key)


def units_of(name: str) -> dict[str, str]:
    if name == "memory":
        return {metric: "bytes" for metric in MEMORY}
    return {metric.name: metric.unit for metric in SHAPES[name].metrics}


def plain_rows(run: Run, name: str) -> list[Row]:
    units, rows = units_of(name), []
    for place, point in in_order(run, collect(run, name)):
        rows += point_rows(place, point, units)
    return rows


def capacity_rows(run: Run, name: str) -> list[Row]:
    """What the loads of a server refer to: its own capacity, just before."""
    points = defaultdict(Point)
    for trial in of_experiment(run, name):
        if trial["role"] == "capacity" and trial["outcome"] != "limit":
            panel = "capacity" if name == "rate" else str(trial["idle"])
            add_trial(points[trial["server_name"], panel, 0], trial, [RATE])
    rows = []
    for place, point in in_order(run, dict(points)):
        rows += point_rows(place, point, {"rate": "echoes/s"})
    return [Row(r.server, r.panel, r.x, "capacity", *astuple(r)[4:]) for r in rows]


def held_rows(run: Run, name: str) -> list[Row]:
    """Servers that held fewer connections than they were asked to."""
    rounds = defaultdict(dict)
    for trial in of_experiment(run, name):
        if trial["outcome"] == "limit":
            rounds[trial["server_name"]][trial["round"]] = trial
    rows = []
    for server in [name for name in shown_order(run) if name in rounds]:
        trials = list(rounds[server].values())
        found = median_interval([float(t["held"]) for t in trials])
        asked = max(t.get("wanted", t["idle"] + t["active"]) for t in trials)
        rows.append(
            Row(server, "", asked, "held", "connections", found.value, found.low, found.high,
                found.rounds, 0, 1, 0)
        )
    return rows


# --- Whole distributions, on an axis of nines.


def curve_rows(place: tuple[str, str], metric: str, key: str, trials: list[dict]) -> list[Row]:
    """One distribution: the histograms of the rounds added up, the rounds beside it."""
    sound = [t for t in trials if not spoils(t, "latency")]
    used = [t for t in sound or trials if (t.get(key) or {}).get("count")]
    if not used:
        return []
    whole = histogram.merge([t[key] for t in used])
    rows = []
    for one_in in NINES:
        value = histogram.all_but(whole, one_in)
        if value is None:
            break
        lasting = [histogram.all_but(t[key], one_in) for t in used]
        found = median_interval([v / 1e3 for v in lasting if v is not None])
        low, high = (found.low, found.high) if found else (None, None)
        solid = bool(sound) and histogram.supports(whole["count"], one_in)
        rows.append(
            Row(*place, one_in, metric, "us", value / 1e3, low, high, len(used),
                len(trials) - len(used), int(solid), whole["count"])
        )
    return rows


def percentile_rows(run: Run, name: str) -> list[Row]:
    groups, failures = defaultdict(list), defaultdict(int)
    for trial in of_experiment(run, name):
        place = trial["server_name"], str(trial["idle"])
        if trial["outcome"] == "failed":
            failures[place] += 1
        elif trial["role"] == "figure" and trial["outcome"] == "measured":
            groups[place].append(trial)
    rows = []
    for place in places_in_order(run, set(groups) | set(failures)):
        if place not in groups:
            row = Row(*place, 1, "response", "us", None, None, None, 0, failures[place], 0, 0)
            rows.append(row)
        for metric, key in (("response", "latency"), ("service", "service")):
            found = curve_rows(place, metric, key, groups[place])
            rows += [add_invalid(row, failures[place]) for row in found]
    return rows


def add_invalid(row: Row, failures: int) -> Row:
    row.invalid += failures
    return row


def places_in_order(run: Run, places: set[tuple[str, str]]) -> list[tuple[str, str]]:
    order = shown_order(run)
    return sorted(places, key=lambda p: (panel_order(p[1]), p[1], order[p[0]]))


FROZEN = [("closed", "closed", "latency"), ("response", "open", "latency")]
FROZEN += [("service", "open", "service")]


def freeze_rows(run: Run, name: str) -> list[Row]:
    """Three views of the same stop: closed loop, response time, service time."""
    trials = of_experiment(run, name)
    rows = []
    for panel, mode, key in FROZEN:
        for server in shown_order(run):
            own = [t for t in trials if t["server_name"] == server and t.get("mode") == mode]
            measured = [t for t in own if t["outcome"] == "measured"]
            rows += curve_rows((server, panel), "latency", key, measured)
    return rows


MAKERS = {"percentiles": percentile_rows, "freeze": freeze_rows}


def experiment_rows(run: Run, name: str) -> list[Row]:
    rows = MAKERS.get(name, plain_rows)(run, name)
    if name in ("rate", "percentiles"):
        rows = rows + capacity_rows(run, name)
    return rows + held_rows(run, name)


def make_figures(run: Run) -> dict[str, list]:
    """The rows of every experiment that was run, and as `comparison` the ratios."""
    figures = {name: experiment_rows(run, name) for name in run.experiments}
    return {**figures, "comparison": comparison(run)}


# --- The comparison: every server beside epoll LT.

MORE, LESS = "more is better", "less is better"


@dataclass(frozen=True)
class Question:
    """A key figure by which servers are compared.

    x None: at the largest x that both have, if that isn't 0.
    """

    quantity: str
    where: str  # {x} is that place
    experiment: str
    metric: str
    panel: str
    x: float | None
    better: str

    def text(self, x: float) -> str:
        """As the comparison chart has it."""
        where = self.place(x)
        return f"{self.quantity}, {where}" if where else self.quantity

    def place(self, x: float) -> str:
        return self.where.format(x=f"{x:,.0f}")


RATE_WORD, CPU_WORD = "echoes a second", "CPU time an echo"
QUESTIONS = [
    Question(RATE_WORD, "1 active, 0 idle", "idle", "rate", "1", 0, MORE),
    Question(RATE_WORD, "1 active, {x} idle", "idle", "rate", "1", None, MORE),
    Question(RATE_WORD, "100 active, {x} idle", "idle", "rate", "100", None, MORE),
    Question(RATE_WORD, "{x} active, 0 idle", "active", "rate", "", None, MORE),
    Question(RATE_WORD, "10 active beside {x} firehoses", "fairness", "rate", "", None, MORE),
    Question("MiB a second", "{x}-byte messages", "size", "mib_per_s", "", None, MORE),
    Question("connections a second", "", "churn", "rate", "", 0, MORE),
    Question("median latency", "1 active, 0 idle", "idle", "p50", "1", 0, LESS),
    Question("median latency", "1 active, {x} idle", "idle", "p50", "1", None, LESS),
    Question("p99 latency", "100 active, {x} idle", "idle", "p99", "100", None, LESS),
    Question("p99 response time", "{x} echoes/s", "rate", "response_p99", "absolute", None, LESS),
    Question("p99 response time", "{x} % load", "rate", "response_p99", "load", 50, LESS),
    Question("p99 latency", "10 active beside {x} firehoses", "fairness", "p99", "", None, LESS),
    Question(CPU_WORD, "1 active, 0 idle", "idle", "cpu_per_echo", "1", 0, LESS),
    Question(CPU_WORD, "1 active, {x} idle", "idle", "cpu_per_echo", "1", None, LESS),
    Question(CPU_WORD, "100 active, 0 idle", "idle", "cpu_per_echo", "100", 0, LESS),
    Question(CPU_WORD, "100 active, {x} idle", "idle", "cpu_per_echo", "100", None, LESS),
    Question("CPU time a MiB", "{x}-byte messages", "size", "cpu_per_mib", "", None, LESS),
    Question("CPU time a connection", "", "churn", "cpu_per_connection", "", 0, LESS),
    Question("user memory a connection", "{x} held", "memory", "user_bytes", "", None, LESS),
]


def by_round(point: Point | None, metric: str) -> dict[int, float]:
    """The valid values of a point; doubtful ones take no part in a comparison."""
    values = [] if point is None else point.values.get(metric, [])
    return {value.round: value.number for value in values if value.valid and value.supported}


def xs_of(run: Run, question: Question, server: str) -> set[float]:
    """Where on the x axis it has valid values."""
    points = collect(run, question.experiment)
    return {
        x
        for (name, panel, x), point in points.items()
        if (name, panel) == (server, question.panel) and by_round(point, question.metric)
    }


def common_x(run: Run, question: Question, first: str, second: str) -> float | None:
    """Where both were measured: the place asked for, or the farthest one."""
    both = xs_of(run, question, first) & xs_of(run, question, second)
    if question.x is not None:
        return question.x if question.x in both else None
    return max(both - {0}, default=None)


def ratio_at(
    run: Run, question: Question, x: float, first: str, second: str
) -> Interval | None:
    """How many times `first` has what `second` has there."""
    points = collect(run, question.experiment)
    of, to = (points.get((name, question.panel, x)) for name in (first, second))
    return paired_ratio(by_round(of, question.metric), by_round(to, question.metric))


def band_at(run: Run, question: Question, x: float) -> Band | None:
    """What the twin shows to be noise there, or where it was measured closest to it."""
    xs = xs_of(run, question, TWIN) & xs_of(run, question, LT)
    if not xs:
        return None
    nearest = min(xs, key=lambda other: abs(other - x))
    return band_of(ratio_at(run, question, nearest, TWIN, LT))


def ask(run: Run, question: Question, server: str) -> Ratio | None:
    """One server's line of the comparison."""
    x = common_x(run, question, server, LT)
    found = None if x is None else ratio_at(run, question, x, server, LT)
    if found is None:
        return None
    band = band_at(run, question, x)
    return Ratio(
        question.text(x), question.metric, server,
        found.value, found.low, found.high, found.rounds,
        band and band.low, band and band.high, question.better,
    )


def comparison(run: Run) -> list[Ratio]:
    """Every question for every server but epoll LT itself; the twin shows the noise."""
    servers = [name for name in run.servers + [TWIN] + run.peers if name != LT]
    lines = []
    for question in QUESTIONS:
        if question.experiment in run.experiments:
            found = [ask(run, question, server) for server in servers]
            lines += together([ratio for ratio in found if ratio is not None])
    return lines


def together(ratios: list[Ratio]) -> list[Ratio]:
    """Those that were measured in the same place one after the other."""
    places = list(dict.fromkeys(ratio.question for ratio in ratios))
    return sorted(ratios, key=lambda ratio: places.index(ratio.question))


# --- Reading and writing.


def make_run(trials: list[dict], environment: dict, folder: Path | None = None) -> Run:
    """Who took part is read from the trials: what isn't there can't be shown."""
    kinds = {t["server_name"]: t["kind"] for t in trials}
    mine = [name for name, kind in kinds.items() if kind == "mine"]
    order = list((environment.get("plan") or {}).get("servers") or [])
    mine.sort(key=lambda name: order.index(name) if name in order else len(order))
    done = {t["experiment"] for t in trials}
    return Run(
        folder,
        trials,
        environment,
        [name for name in FOUR if name in kinds] + mine,
        sorted(name for name, kind in kinds.items() if kind == "peer"),
        [name for name in EXPERIMENTS_IN_ORDER if name in done],
    )


EXPERIMENTS_IN_ORDER = [
    "idle", "active", "size", "rate", "percentiles",
    "churn", "memory", "syscalls", "fairness", "freeze",
]


def read_run(folder: Path) -> Run:
    """All of an earlier run."""
    return make_run(results.read_trials(folder), results.read_environment(folder) or {}, folder)


def as_text(value) -> str:
    """A missing number is an empty field, which gnuplot and pandas understand."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def to_tsv(kind: type, rows: list) -> str:
    """A head line with the names of the fields, then a line for each row."""
    lines = ["\t".join(f.name for f in fields(kind))]
    lines += ["\t".join(as_text(value) for value in astuple(row)) for row in rows]
    return "\n".join(lines) + "\n"


def write_tables(folder: Path, figures: dict[str, list]) -> None:
    """A file for each experiment, and one for the comparison."""
    for name, rows in figures.items():
        kind = Ratio if name == "comparison" else Row
        results.write(folder / f"{name}.tsv", to_tsv(kind, rows))


def find(rows: list[Row], server: str, metric: str, panel: str, x: float) -> Row | None:
    """The row of this point, if there is a value."""
    for row in rows:
        same = (row.server, row.metric, row.panel, row.x) == (server, metric, panel, x)
        if same and row.value is not None:
            return row
    return None
