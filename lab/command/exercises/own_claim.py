"""Exercise 9: a program that proves a sentence about the kernel, and can fail."""

import contextlib
import re
import resource
import signal
import subprocess
import tempfile
from pathlib import Path

import course
import processes
from results import Result

from .form import Wrong, filled_in, wrong_kind
from .sheet import Sheet

SOURCE = "claim.c"
COMPILE = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-g", "-o"]
SECONDS = 3  # for one run
RUNS = 3  # what is true is true each time
PAGE = re.compile(r"[a-z_][a-z0-9_.-]*\([1-8]\)")


class DidNotCompile(Exception):
    """With what the compiler said."""


def source_of(folder: Path) -> str:
    try:
        return (folder / SOURCE).read_text(errors="replace")
    except OSError as error:
        raise Wrong(f"saw: {SOURCE}: {error.strerror}\nexpected: your program") from None


def build(text: str, folder: str) -> list[str]:
    """The command that runs the compiled program."""
    source, program = Path(folder) / SOURCE, Path(folder) / "claim"
    source.write_text(text)
    confined = processes.confinement(Path(folder), True)
    compiler = processes.start(
        [*confined, *COMPILE, str(program), str(source)], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace",
    )
    complaint = compiler.communicate()[1].replace(f"{folder}/", "")
    if compiler.returncode != 0:
        raise DidNotCompile("\n".join(complaint.splitlines()[:8]))
    return [*processes.confinement(Path(folder)), str(program)]


def status_of(words: list[str]) -> int | None:
    """How a run ends; None if it takes too long."""
    program = processes.start(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(program.pid, resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        return program.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        processes.end(program)


def in_words(status: int | None) -> str:
    if status is None:
        return f"wasn't done after {SECONDS} s"
    return processes.status_in_words(status)


def holds(text: str) -> None:
    """As the student wrote it."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        try:
            words = build(text, folder)
        except DidNotCompile as complaint:
            raise Wrong(f"saw: {SOURCE} doesn't compile\n{complaint}") from None
        for _ in range(RUNS):
            status = status_of(words)
            if status != 0:
                raise Wrong(f"saw: the program {in_words(status)}\nexpected: status 0 every time")


def changed(text: str, answers: dict[str, str]) -> str:
    """The program with the other expectation."""
    expected, instead = filled_in(answers, "expected"), filled_in(answers, "instead")
    times = text.count(expected)
    if times != 1:
        raise Wrong(f"saw: {expected!r} occurs {times} times in {SOURCE}\n"
                    "expected: exactly once, so that it is clear what to change")
    if expected == instead:
        raise wrong_kind("instead", instead, "something else than after 'expected:'")
    return text.replace(expected, instead)


def can_fail(text: str) -> str:
    """With the other expectation: it must say no, and not merely break."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        try:
            words = build(text, folder)
        except DidNotCompile as complaint:
            raise Wrong("saw: with the other expectation it doesn't compile, which proves nothing\n"
                        f"{complaint}\nexpected: it runs, and fails") from None
        status = status_of(words)
    if status == 0:
        raise Wrong("saw: it passes with the other expectation as well\n"
                    "expected: it fails, because a claim that can't fail proves nothing")
    if status is None or (status < 0 and -status != signal.SIGABRT):
        raise Wrong(f"saw: with the other expectation, the program {in_words(status)}\nexpected: it"
                    " ends by itself and says that the claim doesn't hold")
    return f"with the other expectation it {in_words(status)}"


def check_sentence(answers: dict[str, str]) -> None:
    page = filled_in(answers, "page")
    if not PAGE.fullmatch(page):
        raise wrong_kind("page", page, "a manual page with its section, such as poll(2)")
    if len(filled_in(answers, "sentence").split()) < 4:
        raise wrong_kind("sentence", answers["sentence"], "a whole sentence of that page")


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-9"))
    sheet.judge("sentence", lambda: check_sentence(answers))
    if sheet.judge("holds", lambda: holds(source_of(folder))):
        sheet.judge("can-fail", lambda: can_fail(changed(source_of(folder), answers)))
    return sheet.results
