"""Step 12: what a run has measured of the student's own server, beside the four.

Exercise 12 asks the same of a server in any language; what both ask is judged there.
"""

import shlex
from pathlib import Path

import course
from results import Result

from . import beside_the_four as beside
from . import live
from .form import Wrong, names
from .sheet import Sheet

MANY = "900"  # idle connections, which the task asks for
JUDGED = ("run", "place", "grows", "calls")  # here; conformance and a teacher do the rest
GROWS, STAYS = 2.0, 1.3  # CPU time per echo, times that with none idle


def growth(none: dict, many: dict, server: str) -> float:
    return many["cpu", server].value / none["cpu", server].value


def check_growth(none: dict, folder: Path, answers: dict[str, str]) -> str:
    """Between the two limits either answer is right."""
    servers = {**live.FOUR, "mine": answers["server"]}
    said = names(answers, "grows", [*servers, "none"])
    many = beside.read_figures(folder, answers, MANY)
    missing = [name for name, server in servers.items() if ("cpu", server) not in many]
    if missing:
        raise Wrong(f"saw: no figures of {', '.join(missing)} with {MANY} idle connections\n"
                    f"expected: all five, with --idle=0,100,{MANY}")
    if not all(none["cpu", server].value > 0 for server in servers.values()):
        raise Wrong("saw: a server that needs no CPU time\nexpected: the figures of a run")
    times = {name: growth(none, many, server) for name, server in servers.items()}
    for name, factor in times.items():
        if (name in said and factor < STAYS) or (name not in said and factor > GROWS):
            verb = "grows" if name in said else "doesn't grow"
            raise Wrong(f"saw: {name}: you say that it {verb}; in your run it needs"
                        f" {factor:.1f} times the CPU time per echo with {MANY} idle connections\n"
                        "expected: those whose CPU time per echo grows with idle connections")
    return ", ".join(f"{name}: {factor:.1f} times" for name, factor in times.items())


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("step-12"))
    figures: dict = {}

    def run() -> None:
        figures.update(beside.read_figures(folder, answers))
        beside.check_run(figures, answers)

    def calls() -> str:
        program = shlex.quote(str(folder / "server"))
        return beside.check_count(folder, figures, answers | {"command": f"{program} {{port}}"})

    if sheet.judge("run", run):
        sheet.judge("place", lambda: beside.check_place(figures, answers))
        sheet.judge("grows", lambda: check_growth(figures, folder, answers))
        sheet.judge("calls", calls)
    return [one for one in sheet.results if one.name in JUDGED]
