"""Exercise 4: calls per echo, and descriptors scanned per echo, beside idle connections."""

from pathlib import Path

import course
from results import Result

from . import live
from .form import Wrong, number
from .sheet import Sheet

IDLE = 900
CALLS = ("waits", "receives", "sends", "epoll_ctls", "accepts")
CALLS_OFF = 0.25  # a whole number is right or wrong
SCANNED_OFF, SCANNED_LEAST = 0.2, 1.5  # a fifth, but a few descriptors don't matter


def predicted(answers: dict[str, str], what: str) -> dict[str, float]:
    return {name: number(answers, f"{what}-{name}") for name in live.FOUR}


def measure() -> tuple[int, dict[str, dict[str, float]]]:
    """How many were idle, and the two figures of each server."""
    idle = min(IDLE, live.room(len(live.FOUR)) - 1)
    trials = live.measure(list(live.FOUR), f"--idle={idle}", "--active=1", "--cycles=4")[0]
    found = {}
    for name, trial in trials.items():
        counted = trial["server_use"]["counters"]
        echoes = trial["echoes"]
        found[name] = {
            "calls": sum(counted[call] for call in CALLS) / echoes,
            "scanned": counted["scanned"] / echoes,
        }
    return idle, found


def direction(said: float, seen: float) -> str:
    return "too many" if said > seen else "too few"


def compare(what: str, said: dict[str, float], seen: dict, allowed) -> None:
    """allowed(seen) is how far off an answer may be."""
    wrong = [
        f"saw: {what}-{name}: {said[name]:g} is {direction(said[name], seen[name][what])}"
        for name in said
        if abs(said[name] - seen[name][what]) > allowed(seen[name][what])
    ]
    if wrong:
        raise Wrong("\n".join([*wrong, "expected: what a run counts; measure it yourself"]))


def check(_folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-4"))
    live_run: list = []

    def seen() -> tuple[int, dict]:
        if not live_run:
            live_run.append(measure())
        return live_run[0]

    def calls() -> None:
        said = predicted(answers, "calls")
        compare("calls", said, seen()[1], lambda _: CALLS_OFF)

    def scanned() -> None:
        said = predicted(answers, "scanned")
        idle, found = seen()
        scaled = {name: n * idle / IDLE if n > 10 else n for name, n in said.items()}
        compare(
            "scanned", scaled, found, lambda right: max(SCANNED_OFF * right, SCANNED_LEAST)
        )

    sheet.judge("calls", calls)
    sheet.judge("scanned", scanned)
    return sheet.results
