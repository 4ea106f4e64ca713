"""The charts: rows from memory, piped to gnuplot, which owns everything about how they look.

    bench/suite/charts.py DIR [NAME...] [--png]    also writes them as files, into DIR

The scripts are plots/NAME.gp; plots/common.gp says what they are given.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path

from experiments import BY_NAME, Experiment, Panel
from figures import Figure, Run
from options import FLOOR, PEERS, ROOT, THE_FOUR, TWIN
from problem import Problem
from published import KERRISK_SECONDS, KERRISK_WAITS, wait_figures
from words import amount, noun, short

PATIENCE = 60  # seconds for one chart
NO_BREAK = "\u00a0"  # a space at which gnuplot doesn't part words
# plots/common.gp has these; what each becomes is up to the page.
COLOURS = {"#222222": "ink", "#666666": "faint", "#e0e0e0": "rule", "#ffffff": "paper"}


@dataclass(frozen=True)
class Row:
    """A line of $data in plots/common.gp."""

    panel: int
    server: str
    x: float
    value: float
    low: float
    high: float
    suspect: bool = False
    words: str = ""

    def line(self) -> str:
        numbers = " ".join(f"{n:.9g}" for n in (self.x, self.value, self.low, self.high))
        return f'{self.panel} "{self.server}" {numbers} {int(self.suspect)} "{self.words}"'


# --- Rows


def belongs(figure: Figure, experiment: Experiment, panel: Panel) -> bool:
    return (
        (figure.experiment, figure.metric) == (experiment.name, panel.metric)
        and figure.value is not None
        and figure.server != TWIN
        and all(getattr(figure.point, name) == wanted for name, wanted in panel.where.items())
    )


def row(figure: Figure, number: int, panel: Panel) -> Row:
    low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
    x = getattr(figure.point, panel.x) if panel.x else 0
    words = amount(figure.value, noun(panel.metric).unit)
    return Row(number, figure.server, x, figure.value, low, high, figure.suspect, words)


def panel_rows(run: Run, experiment: Experiment, number: int, panel: Panel) -> list[Row]:
    """Along x; one bar per server stands for its largest point."""
    found = [figure for figure in run.figures if belongs(figure, experiment, panel)]
    found.sort(key=lambda figure: (getattr(figure.point, panel.x or "idle"), figure.server))
    if not panel.x:
        found = list({figure.server: figure for figure in found}.values())
    return [row(figure, number, panel) for figure in found]


def waits_rows(run: Run) -> list[Row]:
    """Panel 1: one of all is ready; 2: all are, by ready one; 3: Kerrisk's figures for panel 1."""
    made = []
    for (mechanism, watched, ready), ends in wait_figures(run).items():
        if ready == 1:
            made.append(Row(1, f"{mechanism}_server", watched, *ends))
        if ready == watched:
            made.append(Row(2, f"{mechanism}_server", watched, *(end / ready for end in ends)))
    for mechanism, seconds in KERRISK_SECONDS.items():
        for watched, value in seconds.items():
            each = value / KERRISK_WAITS
            made.append(Row(3, f"{mechanism}_server", watched, each, each, each))
    return made if run.waits else []


def freeze_rows(run: Run) -> list[Row]:
    """x: one echo in so many took longer.  Panels: response time, service time, closed loop."""
    made = []
    own = [t for t in run.trials if t["experiment"] == "freeze" and t["valid"]]
    for trial in (t for t in own if t["server"] in THE_FOUR):
        kinds = {1: "latency", 2: "service"} if trial["mode"] == "open" else {3: "latency"}
        for number, kind in kinds.items():
            for percent, ns in (trial.get(kind) or {}).get("quantiles", []):
                if percent < 100:
                    x, value = 100 / (100 - percent), ns / 1e9
                    made.append(Row(number, trial["server"], x, value, value, value))
    return made


def rows(run: Run, name: str) -> list[Row]:
    """All that the chart of an experiment shows; none where there is nothing to show."""
    special = {"waits": waits_rows, "freeze": freeze_rows}
    if name in special:
        return special[name](run)
    own = BY_NAME[name]
    panels = enumerate(own.panels, 1)
    return [row for number, panel in panels for row in panel_rows(run, own, number, panel)]


def drawable(run: Run) -> list[str]:
    return [name for name in BY_NAME if rows(run, name)]


# --- gnuplot


def quoted(text: str) -> str:
    return '"' + re.sub(r'["\\`\n]', "", text) + '"'


def frozen(run: Run) -> list[str]:
    """How long the window was, and for how long the server was stopped."""
    for trial in run.trials:
        if trial["experiment"] == "freeze" and trial.get("freeze"):
            return [f"stop = {trial['freeze']['seconds']}", f"window = {trial['seconds']}"]
    return []


def script(run: Run, name: str, kind: str, panel: int | None = None) -> str:
    """What gnuplot reads: what was measured, the data, and plots/NAME.gp."""
    beside = (panel, 3) if name == "waits" else (panel,)  # 3: Kerrisk's, in panel 1
    data = [row for row in rows(run, name) if panel is None or row.panel in beside]
    there = {row.server for row in data}
    servers = [s for s in dict.fromkeys([*run.servers, *THE_FOUR]) if s in there]
    titles = [panel.title for panel in BY_NAME[name].panels] or [""] * 2
    lines = [
        "set encoding utf8",
        f"kind = {quoted(kind)}",
        f"servers = {quoted(' '.join(servers))}",
        f"names = {quoted(' '.join(short(s).replace(' ', NO_BREAK) for s in servers))}",
        f"mine = {quoted(' '.join(s for s in servers if s not in (*THE_FOUR, *PEERS, FLOOR)))}",
        f"peers = {quoted(' '.join(s for s in servers if s in (*PEERS, FLOOR)))}",
        f"panels = {quoted(' '.join(map(str, sorted({row.panel for row in data}))))}",
        f"array title[{len(titles)}] = [{', '.join(map(quoted, titles))}]",
        *(frozen(run) if name == "freeze" else []),
        "$data << EOD",
        *(row.line() for row in data),
        "EOD",
    ]
    what = "terminal" if kind == "dumb" else name
    return "\n".join([*lines, f'load "plots/{what}.gp"', ""])


def gnuplot(text: str) -> bytes:
    """What it draws.  -d: no ~/.gnuplot; nor has GNUTERM a say, the same as a variable."""
    variables = {name: value for name, value in os.environ.items() if name != "GNUTERM"}
    try:
        done = subprocess.run(
            ["gnuplot", "-d", "-"], input=text.encode(), cwd=ROOT, env=variables,
            capture_output=True, timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(f"bench/run: gnuplot: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise Problem(f"bench/run: gnuplot: {said[-1].strip()}")
    return done.stdout


def has_gnuplot() -> bool:
    return shutil.which("gnuplot") is not None


# --- Charts


def hexadecimal(match: re.Match) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in match.groups())


def colour_of_page(match: re.Match) -> str:
    before, colour, after = match.groups()
    name = COLOURS.get(colour.lower())
    return f"{before}var(--{name}, {colour}){after}" if name else match.group()


def tidy(svg: str, name: str, title: str) -> str:
    """To stand in a page among others: its own names, and the page's colours."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>|<rect [^>]*fill=\"none\"[^>]*/>", "", svg)
    svg = svg.replace("'white'", "'#ffffff'")
    svg = re.sub(r"rgb\( *(\d+), *(\d+), *(\d+)\)", hexadecimal, svg)
    svg = re.sub(r"((?:stroke|fill|color) ?= ?['\"])(#[0-9a-f]{6})(['\"])", colour_of_page, svg)
    svg = re.sub(r"(\bid=['\"]|href=['\"]#|url\(#)", rf"\g<1>{name}-", svg)
    svg = re.sub(r"(<g[^>]*>\s*</g>\s*)|\s*\n\s*(?=<)", lambda m: "" if m[1] else "\n", svg)
    label = escape(title, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def draw_svg(run: Run, name: str) -> str:
    """The chart of an experiment, to be put into HTML as it is."""
    drawn = gnuplot(script(run, name, "svg")).decode()
    if "</svg>" not in drawn:
        raise Problem(f"bench/run: gnuplot drew nothing for {name}")
    return tidy(drawn, name, BY_NAME[name].title)


def draw_all(run: Run) -> tuple[dict[str, str], list[str]]:
    """The charts by name, and what went wrong with the others."""
    if not has_gnuplot():
        later = "bench/need gnuplot-nox fonts-dejavu-core, then bench/run --report"
        return {}, [f"No charts, because there is no gnuplot here: {later} {run.folder}"]

    def attempt(name: str) -> str | Problem:
        try:
            return draw_svg(run, name)
        except Problem as problem:
            return problem

    names = drawable(run)
    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        made = dict(zip(names, at_once.map(attempt, names)))
    problems = [f"{name}: {what}" for name, what in made.items() if isinstance(what, Problem)]
    return {name: what for name, what in made.items() if isinstance(what, str)}, problems


IN_TEXT = {  # the charts whose first panel is drawn in characters, the first that there is
    "idle": ("CPU time per echo, 1 active connection", "idle connections"),
    "waits": ("CPU time per wait, one descriptor ready", "descriptors watched"),
    "active": ("CPU time per echo", "active connections"),
}


def draw_in_text(run: Run, columns: int, lines: int, colour: bool) -> str:
    """A chart for the terminal; nothing without gnuplot."""
    name = next((name for name in IN_TEXT if rows(run, name)), None)
    if name is None or not has_gnuplot():
        return ""
    what, x = map(quoted, IN_TEXT[name])
    settings = [
        f"columns = {columns}", f"lines = {lines}", f"colour = {int(colour)}", f"what = {what}",
        f"x = {x}", 'y_format = "%.0s %cs"', "",
    ]
    page = gnuplot("\n".join(settings) + script(run, name, "dumb")).decode("utf-8", "replace")
    page = page.replace(NO_BREAK, " ")
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip("\f "))


def main(arguments: list[str]) -> int:
    from figures import load_run

    kind = "png" if "--png" in arguments else "svg"
    folder, *names = [word for word in arguments if word != "--png"]
    run = load_run(Path(folder))
    for name in names or drawable(run):
        (Path(folder) / f"{name}.{kind}").write_bytes(gnuplot(script(run, name, kind)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
