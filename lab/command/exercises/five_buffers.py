"""Exercise 6: a client that never reads, with a right server and with a broken one."""

import contextlib
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course
import processes
from limits import stretched
from results import Result
from sockets import ESTABLISHED, table

from . import live
from .counters import read_counters
from .form import Wrong, filled_in, wrong_kind
from .sheet import NotRun, Sheet

BREAK = "greedy.patch"  # in the folder of the exercise
SETTLE_SECONDS = stretched(8)  # within which the client must have filled all buffers
DIGITS_MOST = 30  # of a number of bytes
STILL = 0.4  # seconds without a change that mean they are full
LITTLE_MEMORY = 200_000  # KiB of address space
LITTLE = ["sh", "-c", f'ulimit -v {LITTLE_MEMORY}; exec "$@"', "sh"]
END_SECONDS = stretched(8)  # within which the broken server must have used that up
QUIET_SECONDS = stretched(3)  # without more of it, after which it is said to go on
COMPILE = "cc -D_GNU_SOURCE -Iecho -o server poll_server/*.c echo/*.c"


@dataclass
class Buffers:
    """Bytes on their way, by where they are."""

    client_sending: int
    server_received: int
    owed: int
    server_sending: int
    client_received: int

    def total(self) -> int:
        return sum(vars(self).values())

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in vars(self).items())


# --- The student's client.


def command_of(answers: dict[str, str], port: int) -> list[str]:
    text = filled_in(answers, "client")
    if "{port}" not in text:
        raise wrong_kind("client", text, "a command with {port} in it")
    try:
        return [word.replace("{port}", str(port)) for word in shlex.split(text)]
    except ValueError as error:
        raise wrong_kind("client", text, f"a command ({error})") from None


def numbers(client: processes.Server) -> list[int]:
    """What it has printed: a number may come in groups of three digits."""
    found = re.findall(r"[0-9][0-9,]*", "\n".join(client.lines()))[:50]
    return [int(number.replace(",", "")) for number in found if len(number) < DIGITS_MOST]


@contextlib.contextmanager
def running(words: list[str], folder: Path) -> Iterator[processes.Server]:
    with contextlib.ExitStack() as stack:
        try:
            confined = [*processes.confinement(folder), *words]
            client = stack.enter_context(live.printing(confined, cwd=folder))
        except OSError as error:
            raise Wrong(f"saw: client: {words[0]}: {error.strerror}\nexpected: a program") from None
        yield client


# --- What is seen from outside.


def buffers_of(server: live.Server) -> Buffers | None:
    """None while no connection is there."""
    both = [one for one in table() if one.state == ESTABLISHED]
    ours = [one for one in both if one.local == server.port]
    theirs = [one for one in both if one.remote == server.port]
    if not ours:
        return None
    counted = read_counters(server.counters)
    return Buffers(
        sum(one.sending for one in theirs), sum(one.received for one in ours),
        counted["bytes_received"] - counted["bytes_sent"],
        sum(one.sending for one in ours), sum(one.received for one in theirs),
    )


def settled(server: live.Server, client: processes.Server) -> Buffers:
    """The buffers, once nothing moves any more and the client has printed its number."""
    deadline, seen, since = time.monotonic() + SETTLE_SECONDS, None, time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(0.05)
        now = buffers_of(server)
        if now != seen:
            seen, since = now, time.monotonic()
        still = time.monotonic() - since > STILL
        if seen and still and numbers(client):
            return seen
        if client.process.poll() is not None:
            ended = processes.status_in_words(client.process.returncode)
            raise Wrong(f"saw: the client {ended}\nexpected: it stays connected and never reads")
    why = why_not_settled(seen, still, client)
    raise Wrong(f"saw: {why} after {SETTLE_SECONDS} s\nexpected: it"
                " sends until nothing is taken, prints the number of bytes, and stays")


def why_not_settled(seen: Buffers | None, still: bool, client: processes.Server) -> str:
    if seen is None:
        return "no connection to the server"
    return "no number from the client" if still else "bytes are still moving"


def stalls(seen: Buffers) -> None:
    empty = [
        name.replace("_", " ")
        for name in ("client_sending", "server_received", "client_received")
        if getattr(seen, name) == 0
    ]
    if empty:
        raise Wrong(f"saw: nothing in the buffers {' and '.join(empty)}\nexpected: full buffers:"
                    " send until the kernel takes no more, and never read")


def adds_up(seen: Buffers, client: processes.Server) -> str:
    said = numbers(client)[-1]
    if said != seen.total():
        raise Wrong(
            f"saw: the client says {said:,}; the five buffers hold {seen.total():,}\nexpected: the"
            " same number: count what each send returned, not what you asked for"
        )
    return f"{said:,} bytes: {seen}"


# --- The broken server.


def in_folder(words: list[str], folder: str, **more) -> None:
    """Our own source must compile; where it doesn't, the machine lacks something."""
    try:
        process = processes.start(
            words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more
        )
    except FileNotFoundError:
        raise NotRun(f"this needs the program {words[0]}, which isn't installed") from None
    complaint = process.communicate()[1]
    if process.returncode != 0:
        raise NotRun(f"the broken server can't be built: {complaint.strip()[-200:]}")


@contextlib.contextmanager
def broken_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        parts = [str(live.ROOT / name) for name in ("echo", "poll_server")]
        in_folder(["cp", "-r", *parts, folder], folder)
        patch = str(course.find("exercise-6").folder / BREAK)
        in_folder(["patch", "-s", "--no-backup-if-mismatch", "-p1", "-i", patch], folder)
        in_folder(["sh", "-c", COMPILE], folder)
        yield f"{folder}/server"


def status_at_end(process: subprocess.Popen) -> int | None:
    """None if it goes on, and has stopped asking for memory."""
    started, size, since = time.monotonic(), 0, time.monotonic()
    while process.poll() is None:
        if (now := memory_of(process.pid)) != size:
            size, since = now, time.monotonic()
        if time.monotonic() - since > QUIET_SECONDS:
            return None
        if time.monotonic() - started > END_SECONDS:
            raise NotRun(f"the broken server still asked for memory after {END_SECONDS} s")
        time.sleep(0.05)
    return process.returncode


def memory_of(pid: int) -> int:
    """Pages of its address space: proc(5), statm."""
    words = Path(f"/proc/{pid}/statm").read_text().split()
    return int(words[0]) if words else 0


def end_of_broken(answers: dict[str, str], folder: Path) -> str:
    """How it ends with the student's client: the name of a signal, or none."""
    with broken_server() as program, live.listening([program], wrapper=LITTLE) as server:
        with running(command_of(answers, server.port), folder):
            status = status_at_end(server.process)
    if status is None:
        return "none"
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def check_broken(answers: dict[str, str], folder: Path) -> None:
    said = filled_in(answers, "broken-ends").upper()
    known = {"NONE", *(one.name for one in signal.Signals)}
    if said not in known:
        raise wrong_kind("broken-ends", said, "the name of a signal, such as SIGTERM, or none")
    seen = end_of_broken(answers, folder)
    if said != seen.upper():
        ends = "it goes on" if seen == "none" else "it ends in another way"
        raise Wrong(f"saw: {said}, but with your client {ends}\nexpected: how a server"
                    " ends that gets no more memory: the shell that started it says so")


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-6"))

    def meet() -> None:
        """The live run, for both of the first promises."""
        words = [live.program("poll_server")]
        with live.listening(words) as server:
            with running(command_of(answers, server.port), folder) as client:
                seen = settled(server, client)
                stalls(seen)
                sheet.judge("sum", lambda: adds_up(seen, client))

    sheet.judge("stalls", meet)
    sheet.judge("broken", lambda: check_broken(answers, folder))
    return sheet.results
