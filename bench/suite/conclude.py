"""The end of a run: figures, charts, report and summary of whatever was measured.

Everything is made from the results folder, so that a run and a later
`bench/run --report` of it can't differ.
"""

from pathlib import Path

from charts import charts
from figures import figures, hgrm
from problem import Problem
from progress import COLUMNS, complain, say, shown
from report import report
from sentences.summary import summary


def try_each(steps) -> tuple[list[str], int]:
    """Do every step, whatever becomes of the others; what went wrong, and the status."""
    problems, status = [], 0
    for step in steps:
        try:
            problems += step() or []
        except Problem as problem:
            problems.append(str(problem))
            status = problem.status
    return problems, status


def conclude(folder: Path) -> int:
    """Figures, charts, report and summary of whatever was measured."""
    run = figures.read_run(folder)
    if not run.trials:
        say("Nothing was measured, so there is nothing to show.")
        return 0
    made = figures.make_figures(run)
    measured = any(t["outcome"] == "measured" and t["kind"] != "floor" for t in run.trials)
    problems, status = try_each(
        [
            lambda: figures.write_tables(folder, made),
            lambda: hgrm.write(folder, run),
            lambda: charts.draw(folder, run, made) if measured else [],
            lambda: report.write(folder, run, made, charts),
        ]
    )
    say("\n" + summary(run, made) + "\n")
    if not measured:
        say("No server was measured, so there are no charts; the report tells why.\n")
    elif chart := charts.draw_in_text(folder, COLUMNS):
        say(chart + "\n")
    for line in problems:
        complain(line)
    say(f"Report: {shown(folder / 'report.html')}")
    return status
