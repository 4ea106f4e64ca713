"""The server processes: started, found listening, stopped.

Only processes that we started are ever signalled.  Each is a session of its
own, so that a Ctrl-C on the terminal reaches this program alone, which then
ends them in order; and should this program be killed, the kernel kills them.
"""

import contextlib
import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from options import FLOOR, LT, PEERS, TWIN, Options

HOST = "127.0.0.1"
READY_SECONDS = 60  # within which a server must listen; some virtual machines take their time
STOP_SECONDS = 5  # within which it must end after SIGTERM
UNAVAILABLE = 69  # sysexits.h: EX_UNAVAILABLE
PR_SET_PDEATHSIG = 1  # prctl(2)
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
LISTEN = "0A"  # a state in /proc/net/tcp: proc(5)


def in_proc(address: bytes) -> str:
    """An address as /proc/net/tcp and tcp6 write it: words of 32 bits."""
    words = [address[i : i + 4] for i in range(0, len(address), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


IPV4_HOST = in_proc(socket.inet_aton(HOST))
# The same for an IPv6 socket, which is what Java opens: ::ffff:127.0.0.1.
MAPPED_HOST = in_proc(bytes(10) + b"\xff\xff" + socket.inet_aton(HOST))
ANY_IPV4, ANY_IPV6 = in_proc(bytes(4)), in_proc(bytes(16))
MOST_FILES = 1 << 20  # no experiment needs more, and some programs have a table of them all

libc = ctypes.CDLL(None, use_errno=True)


class NotServing(Exception):
    """The server did not start; the message says how.

    A peer is unavailable where the system doesn't allow what it is made of.
    """

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.unavailable = status == UNAVAILABLE


@dataclass
class Server:
    name: str
    process: subprocess.Popen  # as we started it
    pid: int  # the process that listens, and is measured
    port: int
    counters: Path | None
    complaints: int  # descriptor of a file with what it wrote to stderr


def first_ephemeral_port() -> int:
    """Below it no port is taken by a connection that chose one by itself."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):  # hidden in some containers: ip(7) has the default
        return 32768


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    """A free port outside the ephemeral range, or any if that leaves none.

    `taken` are those of servers that may not listen yet.
    """
    low = first_ephemeral_port()
    candidates = range(10000, low) if low > 11000 else range(61000, 65536)
    for port in random.sample(candidates, 100):
        if port not in taken and is_free(port):
            taken.add(port)
            return port
    raise NotServing("found no free port to listen on")


def sockets_at(port: int) -> dict[str, str]:
    """Those that listen at this port: address as in proc(5), and inode.

    Seen in /proc, without a connection: the server would count that.
    """
    found = {}
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}") as table:
            for line in table:
                fields = line.split()
                address, _, number = fields[1].partition(":")
                if fields[3] == LISTEN and int(number, 16) == port:
                    found[address] = fields[9]
    return found


def inode_of_listener(port: int) -> str | None:
    """The inode of the socket to which a connection to HOST goes; None if there is none.

    Whether one that listens at all IPv6 addresses takes IPv4 as well isn't in /proc; then
    the port is taken for IPv4, too.
    """
    found = sockets_at(port)
    for address in (IPV4_HOST, MAPPED_HOST, ANY_IPV4):
        if address in found:
            return found[address]
    return found[ANY_IPV6] if ANY_IPV6 in found and not is_free(port) else None


def is_listening(port: int) -> bool:
    return inode_of_listener(port) is not None


def in_session(pid: str, leader: int) -> bool:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3]) == leader
    return False


def holds(pid: str, inode: str) -> bool:
    """Has this process that socket open?"""
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(entry.path) == f"socket:[{inode}]":
                    return True
    return False


def find_server(leader: int, port: int) -> int:
    """The process to be measured: the one that listens.

    That need not be the one we started: a script or `npm start` only waits for
    it.  When several share the socket there is no telling: then ours.
    """
    inode = inode_of_listener(port)
    if inode is None or holds(str(leader), inode):
        return leader
    session = [pid for pid in os.listdir("/proc") if pid.isdigit() and in_session(pid, leader)]
    found = [int(pid) for pid in session if holds(pid, inode)]
    return found[0] if len(found) == 1 else leader


def raise_limit() -> int:
    """Let this process and its children have all the descriptors allowed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


@contextlib.contextmanager
def undisturbed():
    """Signals wait: they must not come between a process and its entry here."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_process(words: list[str], cpu: int | None, **streams) -> subprocess.Popen:
    """Start it on one CPU; raises OSError when it can't be started."""

    def before_exec():
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})

    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=before_exec, **streams
    )


def peer_program(options: Options, name: str) -> Path:
    return options.build / "bench" / "baseline" / "peers" / name


def words_of_ours(options: Options, name: str) -> list[str]:
    """The command of a program that was built here."""
    if name in PEERS:
        return [str(peer_program(options, name)), "--port={port}"]
    program = options.build / (LT if name == TWIN else name)
    return [str(program), "--port={port}", "--counters={counters}"]


def command(options: Options, name: str, port: int, counters: Path, active: int) -> list[str]:
    if name == FLOOR:
        program = options.build / "bench" / "baseline" / FLOOR
        return [str(program), f"--port={port}", f"--connections={active}"]
    words = options.servers.get(name) or words_of_ours(options, name)
    return [w.replace("{port}", str(port)).replace("{counters}", str(counters)) for w in words]


def last_words(server: Server) -> str:
    """The last line that it wrote to stderr, or nothing."""
    size = os.fstat(server.complaints).st_size
    text = os.pread(server.complaints, 4000, max(size - 4000, 0)).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    printable = "".join(c if c.isprintable() else "?" for c in lines[-1]) if lines else ""
    return printable[:200]


def how_it_ended(server: Server) -> str:
    """In words; only for a process that has ended."""
    code = server.process.returncode
    words = f"ended with status {code}"
    if code < 0:
        words = f"was ended by {signal.Signals(-code).name}"
    return f"{words}: {last_words(server)}" if last_words(server) else words


def wait_until_listening(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_listening(server.port):
        if server.process.poll() is not None:
            hint = "" if server.process.returncode else "; it must stay in the foreground"
            raise NotServing(how_it_ended(server) + hint, server.process.returncode)
        if time.monotonic() > deadline:
            where = f"{HOST} port {server.port}"
            hint = "; it does at another address" if sockets_at(server.port) else ""
            raise NotServing(f"nothing listens on {where} after {READY_SECONDS} s{hint}")
        time.sleep(0.003)


def go_on(process: subprocess.Popen) -> None:
    """A server that was frozen (SIGSTOP) doesn't stay so, whatever became of loadgen."""
    process.send_signal(signal.SIGCONT)


def stop(process: subprocess.Popen) -> None:
    """SIGTERM, and SIGKILL if that isn't heard; its children with it."""
    process.terminate()
    go_on(process)  # a stopped process handles nothing but SIGKILL
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(OSError):  # what it started and left behind
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def process_of(words: list[str], cpu: int | None, **streams):
    """A process for as long as the block lasts; OSError when it can't start."""
    process = None
    try:
        with undisturbed():
            process = start_process(words, cpu, **streams)
        yield process
    finally:
        with undisturbed():
            if process is not None:
                stop(process)


@contextlib.contextmanager
def launched(options: Options, name: str, active: int, cpu: int | None, taken: set[int]):
    """A server that may not listen yet; raises NotServing when it can't even be run."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="four-ways-"))
        complaints = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        counters = Path(folder) / "counters"
        port = free_port(taken)
        words = command(options, name, port, counters, active)
        streams = {"stdout": subprocess.DEVNULL, "stderr": complaints}
        try:
            process = stack.enter_context(process_of(words, cpu, **streams))
        except (OSError, subprocess.SubprocessError) as error:
            why = getattr(error, "strerror", None) or error
            raise NotServing(f"'{words[0]}' can't be run: {why}") from None
        yield Server(name, process, process.pid, port, counters, complaints.fileno())


def look_at(server: Server) -> None:
    """It listens: which process is it, and does it count?"""
    server.pid = find_server(server.process.pid, server.port)
    if server.counters is not None and not server.counters.exists():
        server.counters = None


@contextlib.contextmanager
def running(options: Options, names: list[str], active: int, cpu: int | None):
    """Servers that listen, and for each that doesn't the reason; stopped at the end."""
    listening, failed, taken = [], {}, set()
    with contextlib.ExitStack() as stack:
        for name in names:  # they start side by side
            try:
                one = launched(options, name, active, cpu, taken)
                listening.append(stack.enter_context(one))
            except NotServing as error:
                failed[name] = error
        for server in list(listening):
            try:
                wait_until_listening(server)
                look_at(server)
            except NotServing as error:
                failed[server.name] = error
                listening.remove(server)
        yield listening, failed
