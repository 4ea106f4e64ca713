"""Child processes, started so that none outlives the command, however that ends."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
PORTS = range(12000, 32000)  # below the ephemeral range, as conformance chooses
LISTEN_SECONDS = 5  # within which a server must listen
TRIES = 3  # ports, when another program was faster
IN_USE = "Address already in use"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)

libc = ctypes.CDLL(None)


class NotServing(Exception):
    """The server did not start; lines say what was seen."""


@dataclass
class Server:
    process: subprocess.Popen
    port: int
    printed: int  # a file with what it prints

    def output(self) -> str:
        return os.pread(self.printed, 1 << 16, 0).decode(errors="replace")


def adopt_orphans() -> None:
    """What a child leaves behind becomes our child, so end_all() finds it."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(words: list[str], ending: int = signal.SIGKILL, **more) -> subprocess.Popen:
    """In a session of its own: Ctrl-C reaches us alone, and we end it in order.  If we are
    killed, the kernel sends it `ending`."""
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0), **more,
    )


def parents() -> dict[int, int]:
    """The parent of each process that is no zombie: proc(5)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state not in "ZX":
            found[int(stat.parent.name)] = int(parent)
    return found


def family(pid: int) -> list[int]:
    """A process and all its descendants, the oldest first."""
    every, found = parents(), [pid]
    for one in found:
        found += [child for child, parent in every.items() if parent == one]
    return found


def end_all() -> None:
    """Kill all our descendants, and wait until they are gone."""
    while descendants := family(os.getpid())[1:]:
        for pid in descendants:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
        reap()


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def status_in_words(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name} ({signal.strsignal(-status)})"
    return f"ended with status {status}"


def free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        return port


def is_listening(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def start_server(make_words, folder: Path) -> Server:
    """Start the server that make_words(port) names, on a free port, and wait for it."""
    for attempt in range(TRIES):
        server = start_once(make_words, folder)
        problem = await_listening(server)
        if problem is None:
            return server
        end_all()
        if IN_USE not in server.output():
            break
    raise NotServing(problem)


def start_once(make_words, folder: Path) -> Server:
    port, printed = free_port(), os.memfd_create("output")
    os.set_inheritable(printed, False)
    words = make_words(port)
    try:
        process = start(words, cwd=folder, stdout=printed, stderr=printed)
    except OSError as error:
        raise NotServing(f"saw: {words[0]}: {error.strerror}\nexpected: a program") from None
    return Server(process, port, printed)


def await_listening(server: Server) -> str | None:
    """None when it listens; otherwise lines that say what was seen."""
    deadline = time.monotonic() + LISTEN_SECONDS
    while time.monotonic() < deadline:
        status = server.process.poll()
        if status is not None:
            return why_not(server, f"the server {status_in_words(status)} before it listened")
        if is_listening(server.port):
            return None
        time.sleep(0.02)
    return why_not(
        server, f"the server runs, but nothing listens on the port after {LISTEN_SECONDS} s"
    )


def why_not(server: Server, saw: str) -> str:
    lines = [
        f"saw: {saw}",
        f"expected: it listens at {HOST}:{server.port}; the port is its argument",
    ]
    if IN_USE in server.output():
        lines[0] = f'saw: the server says "{IN_USE}", on {TRIES} ports that were free'
    lines += [f"stderr: {line}" for line in server.output().splitlines()[:20]]
    return "\n".join(lines)
