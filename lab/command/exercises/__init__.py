"""What checks the exercises: a module for each that needs more than conformance.

A module has

    check(folder, answers) -> list[Result]    judge the answers, from a live run where
                                              the right ones depend on the machine
    start(folder, seed)                       optional: put into a new folder what the
                                              exercise is about

form.py reads answers.txt, sheet.py collects the results, live.py runs our programs.
"""

import importlib
from pathlib import Path

from course import Item
from problem import Problem
from results import Result

from . import form
from .sheet import NotRun, Sheet


def module_of(item: Item):
    return importlib.import_module(f"exercises.{item.module}")


def start(item: Item, folder: Path, seed: int) -> None:
    """What the exercise's module has to put into a new folder."""
    prepare = getattr(module_of(item), "start", None) if item.module else None
    try:
        if prepare:
            prepare(folder, seed)
    except NotRun as reason:
        advice = "mend that, then run the same command again"
        raise Problem(f"{item.name} can't begin: {reason}", advice) from None


def check(item: Item, folder: Path) -> list[Result]:
    """Read the student's form and judge it.  A form that can't be read fails everything."""
    try:
        answers = form.read(folder / form.NAME, item.folder / form.NAME)
    except form.BadForm as wrong:
        return Sheet(item).all_fail(wrong)
    return module_of(item).check(folder, answers)
