"""Step 2: where the second client of a blocking server waits, seen from outside."""

import contextlib
import json
import select
import shlex
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course
import mechanism
import processes
from folder import STATE
from limits import stretched
from results import Result
from sockets import ESTABLISHED, table

from .form import Wrong, choice, count
from .sheet import NotRun, Sheet

SECONDS = stretched(2)  # for each thing to happen
CALLS = ("accept", "recv", "send", "nothing")
PLACES = ("client", "socket", "program", "nowhere")
CLIENTS = ("second", "third", "none")


@dataclass
class Seen:
    call: str
    accepted: int
    connected: str  # "yes" or "no"
    place: str  # of the second client's bytes
    following: str  # which client is served when the first has left


def command(folder: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        server = json.loads((folder / STATE).read_text()).get("server")
        if server:
            return server
    return f"{shlex.quote(str(folder / 'server'))} {{port}}"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[processes.Server]:
    words = command(folder)
    try:
        yield processes.start_server(
            lambda port: shlex.split(words.replace("{port}", str(port))), folder
        )
    except processes.NotServing as problem:
        raise NotRun(str(problem)) from None
    finally:
        processes.end_all()


def connect(server: processes.Server) -> socket.socket:
    return socket.create_connection((processes.HOST, server.port), SECONDS)


def connections_of(pid: int) -> int:
    """How many sockets it has, the listener apart."""
    listeners = mechanism.listening()
    return sum(inode not in listeners for inode in mechanism.sockets_of(pid).values())


def socket_of(server: processes.Server, client: socket.socket) -> tuple[int, int]:
    """State and unread bytes of the server's end of a connection."""
    ports = server.port, client.getsockname()[1]
    found = [one for one in table() if (one.local, one.remote) == ports]
    return (found[0].state, found[0].received) if found else (0, 0)


def place_of(server: processes.Server, client: socket.socket, length: int) -> str:
    if select.select([client], [], [], 0)[0]:
        return "program"  # it came back already
    return "socket" if socket_of(server, client)[1] == length else "program"


def first_served(clients: dict[str, socket.socket]) -> str:
    ready = select.select(list(clients.values()), [], [], SECONDS)[0]
    return next((name for name, client in clients.items() if client in ready), "none")


def observe(server: processes.Server) -> Seen:
    """The first client is silent; the second and the third send a line each."""
    pid = (mechanism.serving(server) or [server.process.pid])[0]
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(connect(server))
        first.sendall(b"first\n")
        first.recv(64)  # now it is certainly accepted
        second, third = (stack.enter_context(connect(server)) for _ in range(2))
        third.sendall(b"third\n")
        second.sendall(b"second\n")
        time.sleep(0.2)
        seen = Seen(
            mechanism.present_call(pid), connections_of(pid),
            "yes" if socket_of(server, second)[0] == ESTABLISHED else "no",
            place_of(server, second, len(b"second\n")), "",
        )
        first.close()
        seen.following = first_served({"second": second, "third": third})
        return seen


def look(folder: Path) -> Seen:
    with running(folder) as server:
        try:
            return observe(server)
        except mechanism.CannotSee as reason:
            raise NotRun(str(reason)) from None
        except OSError as error:
            raise NotRun(f"the server of step 1 must work first: {error}") from None


def compare(key: str, said, seen, where: str) -> None:
    if said != seen:
        raise Wrong(f"saw: {key}: {said}, but the running server shows otherwise\n"
                    f"expected: {where}")


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet, live = Sheet(course.find("step-2")), []

    def seen() -> Seen:
        if not live:
            live.append(look(folder))
        return live[0]

    def call() -> None:
        said = choice(answers, "waits-in", CALLS)
        compare("waits-in", said, seen().call, "what /proc/PID/syscall shows")

    def queue() -> None:
        accepted = count(answers, "accepted")
        connected = choice(answers, "second-connected", ("yes", "no"))
        compare("accepted", accepted, seen().accepted, "the sockets in /proc/PID/fd, less one")
        compare("second-connected", connected, seen().connected, "what ss shows: ESTAB or not")

    def place() -> None:
        said = choice(answers, "bytes-in", PLACES)
        compare("bytes-in", said, seen().place, "where ss shows unread bytes (Recv-Q)")

    def following() -> None:
        said = choice(answers, "next", CLIENTS)
        compare("next", said, seen().following, "which client gets its line when you try it")

    for name, find_out in (
        ("call", call), ("queue", queue), ("bytes", place), ("next", following)
    ):
        sheet.judge(name, find_out)
    return sheet.results
