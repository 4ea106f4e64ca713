"""How a server waits: judged by what the kernel says of its process, not by its text.

Three connections are opened, a few bytes are echoed on each, then all are idle.  Now
/proc/PID/syscall names the call that the server sleeps in, /proc/PID/task its threads, and
/proc/PID/fdinfo what its epoll instances watch: proc(5).
"""

import contextlib
import os
import platform
import re
import select
import socket
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import processes
from processes import HOST, Server
from results import FAILED, NOT_RUN, PASSED

SECONDS = 2  # within which it must be found asleep
STREAK = 8  # times in a row, TICK seconds apart
TICK = 0.02
CONNECTIONS = 3
EPOLLET = 1 << 31
LISTEN = "0A"
# The numbers of the calls: x86_64, aarch64.  A call of ours may be another one to the kernel.
CALLS = {
    "select": ((23, 270), (72,)),
    "poll": ((7, 271), (73,)),
    "epoll_wait": ((232, 281, 441), (22, 441)),
    "accept": ((43, 288), (202, 242)),
    "recv": ((0, 45, 47), (63, 207, 212)),
    "send": ((1, 44, 46), (64, 206, 211)),
    "nanosleep": ((35, 230), (101, 115)),
    "wait": ((61, 247), (260, 95)),
    "futex": ((202,), (98,)),
    "io_uring_enter": ((426,), (426,)),
}
SAME = {"epoll": "epoll_wait", "read": "recv", "recvfrom": "recv", "accept4": "accept",
        "pselect": "select", "ppoll": "poll", "epoll_pwait": "epoll_wait"}
ARCHITECTURES = ("x86_64", "aarch64")


class CannotSee(Exception):
    """This machine doesn't show it; the message says why."""


@dataclass
class Seen:
    """What a waiting server was seen to do."""

    sleeps_in: Counter  # names of calls, "running" when it didn't sleep
    asleep: bool  # in allowed calls, over and over
    threads: int
    processes: int
    edge_triggered: int  # connections that an epoll instance watches so
    level_triggered: int


def judge(server: Server, wanted: dict) -> tuple[str, str]:
    """The outcome, and the lines that explain it."""
    allowed = [SAME.get(name, name) for name in wanted.get("waits_in", [])]
    try:
        seen = look(server, allowed, wanted.get("connections", CONNECTIONS))
    except CannotSee as problem:
        return NOT_RUN, str(problem)
    except OSError:
        return FAILED, "saw: the server ended while it was looked at" + stderr_of(server)
    for problem in (
        wrong_call(seen, allowed), wrong_threads(seen, wanted), wrong_trigger(seen, wanted)
    ):
        if problem:
            return FAILED, "saw: {}\nexpected: {}".format(*problem)
    return PASSED, ""


def stderr_of(server: Server) -> str:
    return "".join(f"\nstderr: {line}" for line in server.output().splitlines()[:20])


def look(server: Server, allowed: list[str], connections: int) -> Seen:
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((HOST, server.port), 1))
            for _ in range(connections)
        ]
        exchange(clients)
        pids = serving(server)
        sleeps_in, asleep = watch(pids[0], allowed)
        tasks = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)
        edge, level = watched_connections(pids[0])
        return Seen(sleeps_in, asleep, tasks, len(pids), edge, level)


def exchange(clients: list[socket.socket]) -> None:
    """Send on each and read what comes back.  That all comes back is another promise."""
    for client in clients:
        client.sendall(b"hello\n")
    waiting, deadline = list(clients), time.monotonic() + 1
    while waiting and time.monotonic() < deadline:
        ready, _, _ = select.select(waiting, [], [], deadline - time.monotonic())
        for client in ready:
            client.recv(64)
        waiting = [client for client in waiting if client not in ready]


def serving(server: Server) -> list[int]:
    """The process that holds the listening socket, and its descendants.  The command may
    have started it through others, such as a shell."""
    pids = processes.family(server.process.pid)
    listeners = listening_inodes(server.port)
    first = next((pid for pid in pids if set(sockets_of(pid).values()) & listeners), pids[0])
    return processes.family(first)


def listening_inodes(port: int | None = None) -> set[str]:
    """Of the sockets that listen on a port, or on any: /proc/net/tcp in proc(5)."""
    found = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTEN and (port is None or words[1].endswith(f":{port:04X}")):
                    found.add(words[9])
    return found


def sockets_of(pid: int) -> dict[int, str]:
    """Its sockets: descriptor and inode."""
    found = {}
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link)):
                found[int(link.name)] = match[1]
    return found


def watch(pid: int, allowed: list[str]) -> tuple[Counter, bool]:
    """The calls it was found in, and whether it settled in one that is allowed."""
    found, streak, deadline = Counter(), 0, time.monotonic() + SECONDS
    while streak < STREAK and time.monotonic() < deadline:
        call = present_call(pid)
        found[call] += 1
        streak = streak + 1 if call in allowed else 0
        time.sleep(TICK)
    return found, streak >= STREAK


def present_call(pid: int) -> str:
    if platform.machine() not in ARCHITECTURES:
        raise CannotSee(f"the lab doesn't know the system calls of {platform.machine()}")
    try:
        first = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except PermissionError:
        raise CannotSee("this machine doesn't let us read /proc/PID/syscall") from None
    except FileNotFoundError:
        if Path(f"/proc/{pid}").exists():
            raise CannotSee("this kernel has no /proc/PID/syscall") from None
        raise
    if not first.isdigit():
        return "running"
    column = ARCHITECTURES.index(platform.machine())
    names = (name for name, numbers in CALLS.items() if int(first) in numbers[column])
    return next(names, f"system call {first}")


def watched_connections(pid: int) -> tuple[int, int]:
    """How many sockets that don't listen its epoll instances watch, edge- and
    level-triggered."""
    edge = level = 0
    listeners = listening_inodes()
    sockets = {fd: inode for fd, inode in sockets_of(pid).items() if inode not in listeners}
    for info in Path(f"/proc/{pid}/fdinfo").glob("*"):
        for fd, events in re.findall(r"tfd: *(\d+) events: *([0-9a-f]+)", info.read_text()):
            if int(fd) in sockets:
                edge += bool(int(events, 16) & EPOLLET)
                level += not int(events, 16) & EPOLLET
    return edge, level


def wrong_call(seen: Seen, allowed: list[str]) -> tuple[str, str] | None:
    if not allowed or seen.asleep:
        return None
    usual = next(name for name, _ in seen.sleeps_in.most_common())
    wanted = f"it sleeps in {' or '.join(allowed)} while all connections are idle"
    if usual == "running":
        return "the server never sleeps, although no connection has anything to do", wanted
    if usual in allowed:
        usual = next((name for name in seen.sleeps_in if name not in allowed), usual)
        return f"the server doesn't stay asleep: it was also in {usual}", wanted
    return f"the server sleeps in {usual}", wanted


def wrong_threads(seen: Seen, wanted: dict) -> tuple[str, str] | None:
    if not wanted.get("one_thread") or (seen.threads, seen.processes) == (1, 1):
        return None
    return (
        f"{seen.processes} process(es) with {seen.threads} threads in all",
        "one process with one thread for all connections",
    )


def wrong_trigger(seen: Seen, wanted: dict) -> tuple[str, str] | None:
    if "edge_triggered" not in wanted:
        return None
    counts = f"{seen.edge_triggered} watched edge-triggered, {seen.level_triggered} level-triggered"
    if wanted["edge_triggered"] and (seen.level_triggered or not seen.edge_triggered):
        return f"of the connections {counts}", "all of them edge-triggered (EPOLLET)"
    if not wanted["edge_triggered"] and seen.edge_triggered:
        return f"of the connections {counts}", "none of them edge-triggered (no EPOLLET)"
    return None
