"""Sentences that compare two servers, and when they may not be said.

A difference is claimed only when all of the ratio's interval lies on one side
of 1 and its median lies outside of what the twin has shown to be noise (the A/A
band); with fewer than 6 rounds all of the interval must.  Otherwise the sentence
says `no difference that this run can show', with the same numbers, so that
everybody can judge.
"""

import math
from dataclasses import dataclass

from figures.intervals import Band, Interval, is_different, median_interval, paired_ratio
from figures.metrics import SHAPES, cpu_an_echo
from figures.points import FLOOR, LT, Point, Run, collect
from figures.ratios import Question, band_at, by_round, common_x, ratio_at
from measure.validity import spoils
from sentences.words import factor, pair, reaches, short

FLOOR_SIZE = 64  # bytes in a message
WITHHELD = "no difference that this run can show"


@dataclass(frozen=True)
class Sentence:
    """A conclusion.  Not shown: its difference may be noise, and it says so."""

    text: str
    shown: bool = True
    context: bool = False  # about a peer: never among the sentences on the four
    experiment: str = ""
    strength: float = 0.0  # how far the ratio is from 1, either way


@dataclass(frozen=True)
class Claim:
    """`first` beside `second` in one place."""

    question: Question
    x: float
    first: str
    second: str
    ratio: Interval
    band: Band | None
    values: tuple[float, float]  # the medians of both

    @property
    def shown(self) -> bool:
        return is_different(self.ratio, self.band)

    @property
    def place(self) -> str:
        return self.question.place(self.x)


def point_of(run: Run, question: Question, server: str, x: float) -> Point | None:
    return collect(run, question.experiment).get((server, question.panel, x))


def median_at(run: Run, question: Question, server: str, x: float) -> float:
    """Of the valid trials there, which must exist."""
    numbers = by_round(point_of(run, question, server, x), question.metric)
    return median_interval(list(numbers.values())).value


def claim(run: Run, question: Question, first: str, second: str = LT) -> Claim | None:
    """The greater one comes first; None when they were not measured together."""
    if question.experiment not in run.experiments:
        return None
    x = common_x(run, question, first, second)
    ratio = None if x is None else ratio_at(run, question, x, first, second)
    if ratio is None:
        return None
    if ratio.value < 1:
        turned = ratio_at(run, question, x, second, first)
        if turned is None:
            return None
        first, second, ratio = second, first, turned
    both = median_at(run, question, first, x), median_at(run, question, second, x)
    return Claim(question, x, first, second, ratio, band_at(run, question, x), both)


def unit_of(question: Question) -> str:
    if question.experiment == "memory":
        return "bytes"
    metrics = SHAPES[question.experiment].metrics
    return next(metric.unit for metric in metrics if metric.name == question.metric)


def noise(band: Band | None) -> str:
    """How far apart equals came out."""
    return "" if band is None else f"; equals differ by up to {factor(band.high)}"


def tell(made: Claim, context: bool = False) -> Sentence:
    """With all its numbers, whether it may be said or not."""
    where = f"{made.place}: " if made.place else ""
    quantity, interval = made.question.quantity, reaches(made.ratio)
    first, second = short(made.first), short(made.second)
    values = pair(*made.values, unit_of(made.question))
    numbers = f"({interval}{noise(made.band)})"
    if made.shown:
        text = (
            f"{where}{first} has {factor(made.ratio.value)} times the {quantity} of {second}"
            f" {numbers}: {values}."
        )
    else:
        text = (
            f"{where}{quantity} of {first} and {second}, {values}, ratio"
            f" {factor(made.ratio.value)} {numbers}: {WITHHELD}."
        )
    experiment = made.question.experiment
    return Sentence(text, made.shown, context, experiment, strength(made.ratio))


def strength(ratio: Interval) -> float:
    """How far from 1, as a logarithm: half as much is as far as twice as much."""
    return abs(math.log(ratio.value)) if ratio.value > 0 else 0.0


def compared(run: Run, question: Question, first: str, second: str = LT) -> list[Sentence]:
    """The sentence on these two, or none when they can't be compared."""
    made = claim(run, question, first, second)
    return [] if made is None else [tell(made)]


# --- One server in two places, and beside the floor.


def growth(run: Run, question: Question, server: str, x: float) -> Interval | None:
    """How many times what it has at 0 does a server have at x?"""
    there = by_round(point_of(run, question, server, x), question.metric)
    at_zero = by_round(point_of(run, question, server, 0), question.metric)
    return paired_ratio(there, at_zero)


def farthest(run: Run, question: Question, server: str) -> float | None:
    """The largest x at which it has valid values."""
    return common_x(run, question, server, server)


def grew(run: Run, question: Question, server: str) -> list[Sentence]:
    """Does it cost more than at 0?  Said of one server, against itself."""
    x = farthest(run, question, server)
    ratio = None if x is None else growth(run, question, server, x)
    if ratio is None:
        return []
    values = pair(
        median_at(run, question, server, x), median_at(run, question, server, 0),
        unit_of(question),
    )
    band = band_at(run, question, x)
    shown = is_different(ratio, band)
    text = (
        f"{question.place(x)}: {short(server)} has {factor(ratio.value)} times its"
        f" {question.quantity} with none ({reaches(ratio)}{noise(band)}): {values}"
    )
    end = "." if shown else f": {WITHHELD}."
    return [Sentence(text + end, shown, False, question.experiment, strength(ratio))]


def cpu_alone(run: Run, name: str, experiment: str, active: int) -> dict[int, float]:
    """CPU time an echo, round by round, of small messages and nobody idle."""
    alike = {"mode": "closed", "active": active, "idle": 0, "size": FLOOR_SIZE, "firehoses": 0}
    found = {}
    for trial in run.trials:
        same = (trial["server_name"], trial["experiment"]) == (name, experiment)
        if same and trial["outcome"] == "measured" and not trial.get("freeze"):
            if alike.items() <= trial.items() and not spoils(trial, "cpu"):
                found[trial["round"]] = cpu_an_echo(trial)
    return {number: cpu for number, cpu in found.items() if cpu is not None}


def over_floor(run: Run, server: str) -> tuple[int, Interval] | None:
    """Its CPU time an echo, in those of a bare recv and send on hot sockets.

    With as many active connections as possible, since with few of them most of
    the time goes into falling asleep and waking up, also for the floor.  Where
    the floor was measured by itself, beside any experiment with the same load.
    """
    trials = [trial for trial in run.trials if trial["server_name"] == FLOOR]
    places = sorted({(-t["active"], t["experiment"] != "idle", t["experiment"]) for t in trials})
    for active, _, experiment in places:
        floor = cpu_alone(run, FLOOR, experiment, -active)
        for beside in dict.fromkeys([experiment, *run.experiments]):
            ratio = paired_ratio(cpu_alone(run, server, beside, -active), floor)
            if ratio is not None:
                return -active, ratio
    return None
