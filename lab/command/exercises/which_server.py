"""Exercise 1: which of the four servers printed this story?"""

import random
import re
import subprocess
from functools import cache
from pathlib import Path

import course
import processes
from results import Result

from . import live
from .form import Wrong, choice, filled_in
from .sheet import NotRun, Sheet

STORY = "story.txt"
HIDDEN = ("returned", "waiting")  # lines that name the call


@cache
def told_by(name: str) -> tuple[str, ...]:
    """What it prints while three clients come and go, without the lines that name its call."""
    words = [str(live.ROOT / "docs/sessions/three-clients"), live.program(live.FOUR[name])]
    teller = processes.start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, complaint = teller.communicate()
    if teller.returncode != 0:
        raise NotRun((complaint.strip().splitlines() or ["three-clients failed"])[-1])
    return tuple(line for line in output.splitlines() if not any(word in line for word in HIDDEN))


def without_numbers(line: str) -> str:
    """The numbers of descriptors differ for reasons that aren't the lesson."""
    return re.sub(r"\d+", "N", " ".join(line.split()))


def start(folder: Path, seed: int) -> None:
    story = told_by(random.Random(f"{seed} story").choice(list(live.FOUR)))
    (folder / STORY).write_text("".join(line + "\n" for line in story))


def teller_of(folder: Path) -> str:
    """The server whose story is in the folder."""
    try:
        text = (folder / STORY).read_text(errors="replace")
    except OSError as error:
        expected = "the story that lab start put there"
        raise Wrong(f"saw: {STORY}: {error.strerror}\nexpected: {expected}") from None
    story = [without_numbers(line) for line in text.splitlines()]
    for name in live.FOUR:
        if story == [without_numbers(line) for line in told_by(name)]:
            return name
    raise Wrong(f"saw: {STORY} was changed\nexpected: the story as you got it; start this exercise"
                " again in a new folder")


def check_server(folder: Path, answers: dict[str, str]) -> None:
    said = choice(answers, "server", live.FOUR)
    if said != teller_of(folder):
        raise Wrong(f"saw: {said}\nexpected: another server: what does each mechanism report?")


def neighbours(name: str) -> set[tuple[str, str]]:
    story = [without_numbers(line) for line in told_by(name)]
    return set(zip(story, story[1:]))


def check_lines(folder: Path, answers: dict[str, str]) -> None:
    """Two neighbouring lines are evidence if no other server prints them in a row."""
    lines = tuple(without_numbers(filled_in(answers, key)) for key in ("line-1", "line-2"))
    if lines not in neighbours(teller_of(folder)):
        raise Wrong(f"saw: these two lines aren't neighbours in {STORY}\nexpected: two"
                    " neighbouring lines of it, each copied whole")
    tellers = [name for name in live.FOUR if lines in neighbours(name)]
    if len(tellers) > 1:
        raise Wrong(f"saw: {len(tellers)} of the four servers print these two lines\nexpected: two"
                    " neighbouring lines that only this server prints")


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-1"))
    sheet.judge("server", lambda: check_server(folder, answers))
    sheet.judge("lines", lambda: check_lines(folder, answers))
    return sheet.results
