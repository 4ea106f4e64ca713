"""Exercise 2: how a server learns that its client is done, with half-close and without."""

import re
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import course
from limits import stretched
from results import Result
from sockets import table

from . import live
from .form import Wrong, choice, count, filled_in
from .sheet import Sheet

WAIT_SECONDS = stretched(5)
# States of a TCP socket in /proc/net/tcp, by what the peer has sent last: proc(5).
ARRIVED = {0x01: "data", 0x08: "FIN"}
CLIENTS = ("with -N", "without -N")


@dataclass
class Ending:
    """What was seen of one client."""

    before: str  # what had arrived last when the reply was back
    at_the_end: str  # and when the server learned that the client was done
    story: list[str]  # what the server printed from then on


def arrived(server: live.Server) -> str:
    """What the connected client's last segment was."""
    states = [one.state for one in table() if one.local == server.port and one.remote]
    return ARRIVED.get(states[0], "something else") if states else "RST"


def talk(server: live.Server, half_close: bool) -> Ending:
    """As `nc -N` does, or plain nc, which ends only when you end it.  The server is stopped
    while the end arrives, so that the state of its socket can be read."""
    with socket.create_connection(("127.0.0.1", server.port), WAIT_SECONDS) as client:
        told = len(server.lines())
        server.process.send_signal(signal.SIGSTOP)
        client.sendall(b"hello\n")
        if half_close:
            client.shutdown(socket.SHUT_WR)
        before = arrived(server)
        server.process.send_signal(signal.SIGCONT)
        client.recv(100)
        server.process.send_signal(signal.SIGSTOP)
    at_the_end = before if half_close else live.until(
        lambda: arrived(server) != "data" and arrived(server), "the end of the stream"
    )
    server.process.send_signal(signal.SIGCONT)
    live.until(
        lambda: any("closed" in line for line in server.lines()[told:]), "the server's close"
    )
    return Ending(before, at_the_end, server.lines()[told:])


def watch() -> list[Ending]:
    found = []
    for half_close in (True, False):
        with live.listening([live.program("select_server")], "--verbose") as server:
            found.append(talk(server, half_close))
    return found


def without_numbers(line: str) -> str:
    return re.sub(r"\d+", "N", " ".join(line.split()))


def check_line(answers: dict[str, str], endings: list[Ending]) -> None:
    said = without_numbers(filled_in(answers, "line"))
    told = {without_numbers(line) for ending in endings for line in ending.story}
    closing = {line for line in told if "closed" in line}
    if said not in told:
        raise Wrong(f"saw: the server printed no such line: {said!r}\nexpected: the line as"
                    " the server prints it; numbers don't matter")
    if said not in closing:
        raise Wrong(f"saw: {said!r} says nothing about the end\nexpected: the line that shows that"
                    " the server knows the client is done")


def check(_folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-2"))
    watched: list[Ending] = []

    def endings() -> list[Ending]:
        if not watched:
            watched.extend(watch())
        return watched

    def line() -> None:
        filled_in(answers, "line")
        check_line(answers, endings())

    def segment() -> None:
        said = choice(answers, "segment", ("data", "FIN", "RST"))
        if said != endings()[0].at_the_end or said != endings()[1].at_the_end:
            raise Wrong(f"saw: {said}\nexpected: what arrives when a client ends its stream; the"
                        " check read the state of the server's socket in /proc/net/tcp")

    def returned() -> None:
        said = count(answers, "returned")
        if said != end_of_stream():
            raise Wrong(f"saw: {said}\nexpected: what recv returns at the end of a stream")

    def waits() -> None:
        said = choice(answers, "later", CLIENTS)
        late = [name for name, one in zip(CLIENTS, endings()) if one.before != one.at_the_end]
        if said not in late:
            raise Wrong(f"saw: {said}\nexpected: the client whose stream ended only when you"
                        " ended it")

    sheet.judge("line", line)
    sheet.judge("segment", segment)
    sheet.judge("returned", returned)
    sheet.judge("later", waits)
    return sheet.results


def end_of_stream() -> int:
    """What recv returns then, on this machine."""
    one, other = socket.socketpair()
    with one, other:
        one.shutdown(socket.SHUT_WR)
        return len(other.recv(1))
