"""lab grade: grade submissions, several at a time.

Each has a judge of its own (judge.py), in a sandbox.  What is done goes to the journal, so a run
that was interrupted goes on where it was.  An error of the lab or of the machine is no grade: the
submission is graded again by the next run.
"""

import argparse
import concurrent.futures
import errno
import hashlib
import json
import os
import shutil
import sys
import threading
from pathlib import Path

import course
import formats
import journal
import sandbox
import submissions
from build import FOLDER, TOP, build_programs
from conformance import LAB, program
from course import Item
from grades import Grade, Graded, from_dict, plain
from journal import Journal
from judge import SECONDS
from problem import HOLDS, UNCHECKED, Problem
from progress import Progress
from results import FAILED
from submissions import Submission

WORK = "work"  # in the results folder: the copies that are judged
LIMITS = sandbox.Limits(seconds=SECONDS + 45)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PASSED_ON = ("LAB_COURSE", "LAB_TIME_FACTOR", "FOUR_WAYS_BUILD")  # to the judge
MEMORY = "saw: more than {} MiB of memory, for the server and all that it starts"
# One of the system, which every judge can see; usually it is the one that runs us.
PYTHON = next(
    (path for path in (f"/usr/bin/python3.{minor}" for minor in range(11, 20))
     if os.path.exists(path)), sys.executable,
)
JOBS = max(2, os.cpu_count() or 1)  # a judge waits more than it computes


def add_command(add) -> None:
    add("grade", grade, "Grade submissions: students' folders, as lab start makes them.  After an "
        "interruption, run it again: what is graded stays graded.",
        ("folders", {"metavar": "FOLDER", "nargs": "+", "help": "a student's folder; name "
         "one for each submission"}),
        ("--item", {"metavar": "STEP", "help": "grade this one: 3, step-3, hunt-1 or exercise-4 "
                    "(default: the one that each student is at)"}),
        ("--format", {"choices": tuple(formats.FORMATS), "default": "table",
                      "help": "how to write the grades (default: table)"}),
        ("--output", {"metavar": "PATH", "type": Path,
                      "help": "the file to write; with --format=gradescope, the folder "
                      "(default: gradescope, in the folder of --results)"}),
        ("--results", {"metavar": "DIR", "type": Path, "default": Path("grades"),
                       "help": "the folder of the journal, which keeps what is graded "
                       "(default: grades)"}),
        ("--jobs", {"metavar": "N", "type": at_least_one, "default": JOBS,
                    "help": f"how many to grade at a time (default: {JOBS})"}))


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1")
    return int(text)


def grade(options) -> int:
    item = course.find(options.item) if options.item else None
    found = submissions.find(options.folders, item)
    with Progress(len(found)) as progress:
        prepare(found, progress)
        with journal.opened(options.results) as kept:
            graded = Run(kept, options.results / WORK, progress).all(found, options.jobs)
        progress.summary(graded)
    formats.write(options, graded, sandbox.protection())
    return HOLDS if all(one.done for one in graded) else UNCHECKED


def prepare(found: list[Submission], progress: Progress) -> None:
    """Build what the judges need, before any of them runs."""
    program(progress.note)
    if any(one.item and one.item.kind == "exercise" for one in found):
        build_programs(progress.note)
    for sentence in sandbox.protection().missing:
        progress.note(f"Protection is missing: {sentence}")


class Run:
    """One grading run."""

    def __init__(self, kept: Journal, work: Path, progress: Progress):
        self.journal, self.work, self.progress = kept, work.absolute(), progress
        self.stopping = threading.Event()
        self.versions: dict[str, str] = {}  # by the item's key
        self.keys: dict[str, str] = {}  # by the submission's name
        shutil.rmtree(self.work, ignore_errors=True)  # of a run that was killed

    def all(self, found: list[Submission], jobs: int) -> list[Graded]:
        done = {one.name: self.known(one) for one in found}
        self.progress.skip([graded for graded in done.values() if graded])
        todo = [one for one in found if done[one.name] is None]
        pool = concurrent.futures.ThreadPoolExecutor(jobs)
        try:
            waiting = [pool.submit(self.one, one) for one in todo]
            for future in concurrent.futures.as_completed(waiting):
                one, graded = future.result()
                if graded.done:
                    self.journal.add(self.keys[one.name], graded)
                done[one.name] = graded
                self.progress.finished(graded)
        finally:
            self.stopping.set()
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(self.work, ignore_errors=True)
        return [done[one.name] for one in found]

    def known(self, one: Submission) -> Graded | None:
        """What an earlier run found of it, or why it can't be graded."""
        if one.problem:
            return error(one, one.problem)
        try:
            self.keys[one.name] = self.key(one)
            return self.journal.done.get(self.keys[one.name])
        except (OSError, Problem) as reason:
            return error(one, str(reason))

    def key(self, one: Submission) -> str:
        """Another one if its grades may be others."""
        content = submissions.fingerprint(one)
        version = self.versions.setdefault(one.item.key, version_of(one.item))
        parts = (one.name, one.item.key, str(self.journal.seed), content, version)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def one(self, one: Submission) -> tuple[Submission, Graded]:
        folder = self.work / hashlib.sha256(os.fsencode(one.path)).hexdigest()
        self.progress.started(one.name)
        try:
            submissions.copy(one, folder)
            return one, self.judge(one, folder)
        except OSError as reason:
            if reason.errno in DISK_FULL:
                raise
            return one, error(one, str(reason))
        except Problem as reason:
            return one, error(one, str(reason))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def judge(self, one: Submission, folder: Path) -> Graded:
        seed = int(hashlib.sha256(f"{self.journal.seed} {one.name}".encode()).hexdigest()[:8], 16)
        job = {"name": one.name, "item": one.item.key, "server": one.server, "seed": seed}
        words = [PYTHON, str(LAB / "teacher/judge.py"), json.dumps(job)]
        ended = sandbox.run(
            words, folder, visible(), LIMITS, environment(), self.stopping.is_set
        )
        if ended.reason == "memory":
            return nothing(one, MEMORY.format(LIMITS.memory >> 20))
        if ended.reason or ended.status != 0:
            return error(one, reason_of(ended))
        try:
            graded = from_dict(json.loads(ended.report))
        except (ValueError, KeyError, TypeError, AttributeError) as reason:
            return error(one, f"the judge's report can't be read: {reason!r}")
        if (graded.name, graded.item) != (one.name, one.item.key):
            return error(one, "the judge's report is about something else")
        return graded


def visible() -> list[Path]:
    """What a judge may read.  A student's program sees nothing of it."""
    paths = [TOP, course.root(), Path(program()), FOLDER]
    paths += [] if PYTHON.startswith("/usr/") else [Path(sys.base_prefix)]
    paths = dict.fromkeys(path.resolve() for path in paths if path.exists())
    return [path for path in paths if not path.is_relative_to("/usr") and path != Path("/")]


def environment() -> dict[str, str]:
    more = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    for name in ("LAB_COURSE", "FOUR_WAYS_BUILD"):
        more |= {name: str(Path(more[name]).resolve())} if name in more else {}
    return more | {
        "PYTHONPATH": str(LAB / "command"), "PYTHONDONTWRITEBYTECODE": "1",
        "LAB_CONFORMANCE": str(Path(program()).resolve()),
    }


def version_of(item: Item) -> str:
    """Of all that a grade depends on, the submission apart."""
    digest = hashlib.sha256()
    folders = [LAB / "command", LAB / "teacher", course.root() / "command", item.folder]
    files = {path for folder in folders for path in folder.rglob("*.*") if path.is_file()}
    files = {path for path in files if path.suffix != ".pyc"} | {Path(program())}
    for path in sorted(files):
        digest.update(hashlib.sha256(path.read_bytes()).digest() if path.exists() else b"")
    return digest.hexdigest()


def error(one: Submission, text: str) -> Graded:
    return Graded(one.name, one.item.key if one.item else "", error=plain(text))


def nothing(one: Submission, message: str) -> Graded:
    """No points: the program went beyond a limit, and was ended with its judge."""
    grades = [
        Grade(promise.name, promise.says, promise.points, None if promise.person else 0,
              FAILED, message, person=promise.person)
        for promise in one.item.promises
    ]
    return Graded(one.name, one.item.key, grades)


def reason_of(ended) -> str:
    lines = ended.complaint.decode(errors="replace").strip().splitlines()
    how = {"time": "it took too long", "output": "its report is too long"}.get(ended.reason)
    how = how or f"it ended with status {ended.status}"
    return f"the judge: {how}" + (f": {lines[-1]}" if lines else "")
