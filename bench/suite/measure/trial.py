"""Trials: what loadgen saw of one server at one point, and what became of it.

A trial is loadgen's line of JSON (bench/README.md) with these added:

    run, experiment, round, order, seed, time   where it belongs
    server_name, kind    who was measured: one of the four, mine (--server), a
                         peer, the floor, or the twin of epoll LT
    outcome, reason      "measured"; "limit": the server held fewer connections
                         than that, and goes on serving those; "failed": how
    role                 "figure"; "capacity" when it only tells later loads of
                         this process what can be asked
    load, capacity       open loop: the rate as a part of the capacity, or null
    doubts               what speaks against its figures: validity.py
"""

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Iterator

from measure import validity
from measure.experiments import Load
from measure.plan import Climb, climb_seconds, points, settling
from measure.server import HOST, NotServing, Server, go_on, how_it_ended, process_of, running
from options import FLOOR, Options, kind_of

NOT_THE_SERVER = (
    "the process used no CPU time: several processes listen, or another one does the work; let the"
    " command start one that does both"
)
PATIENCE = 60  # seconds that a load may take beyond four times the climb's plan


@dataclass
class Cpus:
    """Where the two processes run; None: wherever the kernel likes."""

    server: int | None
    generator: int | None


@dataclass
class Known:
    """What the loads of a climb learn for those that follow."""

    capacity: dict[tuple[int, int], float] = field(default_factory=dict)  # (idle, active)


def with_commas(numbers) -> str:
    return ",".join(map(str, numbers))


def capacity_for(load: Load, known: Known) -> float | None:
    """What this server can do with as many connections, if that was measured."""
    return known.capacity.get((load.idle[0], load.active[0]))


def planned_rates(load: Load, known: Known) -> dict[int, float | None]:
    """Each rate to plan with, ascending; the share of the capacity that it is."""
    rates = {rate: None for rate in load.rate}
    capacity = capacity_for(load, known)
    for share in load.share if capacity else ():
        rate = max(round(share * capacity), 1)
        while rate in rates:  # a fixed rate that happens to be the same
            rate += 1
        rates[rate] = share
    return dict(sorted(rates.items()))


def words_of_mode(options: Options, climb: Climb, load: Load, rates: dict) -> list[str]:
    """The options that tell loadgen what the load is."""
    if load.mode == "hold":
        return ["--hold=" + with_commas(load.hold)]
    words = [
        "--idle=" + with_commas(load.idle),
        "--size=" + with_commas(load.size),
        "--active=" + with_commas(load.active),
    ]
    if load.firehoses != (0,):
        words.append("--firehoses=" + with_commas(load.firehoses))
    if load.mode == "churn":
        words.append("--churn")
    if load.mode == "open":
        plan = options.seed % 10**6 + climb.round  # the same for all in a round
        words += ["--rate=" + with_commas(rates), f"--gaps={load.gaps}", f"--seed={plan}"]
    if load.freeze is not None:
        window = options.seconds * load.windows
        at, length = (part * window for part in load.freeze)
        words.append(f"--freeze={at:.3f},{length:.3f}")
    return words


def loadgen_words(
    options: Options, climb: Climb, load: Load, server: Server, rates: dict
) -> list[str]:
    words = [
        str(options.build / "bench" / "loadgen"),
        *words_of_mode(options, climb, load, rates),
        f"--seconds={options.seconds * load.windows:.6g}",
        f"--warm-up={options.warm_up:.6g}",
        f"--stall={options.stall:.6g}",
        f"--pid={server.pid}",
        "--json=-",
    ]
    if load is climb.loads[0] and settling(options, load):
        words.append(f"--settle={options.settle:.6g}")
    if server.counters is not None:
        words.append(f"--counters={server.counters}")
    return words + [HOST, str(server.port)]


def judge(trial: dict) -> str:
    """What the trial came to, as far as loadgen could see."""
    if trial["valid"]:
        return "measured"
    held_fewer = trial["limited_by"] == "server" and trial["held"] > 0
    return "limit" if held_fewer and not any(trial["errors"].values()) else "failed"


def failed(load: Load, step: int, reason: str) -> dict:
    """The trial of a point about which loadgen said nothing."""
    point = points(load)[min(step, len(points(load)) - 1)]
    point.pop("rate", None)  # as it was planned; with_load() knows how it came out
    return {
        "mode": load.mode,
        "valid": False,
        "reason": reason,
        **point,
        "rate_planned": None,
        "held": 0,
        "outcome": "failed",
    }


def explain_end(trial: dict, server: Server) -> None:
    """Was it a limit, or did the server end?  Then it failed, and how."""
    if trial["outcome"] == "measured":
        return
    try:
        server.process.wait(0.5)  # its reset may arrive before its end is known
    except subprocess.TimeoutExpired:
        return
    if server.name == FLOOR:
        return  # it always ends when a client leaves
    trial["outcome"] = "failed"
    trial["reason"] = f"{trial['reason']}; the server {how_it_ended(server)}"


def is_idle(trial: dict) -> bool:
    """Did the process that we watch leave the work to another one?

    A few echoes may have been under way when the window began.
    """
    used = (trial.get("server") or {}).get("cpu_seconds")
    echoes = trial.get("echoes", 0)
    return used is not None and echoes > 2 * trial["active"] and used < 1e-7 * echoes


def read_trials(patience: float, generator: subprocess.Popen) -> Iterator[dict]:
    """Each as loadgen writes it; a generator that hangs is killed."""
    alarm = threading.Timer(patience, generator.kill)
    alarm.daemon = True
    alarm.start()
    try:
        for line in generator.stdout:
            trial = json.loads(line)
            if trial["mode"] == "hold":
                trial |= {"idle": trial["wanted"], "active": 0}
            trial["outcome"] = judge(trial)
            if trial["outcome"] == "measured" and is_idle(trial):
                trial["outcome"] = "failed"
                trial["reason"] = NOT_THE_SERVER
            yield trial
    finally:
        alarm.cancel()


def why_no_trial(generator: subprocess.Popen, complaints, too_long: bool) -> str:
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


def run_load(
    options: Options, climb: Climb, load: Load, server: Server, cpu: int | None, known: Known
) -> Iterator[dict]:
    """Run loadgen on a server that listens, up to its last or a failed point."""
    rates = planned_rates(load, known)
    if load.mode == "open" and not rates:
        return  # nobody knows its capacity: it couldn't be measured
    words = loadgen_words(options, climb, load, server, rates)
    began, patience = time.monotonic(), 4 * climb_seconds(options, climb) + PATIENCE
    with contextlib.ExitStack() as stack:
        complaints = stack.enter_context(tempfile.TemporaryFile())
        stack.callback(go_on, server.process)  # should loadgen die while it is frozen
        streams = {"stdout": subprocess.PIPE, "stderr": complaints}
        generator = stack.enter_context(process_of(words, cpu, **streams))
        stack.enter_context(generator.stdout)
        expected = len(points(load)) - len(load.rate + load.share) + len(rates)
        step = 0
        trial = {"outcome": "measured"}
        for trial in read_trials(patience, generator):
            explain_end(trial, server)
            step += 1
            yield with_load(trial, load, rates, known)
        if trial["outcome"] == "measured" and step < expected:
            too_long = time.monotonic() - began > patience
            trial = failed(load, step, why_no_trial(generator, complaints, too_long))
            trial["rate_planned"] = [*rates, None][min(step, len(rates))]
            yield with_load(trial, load, rates, known)


def with_load(trial: dict, load: Load, rates: dict, known: Known) -> dict:
    """With what it was for, and what is known about the load."""
    if load.role == "capacity" and trial["outcome"] == "measured":
        known.capacity[trial["idle"], trial["active"]] = trial["rate"]
    trial["role"] = load.role
    if load.mode == "open":
        trial["load"] = rates.get(trial["rate_planned"])
        trial["capacity"] = capacity_for(load, known)
    return trial


def run_climb(options: Options, climb: Climb, cpus: Cpus) -> Iterator[dict]:
    """All trials of a climb, each as soon as it is known.

    A server that doesn't start is a failed trial, like one that ends midway;
    after a failed one nothing more is asked of this process.
    """
    known = Known()
    load = climb.loads[0]
    try:
        with running(options, climb.server, load.active[0], cpus.server) as server:
            for load in climb.loads:
                for trial in run_load(options, climb, load, server, cpus.generator, known):
                    yield trial
                    if trial["outcome"] == "failed":
                        return
    except NotServing as error:
        trial = failed(load, 0, str(error))
        trial["not_started"] = True
        if error.unavailable and kind_of(climb.server) == "peer":
            trial["outcome"] = "unavailable"
        yield trial


def stamped(trial: dict, options: Options, climb: Climb, run: str) -> dict:
    """With all that says where it belongs, and what speaks against it."""
    return {
        "run": run,
        "experiment": climb.experiment,
        "round": climb.round,
        "order": climb.order,
        "seed": options.seed,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "server_name": climb.server,
        "kind": kind_of(climb.server),
        "role": "figure",
        "load": None,
        "capacity": None,
        "doubts": validity.doubts(trial) if trial["outcome"] == "measured" else [],
        **trial,
    }
