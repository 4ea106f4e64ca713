"""Watching a judge from outside: its time, its memory, its output; and ending all of it."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import processes

TICK = 0.1  # seconds between two looks
COMPLAINT_MOST = 1 << 16  # bytes that are kept of what it prints on stderr
PAGE = os.sysconf("SC_PAGE_SIZE")
TIME, MEMORY, OUTPUT, STOPPED = "time", "memory", "output", "stopped"


@dataclass
class Ended:
    """How a judge ended.

    report     its standard output
    complaint  its standard error, at most 64 KiB
    status     as in subprocess: negative for a signal
    reason     "" if it ended by itself; otherwise why we have ended it: "time", "memory",
               "output" or "stopped"
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
    return MEMORY if memory(processes.family(process.pid)) > limits.memory else ""


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
    """Resident bytes of these processes; a page that several share counts for each."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE


def end(process: subprocess.Popen) -> None:
    """Kill all of it, the innermost first, and wait until it is gone."""
    processes.end(process)
    process.stdout.close()
    process.stderr.close()
