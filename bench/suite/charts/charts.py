"""The charts: gnuplot draws them from the tables, and this calls it.

    settings  what the scripts in plots/ read beside the tables
    rows      the same for charts with a row for each server
    freeze    the same for the frozen server
    axes      ticks, and labels that don't cover each other
    svg       gnuplot's SVG, fit to stand in the report
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from charts import svg as chart_svg
from charts.freeze import add_freeze
from charts.rows import BARS, add_bars, add_calls, add_ratios, read_ratios
from charts.settings import (
    LINES, NO_BREAK, Settings, add_lines, enhanced, name_of, path_text, read_table, text,
)
from figures.points import FLOOR, Run
from measure import environment
from measure.validity import WORDS
from options import ROOT
from progress import shown
import results
from sentences import findings
from sentences.words import some

CHARTS = [
    "idle", "idle-cpu", "active", "size", "rate", "percentiles",
    "churn", "memory", "syscalls", "fairness", "freeze", "comparison",
]
TABLES = {"idle-cpu": "idle"}  # the others are called as their chart
LAYOUTS = ("wide", "narrow")
PATIENCE = 120  # seconds that gnuplot may take for one chart


def table_of(chart: str) -> str:
    return TABLES.get(chart, chart)


# --- What the scripts read.


def method(run: Run, chart: str) -> str:
    """How it was measured, for the caption."""
    rounds = "1 round" if run.rounds == 1 else f"{run.rounds} rounds"
    if chart == "freeze":
        return "One round, one window for each server"
    if chart == "comparison":
        return f"{rounds}; dot: median of the ratios, line: its interval, hollow: no difference"
    spread = "interval of the median" if run.rounds >= 6 else "least to greatest round"
    bars = "" if chart in ("percentiles", "syscalls") else f"; bars: {spread}"
    seconds = {
        t["seconds"] for t in run.trials
        if t["experiment"] == chart and t["outcome"] == "measured" and t.get("seconds")
    }
    window = f" of {min(seconds):.2g} s" if seconds and chart != "memory" else ""
    return f"{rounds}{window}{bars}"


def remark(run: Run, chart: str) -> str:
    """What makes a mark hollow: in the words of the doubts that there are."""
    codes: dict[str, int] = {}
    for t in run.trials:
        if t["experiment"] == table_of(chart) and t["server_name"] != FLOOR:
            for code in t.get("doubts") or []:
                codes[code] = codes.get(code, 0) + 1
    reasons = [f"{WORDS[code]} ({some(count, 'trial')})" for code, count in codes.items()]
    if not reasons:
        return ""
    return f"Doubtful trials, hollow where they are half of all or more: {'; '.join(reasons)}"


def settings(run: Run, figures: dict, folder: Path) -> str:
    """The text of charts.gp."""
    made, everyone = Settings(), run.servers + run.peers
    made.lines += [
        "# Written by bench/suite: what the scripts in plots/ read beside the tables.",
        f"servers = {text(' '.join(run.servers))}",
        f"mine = {text(' '.join(run.mine))}",
        f"peers = {text(' '.join(run.peers))}",
        f"names = {text(' '.join(name_of(s).replace(' ', NO_BREAK) for s in everyone))}",
        f"machine = {text(caption(run))}",
    ]
    for chart in CHARTS:
        made.set(chart, "headline", enhanced(findings.headline(run, figures, chart) or ""))
        made.set(chart, "method", text(method(run, chart)))
        made.set(chart, "remark", text(remark(run, chart)))
    for chart in LINES:
        add_lines(made, chart, read_table(folder / f"{chart.table}.tsv"))
    for name in BARS:
        add_bars(made, name, read_table(folder / f"{name}.tsv"), everyone)
    add_calls(made, "syscalls", read_table(folder / "syscalls.tsv"), everyone)
    frozen = [t for t in run.trials if t["experiment"] == "freeze"]
    add_freeze(made, read_table(folder / "freeze.tsv"), frozen)
    add_ratios(made, "comparison", read_ratios(folder / "comparison.tsv"), everyone)
    return made.text()


def caption(run: Run) -> str:
    """The machine, if the run says which."""
    try:
        return environment.caption(run.environment)
    except (KeyError, TypeError):
        return ""


# --- gnuplot.


def gnuplot(script: str, folder: Path, **given: object) -> subprocess.CompletedProcess:
    """Run plots/SCRIPT on a results folder.

    -d: nobody's ~/.gnuplot has a say; nor has GNUTERM, the same as a variable.
    """
    said = {"run": path_text(folder.resolve()), **given}
    words = "; ".join(
        f"{name} = {text(value) if name != 'run' and isinstance(value, str) else value}"
        for name, value in said.items()
    )
    command = ["gnuplot", "-d", "-e", words, f"plots/{script}.gp"]
    variables = {name: value for name, value in os.environ.items() if name != "GNUTERM"}
    return subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, errors="replace",
        timeout=PATIENCE,
    )


def has_fonts() -> bool:
    """Without any font gnuplot draws boxes for letters and finds nothing wrong."""
    folders = ["/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"]
    kinds = ("*.ttf", "*.otf", "*.ttc", "*.pfb")
    # os.path: who has no home, as in many containers, just has no fonts there.
    places = [Path(os.path.expanduser(folder)) for folder in folders]
    return any(next(place.rglob(kind), None) for place in places for kind in kinds)


def said_by(done: subprocess.CompletedProcess) -> str:
    """The last words of a gnuplot that failed."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"status {done.returncode}"


ENDINGS = {"svg": b"</svg>", "png": b"IEND\xaeB`\x82"}


def is_whole(path: Path) -> bool:
    """gnuplot doesn't notice when the disk is full."""
    if not path.exists() or path.stat().st_size == 0:
        return False
    with open(path, "rb") as file:
        file.seek(-min(path.stat().st_size, 64), os.SEEK_END)
        return file.read().rstrip().endswith(ENDINGS[path.suffix[1:]])


def draw_one(folder: Path, chart: str, kind: str) -> str | None:
    """One file.  Returns what went wrong."""
    try:
        done = gnuplot(chart, folder, kind=kind)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bench/run: {chart}.{kind}: {error}"
    if done.returncode != 0:
        return f"bench/run: {chart}.{kind}: gnuplot says: {said_by(done)}"
    if not is_whole(folder / f"{chart}.{kind}"):
        return f"bench/run: {chart}.{kind}: not written to its end; is the disk full?"
    return None


def drawable(folder: Path) -> list[str]:
    """Charts whose table is there."""
    return [chart for chart in CHARTS if (folder / f"{table_of(chart)}.tsv").is_file()]


def draw(folder: Path, run: Run, figures: dict) -> list[str]:
    """Draw all charts as SVG and PNG.  Returns what went wrong, one line each."""
    results.write(folder / "charts.gp", settings(run, figures, folder))
    if shutil.which("gnuplot") is None:
        return [
            "There is no gnuplot here, so there are no charts.  When it is installed:",
            f"    bench/run --report {shown(folder)}",
        ]
    problems = []
    if not has_fonts():
        problems.append("No font found: the PNG charts have no letters.  Install fonts-dejavu-core")
    jobs = [(chart, kind) for chart in drawable(folder) for kind in ("svg", "png")]
    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        found = list(at_once.map(lambda job: draw_one(folder, *job), jobs))
    return problems + [problem for problem in found if problem]


def report_svg(folder: Path, name: str, layout: str) -> str | None:
    """A chart for the report, where each mark has a title that tells its value.

    Its colours are the page's (chart_svg.css), and its names are its own.  None
    without gnuplot, or when the chart can't be drawn: draw() has said why.
    """
    if shutil.which("gnuplot") is None or name not in drawable(folder):
        return None
    try:
        done = gnuplot(name, folder, kind="report", layout=layout)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0 or "</svg>" not in done.stdout:
        return None
    return chart_svg.tidy(done.stdout, f"{name}-{layout}", name)


def draw_in_text(folder: Path, columns: int) -> str:
    """The chart of echoes a second in characters, or nothing without gnuplot."""
    if shutil.which("gnuplot") is None or "idle" not in drawable(folder):
        return ""
    page = gnuplot("terminal", folder, columns=columns).stdout
    lines = [line.rstrip() for line in page.splitlines()]
    return "\n".join(lines).strip("\n")
