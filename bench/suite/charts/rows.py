"""Settings of the charts that have a row for each server: bars, calls, ratios."""

import csv
from dataclasses import dataclass
from pathlib import Path

from charts.axes import Axis, tell, three
from charts.settings import Figure, Settings, last_figures, text, ticks_text, wheres
from figures.intervals import Band, Interval, is_different

ROW = 21  # pixels from one bar to the next one
LINE = 16  # pixels from one ratio to the next one
CALLS = ["receives", "sends", "waits", "epoll_ctls", "accepts"]
BARS = {
    "churn": [
        ("rate", "connections a second"),
        ("p50", "from connect to the end of the echo, p50"),
        ("handshake_p50", "from connect to established, p50"),
        ("cpu_per_connection", "CPU time of the server a connection"),
    ],
    "memory": [
        ("user_bytes", "of the server's own memory"),
        ("kernel_bytes", "of the kernel's, both ends together"),
    ],
}


def servers_of(figures: list[Figure], order: list[str]) -> list[str]:
    there = {f.server for f in figures}
    return [name for name in order if name in there]


def add_bars(made: Settings, name: str, figures: list[Figure], order: list[str]) -> None:
    """A bar for each server in each panel, and beside it how much that is."""
    rows = servers_of(figures, order)
    panels = [one for one in BARS[name] if any(f.metric == one[0] for f in figures)]
    made.start(name, name, len(panels), min(2, len(panels)))
    made.heights(name, ROW * len(rows) + 8)
    made.set(name, "rows", text(" ".join(rows)))
    for i, (metric, title) in enumerate(panels, 1):
        own = [f for f in figures if f.metric == metric]
        last = last_figures(own)
        most = max([v for f in last.values() for v in (f.value, f.high) if v], default=1)
        made.set(name, "title", text(title), i)
        made.set(name, "metric", text(metric), i)
        made.set(name, "high", most, i)
        at = [last[s].x if s in last else -1 for s in rows]
        made.set(name, "at", text(" ".join(f"{x:g}" for x in at)), i)
        for y, server in enumerate(rows, 1):
            f = last.get(server)
            words = tell(f.value, f.unit) if f else "no valid trial"
            end = max(f.value, f.high or 0) if f else 0
            made.label(name, i, server, end, y, y, words, "value")


def add_calls(made: Settings, name: str, figures: list[Figure], order: list[str]) -> None:
    """Bars of system calls on top of each other, and two numbers beside them."""
    there = wheres([f for f in figures if f.metric in CALLS])
    rows = servers_of([f for f in figures if f.metric in CALLS], order)
    made.start(name, name, len(there), min(2, len(there)))
    made.heights(name, ROW * len(rows) + 8)
    made.set(name, "rows", text(" ".join(rows)))
    values = {(f.panel, f.server, f.metric): f for f in figures}
    sums = {}
    for i, where in enumerate(there, 1):
        for y, server in enumerate(rows, 1):
            done = 0.0
            for kind in CALLS:
                f = values.get((where, server, kind))
                more = f.value if f and f.value else 0
                made.add("stacks", [name, i, server, kind, y, done, done + more])
                done += more
            sums[where, server] = done
    for i, where in enumerate(there, 1):
        made.set(name, "title", text(where), i)
        made.set(name, "high", max([*sums.values(), 1e-9]), i)
        for y, server in enumerate(rows, 1):
            tried = [values.get((where, server, kind)) for kind in CALLS]
            done = any(f and f.value is not None for f in tried)
            words = three(sums[where, server]) if done else "no valid trial"
            if not any(tried):
                words = "not measured"
            made.label(name, i, server, sums[where, server], y, y, words, "value")
            for metric in ("events_per_wait", "scanned_per_echo"):
                f = values.get((where, server, metric))
                if f and f.value is not None:
                    made.label(name, i, server, 0, y, y, three(f.value), metric)


@dataclass
class Ratio:
    """A line of comparison.tsv, with the row that it is drawn in."""

    question: str
    server: str
    value: float
    low: float
    high: float
    rounds: int
    band_low: float | None
    band_high: float | None
    panel: str
    y: float = 0

    @property
    def clear(self) -> bool:
        """May a difference be claimed?"""
        band = None if self.band_low is None else Band(self.band_low, self.band_high)
        return is_different(Interval(self.value, self.low, self.high, self.rounds), band)


def read_ratios(path: Path) -> list[Ratio]:
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Ratio(
            line["question"], line["server"], float(line["value"]), float(line["low"]),
            float(line["high"]), int(line["rounds"]),
            *(float(line[n]) if line[n] else None for n in BAND), line["panel"],
        )
        for line in lines
    ]


BAND = ("band_low", "band_high")


def factor(value: float) -> str:
    """A ratio: near 1 the second decimal matters; 1/613 is read better than 0.00163."""
    if value < 0.0995:
        return f"1/{three(1 / value)}" if value > 0 else "0"
    return three(value) if value >= 9.995 else f"{value:.2f}"


FARTHEST = 2.0  # what is off this scale has an arrow, and its ratio in digits


RATIO_TICKS = [("0.5", 0.5), ("0.8", 0.8), ("1", 1), ("1.25", 1.25), ("2", 2)]


def place_ratios(ratios: list[Ratio]) -> list[tuple[str, float]]:
    """Gives each line its row; returns the questions with theirs."""
    heads, y = [], 0.0
    for i, ratio in enumerate(ratios):
        if i == 0 or ratio.question != ratios[i - 1].question:
            y += 1.35 if heads else 1
            heads.append((ratio.question, y))
        y += 1
        ratio.y = y
    return heads


def add_ratios(made: Settings, name: str, ratios: list[Ratio], order: list[str]) -> None:
    """A line for each server and question: its ratio to level-triggered epoll."""
    shown = [r for r in ratios if r.server in order]
    panels = list(dict.fromkeys(r.panel for r in shown))
    made.start(name, name, len(panels), 2 if len(panels) > 1 else 1)
    deepest = 1.0
    axis = Axis(1 / FARTHEST, FARTHEST, True)
    for i, panel in enumerate(panels, 1):
        own = [r for r in shown if r.panel == panel]
        heads = place_ratios(own)
        deep = max(r.y for r in own) + 0.7
        deepest = max(deepest, deep)
        made.set(name, "deepest", deep, i)
        made.set(name, "height", round(LINE * deep), i)
        made.set(name, "title", text(panel), i)
        made.set(name, "left", axis.low, i)
        made.set(name, "right", axis.high, i)
        made.set(name, "xtics", ticks_text(RATIO_TICKS), i)
        for question, y in heads:
            made.label(name, i, "-", 0, y, y, question, "question")
        for r in own:
            words = f"{factor(r.value)} ({factor(r.low)} to {factor(r.high)})"
            made.label(name, i, r.server, r.value, r.y, r.y, words, "value")
            made.add("ratios", [name, i, r.server, r.y, *numbers(r)])
    made.heights(name, round(LINE * deepest))


def numbers(r: Ratio) -> list[float]:
    """The ratio and its band, without one a band of no width; is the difference clear?"""
    band = (r.band_low, r.band_high) if r.band_low is not None else (1, 1)
    return [r.value, r.low, r.high, *band, int(r.clear)]
