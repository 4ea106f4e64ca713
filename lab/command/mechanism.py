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
from collections.abc import Iterator
from pathlib import Path

import processes
from limits import stretched
from processes import HOST, Server
from results import FAILED, NOT_RUN, PASSED

SECONDS = stretched(2)  # within which it must have settled:
STREAK, TICK = 8, 0.02  # seen in the right call 8 times in a row, 20 ms apart
CONNECTIONS = 3
EPOLLET = 1 << 31
LISTEN = "0A"  # a state in /proc/net/tcp: proc(5)
RUNNING = "running"
ARCHITECTURES = ("x86_64", "aarch64")
# The numbers of the calls on these.  A call of the C library may be another of the kernel.
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


class CannotSee(Exception):
    """This machine doesn't show it; the message says why."""


def judge(server: Server, wanted: dict) -> tuple[str, str]:
    """The outcome, and the lines that explain it."""
    try:
        for saw, expected in problems(server, wanted):
            return FAILED, f"saw: {saw}\nexpected: {expected}"
    except CannotSee as reason:
        return NOT_RUN, str(reason)
    except OSError:
        lines = ["saw: the server ended while three connections were open", *server.lines()]
        return FAILED, "\n".join(lines)
    return PASSED, ""


def problems(server: Server, wanted: dict) -> Iterator[tuple[str, str]]:
    """What was seen and what was expected, wherever these differ."""
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((HOST, server.port), 1))
            for _ in range(wanted.get("connections", CONNECTIONS))
        ]
        exchange(clients)
        pids = serving(server)
        if "waits_in" in wanted:
            yield from wrong_call(pids[0], wanted["waits_in"])
        threads = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)
        if wanted.get("one_thread") and threads > 1:
            some = f"{len(pids)} processes" if len(pids) > 1 else f"{threads} threads"
            yield f"{some} for these connections", "one process with one thread for all of them"
        if "edge_triggered" in wanted:
            yield from wrong_trigger(pids[0], wanted["edge_triggered"])


def exchange(clients: list[socket.socket]) -> None:
    """Send on each and read what comes back.  That all comes back is another promise."""
    for client in clients:
        client.sendall(b"hello\n")
    waiting, deadline = clients, time.monotonic() + 1
    while waiting and time.monotonic() < deadline:
        ready, _, _ = select.select(waiting, [], [], 0.1)
        for client in ready:
            client.recv(64)
        waiting = [client for client in waiting if client not in ready]


def serving(server: Server) -> list[int]:
    """The process that holds the listening socket, and its descendants.  The command may
    have started it through others, such as a shell."""
    pids, listeners = processes.family(server.process.pid), listening(server.port)
    first = next((pid for pid in pids if set(sockets_of(pid).values()) & listeners), pids[0])
    return processes.family(first)


def listening(port: int | None = None) -> set[str]:
    """The inodes of the sockets that listen on a port, or on any."""
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


def present_call(pid: int) -> str:
    """The system call that it sleeps in."""
    if platform.machine() not in ARCHITECTURES:
        raise CannotSee(f"the lab doesn't know the system calls of {platform.machine()}")
    try:
        first = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except OSError as error:
        if not Path(f"/proc/{pid}").exists():
            raise
        raise CannotSee(f"/proc/PID/syscall can't be read here: {error.strerror}") from None
    if not first.isdigit():
        return RUNNING
    column = ARCHITECTURES.index(platform.machine())
    names = (name for name, numbers in CALLS.items() if int(first) in numbers[column])
    return next(names, f"system call {first}")


def wrong_call(pid: int, allowed: list[str]) -> Iterator[tuple[str, str]]:
    seen, deadline = [], time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        seen.append(present_call(pid))
        if len(seen) >= STREAK and set(seen[-STREAK:]) <= set(allowed):
            return
        time.sleep(TICK)
    others = [call for call in seen if call not in allowed]
    usual = max(others, key=others.count)
    wanted = f"it sleeps in {' or '.join(allowed)} while its connections are idle"
    if usual == RUNNING:
        yield "the server does not stay asleep although it has nothing to do", wanted
    else:
        yield f"the server sleeps in {usual}", wanted


def wrong_trigger(pid: int, wants_edge: bool) -> Iterator[tuple[str, str]]:
    """All connections must be watched edge-triggered, or none of them."""
    listeners, edge, level = listening(), set(), set()
    sockets = {fd for fd, inode in sockets_of(pid).items() if inode not in listeners}
    for info in Path(f"/proc/{pid}/fdinfo").glob("*"):
        for fd, events in re.findall(r"tfd: *(\d+) events: *([0-9a-f]+)", info.read_text()):
            (edge if int(events, 16) & EPOLLET else level).add(int(fd))
    edge, level = edge & sockets, level & sockets
    saw = f"{len(edge)} connections watched edge-triggered, {len(level)} level-triggered"
    if not edge and not level:
        saw = "epoll watches none of the connections: they are not accepted, or not added"
    if wants_edge and (level or not edge):
        yield saw, "all of them edge-triggered (EPOLLET)"
    if not wants_edge and (edge or not level):
        yield saw, "all of them level-triggered (no EPOLLET)"
