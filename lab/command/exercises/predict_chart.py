"""Exercise 5: CPU time per echo against idle connections, predicted before it is measured."""

import re
from itertools import combinations
from pathlib import Path
from statistics import median

import course
from results import Result

from . import live
from .form import Wrong, count, filled_in, names, wrong_kind
from .sheet import NotRun, Sheet

IDLE, LEAST_IDLE = 900, 300
ROUNDS, CYCLES = 3, 3
# Lines that differ by less than ALIKE are one line of the chart, by more than APART two.
# In between, both answers are right.
ALIKE, APART = 1.1, 1.5
LEVEL, RISES = 1.2, 1.5  # times the CPU time without idle connections
HOLD = 1200  # more than select can watch
END_OFF = 0.05


class Chart:
    """What a few seconds of measuring say of the four lines."""

    def __init__(self, idle: int, rounds: list[list[dict]]):
        self.idle, self.rounds = idle, rounds

    def growth(self, name: str) -> float:
        """CPU time per echo beside idle connections, as a multiple of that without."""
        return median(
            live.cpu(beside[name]) / live.cpu(alone[name]) for alone, beside in self.rounds
        )

    def ratio(self, one: str, other: str):
        """The interval of how many times the CPU time it needs."""
        cycles = [
            live.ratios(
                live.per_turn(beside[one], "cpu", "echoes"),
                live.per_turn(beside[other], "cpu", "echoes"),
            )
            for _, beside in self.rounds
        ]
        return live.statistics().interval(cycles)


def measure() -> Chart:
    idle, rounds = min(IDLE, live.room(len(live.FOUR)) - 1), []
    if idle < LEAST_IDLE:
        raise NotRun(f"the limit of open files (ulimit -Hn) leaves room for {idle} connections")
    for number in range(ROUNDS):
        rounds.append(live.measure(
            list(live.FOUR), f"--idle=0,{idle}", "--active=1", f"--cycles={CYCLES}",
            f"--seed={number}",
        ))
    return Chart(idle, rounds)


# --- What the student says.


def order_of(answers: dict[str, str]) -> list[list[str]]:
    """poll > lt = et: groups of lines that are one, the highest first."""
    text = filled_in(answers, "order")
    groups = [re.split(r"\s*=\s*", group.strip()) for group in text.split(">")]
    if sorted(name for group in groups for name in group) != sorted(live.FOUR):
        kind = f"{', '.join(live.FOUR)}, each once, with > or = between them"
        raise wrong_kind("order", text, kind)
    return groups


def contradiction(first: str, second: str, same: bool, ratio) -> str | None:
    """What is wrong with `first = second`, or with `first > second`."""
    if same and (ratio.low > APART or ratio.high < 1 / APART):
        return f"saw: {first} = {second}, but these are two lines, more than {APART} apart"
    if not same and ratio.high < ALIKE:
        return f"saw: {first} > {second}, but {first} isn't higher than {second}"
    return None


def check_order(groups: list[list[str]], chart: Chart) -> None:
    place = {name: n for n, group in enumerate(groups) for name in group}
    pairs = [sorted(pair, key=place.get) for pair in combinations(place, 2)]
    found = [
        contradiction(a, b, place[a] == place[b], chart.ratio(a, b)) for a, b in pairs
    ]
    wrong = [line for line in found if line]
    if wrong:
        raise Wrong("\n".join([*wrong, f"expected: the order with {chart.idle} idle connections"]))


def check_rising(said: list[str], chart: Chart) -> None:
    growth = {name: chart.growth(name) for name in live.FOUR}
    wrong = [f"saw: {name} doesn't rise" for name in said if growth[name] < LEVEL]
    wrong += [
        f"saw: {name} rises as well"
        for name in live.FOUR
        if name not in said and growth[name] > RISES
    ]
    if wrong:
        raise Wrong("\n".join([*wrong, f"expected: those that rise from 0 to {chart.idle} idle"]))


def check_end(name: str, at: int) -> None:
    """Where the line of this server ends, because it can't hold more."""
    if live.room(1) < HOLD:
        raise NotRun(f"the limit of open files (ulimit -Hn) is too low for {HOLD:,} connections")
    with live.the_four() as servers:
        point = live.take_turns(servers, f"--hold={HOLD}")[0]
    held = {trial["server"]: trial["held"] for trial in point["trials"]}
    if held[name] == HOLD:
        raise Wrong(f"saw: {name} held all {HOLD:,}\nexpected: the server whose line ends")
    if abs(at - held[name]) > END_OFF * held[name]:
        side = "more" if at > held[name] else "fewer"
        raise Wrong(f"saw: {at:,} is {side} than {name} held\nexpected: its number, within 5 %")


def check(_folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-5"))
    measured: list[Chart] = []

    def chart() -> Chart:
        if not measured:
            measured.append(measure())
        return measured[0]

    def order() -> None:
        groups = order_of(answers)
        check_order(groups, chart())

    def rises() -> None:
        said = names(answers, "rises", live.FOUR)
        check_rising(said, chart())

    def ends() -> None:
        said = names(answers, "ends", live.FOUR)
        if len(said) > 1:
            raise wrong_kind("ends", answers["ends"], "one server")
        check_end(said[0], count(answers, "ends-at"))

    sheet.judge("order", order)
    sheet.judge("rises", rises)
    sheet.judge("ends", ends)
    return sheet.results
