"""The formats that grades are written in.

    table       for reading
    csv         for a gradebook: a row for each submission, a column for each promise
    junit       XML that continuous integration and editors show
    gradescope  a results.json for each submission, as Gradescope reads it

What isn't judged is blank, or left out; it is never written as zero.
"""

import csv
import io
import json
import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import show
from folder import write_whole
from grades import Grade, Graded
from results import ERROR, FAILED, NOT_RUN
from sandbox import Protection

NAME_WIDTH = 24
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # where a spreadsheet would begin to compute
AGAIN = "to grade again"
TEACHER = "Your teacher judges this."


def write(options, graded: list[Graded], protection: Protection) -> None:
    if options.format == "gradescope":
        write_folder(options.output or options.results / "gradescope", graded)
        return
    text = FORMATS[options.format](graded, protection)
    if options.output:
        write_whole(options.output, text.encode())
    else:
        show.say(text, end="")


def table(graded: list[Graded], protection: Protection) -> str:
    width = min(max([len("submission"), *(len(one.name) for one in graded)]), NAME_WIDTH)
    lines = [f"{'submission':<{width}}  {'item':<11}  {'points':>9}"]
    for one in graded:
        points = f"{one.points}/{one.possible}" if one.done else "-"
        first = f"{one.name:<{width}}  {one.item:<11}  {points:>9}  "
        lines += textwrap.wrap(
            remark(one), max(show.WIDTH, len(first) + 40), initial_indent=first,
            subsequent_indent=" " * (width + 26), break_on_hyphens=False,
        ) or [first.rstrip()]
    lines += [f"Protection is missing: {sentence}" for sentence in protection.missing]
    return "\n".join(lines) + "\n"


def remark(one: Graded) -> str:
    """What stands in the way of all points, in a line."""
    if not one.done:
        return f"{AGAIN}: {one.why}"
    parts = []
    for outcome, label in ((FAILED, "failed"), (NOT_RUN, "not run")):
        found = [grade for grade in one.judged if grade.outcome == outcome]
        names = [with_share(grade) for grade in found if grade.points is not None]
        parts += [f"{label}: {', '.join(names)}"] if names else []
        names = [grade.promise for grade in found if grade.points is None]
        parts += [f"can't be shown here: {', '.join(names)}"] if names else []
    return "; ".join(parts)


def with_share(grade: Grade) -> str:
    earlier = " (an earlier step)" if grade.kept else ""
    share = f" ({grade.passed} of {grade.cases} cases)" if grade.points else ""
    return f"{grade.promise}{earlier}{share}"


def comma_separated(graded: list[Graded], _protection: Protection) -> str:
    columns = list(dict.fromkeys(
        column(one, grade) for one in graded for grade in one.grades if not grade.kept
    ))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["submission", "item", "status", "points", "possible", *columns, "remark"])
    for one in graded:
        points = {column(one, grade): grade.points for grade in one.grades if not grade.kept}
        total = [one.points, one.possible] if one.done else ["", ""]
        cells = [points.get(name) if one.done else None for name in columns]
        status = "graded" if one.done else AGAIN
        rows.writerow(map(cell, [one.name, one.item, status, *total, *cells, remark(one)]))
    return text.getvalue()


def column(one: Graded, grade: Grade) -> str:
    return f"{one.item} {grade.promise}" + (" (teacher)" if grade.person else "")


def cell(value: str | float | None):
    """Text that a spreadsheet would take for a formula gets a quotation mark in front."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


def junit(graded: list[Graded], protection: Protection) -> str:
    root = ElementTree.Element("testsuites", name="lab grade")
    for one in graded:
        add_suite(root, one, protection)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def add_suite(root: ElementTree.Element, one: Graded, protection: Protection) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=one.name, time=f"{one.seconds:.1f}")
    properties = {"item": one.item, "protection": protection.level}
    if one.done:
        properties |= {"points": str(one.points), "possible": str(one.possible)}
    every = ElementTree.SubElement(suite, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(every, "property", name=name, value=value)
    for sentence in protection.missing:
        ElementTree.SubElement(every, "property", name="missing protection", value=sentence)
    grades = one.grades or [Grade("grading", "The submission could be graded", 0, outcome=ERROR,
                                  message=one.error)]
    for grade in grades:
        add_case(suite, one, grade)
    suite.set("tests", str(len(grades)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))


def add_case(suite: ElementTree.Element, one: Graded, grade: Grade) -> None:
    name = f"{grade.promise} (an earlier step)" if grade.kept else grade.promise
    case = ElementTree.SubElement(suite, "testcase", classname=one.item or "unknown", name=name)
    tag = {FAILED: "failure", ERROR: "error", NOT_RUN: "skipped"}.get(grade.outcome)
    message = TEACHER if grade.person else grade.message
    if tag:
        found = ElementTree.SubElement(case, tag, message=(message.splitlines() or [""])[0])
        found.text = "\n".join(filter(None, [message, grade.notes]))
    if not grade.person and grade.points is not None:
        output = ElementTree.SubElement(case, "system-out")
        output.text = f"{grade.points} of {grade.possible} points"


def write_folder(folder: Path, graded: list[Graded]) -> None:
    """A submission that must be graded again gets no file: Gradescope would make it a zero."""
    for one in graded:
        path = folder / one.name / "results.json"
        if folder.suffix == ".json" and len(graded) == 1:
            path = folder
        path.parent.mkdir(parents=True, exist_ok=True)
        if one.done:
            write_whole(path, json.dumps(gradescope(one), indent=1).encode() + b"\n")
        else:
            path.unlink(missing_ok=True)


def gradescope(one: Graded) -> dict:
    """Hidden cases count in the promises that students see, so no total is hidden, and none is
    100 % while a hidden case fails.  The only hidden entry is for the teacher, without points."""
    tests = [gradescope_test(str(number), grade) for number, grade in enumerate(one.grades, 1)]
    notes = [f"{grade.promise}: {grade.notes}" for grade in one.grades if grade.notes]
    if notes:
        tests.append({
            "name": "Notes for the teacher", "visibility": "hidden", "output": "\n".join(notes),
        })
    # A total of its own, as the format wants where a test has no score.
    found = {"score": one.points, "execution_time": round(one.seconds), "visibility": "visible",
             "stdout_visibility": "hidden", "tests": tests}
    if one.compiler:
        found["output"] = f"The compiler says:\n{one.compiler}"
    return found


def gradescope_test(number: str, grade: Grade) -> dict:
    test = {"number": number, "name": grade.says, "visibility": "visible"}
    message = grade.message
    if grade.person:
        message = TEACHER
    elif grade.kept:
        test["name"] += " (an earlier step)"
        test["status"] = "failed" if grade.outcome == FAILED else "passed"
    else:  # without a score where this machine can't show it
        test["max_score"] = grade.possible
        if grade.points is not None:
            test["score"] = grade.points
    if grade.outcome == NOT_RUN and not grade.person:
        message = f"not run: {message}"
    return test | ({"output": message} if message else {})


FORMATS = {
    "table": table, "csv": comma_separated, "junit": junit, "gradescope": gradescope,
}
