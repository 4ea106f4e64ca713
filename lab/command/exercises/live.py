"""Our own programs, run for a check: servers that listen, and loadgen that drives them.

Right answers that depend on the machine are never written down; they come from here.
"""

import contextlib
import importlib.util
import json
import os
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import build
import processes
from limits import stretched

from .sheet import NotRun

ROOT = Path(__file__).resolve().parents[3]
BUILD = build.FOLDER
FOUR = {  # the names that forms use, and the programs
    "select": "select_server", "poll": "poll_server", "lt": "epoll_lt_server",
    "et": "epoll_et_server",
}
READY_SECONDS = stretched(5)
LOAD_SECONDS = stretched(25)
TRIES = 3
SPARE_FILES = 64  # descriptors that are needed for other things than connections
# Let a server have as many open files as it may; loadgen does the same by itself.
ALL_FILES = ["sh", "-c", 'ulimit -S -n "$(ulimit -H -n)"; exec "$@"', "sh"]


@dataclass
class Server(processes.Server):
    counters: Path


def program(target: str) -> str:
    """One of this repository's programs, by its place in the build folder."""
    return str(BUILD / target)


# --- Servers.


@contextlib.contextmanager
def listening(
    program_words: list[str], *options: str, wrapper=ALL_FILES, counted=True
) -> Iterator[Server]:
    """One of the four, or a program with the same options, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        counters = Path(folder) / "counters"
        words = [*wrapper, *program_words, "--port=0", *options]
        words += [f"--counters={counters}"] if counted else []
        with printing(words) as started:
            server = Server(**vars(started), counters=counters)
            server.port = port_of(server)
            yield server


@contextlib.contextmanager
def printing(words: list[str], **more) -> Iterator[processes.Server]:
    """A program, and what it prints, while the block lasts."""
    server = processes.start_printing(words, **more)
    try:
        yield server
    finally:
        processes.end(server.process)
        os.close(server.printed)


def port_of(server: Server) -> int:
    """It says where it listens, once it does."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"listening on \S+:(\d+)$", "\n".join(server.lines()), re.MULTILINE)
        if found:
            return int(found[1])
        if server.process.poll() is not None:
            break
        time.sleep(0.01)
    last = (server.lines() or ["it says nothing"])[-1]
    raise NotRun(f"the server does not start: {last}")


def until(happened, what: str):
    """Wait for it; returns what happened() does."""
    deadline = time.monotonic() + READY_SECONDS
    while not (found := happened()):
        if time.monotonic() > deadline:
            raise NotRun(f"{what}: not within {READY_SECONDS} s")
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def the_four(*again: str) -> Iterator[dict[str, Server]]:
    """All four by their short names; a name in `again` starts that one a second time."""
    with contextlib.ExitStack() as stack:
        names = [*FOUR, *again]
        yield {
            name + "-again" * (n >= len(FOUR)): stack.enter_context(
                listening([program(FOUR[name])])
            )
            for n, name in enumerate(names)
        }


# --- Load.


def room(servers: int) -> int:
    """Connections for each of so many servers: loadgen holds them all at once."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    return max((limit - SPARE_FILES) // servers, 0)


def two_cpus() -> tuple[int | None, int | None]:
    """One for the server, one for loadgen; None: wherever the kernel likes."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else (None, None)


def pin(servers: dict[str, Server], cpu: int | None) -> None:
    for server in servers.values():
        with contextlib.suppress(OSError):  # some containers forbid it
            os.sched_setaffinity(server.process.pid, {cpu} if cpu is not None else {0})


def take_turns(servers: dict[str, Server], *options: str) -> list[dict]:
    """What loadgen measures: a line for each point, with a trial for each server."""
    cpu, other = two_cpus()
    if cpu is not None:
        pin(servers, cpu)
    words = [program("bench/loadgen/loadgen"), *options, "--json=-"]
    words += [f"--cpu={other}"] if other is not None else []
    words += [
        f"{name}=127.0.0.1:{server.port},pid={server.process.pid},counters={server.counters}"
        for name, server in servers.items()
    ]
    generator = processes.start(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        output, complaint = generator.communicate(timeout=LOAD_SECONDS)
    except subprocess.TimeoutExpired:
        processes.end(generator)
        raise NotRun(f"the load took more than {LOAD_SECONDS} s on this machine") from None
    points = [json.loads(line) for line in output.splitlines()]
    if not points:
        raise NotRun(f"nothing was measured: {(complaint.splitlines() or ['?'])[-1]}")
    return points


def trials_of(point: dict) -> dict[str, dict]:
    """By server; one that failed would make every comparison wrong."""
    for trial in point["trials"]:
        if not trial["valid"] or trial["held"] < trial["wanted"]:
            raise NotRun(f"{trial['server']} could not be measured: {trial['reason']}")
    return {trial["server"]: trial for trial in point["trials"]}


def measure(chosen: list[str], *options: str, again: tuple[str, ...] = ()) -> list[dict[str, dict]]:
    """The chosen of the four, started afresh: at each point the trial of each server.

    A busy machine may leave a server no time in a whole turn; then it is measured once more.
    """
    for attempt in range(TRIES):
        with the_four(*again) as servers:
            points = take_turns({name: servers[name] for name in chosen}, *options)
        try:
            return [trials_of(point) for point in points]
        except NotRun:
            if attempt == TRIES - 1:
                raise


def per_turn(trial: dict, above: str, below: str) -> list[float | None]:
    pairs = zip(trial["turns"][above], trial["turns"][below])
    return [a / b if a is not None and b else None for a, b in pairs]


def cpu(trial: dict) -> float:
    """CPU time per echo."""
    return median(value for value in per_turn(trial, "cpu", "echoes") if value is not None)


def ratios(one: list[float | None], other: list[float | None]) -> list[float]:
    """Cycle by cycle, where both had their turn."""
    return [a / b for a, b in zip(one, other) if a is not None and b]


@cache
def statistics():
    """bench/suite/intervals.py: how sure the benchmark is, and what it claims."""
    path = ROOT / "bench/suite/intervals.py"
    spec = importlib.util.spec_from_file_location("bench_intervals", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
