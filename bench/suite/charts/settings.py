"""What the scripts in plots/ read beside the tables: RUN/charts.gp.

gnuplot draws the figures, from the tables.  What it can't work out by itself is
worked out here: who was measured, which panels a chart has, how far their axes
go, where they have ticks, and where the names at the ends of the lines go so that
they don't cover each other.
"""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from charts.axes import (
    CHARACTER, Axis, in_bytes, in_thousands, room_for, spread_labels, tell, y_axis, y_ticks,
)
from figures.points import FLOOR, TWIN
from sentences.words import short

EDGE = 0.9  # of the x axis: names of lines that end beyond go beside the panel
AXIS_ROOM = 54  # pixels at the left of a panel, for the names of the ticks
NO_BREAK = "\u00a0"  # a space at which gnuplot doesn't part words
LONGEST = 21  # letters of a name and a value beside a line
GAP = 14  # pixels from one label to the next one below
HEIGHTS = {"wide": 330, "narrow": 230}  # pixels of a panel


@dataclass
class Figure:
    """A line of a table.  `value` is None where every trial failed."""

    server: str
    panel: str
    x: float
    metric: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    solid: bool


def number(text: str) -> float | None:
    return float(text) if text else None


def read_table(path: Path) -> list[Figure]:
    """The figures of a table; none when there is no such table.

    Without those of the twin: it is there for the comparison only.
    """
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Figure(
            line["server"], line["panel"], float(line["x"]), line["metric"], line["unit"],
            number(line["value"]), number(line["low"]), number(line["high"]), line["solid"] == "1",
        )
        for line in lines
        if line["server"] != TWIN
    ]


@dataclass
class Panel:
    """One of the pictures in a chart: whose values, and what its axes are."""

    where: str  # the column `panel` of the table
    metric: str
    title: str
    x: str = ""  # what the x axis says
    log_x: bool = False
    log_y: bool = False
    second: str = ""  # a metric drawn dashed beside the first one
    x_name: Callable[[float], str] = in_thousands


@dataclass
class Chart:
    """A chart of lines."""

    name: str
    table: str
    panels: Callable[[list[Figure]], list[Panel]]
    columns: int = 2
    values: bool = True  # labels tell the last value, too
    heights: dict = field(default_factory=lambda: HEIGHTS)
    limits: bool = False  # mark where a server could hold no more
    floor: str = ""  # a metric of bare recv and send, drawn as a level

    def pixels(self, layout: str, room: int) -> float:
        """The width of a panel, when the names beside it have so much room."""
        cell = 390 if layout == "narrow" else 960 / self.columns
        return cell - room - AXIS_ROOM


def wheres(figures: list[Figure]) -> list[str]:
    """The panels of a table, numbers by their size."""
    found = {f.panel for f in figures}
    return sorted(found, key=lambda p: (float(p), p) if p.isdigit() else (float("inf"), p))


def ends(found: list) -> list:
    return found[:1] + found[1:][-1:]


def connections(number_of: str, kind: str) -> str:
    count = int(number_of)
    return f"{count:,} {kind} connection{'' if count == 1 else 's'}"


def idle_panels(metric: str, log_y: bool):
    def panels(figures: list[Figure]) -> list[Panel]:
        return [
            Panel(where, metric, connections(where, "active"), "idle connections", True, log_y)
            for where in ends([w for w in wheres(figures) if w.isdigit()])
        ]

    return panels


def active_panels(_figures: list[Figure]) -> list[Panel]:
    x = "active connections"
    return [
        Panel("", "rate", "Echoes a second", x, True),
        Panel("", "p99", "p99 latency: 99 of 100 took no longer", x, True, True),
    ]


def size_panels(_figures: list[Figure]) -> list[Panel]:
    x = "bytes in a message"
    return [
        Panel("", "mib_per_s", "MiB echoed a second", x, True, True, x_name=in_bytes),
        Panel("", "cpu_per_mib", "CPU time of the server a MiB", x, True, True, x_name=in_bytes),
    ]


def rate_panels(figures: list[Figure]) -> list[Panel]:
    quantiles = {"p50": "p50 latency", "p99": "p99 latency", "p999": "p99.9 latency"}
    made = []
    for where, x in (("absolute", "echoes/s offered"), ("load", "% of own capacity offered")):
        if where in wheres(figures):
            made += [
                Panel(where, f"response_{q}", name, x, False, True, f"service_{q}")
                for q, name in quantiles.items()
            ]
    return made


def nines(x: float) -> str:
    """The part that is below: 100 is 99 %."""
    return f"{100 * (1 - 1 / x):.10g} %"


def percentile_panels(figures: list[Figure]) -> list[Panel]:
    x = "echoes that took no longer"
    return [
        Panel(where, "response", connections(where, "idle"), x, True, True, "service", nines)
        for where in wheres(figures)
        if where.isdigit()
    ]


def fairness_panels(_figures: list[Figure]) -> list[Panel]:
    x = "connections that stream without end"
    return [
        Panel("", metric, title, x, True, True)
        for metric, title in (("p50", "p50 latency"), ("p99", "p99 latency"))
    ]


LINES = [
    Chart("idle", "idle", idle_panels("rate", False), limits=True),
    Chart(
        "idle-cpu", "idle", idle_panels("cpu_per_echo", True), limits=True, floor="cpu_per_echo"
    ),
    Chart("active", "active", active_panels),
    Chart("size", "size", size_panels),
    Chart("rate", "rate", rate_panels, 3, False, {"wide": 230, "narrow": 190}),
    Chart("percentiles", "percentiles", percentile_panels),
    Chart("fairness", "fairness", fairness_panels),
]


# --- Text for gnuplot.


def text(value: str) -> str:
    """A string of gnuplot's, in which nothing has a meaning."""
    plain = "".join(c if c.isprintable() or c == NO_BREAK else " " for c in value)
    return "'" + plain.replace("'", "''") + "'"


def path_text(path: Path) -> str:
    """The same for a path, which must stay what it is: a line end in it, too."""
    lines = str(path).replace("'", "''").split("\n")
    return "'" + "' . \"\\n\" . '".join(lines) + "'"


def enhanced(value: str) -> str:
    """The same where gnuplot reads marks for superscripts and the like."""
    marks = "\\{}_^@&~"
    micro = re.sub(r"(?<=\d )us\b", "µs", value)
    return text("".join(f"\\{c}" if c in marks else c for c in micro))


def name_of(server: str) -> str:
    """As it is called in a chart, at most 14 letters."""
    name = "bare recv + send" if server == FLOOR else short(server)
    return name if len(name) <= 14 else name[:13] + "…"


def ticks_text(ticks: list[tuple[str, float]]) -> str:
    """The inside of set xtics (...), as a string."""
    each = (f'"{name.replace("%", "%%")}" {value:.6g}' for name, value in ticks)
    return text(", ".join(each))


# --- One panel.


def zero_of(figures: list[Figure]) -> float:
    """Where on a log axis 0 stands."""
    positive = sorted({f.x for f in figures if f.x > 0}) or [1.0]
    decades = max(len(str(int(positive[-1] / positive[0]))) - 0.5, 0.8)
    return positive[0] / 10 ** (0.2 * decades)


def x_axis(panel: Panel, figures: list[Figure]) -> Axis:
    """Of all servers' values, the ends moved out a little."""
    xs = [f.x if f.x > 0 or not panel.log_x else zero_of(figures) for f in figures] or [1.0]
    low, high = min(xs), max(xs)
    if panel.log_x:
        air = max((high / low) ** 0.04, 1.05)
        return Axis(low / air, high * air, True)
    air = (high - low) * 0.04 or 1
    return Axis(low - air, high + air, False)


def x_ticks(
    panel: Panel, figures: list[Figure], axis: Axis, pixels: float
) -> list[tuple[str, float]]:
    """Where there are values.  Of a dense axis of nines: the nines."""
    if panel.x_name is nines:
        found = [(nines(x), x) for x in (2.0, *(10.0**n for n in range(1, 8)))]
        return room_for([one for one in found if axis.low <= one[1] <= axis.high], axis, pixels)
    values = sorted({f.x for f in figures})
    zero = zero_of(figures)
    named = [
        (panel.x_name(v) if v else "0", v if v > 0 or not panel.log_x else zero) for v in values
    ]
    return room_for(named, axis, pixels)


@dataclass
class Label:
    """A name, or another word, at a place of the panel."""

    server: str
    x: float
    wide: float  # its height in each layout
    narrow: float
    text: str
    where: str  # at the edge; before or after that place; or "failed"


def last_figures(figures: list[Figure]) -> dict[str, Figure]:
    """The end of each server's line."""
    last: dict[str, Figure] = {}
    for f in figures:
        if f.value and (f.server not in last or f.x > last[f.server].x):
            last[f.server] = f
    return last


def label_text(f: Figure, with_value: bool) -> str:
    """A server's name and its last value; too long a name loses its end."""
    name = name_of(f.server)
    if not with_value:
        return name
    value = tell(f.value, f.unit).removesuffix(" MiB/s")
    room = LONGEST - 1 - len(value)
    return f"{name if len(name) <= room else name[: room - 1] + '…'} {value}"


def labels_at(found: list[Figure], place: float, y: Axis, chart: Chart, heights: dict) -> list:
    """The names of the lines that end at one x, which is at `place` of the axis.

    A line that ends in mid-panel has its name below it, if there is room.
    """
    edge = place > EDGE
    moved = {}
    for layout in HEIGHTS:
        gap = min(GAP / heights[layout], 1 / max(len(found) - 1, 1))
        places = [y.place(f.value) for f in found]
        if not edge:
            places = [p + 1.2 * gap * (1 if p < 0.2 else -1) for p in places]
        spread = spread_labels(places, gap)
        moved[layout] = [y.value(min(max(p, 0.001), 0.999)) for p in spread]
    made = []
    for i, f in enumerate(found):
        words = label_text(f, chart.values or not edge)
        where = "edge" if edge else "after" if place < 0.5 else "before"
        made.append(Label(f.server, f.x, moved["wide"][i], moved["narrow"][i], words, where))
    return made


def place_of(x: float, axis: Axis) -> float:
    """From 0 to 1, which is the edge; the 0 of a log axis is at its low end."""
    if x == float("inf"):
        return 1
    return axis.place(x) if x > 0 or not axis.log else 0


def end_labels(figures, panel_x: Axis, y: Axis, chart: Chart, heights: dict) -> list[Label]:
    last = list(last_figures(figures).values())
    farthest = max((f.x for f in figures), default=0)
    groups: dict[float, list[Figure]] = {}
    for f in last:
        at_edge = f.x == farthest or place_of(f.x, panel_x) > EDGE
        groups.setdefault(float("inf") if at_edge else f.x, []).append(f)
    return [
        label
        for x, group in groups.items()
        for label in labels_at(group, place_of(x, panel_x), y, chart, heights)
    ]


def failed_points(own: list[Figure], all_rows: list[Figure], y: Axis) -> list[Label]:
    """A cross where a server was tried and every trial failed."""
    there = {(f.server, f.x) for f in own if f.value is not None}
    gone = {(f.server, f.x) for f in all_rows if f.value is None} - there
    some = {f.server for f in own if f.value is not None}
    floor = y.value(0.001)
    return [Label(s, x, floor, floor, "", "failed") for s, x in sorted(gone) if s in some]


def without_any(own: list[Figure], all_rows: list[Figure]) -> list[str]:
    """Servers that were tried in this panel, and of which no trial is valid."""
    there = {f.server for f in own if f.value is not None}
    return sorted({f.server for f in all_rows if f.value is None} - there)


@dataclass
class Drawn:
    """A panel, worked out."""

    panel: Panel
    rows: list[Figure]
    x: Axis
    y: Axis
    settings: dict
    labels: list[Label]
    levels: list[tuple[float, str]]


def draw_panel(panel: Panel, chart: Chart, rows: list[Figure], heights: dict) -> Drawn:
    here = [f for f in rows if f.panel == panel.where]
    level = [f for f in here if f.server == FLOOR and f.metric == chart.floor and f.value]
    here = [f for f in here if f.server != FLOOR]
    own = [f for f in here if f.metric == panel.metric]
    both = [f for f in here if f.metric in (panel.metric, panel.second)]
    values = [v for f in both + level for v in (f.value, f.low, f.high) if v is not None]
    x, y = x_axis(panel, here), y_axis(values, panel.log_y)
    unit = next((f.unit for f in own if f.value is not None), "")
    broken = panel.log_x and any(f.x == 0 for f in here)
    zero = zero_of(here)
    least = min((f.x for f in here if f.x > 0), default=1)
    failed = [f"{name_of(s)}: no valid trial" for s in without_any(own, here)]
    if not own:
        failed = ["nothing was measured"]
    settings = {
        "title": text(panel.title), "where": text(panel.where), "metric": text(panel.metric),
        "second": text(panel.second or "none"), "x": text(panel.x),
        "low": y.low, "high": y.high, "left": x.low, "right": x.high,
        "log_x": int(x.log), "log_y": int(y.log), "zero_at": zero,
        "broken": (zero * least) ** 0.5 if broken else 0,
        "ytics": ticks_text(y_ticks(y, unit)),
        "failed": ".\"\\n\".".join(text(line) for line in failed) or "''",
    }
    labels = end_labels(own, x, y, chart, heights) + failed_points(own, here, y)
    # The least of all x: with one active connection recv has to sleep, see bench/README.md.
    levels = [(f.value, "bare recv + send") for f in level[:1]]
    return Drawn(panel, here, x, y, settings, labels, levels)


# --- All of them.


@dataclass
class Settings:
    """The text of charts.gp as it grows: assignments, and blocks of data."""

    lines: list[str] = field(default_factory=list)
    blocks: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in HEADS})

    def set(self, chart: str, name: str, value, panel: int | None = None) -> None:
        """CHART_NAME or CHART_NAME_PANEL; text has its quotes already."""
        end = "" if panel is None else f"_{panel}"
        shown = value if isinstance(value, str) else f"{value:.8g}"
        self.lines.append(f"{chart.replace('-', '_')}_{name}{end} = {shown}")

    def start(self, chart: str, table: str, panels: int, columns: int) -> None:
        self.set(chart, "table", text(table))
        self.set(chart, "panels", panels)
        self.set(chart, "columns", max(columns, 1))

    def heights(self, chart: str, wide: int, narrow: int | None = None) -> None:
        self.set(chart, "height_wide", wide)
        self.set(chart, "height_narrow", narrow or wide)

    def add(self, block: str, cells: list) -> None:
        told = (f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in cells)
        self.blocks[block].append("\t".join(told))

    def label(self, chart: str, panel: int, server: str, x, wide, narrow, words, where) -> None:
        self.add("labels", [chart, panel, server, x, wide, narrow, words, where])

    def text(self) -> str:
        parts = list(self.lines)
        for name, lines in self.blocks.items():
            parts += [f"${name} << END", HEADS[name], *lines, "END"]
        return "\n".join(parts) + "\n"


HEADS = {
    "labels": "chart\tpanel\tserver\tx\twide\tnarrow\ttext\twhere",
    "levels": "chart\tpanel\theight\ttext",
    "limits": "chart\tpanel\tserver\tx\ttext\theight",
    "stacks": "chart\tpanel\tserver\tcall\ty\tfrom\tto",
    "ratios": "chart\tpanel\tserver\ty\tvalue\tlow\thigh\tband_low\tband_high\tclear",
    "expected": "where\tx\tvalue",
}


def heights_of(chart: Chart, rows: list[Figure]) -> dict[str, int]:
    """High enough for the names of all servers, one below the other."""
    count = len({f.server for f in rows})
    return {layout: max(least, (GAP + 1) * count) for layout, least in chart.heights.items()}


def room_beside(labels: list[Label]) -> int:
    """Pixels for the longest of the names at the edge."""
    longest = max((len(label.text) for label in labels if label.where == "edge"), default=0)
    return round(16 + CHARACTER * longest)


def add_lines(made: Settings, chart: Chart, table: list[Figure]) -> None:
    """A chart of lines."""
    held = [f for f in table if f.metric == "held"]
    rows = [f for f in table if f.metric not in ("held", "capacity")]
    heights = heights_of(chart, rows)
    drawn = [draw_panel(panel, chart, rows, heights) for panel in chart.panels(rows)]
    columns = max(1, min(chart.columns, len(drawn)))
    room = room_beside([label for one in drawn for label in one.labels])
    made.start(chart.name, chart.table, len(drawn), columns)
    made.heights(chart.name, heights["wide"], heights["narrow"])
    made.set(chart.name, "room", room)
    for i, one in enumerate(drawn, 1):
        add_panel(made, chart, i, one)
        for layout in HEIGHTS:
            ticks = x_ticks(one.panel, one.rows, one.x, chart.pixels(layout, room))
            made.set(chart.name, f"xtics_{layout}", ticks_text(ticks), i)
        if chart.limits:
            add_limits(made, chart.name, i, one, held)


def add_panel(made: Settings, chart: Chart, i: int, drawn: Drawn) -> None:
    for name, value in drawn.settings.items():
        made.set(chart.name, name, value, i)
    for label in drawn.labels:
        made.label(
            chart.name, i, label.server, label.x, label.wide, label.narrow, label.text, label.where
        )
    for height, words in drawn.levels:
        made.add("levels", [chart.name, i, height, words])


def add_limits(made: Settings, name: str, i: int, drawn: Drawn, held: list[Figure]) -> None:
    """Where a server's line has to end, and why: below, or above when something is there."""
    for f in held:
        if f.value:
            why = "FD_SETSIZE" if f.server == "select_server" else "no more"
            ends = [label.wide for label in drawn.labels if label.server == f.server]
            below = ends[:1] + [level for level, _ in drawn.levels]
            low = any(drawn.y.place(value) < 0.2 for value in below)
            height = drawn.y.value(0.96 if low else 0.04)
            silent = f.value - int(drawn.panel.where or 0)
            made.add("limits", [name, i, f.server, silent, why, float(height)])
