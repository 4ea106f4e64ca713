"""The end of a run: tables and summary of whatever was measured."""

from pathlib import Path

from figures import load_run, write_tables
from problem import Problem
from progress import complain, say


def conclude(folder: Path) -> int:
    run = load_run(folder)
    if not run.trials and not run.waits:
        say("Nothing was measured, so there is nothing to show.")
        return 0
    status = 0
    try:
        write_tables(run)
    except Problem as problem:
        complain(str(problem))
        status = problem.status
    for ratio in run.ratios:
        say(
            f"{ratio.experiment:9} {ratio.metric:12} {ratio.server:17} {ratio.point.words():38}"
            f" {ratio.value:.3f} [{ratio.low:.3f}..{ratio.high:.3f}]"
            f" A/A {ratio.aa or 0:.3f}{' !' if ratio.claim else ''}"
        )
    for sentence in run.missing:
        say(sentence)
    return status
