"""Our conformance program, which tests any server: found, built, run, its TAP read."""

import os
import random
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import processes
from build import build
from limits import stretched

PATIENCE = stretched(2)  # seconds without a byte that make a hang
ENDING_SECONDS = stretched(3)
LAB = Path(__file__).resolve().parents[1]
TOP = LAB.parent  # of the repository
TARGET = "tests/conformance/conformance"
CASE = re.compile(r"(not )?ok \d+ - (?:\d\d )?(\S+)(?: # SKIP (.*))?$")


@dataclass
class Case:
    name: str
    outcome: str  # "passed", "failed" or "skipped"
    comments: list[str] = field(default_factory=list)  # "saw: ...", or why it was skipped
    seconds: float = 0.0


@dataclass
class Run:
    cases: list[Case] = field(default_factory=list)
    bail_out: str | None = None  # the server does not start,
    comments: list[str] = field(default_factory=list)  # and this is what was seen
    complete: bool = True  # False: it was ended when time was up
    error: str | None = None  # a failure of conformance itself

    def add(self, later: "Run") -> None:
        self.cases += later.cases
        self.comments += later.comments
        self.bail_out = self.bail_out or later.bail_out
        self.complete = self.complete and later.complete
        self.error = self.error or later.error


@cache
def program(say=print) -> str:
    """The conformance program: what LAB_CONFORMANCE names, one that was handed out with the
    lab, or that of this repository, built when it is missing or old."""
    given = os.environ.get("LAB_CONFORMANCE")
    if given:
        return given
    if (LAB / "conformance").exists():
        return str(LAB / "conformance")
    built = TOP / "build" / TARGET
    if is_old(built):
        say("Building the conformance program, which tests your server ...")
        build([TARGET])
        if built.exists():
            os.utime(built)  # ninja leaves it alone where nothing in it has changed
    return str(built)


def is_old(built: Path) -> bool:
    sources = [path for name in ("tests/conformance", "echo") for path in (TOP / name).glob("*.[ch]")]
    if not built.exists():
        return True
    return any(path.stat().st_mtime > built.stat().st_mtime for path in sources)


@dataclass
class Test:
    """One run: the server's command, in the student's folder, held to some cases."""

    command: str
    folder: Path
    seed: int | None = None
    options: list[str] = field(default_factory=list)  # more of them

    def __post_init__(self):
        if self.seed is None:
            self.seed = random.randrange(1 << 32)

    def words(self, cases: list[str]) -> list[str]:
        return [
            program(), f"--patience={max(1, round(PATIENCE))}", f"--seed={self.seed}",
            *self.options, f"--case={','.join(cases)}", self.command,
        ]

    def run(self, cases: list[str], deadline: float, progress) -> Run:
        """Run the cases.  progress(done, of) is called after each."""
        words = self.words(cases)
        words.insert(1, "--tap")
        words[-1] = f"{shlex.join(processes.confinement(self.folder))} {self.command}".lstrip()
        started, found = time.monotonic(), Run()
        complaint = os.memfd_create("stderr")
        process = processes.start(
            words, signal.SIGTERM, cwd=self.folder, stdout=subprocess.PIPE, stderr=complaint,
        )
        signal.signal(signal.SIGALRM, lambda *_: process.terminate())
        signal.setitimer(signal.ITIMER_REAL, max(deadline - started, 0.1))
        try:
            read_tap(lines_of(process.stdout), found, started, progress)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            end(process)
            process.stdout.close()
        judge_status(process.returncode, os.pread(complaint, 1 << 16, 0).decode(), found)
        os.close(complaint)
        return found


def end(process: subprocess.Popen) -> None:
    """It ends its servers itself, when it is asked to."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        processes.end_all()


def lines_of(stream) -> Iterator[str]:
    """Only a newline ends a line.  A comment may hold what a server has printed, and after a
    carriage return that must not pass for a result."""
    return (line.decode(errors="replace") for line in stream)


def read_tap(lines, found: Run, started: float, progress) -> None:
    planned = 0
    for line in map(str.rstrip, lines):
        if match := CASE.match(line):
            outcome = "failed" if match[1] else "passed" if match[3] is None else "skipped"
            comments = [match[3]] if outcome == "skipped" else []
            found.cases.append(Case(match[2], outcome, comments, time.monotonic() - started))
            progress(len(found.cases), planned)
        elif line.startswith("1.."):
            planned = int(line[3:])
        elif line.startswith("Bail out!"):
            found.bail_out = line.removeprefix("Bail out! ")
        elif line.startswith("# "):
            (found.cases[-1] if found.cases else found).comments.append(line[2:])


def judge_status(status: int, complaint: str, found: Run) -> None:
    found.complete = status != -signal.SIGTERM
    if status not in (0, 1, -signal.SIGTERM) or (status == 1 and not (found.cases or found.bail_out)):
        last = complaint.strip().splitlines() or [f"it {processes.status_in_words(status)}"]
        found.error = f"conformance: {last[-1].removeprefix('conformance: ')}"
