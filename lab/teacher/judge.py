"""One submission's judge.  It runs in a sandbox, with a copy of the submission as its folder.

    PYTHONPATH=lab/command judge.py '{"name": ..., "item": ..., "server": ..., "seed": ...}'

Its standard output is for its report alone, a Graded as JSON.  The programs that it starts
write to its standard error instead.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import course
import processes
import rubric
import sandbox
from check import TIME_WAS_UP, Check, message_of
from compiler import NO_SPACE
from conformance import PATIENCE, Case, Run, Test
from course import Item, Promise
from grades import Grade, Graded, plain, tidy
from limits import stretched
from problem import Problem, of_system
from results import ABOVE, ERROR, FAILED, NOT_RUN, PASSED, Result
from rubric import Rubric

SECONDS = stretched(75)  # that judging takes at most
ATTEMPTS = 2  # for what a busy machine may have spoiled
AGAIN = ["--jobs=1", f"--patience={round(2 * PATIENCE)}"]
HIDDEN_FAILED = "saw: {} of {} hidden cases failed"
PROMPT = processes.LISTEN_SECONDS / 2  # seconds in which any program starts here
NO_ROOM = "saw: compiling needs more room than a submission may have"


class Judging(Check):
    """A check with hidden cases and partial credit.  A student must not lose points because
    the machine was busy: what fails is tried once more."""

    def __init__(self, item: Item, folder: Path, server: str | None, seed: int):
        self.rubric = rubric.read(item)
        super().__init__(rubric.with_hidden_cases(item, self.rubric), folder, server)
        self.seconds, self.seed = SECONDS, seed
        self.ran: dict[str, Case] = {}
        self.stopped = False  # by the student's program, so what wasn't run earns nothing

    def stop(self, message: str, reason: str, hint: str = "") -> bool:
        self.stopped = True
        need_sandbox()
        return super().stop(message, reason, hint)

    def compile(self) -> bool:
        compile_once = super().compile
        try:
            return any(self.anew(compile_once) for _ in range(ATTEMPTS))
        except Problem as problem:
            if NO_SPACE not in str(problem):
                raise
            return self.stop(NO_ROOM, "it doesn't compile")

    def anew(self, attempt: Callable[[], bool]) -> bool:
        self.stopped = False
        for promise, result in self.pairs:
            if not promise.person:
                result.settle(NOT_RUN)
        return attempt()

    def start(self) -> bool:
        for _ in range(ATTEMPTS):
            started = self.anew(super().start)
            looked_at = [result for promise, result in self.pairs if promise.mechanism]
            if started and all(result.outcome != FAILED for result in looked_at):
                break
        return started

    def run_in_order(self, test: Test, wanted: list[str]) -> Run:
        for _ in range(ATTEMPTS):
            run = super().run_in_order(test, wanted)
            if not run.bail_out:
                break
        again = Test(test.command, test.folder, test.seed, AGAIN)
        cases = {case.name: case for case in run.cases}
        if run.complete and not (run.bail_out or run.error):
            self.repeat_failed(again, cases)
        run.cases = list(cases.values())
        self.ran = cases
        return run

    def repeat_failed(self, test: Test, cases: dict[str, Case]) -> None:
        """Where a promise earns all or nothing, one case that fails twice settles it."""
        twice = set()
        for promise, result in self.pairs:
            for name in [] if result.kept else promise.cases:
                if name not in cases or cases[name].outcome != "failed":
                    continue
                if name not in twice and self.time_left() > 0:
                    again = test.run([name], self.started + self.seconds, lambda *_: None)
                    cases.update((case.name, case) for case in again.cases)
                twice.add(name)
                if cases[name].outcome == "failed" and not self.rubric.rule(promise.name).partial:
                    break

    def grades(self) -> list[Grade]:
        found = [self.grade(promise, result) for promise, result in self.pairs]
        person = [
            Grade(one.name, one.says, one.points, person=True) for one in self.rubric.person
        ]
        return found + person

    def grade(self, promise: Promise, result: Result) -> Grade:
        grade = Grade(
            promise.name, promise.says, result.points, outcome=result.outcome,
            message=plain(result.message), kept=result.kept, person=result.person,
        )
        grade.points = self.points(promise, result, grade)
        if result.outcome == FAILED and promise.cases and not self.stopped:
            self.tell(promise, grade)
        return grade

    def points(self, promise: Promise, result: Result, grade: Grade) -> float | None:
        ran = [self.ran[name] for name in promise.cases if name in self.ran]
        shown = [case for case in ran if case.outcome != "skipped"]
        grade.cases = len(shown)
        grade.passed = sum(case.outcome == "passed" for case in shown)
        if result.person or result.outcome == ERROR:
            return None
        if result.outcome == NOT_RUN:
            theirs = self.stopped or not self.report.complete or result.message == ABOVE
            return 0 if theirs else None
        if result.outcome == FAILED and self.rubric.rule(promise.name).partial and shown:
            return tidy(result.points * grade.passed / grade.cases)
        return result.points if result.outcome == PASSED else 0

    def tell(self, promise: Promise, grade: Grade) -> None:
        """The student hears of the cases that lab check runs, too; the teacher of all."""
        hidden = set() if grade.kept else set(self.rubric.rule(promise.name).hidden)
        failed = [self.ran[name] for name in promise.cases
                  if name in self.ran and self.ran[name].outcome == "failed"]
        shown = [case for case in failed if case.name not in hidden]
        unseen = [case for case in failed if case.name in hidden]
        lines = [message_of(shown)] if shown else []
        lines += [HIDDEN_FAILED.format(len(unseen), len(hidden))] if unseen else []
        grade.message = plain("\n".join(lines))
        notes = [f"{case.name} (hidden): {' '.join(case.comments)}" for case in unseen]
        grade.notes = plain("\n".join([*notes, self.repeat(failed)]))

    def repeat(self, failed: list[Case]) -> str:
        names = ",".join(case.name for case in failed)
        command = self.given or f"./server {self.item.server or '{port}'}"
        return shlex.join(["conformance", f"--seed={self.seed}", f"--case={names}", command])


def need_language(server: str | None) -> None:
    """A program in the submission is the student's matter; one of the system is the teacher's."""
    word = shlex.split(server)[0] if server else "/"
    if "/" not in word and shutil.which(word) is None:
        raise Problem(f"{word} is not installed, and the server needs it")


def need_sandbox() -> None:
    """If no program at all starts in the sandbox, that is not the student's fault."""
    processes.end_all()
    with tempfile.TemporaryDirectory() as empty:
        os.chmod(empty, 0o755)
        words = [*processes.confinement(Path(empty)), "true"]
        process = processes.start(
            words, cwd=empty, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            printed = process.communicate(timeout=PROMPT)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            processes.end_all()
            raise Problem(f"in the sandbox, no program starts within {PROMPT} s") from None
    if process.returncode != 0:
        last = printed.strip().splitlines() or [processes.status_in_words(process.returncode)]
        raise Problem(f"in the sandbox, no program starts: {last[-1]}")


def judge(job: dict) -> Graded:
    graded, started = Graded(job["name"], job["item"]), time.monotonic()
    try:
        need_language(job["server"])
        judging = Judging(course.find(job["item"]), Path.cwd(), job["server"], job["seed"])
        report = judging.run()
        graded.grades, graded.compiler = judging.grades(), plain(report.compile or "")
    except Problem as problem:
        graded.error = plain(str(problem))
    except OSError as error:
        graded.error = plain(str(of_system(error)))
    graded.seconds = round(time.monotonic() - started, 1)
    return graded


def main() -> None:
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")  # no child inherits it
    os.dup2(2, 1)
    processes.adopt_orphans()
    processes.confinement = sandbox.student
    sys.path.insert(0, str(course.root() / "command"))  # a test's exercises
    try:
        graded = judge(json.loads(sys.argv[1]))
    finally:
        processes.end_all()
    json.dump(graded.as_dict(), report)
    report.close()


if __name__ == "__main__":
    main()
