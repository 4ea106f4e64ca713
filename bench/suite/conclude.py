"""The end of a run: charts, report and summary of whatever was measured.

Everything is made from the results folder, so a run and a later
`bench/run --report` of it can't differ.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import charts
import report
from experiments import BY_NAME
from figures import Ratio, Run, load_run, write_tables
from options import FLOOR, LT, TWIN
from problem import Problem
from progress import COLUMNS, complain, say, shown
from sentences import load
from words import BYTES, amount, ratio, short, some

NAMES, CELL = 30, 10  # columns of the table in the summary
MOST_ROWS = 14
CHART_LINES = 18
BRIEF = {"cpu": "CPU", "cpu_per_mib": "CPU/MiB", "user_bytes": "memory"}


# --- The summary: 80 columns, at most 40 lines


def key_loads(run: Run, name: str) -> list[Ratio]:
    """Of what an experiment compares first: the ends of idle, the far end of the others."""
    metric = next(iter(BY_NAME[name].compare), None)
    own = [one for one in run.ratios if (one.experiment, one.metric) == (name, metric)]
    own.sort(key=lambda one: load(one.point))
    if name != "idle":
        without_and_beside_idle = {one.point.idle > 0: one for one in own}
        return list(without_and_beside_idle.values())
    found: dict = {}
    for active in dict.fromkeys(one.point.active for one in own):
        points = [one for one in own if one.point.active == active]
        for one in (points[0], points[-1]):
            found.setdefault(one.point, one)
    return list(found.values())


def load_words(one: Ratio) -> str:
    """CPU: 1 active, 19,000 idle"""
    point = one.point
    words = point.words()
    if point.rate is not None:
        words = f"{point.rate:,}/s" + (f", {point.idle:,} idle" if point.idle else "")
    elif point.mode == "churn":
        words = "churn"
    elif point.firehoses:
        words = some(point.firehoses, "stream")
    elif one.experiment == "size":
        words = amount(point.size, BYTES)
    elif one.experiment == "active":
        words = some(point.active, "active", "active")
    return f"{BRIEF.get(one.metric, one.metric)}: {words}"


def table_row(run: Run, first: Ratio, servers: list[str]) -> str:
    """A load with every server's ratio: * where noise can't explain it, ~ where it is suspect."""
    cells = {}
    for one in run.ratios:
        if (one.experiment, one.metric, one.point) == (first.experiment, first.metric, first.point):
            mark = "~" if one.suspect else "*" if one.claim else " "
            cells[one.server] = ratio(one.value, one.high - one.low) + mark
    texts = "".join(f"{cells.get(server, '- '):>{CELL}}" for server in servers)
    return f"{load_words(first):{NAMES}.{NAMES}}{texts}".rstrip()


def table(run: Run) -> list[str]:
    """Ratios to epoll LT at the key loads; nothing where there are none."""
    loads = [one for name in run.experiments for one in key_loads(run, name)][:MOST_ROWS]
    there = {one.server for one in run.ratios}
    servers = [s for s in run.servers if s in there and s not in (LT, TWIN, FLOOR)]
    servers = servers[: (COLUMNS - NAMES) // CELL]
    if not loads or not servers:
        return []
    names = "".join(f"{short(server)[:CELL - 1] + ' ':>{CELL}}" for server in servers)
    head = f"{f'Ratio to {short(LT)}':{NAMES}}{names}"
    return [head.rstrip(), *(table_row(run, one, servers) for one in loads),
            "* larger than noise explains   ~ suspect"]


def colours() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def summary(run: Run) -> str:
    """A table, a chart, and how many trials are to be believed."""
    parts = ["\n".join(table(run))]
    try:
        parts.append(charts.draw_in_text(run, COLUMNS - 1, CHART_LINES, colours()))
    except Problem:
        pass  # gnuplot: draw_all has said why
    parts.append(f"{report.suspects(run)}{see(run)}.")
    return "\n".join(part for part in parts if part)


def see(run: Run) -> str:
    return " (drawn hollow; see the report)" if any(t["suspicions"] for t in run.trials) else ""


# --- Everything


def attempt(step: Callable[[], None]) -> int:
    """Whatever becomes of it, the next step is taken; the status is that of the first problem."""
    try:
        step()
    except Problem as problem:
        complain(str(problem))
        return problem.status
    return 0


def conclude(folder: Path) -> int:
    """Tables, charts, report and summary of whatever was measured."""
    run = load_run(folder)
    if not run.trials and not run.waits:
        say("Nothing was measured, so there is nothing to show.")
        return 0
    status = attempt(lambda: write_tables(run))
    drawn, problems = charts.draw_all(run)
    status = attempt(lambda: report.write(run, drawn)) or status
    say("\n" + summary(run))
    for line in problems:
        complain(line)
    if (folder / "report.html").is_file():
        say(f"Report: {shown(folder / 'report.html')}")
    return status
