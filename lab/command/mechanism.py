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
import sockets
from limits import stretched
from processes import HOST, Server
from results import FAILED, NOT_RUN, PASSED

SECONDS = stretched(2)  # within which it must have settled:
STREAK, TICK = 8, 0.02  # seen in the right call 8 times in a row, 20 ms apart
CONNECTIONS = 3
REPLY_SECONDS = stretched(0.5)  # for each of them
EPOLLET = 1 << 31
RUNNING = "running"
HIDDEN = ("the process that listens can't be looked into", "a process like any other")
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
    found = []
    try:
        found = list(problems(server, wanted))
        ended = server.process.poll() is not None  # it may have left another in its place
    except CannotSee as reason:
        return NOT_RUN, str(reason)
    except OSError:
        ended = True
    if ended:
        lines = ["saw: the server ended while three connections were open", *server.first_lines()]
        return FAILED, "\n".join(lines)
    for saw, expected in found:
        return FAILED, f"saw: {saw}\nexpected: {expected}"
    return PASSED, ""


def problems(server: Server, wanted: dict) -> Iterator[tuple[str, str]]:
    """What was seen and what was expected, wherever these differ."""
    with contextlib.ExitStack() as stack:
        for _ in range(wanted.get("connections", CONNECTIONS)):
            connecting = socket.create_connection((HOST, server.port), REPLY_SECONDS)
            exchange(stack.enter_context(connecting))
        if not (pids := serving(server)):
            yield HIDDEN
            return
        if "waits_in" in wanted:
            yield from wrong_call(pids[0], wanted["waits_in"])
        threads = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)
        if wanted.get("one_thread") and threads > 1:
            some = f"{len(pids)} processes" if len(pids) > 1 else f"{threads} threads"
            yield f"{some} for these connections", "one process with one thread for all of them"
        if "edge_triggered" in wanted:
            yield from wrong_trigger(pids[0], wanted["edge_triggered"])


def exchange(client: socket.socket) -> None:
    """Send, and read what comes back.  That all comes back is another promise, and so is that
    all are accepted who come at once: the next one comes only now."""
    client.sendall(b"hello\n")
    ready, _, _ = select.select([client], [], [], REPLY_SECONDS)
    if ready:
        client.recv(64)


def serving(server: Server) -> list[int]:
    """The process that holds the listening socket, its descendants, and what else holds a
    socket of this port.  The command may have started it through others, such as a shell.
    None at all if the one that listens hides what it has open: prctl(2), PR_SET_DUMPABLE."""
    pids, listeners = processes.family(server.process.pid), listening(server.port)
    own = {one.inode for one in sockets.table() if one.local == server.port}
    held = {pid: set(sockets_of(pid).values()) for pid in pids}
    first = next((pid for pid in pids if held[pid] & listeners), None)
    if first is None and listeners:
        return []
    first = first or pids[0]
    return list(dict.fromkeys(processes.family(first) + [pid for pid in pids if held[pid] & own]))


def listening(port: int | None = None) -> set[str]:
    """The inodes of the sockets that listen on a port, or on any."""
    listeners = [one for one in sockets.table() if one.state == sockets.LISTEN]
    return {one.inode for one in listeners if port in (None, one.local)}


def sockets_of(pid: int) -> dict[int, str]:
    """Its sockets: descriptor and inode."""
    found = {}
    with contextlib.suppress(OSError), processes.with_rights_of(pid):
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
        with processes.with_rights_of(pid):
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
    own = {fd for fd, inode in sockets_of(pid).items() if inode not in listeners}
    with processes.with_rights_of(pid):
        infos = [info.read_text() for info in Path(f"/proc/{pid}/fdinfo").glob("*")]
    for info in infos:
        for fd, events in re.findall(r"tfd: *(\d+) events: *([0-9a-f]+)", info):
            (edge if int(events, 16) & EPOLLET else level).add(int(fd))
    edge, level = edge & own, level & own
    saw = f"{len(edge)} connections watched edge-triggered, {len(level)} level-triggered"
    if not edge and not level:
        saw = "epoll watches none of the connections: they are not accepted, or not added"
    if wants_edge and (level or not edge):
        yield saw, "all of them edge-triggered (EPOLLET)"
    if not wants_edge and (edge or not level):
        yield saw, "all of them level-triggered (no EPOLLET)"
