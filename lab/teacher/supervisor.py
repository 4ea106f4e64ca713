"""Watching a judge from outside: its time, its memory, its output; and ending all of it."""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import processes

TICK = 0.1  # seconds between two looks
# In /proc/PID/maps: MAP_SHARED | MAP_ANONYMOUS.
SHARED = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ..?.s \S+ \S+ (\d+) +/dev/zero \(deleted\)$", re.M)
COMPLAINT_MOST = 1 << 16  # bytes that are kept of what it prints on stderr
ENDING_SECONDS = 10
PAGE = os.sysconf("SC_PAGE_SIZE")
SPARE = 0.05  # of the machine's memory must stay available
TIME, MEMORY, OUTPUT, STOPPED = "time", "memory", "output", "stopped"
MACHINE = "memory of the machine"


@dataclass
class Ended:
    """How a judge ended.

    report     its standard output
    complaint  its standard error, at most 64 KiB
    status     as in subprocess: negative for a signal
    reason     "" if it ended by itself; otherwise why we have ended it: "time", "memory",
               "output", "stopped", or "memory of the machine" if that ran out, which may be
               the fault of another program
    """

    report: bytes
    complaint: bytes
    status: int
    reason: str
    seconds: float


def run(words: list[str], limits, stop) -> Ended:
    started = time.monotonic()
    process = processes.start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    report, complaint = bytearray(), bytearray()
    reason = ""
    try:
        for _ in reading(process, report, complaint):
            reason = why_to_end(process, limits, started, report, stop)
            if reason:
                break
    finally:
        end(process)
    return Ended(
        bytes(report[: limits.report]), bytes(complaint), process.returncode, reason,
        time.monotonic() - started,
    )


def why_to_end(process, limits, started: float, report: bytearray, stop) -> str:
    if stop():
        return STOPPED
    if time.monotonic() - started > limits.seconds:
        return TIME
    if len(report) > limits.report:
        return OUTPUT
    if memory(processes.family(process.pid)) > limits.memory:
        return MEMORY
    return MACHINE if available() < SPARE else ""


def reading(process, report: bytearray, complaint: bytearray):
    """Read what it prints; yields each tick, until it has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, report)
        selector.register(process.stderr, selectors.EVENT_READ, complaint)
        due = time.monotonic() + TICK
        while process.poll() is None:
            for key, _ in selector.select(max(due - time.monotonic(), 0)):
                take(selector, key, complaint)
            if time.monotonic() >= due:
                yield
                due = time.monotonic() + TICK
        for key in list(selector.get_map().values()):
            while key.fileobj in selector.get_map() and selector.select(0):
                take(selector, key, complaint)


def take(selector, key, complaint: bytearray) -> None:
    data = os.read(key.fd, 1 << 16)
    if not data:
        selector.unregister(key.fileobj)
    key.data.extend(data)
    del complaint[COMPLAINT_MOST:]


def memory(pids: list[int]) -> int:
    """Resident bytes of these processes, and all that is shared without a file: that stays
    full when no process has it resident.  A page that several have counts for each."""
    pages, shared = 0, {}
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            maps = Path(f"/proc/{pid}/maps").read_text()
            for begin, end, inode in SHARED.findall(maps):
                shared[inode, begin] = int(end, 16) - int(begin, 16)
    return pages * PAGE + sum(shared.values())


def available() -> float:
    """The share of the machine's memory that programs can still have: proc_meminfo(5).  Not all
    that a judge takes shows in one of its processes."""
    sizes = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(sizes[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return free / total


def is_there(pid: int) -> bool:
    """Is it alive, or ending?  If it has become our child, it is taken leave of."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return os.path.exists(f"/proc/{pid}")


def end(process: subprocess.Popen) -> None:
    """Kill all of it, the innermost first, and wait until it is gone."""
    pids = processes.family(process.pid)
    processes.end(process)
    deadline = time.monotonic() + ENDING_SECONDS
    while any(map(is_there, pids[1:])) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.stdout.close()
    process.stderr.close()
