"""Everything that gnuplot needs beside table.tsv, and calling it.

The scripts in plots/ read table.tsv and charts.gp.  What goes into charts.gp is
what gnuplot can't work out by itself: who was measured, the titles, and where
the labels at the ends of the lines go so that they don't cover each other.
"""

import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import findings
from findings import Data, amount, short
from options import ROOT
from table import find, find_held, largest_idle

CHARTS = ["throughput", "latency", "cpu", "held"]
GAP = 0.062  # the least distance of two labels, in heights of a panel


@dataclass
class Axis:
    """The y axis of a chart, the same in all its panels."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """0 at the bottom, 1 at the top."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, place: float) -> float:
        if self.log:
            return self.low * (self.high / self.low) ** place
        return self.low + place * (self.high - self.low)


@dataclass
class Label:
    """What stands at the end of a server's line."""

    server: str
    idle: int
    value: float
    text: str
    at_edge: bool  # at the right edge, where all lines of full length end


def spread_labels(places: list[float], gap: float) -> list[float]:
    """Move them as little as needed until each has `gap` to the next one.

    Labels that come too close form a block, which is centred on where its
    members want to be; blocks that then touch are joined.  Results keep the
    order of the input's values; all stay within 0 and 1 if they fit.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[list[int]] = []

    def bottom(block: list[int]) -> float:
        centre = sum(places[i] for i in block) / len(block)
        extent = gap * (len(block) - 1)
        return min(max(centre - extent / 2, 0), 1 - extent)

    for i in order:
        blocks.append([i])
        while len(blocks) > 1:
            below, above = blocks[-2], blocks[-1]
            if bottom(above) - (bottom(below) + gap * (len(below) - 1)) >= gap:
                break
            blocks[-2:] = [below + above]
    moved = [0.0] * len(places)
    for block in blocks:
        for step, i in enumerate(block):
            moved[i] = bottom(block) + gap * step
    return moved


def axis_of(data: Data, metric: str, active: list[int], log: bool) -> Axis:
    """From the least to the greatest of all rounds, with some air."""
    rows = [r for r in data.rows if r.metric == metric and r.active in active and r.rounds]
    values = [value for row in rows for value in (row.min, row.max, row.value) if value > 0] or [1]
    if log:
        return Axis(min(values) / 2, max(values) * 1.6, True)
    return Axis(0, max(values) * 1.06, False)


def labels_of(data: Data, metric: str, active: int, tell) -> list[Label]:
    """One for each line of a panel."""
    ends = {name: largest_idle(data.rows, name, active) for name in data.servers}
    edge = max((end for end in ends.values() if end is not None), default=0)
    labels = []
    for name, end in ends.items():
        row = None if end is None else find(data.rows, name, metric, active, end)
        if row is not None and row.value > 0:  # a logarithm has no 0
            text = f"{short(name):.10} {tell(row.value)}"
            labels.append(Label(name, end, row.value, text, end == edge))
    return labels


def edge_heights(labels: list[Label], axis: Axis) -> dict[str, float]:
    """Where the labels at the right edge go, by server."""
    at_edge = [label for label in labels if label.at_edge]
    places = spread_labels([axis.place(label.value) for label in at_edge], GAP)
    return {label.server: axis.value(place) for label, place in zip(at_edge, places)}


LABEL_HEAD = "chart\tactive\tserver\tidle\tvalue\theight\ttext\twhere"


def label_lines(chart: str, active: int, labels: list[Label], axis: Axis) -> list[str]:
    """Lines as LABEL_HEAD says; `where` is edge or end (of a line)."""
    heights = edge_heights(labels, axis)
    return [
        f"{chart}\t{active}\t{label.server}\t{label.idle}\t{label.value:.6g}"
        f"\t{heights.get(label.server, label.value):.6g}\t{label.text}"
        f"\t{'edge' if label.at_edge else 'end'}"
        for label in labels
    ]


def text(value: str) -> str:
    """A string of gnuplot's, in which nothing has a meaning."""
    return "'" + value.replace("'", "''") + "'"


def brief(value: float) -> str:
    """Three digits, thousands as k."""
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def in_micro(value: str) -> str:
    return value.replace(" us", " µs")


def limits(data: Data) -> dict[str, float]:
    """Servers that held fewer than they were asked to, with how many."""
    rows = [find_held(data.rows, name) for name in data.servers]
    return {row.server: row.value for row in rows if row and row.value < row.idle + row.active}


@dataclass
class Chart:
    """A chart of lines over the number of idle connections."""

    name: str
    metric: str
    log: bool
    tell: Callable[[float], str]


LINES = [
    Chart("throughput", "rate", False, lambda v: f"{brief(v)}/s"),
    Chart("latency", "p99", True, lambda v: in_micro(amount(v))),
    Chart("cpu", "cpu_per_echo", True, lambda v: in_micro(amount(v))),
]


def panels(data: Data) -> list[int]:
    """The numbers of active connections that get a panel: least and most."""
    return sorted({data.active[0], data.active[-1]})


def chart_settings(data: Data, chart: Chart) -> tuple[list[str], list[str]]:
    """The ranges of its y axes, and its labels.

    On log axes both panels have one range, so that heights can be compared; on
    a linear axis the lower panel's lines would lie flat on the ground.
    """
    ranges, labels = [], []
    for active in panels(data):
        axis = axis_of(data, chart.metric, panels(data) if chart.log else [active], chart.log)
        ranges.append(f"{chart.name}_low_{active} = {axis.low:.6g}")
        ranges.append(f"{chart.name}_high_{active} = {axis.high:.6g}")
        found = labels_of(data, chart.metric, active, chart.tell)
        labels += label_lines(chart.name, active, found, axis)
    return ranges, labels


def settings(data: Data, caption: str, method: str) -> str:
    """The text of charts.gp."""
    parts = [chart_settings(data, chart) for chart in LINES]
    headlines = {
        "throughput": findings.headline_rate(data),
        "latency": findings.headline_latency(data),
        "cpu": findings.headline_cpu(data),
        "held": findings.headline_held(data),
    }
    idle = {row.idle for row in data.rows if row.metric == "rate"}
    most_idle = max([*idle, *limits(data).values(), 1])
    lines = [
        "# Written by bench/suite: what the scripts in plots/ read beside table.tsv.",
        f"servers = {text(' '.join(data.servers))}",
        f"panels = {text(' '.join(map(str, panels(data))))}",
        f"least_idle = {min((n for n in idle if n > 0), default=1)}",
        f"most_idle = {most_idle:.0f}",
        f"from_zero = {int(0 in idle)}",
        f"machine = {text(caption)}",
        f"method = {text(method)}",
        f"remark = {text(findings.generator_remark(data) or '')}",
    ]
    for chart, title in headlines.items():
        lines.append(f"{chart}_title = {text(in_micro(title or ''))}")
    lines += [line for ranges, _ in parts for line in ranges]
    lines += ["$labels << END", LABEL_HEAD]
    lines += [line for _, labels in parts for line in labels] + ["END"]
    lines += ["$limits << END", "server\tmost"]
    lines += [f"{server}\t{most:.0f}" for server, most in limits(data).items()] + ["END"]
    return "\n".join(lines) + "\n"


def gnuplot(script: str, folder: Path, *assignments: str) -> subprocess.CompletedProcess:
    """Run plots/SCRIPT on a results folder."""
    given = "; ".join([f"run = {text(str(folder.resolve()))}", *assignments])
    words = ["gnuplot", "-e", given, f"plots/{script}.gp"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)


def has_fonts() -> bool:
    """Without any font gnuplot draws boxes for letters and finds nothing wrong."""
    folders = ["/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"]
    kinds = ("*.ttf", "*.otf", "*.ttc", "*.pfb")
    places = [Path(folder).expanduser() for folder in folders]
    return any(next(place.rglob(kind), None) for place in places for kind in kinds)


def draw(folder: Path) -> list[str]:
    """Draw all charts as SVG and PNG.  Returns what went wrong, one line each."""
    if shutil.which("gnuplot") is None:
        return [
            "There is no gnuplot here, so there are no charts.  When it is installed:",
            f"    bench/run --draw {shown(folder)}",
        ]
    problems = []
    if not has_fonts():
        problems.append("No font found: the PNG charts have no letters.  Install fonts-dejavu-core")
    for chart in CHARTS:
        for kind in ("svg", "png"):
            done = gnuplot(chart, folder, f"kind = '{kind}'")
            if done.returncode != 0:
                lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
                problems.append(f"bench/run: {chart}.{kind}: gnuplot says: {lines[-1].strip()}")
    return problems


def draw_in_text(folder: Path, columns: int) -> str:
    """The throughput chart in characters, or nothing without gnuplot."""
    if shutil.which("gnuplot") is None:
        return ""
    page = gnuplot("terminal", folder, f"columns = {columns}").stdout
    lines = [line.rstrip() for line in page.splitlines()]
    return "\n".join(lines).strip("\n")


def shown(path: Path) -> str:
    """The path as somebody in this folder would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("../..") else relative
