"""Trials: what loadgen saw of one server at one step, and what became of it.

A trial is loadgen's line of JSON (bench/README.md) with these added:

    run, round, order, seed, time   where it belongs
    server_name                     who was measured
    outcome                         "measured"; "limit": the server held fewer
                                    connections than that, and goes on serving
                                    those; "failed": `reason` says how
"""

import contextlib
import json
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Iterator

from options import FLOOR, Options
from plan import Climb, climb_seconds
from server import HOST, NotServing, Server, how_it_ended, process_of, running

NOT_THE_SERVER = "the process used no CPU time: if its command starts the server, let it `exec' that"
PATIENCE = 60  # seconds that a climb may take beyond four times the plan


@dataclass
class Cpus:
    """Where the two processes run; None: wherever the kernel likes."""

    server: int | None
    generator: int | None


def loadgen_words(options: Options, climb: Climb, server: Server) -> list[str]:
    words = [
        str(options.build / "bench" / "loadgen"),
        "--idle=" + ",".join(map(str, climb.idle)),
        "--active=" + ",".join(map(str, climb.active)),
        f"--size={options.size}",
        f"--seconds={options.seconds}",
        f"--warm-up={options.warm_up}",
        f"--stall={options.stall}",
        f"--pid={server.process.pid}",
        "--json=-",
    ]
    if server.counters is not None:
        words.append(f"--counters={server.counters}")
    return words + [HOST, str(server.port)]


def judge(trial: dict) -> str:
    """What the trial came to, as far as loadgen could see."""
    if trial["valid"]:
        return "measured"
    held_fewer = trial["limited_by"] == "server" and trial["held"] > 0
    return "limit" if held_fewer and not any(trial["errors"].values()) else "failed"


def failed(climb: Climb, step: int, reason: str) -> dict:
    """The trial of a step about which loadgen said nothing."""
    idle, active = climb.steps()[step]
    return {
        "valid": False,
        "reason": reason,
        "idle": idle,
        "active": active,
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
    """Did the process that we watch leave the work to another one?"""
    server = trial.get("server")
    return server is not None and server["cpu_seconds"] < 1e-7 * trial["echoes"]


def read_trials(options: Options, climb: Climb, generator: subprocess.Popen) -> Iterator[dict]:
    """Each as loadgen writes it; a generator that hangs is killed."""
    patience = 4 * climb_seconds(options, climb) + PATIENCE
    alarm = threading.Timer(patience, generator.kill)
    alarm.daemon = True
    alarm.start()
    try:
        for line in generator.stdout:
            trial = json.loads(line)
            trial["outcome"] = judge(trial)
            if trial["outcome"] == "measured" and is_idle(trial):
                trial["outcome"] = "failed"
                trial["reason"] = NOT_THE_SERVER
            yield trial
    finally:
        alarm.cancel()


def why_no_trial(generator: subprocess.Popen, complaints) -> str:
    """loadgen ended without a word about this step: how?"""
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    said = [line for line in lines if line.startswith("loadgen: ")]
    code = generator.wait()
    if code == -signal.SIGKILL:
        return "took too long"
    return said[-1] if said else f"loadgen ended with status {code}"


def load(options: Options, climb: Climb, server: Server, cpu: int | None) -> Iterator[dict]:
    """Run loadgen on a server that listens, up to its last or a failed step."""
    words = loadgen_words(options, climb, server)
    with contextlib.ExitStack() as stack:
        complaints = stack.enter_context(tempfile.TemporaryFile())
        streams = {"stdout": subprocess.PIPE, "stderr": complaints}
        generator = stack.enter_context(process_of(words, cpu, **streams))
        stack.enter_context(generator.stdout)
        step = 0
        trial = {"outcome": "measured"}
        for trial in read_trials(options, climb, generator):
            explain_end(trial, server)
            step += 1
            yield trial
        if trial["outcome"] == "measured" and step < len(climb.steps()):
            yield failed(climb, step, why_no_trial(generator, complaints))


def run_climb(options: Options, climb: Climb, cpus: Cpus) -> Iterator[dict]:
    """All trials of a climb, each as soon as it is known.

    A server that doesn't start is a failed trial, like one that ends midway.
    """
    try:
        with running(options, climb.server, climb.active[0], cpus.server) as server:
            yield from load(options, climb, server, cpus.generator)
    except NotServing as error:
        trial = failed(climb, 0, str(error))
        trial["not_started"] = True
        yield trial


def stamped(trial: dict, options: Options, climb: Climb, run: str) -> dict:
    """With all that says where it belongs."""
    return {
        "run": run,
        "round": climb.round,
        "order": climb.order,
        "seed": options.seed,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "server_name": climb.server,
        **trial,
    }
