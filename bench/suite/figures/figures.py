"""From trials to figures.

The trial is the unit: a figure is the median over the rounds, with the interval
that the rounds allow (intervals.py).  Ratios are taken pair by pair within a
round.  A failed trial is counted and its figures are never used.  A doubtful
one (validity.py) is never mixed with valid ones: it counts only where valid ones
aren't the majority, and then the row says solid = 0, which is drawn hollow.

Each experiment leaves NAME.tsv, and all together comparison.tsv, in the same
tidy form: one line a figure, named by its columns.

    metrics  what a single trial says       points  what each round says
    curves   whole distributions            ratios  servers beside epoll LT
"""

from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from figures import histogram
from figures.curves import Curve, curve_trials, curves, is_sound
from figures.intervals import median_interval
from figures.metrics import MEMORY, RATE, SHAPES
from figures.points import Place, Point, Run, add_trial, collect, usable
from figures.points import make_run, of_experiment, panel_order, shown_order
from figures.ratios import Ratio, comparison
import results

# 1/(1-q) of the quantiles that a percentile chart shows: 2 is the median.
NINES = [1, 2, 3, 4, 5, 6, 8]
NINES += [m * 10**e for e in (1, 2, 3, 4) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)] + [1e5]
NINES = [int(x) for x in NINES]


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


# --- Rows.


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


def is_limited(trial: dict) -> bool:
    """Did the server hold fewer, and go on serving those?  A trial that only
    holds connections is measured all the same."""
    return trial["outcome"] != "failed" and trial.get("limited_by") == "server"


def held_rows(run: Run, name: str) -> list[Row]:
    """Servers that held fewer connections than they were asked to."""
    rounds = defaultdict(dict)
    for trial in of_experiment(run, name):
        if is_limited(trial):
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


# --- Whole distributions, on an axis of nines (curves.py).


def curve_row(curve: Curve, used: list[dict], one_in: int) -> Row | None:
    """What all but one in so many stay within; None when not every round knows.

    As everywhere the median of the rounds: in the histograms added up a single
    round in which the machine stood still would make the whole tail.
    """
    lasting = [histogram.all_but(trial[curve.key], one_in) for trial in used]
    if not used or None in lasting:
        return None
    found = median_interval([value / 1e3 for value in lasting])
    counts = [trial[curve.key]["count"] for trial in used]
    solid = is_sound(used) and all(histogram.supports(count, one_in) for count in counts)
    doubtful = sum(not is_sound([trial]) for trial in curve.trials)
    return Row(
        curve.server, curve.panel, one_in, curve.metric, "us", found.value, found.low, found.high,
        found.rounds, curve.failed + doubtful, int(solid), sum(counts),
    )


def curve_rows(run: Run, name: str) -> list[Row]:
    """Every curve of an experiment, point by point."""
    rows = []
    for curve in curves(run, name):
        used = curve_trials(curve)
        found = [curve_row(curve, used, one_in) for one_in in NINES]
        rows += [row for row in found if row is not None]
        if not curve.trials and curve.failed:
            place = (curve.server, curve.panel, 1, curve.metric, "us")
            rows.append(Row(*place, None, None, None, 0, curve.failed, 0, 0))
    return rows


MAKERS = {"percentiles": curve_rows, "freeze": curve_rows}


def experiment_rows(run: Run, name: str) -> list[Row]:
    rows = MAKERS.get(name, plain_rows)(run, name)
    if name in ("rate", "percentiles"):
        rows = rows + capacity_rows(run, name)
    return rows + held_rows(run, name)


def make_figures(run: Run) -> dict[str, list]:
    """The rows of every experiment that was run, and as `comparison` the ratios."""
    figures = {name: experiment_rows(run, name) for name in run.experiments}
    return {**figures, "comparison": comparison(run)}


# --- Reading and writing.


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
