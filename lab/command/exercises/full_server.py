"""Exercise 3: thirty clients, and a server that may have only twenty open files."""

import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import course
import processes
from build import ECHO_CLIENT
from results import Result

from . import live
from .form import Wrong, choice, count, filled_in
from .sheet import NotRun, Sheet

FILES, CLIENTS = 20, 30
ASLEEP = "waiting, for as long as it takes"  # what a verbose server says last
SECONDS = 10  # the client gives up earlier
FEW_FILES = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh"]


@dataclass
class Seen:
    open_before: int  # descriptors, before the first client came
    held: int  # connections at once
    served: int  # connections in all, as the server's last line says
    full: list[str]  # lines that say that it is full
    client: list[str]  # what the client said in the end


def watch(name: str) -> Seen:
    program = live.program(live.FOUR[name])
    # Its counters would be one more open file.
    with live.listening([program], "--verbose", wrapper=FEW_FILES, counted=False) as server:
        open_before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        said = come(server.port)
        # Those in the queue get in only now.
        live.until(lambda: server.lines()[-1].endswith(ASLEEP), "the end of the last connection")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(SECONDS)
        lines = server.lines()
    last = re.search(r"(\d+) connections, at most (\d+) at once", lines[-1])
    if not last:
        raise NotRun(f"the server's last line is not a summary: {lines[-1]}")
    full = [line for line in lines if "full" in line or "have to wait" in line]
    return Seen(open_before, int(last[2]), int(last[1]), full, said)


def come(port: int) -> list[str]:
    """Thirty clients; what echo_client prints on stderr."""
    words = [live.program(ECHO_CLIENT), f"--port={port}", f"--connections={CLIENTS}", "hello"]
    client = processes.start(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    return client.communicate()[1].splitlines()


def without_numbers(line: str) -> str:
    return re.sub(r"[\d.:]+", "N", " ".join(line.split()))


def check_count(key: str, said: int, seen: int) -> None:
    if said != seen:
        side = "too many" if said > seen else "too few"
        raise Wrong(f"saw: {key}: {said} is {side}\nexpected: what the server shows")


def check_line(key: str, said: str, seen: list[str]) -> None:
    if without_numbers(said) not in [without_numbers(line) for line in seen]:
        raise Wrong(f"saw: {key}: {said[:70]!r}\nexpected: a line that was printed; numbers don't"
                    " matter")


def check(_folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-3"))
    watched: list[Seen] = []

    def seen() -> Seen:
        name = choice(answers, "server", live.FOUR)
        if not watched:
            watched.append(watch(name))
        return watched[0]

    def held() -> None:
        said = {key: count(answers, key) for key in ("open-before", "held")}
        check_count("open-before", said["open-before"], seen().open_before)
        check_count("held", said["held"], seen().held)

    def lines() -> None:
        said = filled_in(answers, "full-line"), filled_in(answers, "client-line")
        check_line("full-line", said[0], seen().full)
        check_line("client-line", said[1], seen().client)

    def served() -> None:
        said = count(answers, "served")
        check_count("served", said, seen().served)

    sheet.judge("held", held)
    sheet.judge("lines", lines)
    sheet.judge("served", served)
    return sheet.results
