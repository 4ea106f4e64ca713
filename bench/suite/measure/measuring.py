"""Going through the plan: every trial is kept as it comes.

Whatever ends it, Ctrl-C or a full disk, the trials that were measured are in
the results folder; and a server that fails spoils its own trials, no others.
"""

import contextlib
import itertools
import re
import shlex
import time
from pathlib import Path

from measure.interruption import Interrupted
from measure.plan import Climb, climb_seconds, lessened, points
from measure.trial import Cpus, run_climb, stamped
from measure.validity import broken_promises
from options import Options
from problem import Problem
from progress import Progress, shown
import results
from sentences.words import some

PLAIN = re.compile(r"[\w@%+=:,./{}-]+")  # what no shell needs to have quoted


def point_words(trial: dict) -> str:
    """Where a trial was, as far as that isn't plain."""
    words = [f"{trial['idle']:,} idle, {trial['active']:,} active"]
    if trial.get("size") not in (None, 64):
        words.append(f"{trial['size']:,} bytes")
    if trial.get("firehoses"):
        words.append(some(trial["firehoses"], "firehose"))
    if trial.get("rate_planned"):
        words.append(f"{trial['rate_planned']:,} a second")
    return ", ".join(words)


def complaint(climb: Climb, trial: dict) -> str:
    """A failed trial in one line, with the promise that was broken."""
    where = f"{climb.server}, round {climb.round}, {climb.experiment}, {point_words(trial)}"
    broken = "".join(f" ({promise})" for promise in broken_promises(trial))
    return f"bench/run: {where}: failed: {trial['reason']}{broken}"


def advice(options: Options, server: str) -> str | None:
    """How to find out what is wrong with a server of one's own."""
    if not options.servers.get(server):
        return None
    program = shown(options.build / "tests" / "conformance" / "conformance")
    words = [w if PLAIN.fullmatch(w) else shlex.quote(w) for w in options.servers[server]]
    command = shlex.quote(" ".join(words))
    return f"bench/run: what {server} has to do is tested by: {program} {command}"


class Measuring:
    """The trials of a run, as they come, and what they teach about the servers."""

    def __init__(self, options: Options, cpus: Cpus, folder: Path, progress: Progress):
        self.options, self.cpus, self.folder, self.progress = options, cpus, folder, progress
        self.kept = 0
        self.failed: list[tuple[str, str]] = []  # server, experiment; the same only once told
        self.out: set[str] = set()  # won't start in later rounds either
        self.full: dict[str, int] = {}  # how many connections a full server held

    def tell(self, climb: Climb, trial: dict) -> None:
        """A failure: once for each experiment, or a bad server fills the screen."""
        if (climb.server, climb.experiment) not in self.failed:
            self.progress.warn(complaint(climb, trial))
        self.failed.append((climb.server, climb.experiment))

    def keep(self, climb: Climb, trial: dict) -> None:
        if trial["outcome"] == "unavailable":  # many containers forbid io_uring: no fault of it
            self.progress.warn(f"bench/run: {climb.server} is left out: {trial['reason']}")
            self.out.add(climb.server)
            return
        results.append_trial(self.folder, stamped(trial, self.options, climb, self.folder.name))
        self.kept += 1
        if trial["outcome"] == "failed":
            self.tell(climb, trial)
        if trial["outcome"] == "limit":
            self.full[climb.server] = trial["held"]
        if trial.get("not_started"):
            self.out.add(climb.server)

    def climb(self, planned: Climb) -> None:
        """One server process; the progress that it means."""
        left = climb_seconds(self.options, planned)
        climb = lessened(planned, self.full.get(planned.server))
        if climb.server in self.out or not climb.loads:
            self.progress.skip(left)
            return
        self.progress.begin_climb(climb)
        part = left / sum(len(points(load)) for load in planned.loads)
        with contextlib.closing(run_climb(self.options, climb, self.cpus)) as trials:
            for trial in trials:
                self.keep(climb, trial)
                self.progress.advance(min(part, left))
                left -= min(part, left)
        self.progress.end_climb(left)

    def experiment(self, climbs: list[Climb]) -> None:
        """All servers' turns in one experiment and round."""
        began, before = time.monotonic(), self.kept
        for climb in climbs:
            self.climb(climb)
        first = climbs[0]
        self.progress.end_experiment(first.round, first.experiment, self.kept - before, began)


def in_a_line(error: OSError) -> Problem:
    """A trial needs more than its server: temporary files, processes, the generator."""
    where = f"{error.filename}: " if error.filename else ""
    return Problem(f"bench/run: {where}{error.strerror or error}")


def measure(options: Options, climbs: list[Climb], cpus: Cpus, folder: Path) -> int:
    """All trials; returns the exit status.  Whatever ends it, the trials are kept."""
    progress = Progress(sum(climb_seconds(options, c) for c in climbs), options.rounds)
    measuring = Measuring(options, cpus, folder, progress)
    status = 0
    try:
        for _, group in itertools.groupby(climbs, lambda c: (c.round, c.experiment)):
            measuring.experiment(list(group))
    except (Interrupted, Problem, OSError) as why:
        end = in_a_line(why) if isinstance(why, OSError) else why
        progress.warn(f"{end}: stopped; {some(measuring.kept, 'trial')} kept")
        status = end.status
    finally:
        progress.close()
    for server in dict.fromkeys(server for server, _ in measuring.failed):
        if advice(options, server):
            progress.warn(advice(options, server))
    return status or int(bool(measuring.failed))
