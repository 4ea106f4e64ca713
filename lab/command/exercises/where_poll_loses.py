"""Exercise 8: the fewest idle connections at which poll can be shown to need more CPU time."""

from pathlib import Path

import course
from results import Result

from . import live
from .form import Wrong, count
from .sheet import NotRun, Sheet

ROUNDS, CYCLES = 5, 8  # nearly as in the default of bench/run
MOST = 1000  # beyond that, poll takes too long to be measured here
AGAIN = "lt-again"


def measure(low: int, high: int) -> list[dict[str, list[list[float]]]]:
    """At both numbers of idle connections: CPU time per echo against epoll LT, by round."""
    found = [{"poll": [], AGAIN: []}, {"poll": [], AGAIN: []}]
    for seed in range(ROUNDS):
        points = live.measure(
            ["poll", "lt", AGAIN], f"--idle={low},{high}", "--active=1", f"--cycles={CYCLES}",
            f"--seed={seed}", again=("lt",),
        )
        for trials, ratios in zip(points, found):
            base = live.per_turn(trials["lt"], "cpu", "echoes")
            for name in ratios:
                cpu = live.per_turn(trials[name], "cpu", "echoes")
                ratios[name].append(live.ratios(cpu, base))
    return found


def is_shown(ratios: dict[str, list[list[float]]]) -> tuple[bool, str]:
    """Does poll need more, beyond what two equal servers differ by?  With the numbers."""
    bench = live.statistics()
    ratio, again = bench.interval(ratios["poll"]), bench.interval(ratios[AGAIN])
    aa = bench.reach(again)
    shown = bench.claims(ratio, aa) and ratio.low > 1
    numbers = f"poll needs {ratio.low:.3f} to {ratio.high:.3f} times the CPU time of epoll LT"
    return shown, f"{numbers}; epoll LT measured twice: up to {aa:.3f} times"


def check(_folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-8"))
    measured: list = []

    def number() -> int:
        said = count(answers, "idle")
        if not 2 <= said <= MOST:
            raise Wrong(f"saw: idle: {said}\nexpected: a number from 2 to {MOST:,}")
        if live.room(3) <= said:
            raise NotRun(f"the limit of open files (ulimit -Hn) is too low for {said:,} idle")
        return said

    def at(which: int) -> tuple[bool, str]:
        high = number()
        if not measured:
            measured.extend(measure(high // 2, high))
        return is_shown(measured[which])

    def shown() -> str:
        holds, numbers = at(1)
        if not holds:
            raise Wrong(f"saw: with {number():,} idle, {numbers}\nexpected: a difference that noise"
                        " can't explain; try a larger number")
        return f"with {number():,} idle, {numbers}"

    def not_before() -> str:
        holds, numbers = at(0)
        if holds:
            raise Wrong(f"saw: with only {number() // 2:,} idle, {numbers}\nexpected: no"
                        " measurable difference at half of your number; try a smaller one")
        return f"with {number() // 2:,} idle, {numbers}"

    sheet.judge("shown", shown)
    sheet.judge("not-before", not_before)
    return sheet.results
