"""Going through the plan: every point is kept as soon as it is measured.

Whatever ends the run, Ctrl-C or a full disk, the points measured by then are in
the results folder; and a server that fails spoils its own trials, no others.

A line of trials.ndjson is loadgen's, of one point (bench/README.md), with run,
experiment, round and time.  Trials that loadgen could not even begin are added,
with valid = false and the reason.
"""

import contextlib
import itertools
import json
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import results
from experiments import WAITS, Load
from figures import point_of
from options import FLOOR, Options, kind_of
from plan import Step, lessened, points, step_seconds
from problem import Interrupted, Problem
from progress import Progress, shown
from servers import HOST, Server, go_on, how_it_ended, process_of, running
from suspect import broken_promises, outcome
from words import some

SCHEMA = 3  # of loadgen's lines
NOT_THE_SERVER = (
    "the process used no CPU time: several processes listen, or another one does the work; let the"
    " command start one that does both"
)
PATIENCE = 60  # seconds that a step may take beyond four times its plan
PLAIN = re.compile(r"[\w@%+=:,./{}-]+")  # what no shell needs to have quoted


@dataclass
class Cpus:
    """Where servers and generator run; None: wherever the kernel likes."""

    server: int | None
    generator: int | None


# --- One run of the load generator.


def with_commas(numbers) -> str:
    return ",".join(map(str, numbers))


def words_of_load(load: Load, seed: int) -> list[str]:
    """The options that describe the load to loadgen."""
    if load.mode == "hold":
        return ["--hold=" + with_commas(load.hold)]
    words = [f"--turn={load.turn:.6g}", f"--cycles={load.cycles}", f"--seed={seed}"]
    lists = {"idle": load.idle, "size": load.size, "active": load.active}
    lists |= {"firehoses": load.firehoses if load.firehoses != (0,) else (), "rate": load.rate}
    words += [f"--{name}={with_commas(numbers)}" for name, numbers in lists.items() if numbers]
    if load.mode == "churn":
        words.append("--churn")
    if load.mode == "open":
        words.append(f"--gaps={load.gaps}")
    if load.freeze is not None:
        words += ["--settle=0", "--freeze=" + with_commas(load.freeze)]
    return words


def word_of_server(server: Server) -> str:
    counters = f",counters={server.counters}" if server.counters is not None else ""
    return f"{server.name}={HOST}:{server.port},pid={server.pid}{counters}"


def loadgen_words(options: Options, step: Step, servers: list[Server], hgrm: Path) -> list[str]:
    words = [str(options.build / "bench" / "loadgen" / "loadgen")]
    words += [*words_of_load(step.load, step.seed), f"--stall={options.stall:g}", "--json=-"]
    if step.load.mode == "open":
        results.make(hgrm)
        words.append(f"--hgrm={hgrm}")
    return words + [word_of_server(server) for server in servers]


def failed_trial(name: str, reason: str) -> dict:
    return {"server": name, "valid": False, "reason": reason, "limited_by": None, "held": 0}


def failed_line(step: Step, index: int, reasons: dict[str, str]) -> dict:
    """A point of which loadgen wrote nothing."""
    each = points(step.load)
    trials = [failed_trial(name, reason) for name, reason in reasons.items()]
    line = {"schema": SCHEMA, "mode": step.load.mode, **each[min(index, len(each) - 1)]}
    return {**line, "trials": trials}


def explain_end(trial: dict, server: Server) -> None:
    """If the server has ended, no limit was the cause: say how it ended."""
    if trial["valid"] or server.name == FLOOR:  # the floor always ends when a client leaves
        return
    try:
        server.process.wait(0.5)  # its reset may arrive before its end is known
    except subprocess.TimeoutExpired:
        return
    trial["limited_by"] = None
    trial["reason"] = f"{trial['reason']}; the server {how_it_ended(server)}"


def check_process(trial: dict) -> None:
    """Did the process that we watch leave the work to another one?  Then it slept throughout.

    Its CPU time alone doesn't say: beside busy programs, a short turn may find all replies
    there already.
    """
    use = trial.get("server_use") or {}
    used, switches = use.get("cpu_seconds"), use.get("context_switches") or {}
    echoes = trial.get("echoes") or 0
    if not trial["valid"] or used is None or echoes <= 100:
        return
    woken = switches.get("voluntary") or 0
    if used < 1e-7 * echoes and woken < 1e-3 * echoes:
        trial |= {"valid": False, "reason": NOT_THE_SERVER}


def read_lines(patience: float, generator: subprocess.Popen) -> Iterator[dict]:
    """Each line as soon as loadgen writes it; a generator that hangs is killed."""
    alarm = threading.Timer(patience, generator.kill)
    alarm.daemon = True
    alarm.start()
    try:
        for text in generator.stdout:
            yield json.loads(text)
    finally:
        alarm.cancel()


def why_no_line(generator: subprocess.Popen, complaints, too_long: bool) -> str:
    """loadgen ended without a word about this point: how?"""
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    said = [line for line in lines if line.startswith("loadgen: ")]
    code = generator.wait()
    if too_long:
        return "took too long"
    if code < 0:
        return f"loadgen was ended by {signal.Signals(-code).name}"
    return said[-1] if said else f"loadgen ended with status {code}"


def load_servers(
    options: Options, step: Step, servers: list[Server], cpu: int | None, hgrm: Path
) -> Iterator[dict]:
    """Run loadgen on servers that listen, up to its last point.

    It ends early where no server is left that could take part.
    """
    words = loadgen_words(options, step, servers, hgrm)
    began, patience = time.monotonic(), 4 * step_seconds(step) + PATIENCE
    with contextlib.ExitStack() as stack:
        complaints = stack.enter_context(tempfile.TemporaryFile())
        for server in servers:
            stack.callback(go_on, server.process)  # should loadgen die while it is frozen
        streams = {"stdout": subprocess.PIPE, "stderr": complaints}
        generator = stack.enter_context(process_of(words, cpu, **streams))
        stack.enter_context(generator.stdout)
        count, left = 0, {server.name for server in servers}
        for line in read_lines(patience, generator):
            for trial in line["trials"]:
                explain_end(trial, next(s for s in servers if s.name == trial["server"]))
                check_process(trial)
            left = {trial["server"] for trial in line["trials"] if trial["valid"]}
            count += 1
            yield line
        if left and count < len(points(step.load)):
            reason = why_no_line(generator, complaints, time.monotonic() - began > patience)
            yield failed_line(step, count, dict.fromkeys(left, reason))


def run_step(options: Options, step: Step, cpus: Cpus, hgrm: Path) -> Iterator[dict]:
    """The lines of a step, each as soon as it is known.

    A server that doesn't start is a failed trial of the first point, as one that
    ends midway is one of a later point.
    """
    active = step.load.active[0]
    with running(options, step.servers, active, cpus.server) as (servers, failed):
        reasons = {name: str(error) for name, error in failed.items()}
        unavailable = [
            name for name, e in failed.items() if e.unavailable and kind_of(name) == "peer"
        ]
        trials = [
            {**failed_trial(name, reason), "unavailable": name in unavailable, "not_started": True}
            for name, reason in reasons.items()
        ]
        if not servers:
            yield {**failed_line(step, 0, {}), "trials": trials}
            return
        for line in load_servers(options, step, servers, cpus.generator, hgrm):
            line["trials"] += trials
            trials = []
            yield line


# --- The whole plan.


def complaint(step: Step, line: dict, trial: dict) -> str:
    """A failed trial in one line, with the promise that was broken."""
    point = point_of(step.experiment, line, trial).words()
    where = f"{trial['server']}, round {step.round}, {step.experiment}, {point}"
    broken = "".join(f" ({promise})" for promise in broken_promises(line, trial))
    return f"bench/run: {where}: failed: {trial['reason']}{broken}"


def advice(options: Options, server: str) -> str | None:
    """How to find out what is wrong with a server of one's own."""
    if not options.servers.get(server):
        return None
    program = shown(options.build / "tests" / "conformance" / "conformance")
    words = [w if PLAIN.fullmatch(w) else shlex.quote(w) for w in options.servers[server]]
    command = shlex.quote(" ".join(words))
    return f"bench/run: to test what {server} has to do: {program} {command}"


class Measuring:
    """The trials of a run, as they come, and what they teach about the servers."""

    def __init__(self, options: Options, cpus: Cpus, folder: Path, progress: Progress):
        self.options, self.cpus, self.folder, self.progress = options, cpus, folder, progress
        self.kept = 0
        self.failed: list[tuple[str, str]] = []  # server, experiment; each is reported once
        self.out: set[str] = set()  # won't start in later steps either
        self.full: dict[str, int] = {}  # how many connections a full server held

    def warn(self, step: Step, line: dict, trial: dict) -> None:
        """A failure: once for each experiment, or a bad server fills the screen."""
        if (trial["server"], step.experiment) not in self.failed:
            self.progress.warn(complaint(step, line, trial))
        self.failed.append((trial["server"], step.experiment))

    def learn(self, step: Step, line: dict, trial: dict) -> None:
        """What a trial says about the steps to come."""
        if trial.get("not_started"):
            self.out.add(trial["server"])
        if trial.get("unavailable"):  # many containers forbid io_uring: no fault of it
            why = f"bench/run: {trial['server']} is left out: {trial['reason']}"
            self.progress.warn(why)
        elif outcome(trial) == "failed":
            self.warn(step, line, trial)
        elif trial.get("limited_by") == "server":
            self.full[trial["server"]] = trial["held"]

    def keep(self, step: Step, line: dict) -> None:
        for trial in line["trials"]:
            self.learn(step, line, trial)
        line["trials"] = [t for t in line["trials"] if not t.pop("unavailable", False)]
        if not line["trials"]:
            return
        stamp = {"run": self.folder.name, "experiment": step.experiment, "round": step.round}
        stamp["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        results.append(self.folder / "trials.ndjson", {**stamp, **line})
        self.kept += len(line["trials"])

    def load(self, step: Step) -> None:
        """One load on the servers that can carry it; the progress that it means."""
        left = step_seconds(step)
        part = left / len(points(step.load))
        step = lessened(step, self.full, self.out)
        self.progress.begin(step.round, step.experiment)
        hgrm = self.folder / "hgrm" / f"{step.experiment}-{step.round}"
        if step.servers:
            with contextlib.closing(run_step(self.options, step, self.cpus, hgrm)) as lines:
                for line in lines:
                    self.keep(step, line)
                    self.progress.advance(min(part, left))
                    left -= min(part, left)
        self.progress.skip(left)

    def waits(self, step: Step) -> None:
        """bench/baseline/waits: no server, no generator."""
        self.progress.begin(step.round, step.experiment)
        program = str(self.options.build / "bench" / "baseline" / "waits")
        words = [program, f"--seconds={step.seconds}", "--json=-"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with process_of(words, self.cpus.server, **streams) as process, process.stdout:
            lines = [json.loads(text) for text in process.stdout]
            status = process.wait()
        for line in lines:
            stamp = {"run": self.folder.name, "round": step.round}
            results.append(self.folder / "waits.ndjson", {**stamp, **line})
        if status != 0:
            self.progress.warn(f"bench/run: bench/baseline/waits ended with status {status}")
            self.failed.append((WAITS, WAITS))
        self.progress.advance(step_seconds(step))

    def experiment(self, steps: list[Step]) -> None:
        """One experiment in one round."""
        began, before = time.monotonic(), self.kept
        for step in steps:
            if step.load is None:
                self.waits(step)
            else:
                self.load(step)
        first = steps[0]
        self.progress.end_experiment(first.round, first.experiment, self.kept - before, began)


def in_a_line(error: OSError) -> Problem:
    """A step needs more than its servers: temporary files, processes, the generator."""
    where = f"{error.filename}: " if error.filename else ""
    return Problem(f"bench/run: {where}{error.strerror or error}")


def measure(options: Options, steps: list[Step], cpus: Cpus, folder: Path) -> int:
    """All trials; returns the exit status.  Whatever ends it, the trials are kept."""
    progress = Progress(sum(map(step_seconds, steps)), options.rounds)
    measuring = Measuring(options, cpus, folder, progress)
    status = 0
    try:
        for _, group in itertools.groupby(steps, lambda s: (s.round, s.experiment)):
            measuring.experiment(list(group))
    except (Interrupted, Problem, OSError) as why:
        end = in_a_line(why) if isinstance(why, OSError) else why
        line = str(end) if isinstance(end, Problem) else f"bench/run: {end}"
        progress.warn(f"{line}: stopped; {some(measuring.kept, 'trial')} kept")
        status = end.status
    finally:
        progress.close()
    for server in dict.fromkeys(server for server, _ in measuring.failed):
        if advice(options, server):
            progress.warn(advice(options, server))
    return status or int(bool(measuring.failed))
