"""From trials to figures and ratios: what the report, the charts and the book read.

A figure is the median over the turns of a round, averaged over the rounds.  A ratio
is taken inside each cycle, where both servers had their turn within milliseconds of
each other.  Both have a 95 % interval (intervals.py).  Suspect trials (suspect.py)
are left out where the others are more than half.
"""

import math
from collections import defaultdict
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import Callable

import results
from experiments import BY_NAME, EXPERIMENTS
from intervals import Interval, claims, interval, reach
from options import FLOOR, LT, PEERS, THE_FOUR, TWIN
from suspect import RULES, WORDS, Rule, generator_share, outcome, server_share, suspicions
from words import BYTES, SECONDS, amount, noun, short, some

MIB = 1 << 20


@dataclass(frozen=True)
class Point:
    """A load: what all servers got."""

    mode: str
    idle: int = 0
    active: int = 0
    size: int = 64
    firehoses: int = 0
    rate: int | None = None
    turn: float | None = None  # seconds; only where an experiment compares turns

    def words(self) -> str:
        """100 active, 900 idle"""
        if self.mode == "hold":
            return f"{self.idle:,} held"
        words = [f"{self.active:,} active", f"{self.idle:,} idle"]
        if self.size != 64:
            words.append(amount(self.size, BYTES))
        if self.firehoses:
            words.append(some(self.firehoses, "stream"))
        if self.rate is not None:
            words.append(f"{self.rate:,} per second")
        if self.turn is not None:
            words.append(f"turns of {amount(self.turn, SECONDS)}")
        return ", ".join(words)


@dataclass(frozen=True)
class Figure:
    """One metric of one server at one point: the median, and how far it can be trusted."""

    experiment: str
    metric: str
    server: str
    point: Point
    value: float | None  # None: every trial failed
    low: float | None
    high: float | None
    suspect: bool = False
    reasons: tuple[str, ...] = ()  # why, in words


@dataclass(frozen=True)
class Ratio:
    """One metric of one server, divided by that of epoll LT cycle by cycle."""

    experiment: str
    metric: str
    server: str
    point: Point
    value: float
    low: float
    high: float
    cycles: int
    rounds: int
    aa: float | None  # how far epoll LT entered twice is from itself here: 1.02
    claim: bool  # outside of what noise explains
    suspect: bool = False


@dataclass
class Run:
    """A results folder, read."""

    folder: Path
    environment: dict
    trials: list[dict]  # loadgen's, with those of its line, and point, outcome, suspicions
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    waits: list[dict] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # what could not be shown, a sentence each

    @property
    def rounds(self) -> int:
        return len({trial["round"] for trial in self.trials})

    @property
    def servers(self) -> list[str]:
        """Those that took part, in the order in which they are shown."""
        present = list(dict.fromkeys(trial["server"] for trial in self.trials))
        planned = list((self.environment.get("plan") or {}).get("servers") or [])
        mine = [name for name in [*planned, *present] if name not in OURS and name in present]
        order = [*THE_FOUR, *dict.fromkeys(mine), *PEERS, TWIN, FLOOR]
        return [name for name in order if name in present]

    @property
    def experiments(self) -> list[str]:
        present = {trial["experiment"] for trial in self.trials}
        present |= {"waits"} if self.waits else set()
        return [e.name for e in EXPERIMENTS if e.name in present]


OURS = {*THE_FOUR, *PEERS, TWIN, FLOOR}


# --- Metrics: what a trial says, one number per counted turn, or one in all.


@dataclass(frozen=True)
class Metric:
    """How a figure comes out of one trial; words.py has its name and unit for people.

    Times are in seconds, and in churn a connection counts as an echo.
    """

    name: str
    kind: str  # which suspicions spoil it: suspect.py
    values: Callable[[dict], list]  # a number per turn or one in all; None where unknown


def per_turn(above: str, below: str) -> Callable[[dict], list]:
    """The quotient of two of the arrays of a trial's turns."""

    def compute(trial: dict) -> list:
        turns = trial.get("turns") or {}
        pairs = zip(turns.get(above) or [], turns.get(below) or [])
        return [a / b if a is not None and b else None for a, b in pairs]

    return compute


def rate(trial: dict) -> list:
    """Echoes per second in which neither end waited for a CPU that another program had."""
    turns = trial.get("turns") or {}
    times = turns.get("seconds") or []
    waits = turns.get("waited") or [None] * len(times)
    free = [None if s is None else s - (w or 0) for s, w in zip(times, waits)]
    pairs = zip(turns.get("echoes") or [], free)
    return [echoes / s if echoes is not None and s and s > 0 else None for echoes, s in pairs]


def mib_per_second(trial: dict) -> list:
    size = trial["point"].size
    return [found and found * size / MIB for found in rate(trial)]


def cpu_per_mib(trial: dict) -> list:
    size = trial["point"].size
    return [cpu and cpu * MIB / size for cpu in per_turn("cpu", "echoes")(trial)]


def turn_medians(trial: dict) -> list:
    found = (trial.get("turns") or {}).get("p50") or []
    return [None if ns is None else ns / 1e9 for ns in found]


def pooled(name: str) -> Callable[[dict], list]:
    """A quantile of all of a trial's turns together."""

    def compute(trial: dict) -> list:
        found = (trial.get("latency") or {}).get(name)
        return [] if found is None else [found / 1e9]

    return compute


def counters(trial: dict) -> dict:
    return (trial.get("server_use") or {}).get("counters") or {}


def counted(*names: str, per: str | None = None) -> Callable[[dict], list]:
    """The sum of these counters per echo, or per another counter."""

    def compute(trial: dict) -> list:
        found = counters(trial)
        base = found.get(per) if per else trial.get("echoes")
        return [sum(found.get(name, 0) for name in names) / base] if found and base else []

    return compute


def growth(name: str) -> Callable[[dict], list]:
    return lambda trial: [(trial.get("growth") or {}).get(name)]


def share(of: Callable) -> Callable[[dict], list]:
    return lambda trial: [of(trial, trial)]


CALLS = ("receives", "sends", "waits", "epoll_ctls", "accepts")

METRICS = {
    m.name: m
    for m in (
        Metric("cpu", "cpu", per_turn("cpu", "echoes")),
        Metric("rate", "rate", rate),
        Metric("p50", "latency", turn_medians),
        Metric("p99", "latency", pooled("p99")),
        Metric("p999", "latency", pooled("p999")),
        Metric("mib_rate", "rate", mib_per_second),
        Metric("cpu_per_mib", "cpu", cpu_per_mib),
        Metric("user_bytes", "memory", growth("user_bytes")),
        Metric("kernel_bytes", "memory", growth("kernel_bytes")),
        Metric("instructions", "count", per_turn("instructions", "echoes")),
        Metric("calls_per_echo", "count", counted(*CALLS)),
        Metric("receives_per_echo", "count", counted("receives")),
        Metric("sends_per_echo", "count", counted("sends")),
        Metric("waits_per_echo", "count", counted("waits")),
        Metric("epoll_ctls_per_echo", "count", counted("epoll_ctls")),
        Metric("scanned_per_echo", "count", counted("scanned")),
        Metric("events_per_wait", "count", counted("ready_events", per="waits")),
        Metric("server_share", "count", share(server_share)),
        Metric("generator_share", "count", share(generator_share)),
    )
}
# What explains the others, in every experiment: all that nothing can spoil.
EXPLAIN = tuple(name for name, metric in METRICS.items() if metric.kind == "count")


def metrics_of(experiment: str) -> list[str]:
    declared = BY_NAME[experiment]
    shown = [panel.metric for panel in declared.panels]
    return list(dict.fromkeys([*shown, *declared.compare, *EXPLAIN]))


# --- Trials.


def point_of(experiment: str, line: dict, trial: dict) -> Point:
    if line["mode"] == "hold":
        return Point("hold", idle=trial.get("wanted") or line.get("wanted") or 0)
    numbers = [line[name] for name in ("idle", "active", "size", "firehoses")]
    panels = BY_NAME[experiment].panels
    turn = line["turn"] if any(panel.x == "turn" for panel in panels) else None
    return Point(line["mode"], *numbers, line.get("rate_planned"), turn)


def relevant(line: dict, trial: dict) -> list[Rule]:
    """The suspicions that spoil something that the experiment is about."""
    declared = BY_NAME[line["experiment"]]
    names = {panel.metric for panel in declared.panels} | set(declared.compare)
    kinds = {METRICS[name].kind for name in names}
    return [rule for rule in suspicions(line, trial) if rule.spoils & kinds]


def trials_of(line: dict) -> list[dict]:
    """Those of one point, each with what its line says of all."""
    shared = {key: value for key, value in line.items() if key not in ("trials", "seconds")}
    return [
        {
            **shared,
            **trial,
            "point": point_of(line["experiment"], line, trial),
            "outcome": outcome(trial),
            "suspicions": relevant(line, trial) if trial["valid"] else [],
        }
        for trial in line["trials"]
    ]


def held_bytes(trial: dict) -> dict:
    """Slab caches and socket buffers are the whole machine's, both ends of each connection."""
    kernel = trial.get("kernel") or {}
    parts = [kernel.get("slab_bytes"), kernel.get("tcp_bytes")]
    user = (trial.get("server_use") or {}).get("user_bytes")
    return {"user_bytes": user, "kernel_bytes": None if None in parts else sum(parts)}


def grown(trials: list[dict]) -> list[dict]:
    """One trial made of a server's trials of mode hold in one round: what a connection adds.

    The growth from the fewest connections to the most, so that what the program
    needs by itself drops out.
    """
    usable = [trial for trial in trials if trial["held"] > 0 and "server_use" in trial]
    if len(usable) < 2:
        return [trial for trial in trials if trial["outcome"] == "failed"]
    few, many = usable[0], usable[-1]
    added = many["held"] - few["held"]
    before, after = held_bytes(few), held_bytes(many)
    sizes = {
        name: (after[name] - before[name]) / added
        for name in after
        if added > 0 and None not in (before[name], after[name])
    }
    most = max(trials, key=lambda trial: trial["point"].idle)
    return [{**most, "outcome": "measured", "growth": sizes}]


def places(trials: list[dict]) -> dict[tuple, list[dict]]:
    """Experiment, server and point, each with its trials, one per round."""
    held, found = defaultdict(list), defaultdict(list)
    for trial in trials:
        if trial["mode"] == "hold":
            held[trial["experiment"], trial["server"], trial["round"]].append(trial)
    plain = [trial for trial in trials if trial["mode"] != "hold" and not is_freeze(trial)]
    for trial in plain + [trial for each in held.values() for trial in grown(each)]:
        found[trial["experiment"], trial["server"], trial["point"]].append(trial)
    return dict(found)


def is_freeze(trial: dict) -> bool:
    """It shows what a loop reports, not what a server can do: the report reads its trials."""
    return trial["experiment"] == "freeze"


def doubts(trial: dict, metric: Metric) -> list[str]:
    """Why this metric of this trial is suspect, in words."""
    return [rule.words for rule in trial["suspicions"] if metric.kind in rule.spoils]


# --- Figures.


def figure(place: tuple, trials: list[dict], metric: Metric) -> Figure | None:
    """None where nothing is known, and nothing failed either."""
    experiment, server, point = place
    measured = [t for t in trials if t["outcome"] == "measured"]
    if not measured:
        failed = any(t["outcome"] == "failed" for t in trials) and metric.name not in EXPLAIN
        return Figure(experiment, metric.name, *place[1:], None, None, None) if failed else None
    clean = [t for t in measured if not doubts(t, metric)]
    suspect = 2 * len(clean) <= len(measured)
    used = measured if suspect else clean
    rounds = [[v for v in metric.values(t) if v is not None] for t in used]
    rounds = [values for values in rounds if values]
    if not rounds:
        return None
    reasons = dict.fromkeys(words for t in used for words in doubts(t, metric))
    found = [None if math.isnan(end) else end for end in interval(rounds)]
    return Figure(experiment, metric.name, server, point, *found, suspect, tuple(reasons))


def make_figures(found: dict[tuple, list[dict]]) -> list[Figure]:
    made = [
        figure(place, trials, METRICS[name])
        for place, trials in found.items()
        for name in metrics_of(place[0])
    ]
    return [one for one in made if one is not None]


# --- Ratios.


def cycle_ratios(trial: dict, base: dict, metric: Metric) -> list[float]:
    pairs = zip(metric.values(trial), metric.values(base))
    return [a / b for a, b in pairs if a is not None and b]


def ratio(place: tuple, trials: list[dict], base: list[dict], metric: Metric) -> Ratio | None:
    """Without its A/A reach; None where too few cycles have both for an interval."""
    by_round = {t["round"]: t for t in base if t["outcome"] == "measured"}
    pairs = [
        (t, by_round[t["round"]])
        for t in trials
        if t["outcome"] == "measured" and t["round"] in by_round
    ]
    clean = [pair for pair in pairs if not any(doubts(t, metric) for t in pair)]
    suspect = 2 * len(clean) <= len(pairs)
    rounds = [cycle_ratios(*pair, metric) for pair in (pairs if suspect else clean)]
    rounds = [values for values in rounds if values]
    if not rounds:
        return None
    experiment, server, point = place
    count = sum(map(len, rounds))
    found = interval(rounds)
    if math.isnan(found.low):
        return None
    return Ratio(
        experiment, metric.name, server, point, *found, count, len(rounds), None, False, suspect
    )


def judged(one: Ratio, twin: Ratio | None) -> Ratio:
    """With the A/A reach at this point, and whether the ratio lies beyond it."""
    aa = None if twin is None else reach(Interval(twin.value, twin.low, twin.high))
    differs = claims(Interval(one.value, one.low, one.high), aa)
    return replace(one, aa=aa, claim=differs and not one.suspect)


def make_ratios(found: dict[tuple, list[dict]]) -> list[Ratio]:
    """Every server's, and that of epoll LT entered twice, which shows the noise."""
    made = {}
    for (experiment, server, point), trials in found.items():
        base = found.get((experiment, LT, point))
        if server == LT or base is None:
            continue
        for name in BY_NAME[experiment].compare:
            one = ratio((experiment, server, point), trials, base, METRICS[name])
            if one is not None:
                made[experiment, name, point, server] = one
    return [judged(one, made.get((*key[:3], TWIN))) for key, one in made.items()]


# --- What could not be shown.


def failures(trials: list[dict]) -> list[str]:
    found = defaultdict(list)
    for trial in trials:
        if trial["outcome"] == "failed":
            found[trial["server"], trial["experiment"]].append(trial)
    return [
        f"{short(server)} failed in {some(len(own), 'trial')} of {experiment}: {own[0]['reason']}."
        for (server, experiment), own in found.items()
    ]


def limits(trials: list[dict]) -> list[str]:
    full = {t["server"]: t["held"] for t in trials if t.get("limited_by") == "server"}
    return [
        f"{short(server)} holds {held:,} connections at most, so it has no figures beyond."
        for server, held in full.items()
    ]


def suspected(trials: list[dict]) -> list[str]:
    measured = [t for t in trials if t["outcome"] == "measured"]
    said = []
    for rule in RULES:
        count = sum(rule in t["suspicions"] for t in measured)
        if count:
            said.append(f"{count} of {some(len(measured), 'trial')} suspect: {WORDS[rule.name]}.")
    return said


def retaken(trials: list[dict]) -> list[str]:
    again = sum(trial.get("retaken") or 0 for trial in trials)
    return [f"{some(again, 'turn')} taken again, because other programs had the CPUs for over 5 % of"
            " the turn."] if again else []


def without_instructions(trials: list[dict]) -> list[str]:
    measured = [t for t in trials if t.get("turns")]
    if not measured or any(t["turns"].get("instructions") for t in measured):
        return []
    return ["No performance counters to read here, so instructions per echo are unknown."]


# --- A results folder.


def load_run(folder: Path) -> Run:
    """All of a run, this one or an earlier one."""
    lines = [line for line in results.read_trials(folder) if line["experiment"] in BY_NAME]
    trials = [trial for line in lines for trial in trials_of(line)]
    run = Run(folder, results.read_environment(folder) or {}, trials)
    found = places(trials)
    run.figures, run.ratios = make_figures(found), make_ratios(found)
    run.waits = results.read_waits(folder)
    for tell in (failures, limits, suspected, retaken, without_instructions):
        run.missing += tell(trials)
    return run


# --- Tables.

COMPARISON = ("question", "metric", "server", "value", "low", "high", "rounds", "band_low",
              "band_high", "panel")
POINT = tuple(f.name for f in fields(Point))
FIGURES = ("experiment", "metric", "unit", "server", *POINT, "value", "low", "high", "suspect")


def as_text(value) -> str:
    """A missing number is an empty field, which gnuplot and pandas understand."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def to_tsv(head: tuple, rows: list) -> str:
    lines = [head] + [[as_text(value) for value in row] for row in rows]
    return "".join("\t".join(line) + "\n" for line in lines)


def comparison_row(one: Ratio) -> tuple:
    about = noun(one.metric, one.point.mode)
    better = "more is better" if about.more_is_better else "less is better"
    low = None if one.aa is None else 1 / one.aa
    return (f"{about.words}, {one.point.words()}", one.metric, one.server, one.value, one.low,
            one.high, one.rounds, low, one.aa, better)


def figure_row(one: Figure) -> tuple:
    unit = noun(one.metric, one.point.mode).unit
    return (one.experiment, one.metric, unit, one.server, *astuple(one.point), one.value, one.low,
            one.high, one.suspect)


def write_tables(run: Run) -> None:
    """comparison.tsv and figures.tsv: everything above in a form that other programs read."""
    ordered = sorted(run.ratios, key=lambda r: [e.name for e in EXPERIMENTS].index(r.experiment))
    rows = [comparison_row(one) for one in ordered]
    results.write(run.folder / "comparison.tsv", to_tsv(COMPARISON, rows))
    rows = [figure_row(one) for one in run.figures]
    results.write(run.folder / "figures.tsv", to_tsv(FIGURES, rows))
