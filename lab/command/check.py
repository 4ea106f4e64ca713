"""A check: compile, start, run each promise, and report what was found.

Conformance tests what is seen from outside, mechanism.py how the server waits, and a module
of the item's own whatever else needs code.
"""

import importlib
import shlex
import signal
import time
from pathlib import Path

import compiler
import course
import mechanism
import processes
from conformance import Case, Run, Test
from course import Item, Promise
from limits import stretched
from results import ERROR, FAILED, NOT_RUN, PASSED, Report, Result

SECONDS = stretched(25)  # that a check may take
TIME_WAS_UP = "the {:g} s that a check may take were over"
NOT_STARTED = "the server doesn't start"
START_HINT = (
    "Does each call say why it fails, as in err(EXIT_FAILURE, \"bind\")? "
    "Is the port in network byte order (htons)? Does main wait for clients without end?"
)
STOPS_HINT = (
    "Do what the check did: start ./server 10001, connect with nc -N, and press Ctrl-D. "
    "What does the server print?"
)
KEPT_HINT = (
    "This is a promise of an earlier step. If it held until now, "
    "look at what you have changed since."
)
UNKNOWN_CASE = "conformance has no such case for this server: {}"


class TimeIsUp(Exception):
    """An item's module was not done in time."""


class Check:
    """One check of one item in one folder.  Grading a class extends it: teacher/judge.py."""

    def __init__(self, item: Item, folder: Path, server: str | None, progress=lambda *_: None):
        self.item, self.folder, self.given, self.progress = item, folder, server, progress
        self.started, self.seconds, self.seed = time.monotonic(), SECONDS, None
        kept = [(promise, True) for promise in course.kept_promises(item)]
        own = [(promise, False) for promise in item.promises]
        self.pairs = [(promise, blank(promise, kept)) for promise, kept in kept + own]
        self.report = Report(item.name, item.title, [result for _, result in self.pairs])

    def run(self) -> Report:
        has_server = self.item.kind != "exercise" or any(
            promise.cases or promise.mechanism for promise, _ in self.pairs
        )
        if has_server and not (self.compile() and self.start()):
            return self.report
        if any(promise.cases for promise, _ in self.pairs):
            self.run_cases()
        if self.item.module:
            self.run_module()
        return self.report

    @property
    def command(self) -> str:
        """What starts the server; {port} and {options} are for conformance to fill in."""
        if self.given:
            return self.given
        program = shlex.quote(str(self.folder / "server"))
        return f"{program} {self.item.server or '{port}'}"

    def time_left(self) -> float:
        return self.started + self.seconds - time.monotonic()

    def settle(self, result: Result, outcome: str, message: str = "") -> None:
        result.settle(outcome, message)
        result.seconds = time.monotonic() - self.started

    def stop(self, message: str, reason: str, hint: str = "") -> bool:
        """The first promise of this item fails; the others can't be run."""
        for result in self.report.judged:
            if result.outcome == NOT_RUN:
                result.message = reason
        first = next(result for result in self.report.judged if not result.kept)
        self.settle(first, FAILED, message)
        first.hint = hint
        return False

    def compile(self) -> bool:
        if self.given:
            return True
        if self.item.build:
            compiled = compiler.build(self.item.build, self.folder)
        else:
            compiled = compiler.compile_server(self.folder)
        self.report.compile = compiled.message
        self.report.remarks += [compiled.remark] if compiled.remark else []
        if compiled.works:
            return True
        return self.stop("saw: it doesn't compile, see above", "it doesn't compile")

    def start(self) -> bool:
        """Does it start and listen?  The mechanism is looked at meanwhile."""
        try:
            server = processes.start_server(self.words, self.folder)
        except processes.NotServing as problem:
            return self.stop(str(problem), NOT_STARTED, START_HINT)
        for promise, result in self.pairs:
            if promise.mechanism:
                self.settle(result, *mechanism.judge(server, promise.mechanism))
        processes.end_all()
        return True

    def words(self, port: int) -> list[str]:
        return shlex.split(self.command.replace("{options}", "").replace("{port}", str(port)))

    def run_cases(self) -> None:
        test = Test(self.command, self.folder, self.seed)
        wanted = [case for promise, _ in self.pairs for case in promise.cases]
        run = self.run_in_order(test, list(dict.fromkeys(wanted)))
        if run.bail_out:
            lines = facts(run.comments) or [f"saw: {run.bail_out}"]
            self.stop("\n".join(lines), "the server doesn't go on running", STOPS_HINT)
            return
        self.report.complete = run.complete
        for promise, result in self.pairs:
            if promise.cases:
                self.judge_cases(promise, result, run, test)

    def run_in_order(self, test: Test, wanted: list[str]) -> Run:
        """A hunt's own case comes first, and alone: no time limit may cut it off."""
        own = [case for case in wanted if case == self.item.case]
        others = [case for case in wanted if case not in own]
        run = Run()
        for cases in filter(None, (own, others)):
            if run.complete and not (run.bail_out or run.error):
                before = len(run.cases)
                run.add(test.run(
                    cases, self.started + self.seconds,
                    lambda done, _: self.progress(before + done, len(wanted)),
                ))
        return run

    def judge_cases(self, promise: Promise, result: Result, run: Run, test: Test) -> None:
        ran = [case for case in run.cases if case.name in promise.cases]
        missing = set(promise.cases) - {case.name for case in ran}
        failed = [case for case in ran if case.outcome == "failed"]
        skipped = [case for case in ran if case.outcome == "skipped"]
        if failed:
            result.settle(FAILED, message_of(failed))
            result.repeat = shlex.join(test.words([failed[0].name]))
        elif run.error:
            result.settle(ERROR, run.error)
        elif missing and not run.complete:
            result.settle(NOT_RUN, TIME_WAS_UP.format(self.seconds))
        elif missing:
            result.settle(ERROR, UNKNOWN_CASE.format(", ".join(sorted(missing))))
        elif len(skipped) == len(ran):
            result.settle(NOT_RUN, " ".join(skipped[0].comments))
        else:
            result.settle(PASSED)
        result.seconds = max([case.seconds for case in ran], default=0)

    def run_module(self) -> None:
        theirs = [
            result for promise, result in self.pairs
            if not (promise.cases or promise.mechanism or promise.person or result.kept)
        ]
        for result in theirs:
            self.settle(result, ERROR, f"{self.item.module}: no result for this promise")
        try:
            for found in self.call_module():
                self.merge(found)
        except TimeIsUp:
            self.report.complete = False
            for result in theirs:
                self.settle(result, NOT_RUN, TIME_WAS_UP.format(self.seconds))
        except Exception as error:  # a fault of the module, never the student's
            for result in theirs:
                self.settle(result, ERROR, f"{self.item.module}: {type(error).__name__}: {error}")

    def call_module(self) -> list[Result]:
        signal.signal(signal.SIGALRM, time_is_up)
        signal.setitimer(signal.ITIMER_REAL, max(self.time_left(), 0.1))
        try:
            return importlib.import_module("exercises").check(self.item, self.folder)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def merge(self, found: Result) -> None:
        """What the module leaves out stands in the TOML file."""
        for promise, result in self.pairs:
            if promise.name == found.name and not result.kept:
                self.settle(result, found.outcome, found.message)
                result.repeat = found.repeat
                result.hint = found.hint or result.hint
                result.read = found.read or result.read
                return
        raise KeyError(found.name)


def time_is_up(*_):
    raise TimeIsUp


def blank(promise: Promise, kept: bool) -> Result:
    return Result(
        promise.says, promise.name, 0 if kept else promise.points, read=promise.read,
        hint=KEPT_HINT if kept else promise.hint, kept=kept, person=promise.person,
        message="your teacher reads this" if promise.person else "",
    )


def facts(comments: list[str]) -> list[str]:
    """Without what is for people who know conformance or the sanitizers' shadow memory."""
    ends = [i for i, line in enumerate(comments) if line.startswith("stderr: SUMMARY: ")]
    return [
        line for i, line in enumerate(comments)
        if not line.startswith("at: ") and (not ends or i <= ends[0])
    ]


def message_of(failed: list[Case]) -> str:
    lines = facts(failed[0].comments)
    if len(failed) > 1:
        others = ", ".join(case.name for case in failed[1:])
        lines.append(f"also: failed {others}")
    return "\n".join(lines)
