"""Exercise 10: a bug hunt, in a folder of its own, whose server must be repaired."""

import os
from pathlib import Path

import check as checking
import course
import folder as folders
import processes
from problem import Problem
from results import PASSED, Result

from .form import Wrong, filled_in, wrong_kind
from .sheet import Sheet


def hunt_in(answers: dict[str, str], folder: Path) -> tuple[course.Item, Path]:
    said = filled_in(answers, "hunt")
    path = Path(os.path.realpath(folder / said))
    if not os.path.isfile(path / folders.STATE):
        raise wrong_kind("hunt", said, "the folder that `lab start hunt-1 HUNT` made")
    if graded() and not path.is_relative_to(folder.resolve()):
        raise wrong_kind("hunt", said, "a folder inside this one, so that it is handed in")
    try:
        item = course.find(folders.read_state(path / folders.STATE)["item"])
    except Problem as problem:
        raise Wrong(f"saw: {problem}\nexpected: the folder of a hunt") from None
    if item.kind != "hunt":
        raise wrong_kind("hunt", said, f"the folder of a hunt; this is {item.name}")
    return item, path


def graded() -> bool:
    """Then nothing counts but what was handed in."""
    return processes.confinement is not processes.unconfined


def check_hunt(answers: dict[str, str], folder: Path) -> str:
    """The check of the hunt itself, once more."""
    item, path = hunt_in(answers, folder)
    report = checking.Check(item, path, None).run()
    if not report.holds:
        first = next((one for one in report.judged if one.outcome != PASSED), None)
        why = f"{first.promise}\n{first.message}" if first else "nothing was checked"
        raise Wrong(f"saw: {item.name} isn't repaired yet: {why}")
    return f"{item.name}: all {len(report.judged)} promises hold"


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-10"))
    sheet.judge("hunt", lambda: check_hunt(answers, folder))
    return sheet.results
