"""Every point of a chart with what each round says there.

Nothing is averaged here.  Each number keeps its round, so that ratios can be
taken pair by pair, and whether it is valid, so that valid and doubtful ones are
never mixed.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from figures.metrics import MEMORY, SHAPES, Metric, user_bytes
from measure.experiments import BY_NAME
from measure.validity import spoils
from options import FLOOR, THE_FOUR, TWIN

SELECT, POLL, LT, ET = FOUR = THE_FOUR
EXPERIMENTS = list(BY_NAME)


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


@dataclass(frozen=True)
class Value:
    """What one round says."""

    round: int
    number: float
    valid: bool
    samples: int
    supported: bool = True  # by enough samples


def usable(values: list[Value]) -> list[Value]:
    """The valid ones, if they are more than half; otherwise the doubtful ones.

    A few valid trials among many doubtful ones are no better: where the generator
    is the limit, they are those in which something else slowed both down.
    """
    valid = [value for value in values if value.valid]
    if 2 * len(valid) > len(values):
        return valid
    return [value for value in values if not value.valid]


@dataclass
class Point:
    """One place of a chart: all that was tried there."""

    values: dict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))
    tried: int = 0
    failed: int = 0
    trials: list[dict] = field(default_factory=list)


Place = tuple[str, str, float]  # server, panel, x


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
        [name for name in EXPERIMENTS if name in done],
    )


def shown_order(run: Run) -> dict[str, int]:
    """Each name with its place among the others."""
    names = run.servers + run.peers + [TWIN, FLOOR]
    return {name: i for i, name in enumerate(names)}


def panel_order(panel: str) -> tuple:
    """Numbers by their size, words after them as they come."""
    return (0, int(panel)) if panel.isdigit() else (1, 0)


def values_of(trial: dict, metrics: list[Metric]) -> dict[str, Value]:
    found = {}
    for metric in metrics:
        number = metric.of(trial)
        if number is not None:
            samples = metric.samples(trial)
            valid = not spoils(trial, metric.kind)
            enough = samples >= metric.needs
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
