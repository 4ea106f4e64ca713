"""Exercise 7: one line less in the edge-triggered server, and which cases that breaks."""

import difflib
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import conformance
import course
import processes
from limits import stretched
from results import Result

from . import live
from .form import Wrong, filled_in, wrong_kind
from .sheet import NotRun, Sheet

SERVER = "epoll_et_server"
PARTS = ("echo", SERVER)
SECONDS = stretched(20)  # for the cases that are predicted; a check takes 25 at most
LOOK_SECONDS = 8  # and for a look at the others
COMPILE = "cc -D_GNU_SOURCE -Iecho -o server epoll_et_server/*.c echo/*.c"
NONE = "none"  # is a prediction, too


def start(folder: Path, _seed: int) -> None:
    for name in PARTS:
        shutil.copytree(live.ROOT / name, folder / name, ignore=shutil.ignore_patterns(SERVER))


# --- The line.


def lines_of(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError as error:
        expected = "the copy that lab start made"
        raise Wrong(f"saw: {path.name}: {error.strerror}\nexpected: {expected}") from None


def difference(folder: Path) -> tuple[list[str], list[str]]:
    """Lines that the student has removed, and added, in all files."""
    removed, added = [], []
    for source in sorted(file for name in PARTS for file in (live.ROOT / name).glob("*.[ch]")):
        own = lines_of(folder / source.relative_to(live.ROOT))
        for line in difflib.ndiff(lines_of(source), own):
            removed += [line[2:]] if line.startswith("- ") else []
            added += [line[2:]] if line.startswith("+ ") else []
    for more in sorted(file for name in PARTS for file in (folder / name).glob("*.[ch]")):
        if not (live.ROOT / more.relative_to(folder)).exists():
            added += lines_of(more)
    return removed, added


def is_code(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith(("/*", "*", "//"))


def check_line(folder: Path) -> str:
    removed, added = difference(folder)
    if len(removed) != 1 or added:
        raise Wrong(f"saw: {len(removed)} lines removed and {len(added)} added\nexpected: one line"
                    " removed, and nothing else changed")
    if not is_code(removed[0]):
        raise Wrong(f"saw: {removed[0].strip()!r} was removed\nexpected: a line of code")
    build(folder)
    return f"removed: {removed[0].strip()}"


def build(folder: Path) -> None:
    compiler = processes.start(
        [*processes.confinement(folder, True), "sh", "-c", COMPILE], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
    )
    complaint = compiler.communicate()[1].splitlines()
    if compiler.returncode != 0:
        raise Wrong("\n".join(["saw: it no longer compiles", *complaint[:8]]))


# --- The prediction.


def known_cases() -> list[str]:
    words = [conformance.program(), "--list"]
    return processes.start(words, stdout=subprocess.PIPE, text=True).communicate()[0].split()


def predicted(answers: dict[str, str]) -> dict[str, list[str]]:
    """Each word of the prediction with the cases it stands for; empty for none."""
    words = filled_in(answers, "breaks").replace(",", " ").split()
    if words == [NONE]:
        return {}
    known, found = known_cases(), {}
    for word in words:
        found[word] = [case for case in known if case == word or case.startswith(word + "-")]
        if not found[word]:
            groups = ", ".join(dict.fromkeys(case.split("-")[0] for case in known))
            raise wrong_kind("breaks", word, f"{NONE}, names of cases, or groups of them: {groups}")
    return found


def run(folder: Path, cases: list[str], deadline: float) -> conformance.Run:
    command = f"{shlex.quote(str(folder / 'server'))} --port={{port}} {{options}}"
    done = conformance.Test(command, folder).run(cases, deadline, lambda *_: None)
    if done.error:
        raise NotRun(done.error)
    return done


def outcomes(folder: Path, wanted: list[str]) -> tuple[list[str], list[str]]:
    """Cases that failed, and all that ran: those wanted first, then others while there is time."""
    began = time.monotonic()
    first = run(folder, wanted, began + SECONDS) if wanted else conformance.Run()
    if first.bail_out:
        raise Wrong(f"saw: the server doesn't start: {first.bail_out}\nexpected: a server that runs"
                    " but breaks a promise")
    others = [case for case in known_cases() if case not in wanted]
    until = began + (LOOK_SECONDS if wanted else SECONDS)
    second = run(folder, others, until) if time.monotonic() < until - 1 else conformance.Run()
    ran = [case for case in first.cases + second.cases if case.outcome != "skipped"]
    return [case.name for case in ran if case.outcome == "failed"], [case.name for case in ran]


def check_prediction(folder: Path, answers: dict[str, str]) -> str:
    said = predicted(answers)
    failed, ran = outcomes(folder, [case for cases in said.values() for case in cases])
    others = [case for case in failed if not any(case in cases for cases in said.values())]
    summary = f"{len(failed)} of {len(ran)} cases failed: {', '.join(failed[:8]) or 'none'}"
    if not said and failed:
        raise Wrong(f"saw: {summary}\nexpected: none, as you predict")
    wrong = [word for word, cases in said.items() if not set(cases) & set(failed)]
    if wrong:
        raise Wrong(f"saw: {summary}\nexpected: a failure in {', '.join(wrong)}, as you predict")
    missed = f"; not predicted: {', '.join(others[:8])}" if others else ""
    return summary + missed


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-7"))
    if sheet.judge("line", lambda: check_line(folder)):
        sheet.judge("prediction", lambda: check_prediction(folder, answers))
    return sheet.results
