"""Child processes, started so that none outlives the command, however that ends."""

import contextlib
import ctypes
import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from limits import stretched
from problem import USAGE, Problem

HOST = "127.0.0.1"
PORTS = range(12000, 32000)  # below the ephemeral range, as conformance chooses
LISTEN_SECONDS = stretched(8)  # within which a server must listen
PORTS_TRIED = 1000
TRIES = 3  # ports, where another program was faster
IN_USE = "Address already in use"
PRINTED_MOST = 1 << 18  # bytes that are kept of what a server prints,
LINES_MOST = 20  # and lines that are shown
SIGNALS = frozenset(map(int, signal.Signals))  # a shell or a sandbox ends with 128 + N
PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 2, 36  # prctl(2)

libc = ctypes.CDLL(None)


def unconfined(_folder: Path, writable: bool = False) -> list[str]:
    """A student's own check runs the student's programs as they are."""
    return []


# The words before the command of a program of the student's that works in a folder, and may
# write to it or not.  Grading puts a sandbox here.
confinement = unconfined


class NotServing(Exception):
    """The server did not start; the lines say what was seen."""


@dataclass
class Server:
    process: subprocess.Popen
    port: int
    printed: int  # a file with what it prints

    def lines(self) -> list[str]:
        text = os.pread(self.printed, PRINTED_MOST, 0).rstrip(b"\0")
        return text.decode(errors="replace").splitlines()

    def first_lines(self) -> list[str]:
        return [f"printed: {line}" for line in self.lines()[:LINES_MOST]]


def adopt_orphans() -> None:
    """What a child leaves behind becomes our child, so end_all() finds it."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(
    words: list[str], ending: int = signal.SIGKILL, adopts: bool = False, **more
) -> subprocess.Popen:
    """In a session of its own: Ctrl-C reaches us alone, and we end it in order.  If we are
    killed, the kernel sends it `ending`.  If it `adopts`, what its children leave behind becomes
    its child, and not ours."""

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)
        with contextlib.suppress(OSError):  # where memory runs out, this ends and nothing else
            Path("/proc/self/oom_score_adj").write_text("1000")

    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=prepare, **more
    )


def start_printing(words: list[str], **more) -> Server:
    """What it prints goes to a file in memory, which needs no room on a disk and which a
    program that prints without end can't make larger."""
    printed = os.memfd_create("output", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(printed, PRINTED_MOST)
    fcntl.fcntl(printed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    try:
        return Server(start(words, stdout=printed, stderr=printed, **more), 0, printed)
    except OSError:
        os.close(printed)
        raise


def parents() -> dict[int, int]:
    """The parent of each process that is no zombie: proc(5)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state not in "ZX":
                found[int(stat.parent.name)] = int(parent)
    return found


@contextlib.contextmanager
def with_rights_of(pid: int) -> Iterator[None]:
    """Root in a container may lack CAP_SYS_PTRACE.  It then sees what another user's process
    does only with that user's rights on files: ptrace(2).  Signals go by other IDs."""
    if os.geteuid() != 0:
        yield
        return
    owner, death_signal = os.stat(f"/proc/{pid}"), ctypes.c_int()
    libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(death_signal), 0, 0, 0)
    libc.setfsgid(owner.st_gid)
    libc.setfsuid(owner.st_uid)
    try:
        yield
    finally:
        libc.setfsuid(0)
        libc.setfsgid(os.getegid())
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)  # other IDs have cleared it


def family(pid: int) -> list[int]:
    """A process and all its descendants, the nearest first."""
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
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def end(process: subprocess.Popen) -> None:
    """Everything that it started ends with it."""
    for pid in reversed(family(process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def status_in_words(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name} ({signal.strsignal(-status)})"
    behind = signal.Signals(status - 128).name if status - 128 in SIGNALS else ""
    return f"ended with status {status}" + (f" (128 + {behind})" if behind else "")


def free_port() -> int:
    """A server can leave all of them in use for a minute: the connections' TIME_WAIT, tcp(7)."""
    for port in random.sample(PORTS, min(PORTS_TRIED, len(PORTS))):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise NotServing(f"saw: no port is free from {PORTS[0]} to {PORTS[-1]}")


def start_server(make_words, folder: Path) -> Server:
    """Start the server that make_words(port) names, on a free port, and wait for it."""
    deadline = time.monotonic() + LISTEN_SECONDS
    for _ in range(TRIES):
        server = start_once(make_words, folder)
        saw = await_listening(server, deadline)
        if saw is None:
            return server
        end_all()
        lines = server.first_lines()
        if not any(IN_USE in line for line in lines):
            break
        saw = f'the server says "{IN_USE}" although its port is free: does it use its argument?'
    expected = f"it listens at {HOST}:PORT, where PORT is its argument (here {server.port})"
    raise NotServing("\n".join([f"saw: {saw}", f"expected: {expected}", *lines]))


def start_once(make_words, folder: Path) -> Server:
    port = free_port()
    words = make_words(port)
    try:
        server = start_printing([*confinement(folder), *words], cwd=folder)
    except OSError as error:
        advice = "give a command that starts"
        raise Problem(f"{words[0]}: {error.strerror}", advice, USAGE) from None
    server.port = port
    return server


def await_listening(server: Server, deadline: float) -> str | None:
    """None when it listens, otherwise what was seen instead."""
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return f"the server {status_in_words(server.process.returncode)} before it listened"
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, server.port), 1).close()
            return None
        time.sleep(0.02)
    return f"the server runs, but nothing listens on its port after {LISTEN_SECONDS} s"
