"""Exercise 12: the counts of a student's server, compared with a run that measured it."""

import csv
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import course
import mechanism
import processes
from results import Result

from . import live
from .form import Wrong, filled_in, names, number
from .sheet import NotRun, Sheet

FIGURES = "figures.tsv"
NUMBERED = ("value", "low", "high")
OFF, LEAST = 0.1, 0.25  # a tenth, or a quarter of a call
ECHOES = 300  # that strace counts the calls of
SECONDS = 8


@dataclass
class Figure:
    value: float
    low: float
    high: float


def read_figures(
    folder: Path, answers: dict[str, str], idle: str = "0"
) -> dict[tuple[str, str], Figure]:
    """By metric and server, at one active connection and so many idle."""
    path = (folder / filled_in(answers, "results")).resolve() / FIGURES
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except OSError as error:
        expected = "the results folder of a run of bench/run"
        raise Wrong(f"saw: {path}: {error.strerror}\nexpected: {expected}") from None
    except (UnicodeDecodeError, csv.Error):
        raise Wrong(f"saw: {path} isn't a table\nexpected: the file as bench/run left it") from None
    found: dict[tuple[str, str], Figure] = {}
    for row in rows:
        place = row.get("mode"), row.get("active"), row.get("idle"), row.get("size")
        if place == ("closed", "1", idle, "64") and row.get("firehoses") == "0":
            keep(found, row)
    if not found:
        raise Wrong(f"saw: no figures for 1 active and {idle} idle connections in {path}\n"
                    "expected: a run of the experiment idle or active, as in bench/run --quick")
    return found


def keep(found: dict, row: dict) -> None:
    """The first of each kind; one without a value belongs to a failed trial."""
    try:
        figure = Figure(*(float(row[name] or row["value"]) for name in NUMBERED))
    except (KeyError, ValueError, TypeError):
        return
    found.setdefault((row["metric"], row["server"]), figure)


def check_run(figures: dict, answers: dict[str, str]) -> None:
    name = filled_in(answers, "server")
    there = list(dict.fromkeys(server for metric, server in figures if metric == "cpu"))
    if name not in there or name in live.FOUR.values():
        others = ", ".join(server for server in there if server not in live.FOUR.values())
        raise Wrong(f"saw: {name!r} isn't in the run; besides the four, it has {others or 'none'}\n"
                    "expected: the NAME of --server='NAME=COMMAND'")
    missing = [program for program in live.FOUR.values() if program not in there]
    if missing:
        raise Wrong(f"saw: no figures of {', '.join(missing)}\nexpected: all four and yours")


def check_place(figures: dict, answers: dict[str, str]) -> None:
    """Intervals that overlap leave the answer open."""
    said = names(answers, "cheaper", [*live.FOUR, "none"])
    mine = figures["cpu", answers["server"]]
    for name, program in live.FOUR.items():
        other = figures["cpu", program]
        if name in said and other.low > mine.high:
            raise Wrong(f"saw: {name} doesn't need less CPU time per echo than yours, but more\n"
                        "expected: only those that need less than yours")
        if name not in said and other.high < mine.low:
            raise Wrong(f"saw: {name} needs less CPU time per echo, but you don't name it\n"
                        "expected: all those that need less than yours")


# --- The count.


def echo_many(port: int) -> None:
    try:
        exchange(port)
    except OSError as error:
        raise Wrong(f"saw: your server: {error.strerror or error}\nexpected: echoes") from None


def exchange(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        for _ in range(ECHOES):
            client.sendall(b"x" * 64)
            left = 64
            while left:
                got = len(client.recv(left))
                if got == 0:
                    raise Wrong("saw: your server closed the connection\nexpected: echoes")
                left -= got


def traced(pid: int, port: int, report: str) -> str:
    """strace's table of the calls of a few hundred echoes."""
    tracer = processes.start(
        ["strace", "-f", "-c", "-U", "name,calls", "-o", report, "-p", str(pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    try:
        if "attached" not in (said := tracer.stderr.readline()):
            raise NotRun(f"strace can't attach to a process here: {said.strip()}")
        echo_many(port)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(SECONDS)
    finally:
        processes.end(tracer)
        tracer.stderr.close()
    return Path(report).read_text()


def calls_of(table: str) -> int:
    return sum(int(found) for name, found in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)
               if name != "total")


def count_live(folder: Path, answers: dict[str, str]) -> float:
    """The run has no counters of this server, so its calls are counted now."""
    if shutil.which("strace") is None:
        raise NotRun("the run has no counters of your server, and strace isn't installed")
    command = filled_in(answers, "command")

    def words(port: int) -> list[str]:
        return shlex.split(command.replace("{port}", str(port)))

    try:
        server = processes.start_server(words, folder)
    except (processes.NotServing, ValueError) as problem:
        raise Wrong(str(problem)) from None
    try:
        with tempfile.TemporaryDirectory(prefix="lab-") as scratch:
            pid = (mechanism.serving(server) or [server.process.pid])[0]
            table = traced(pid, server.port, f"{scratch}/calls")
    finally:
        processes.end(server.process)
    return calls_of(table) / ECHOES


def check_count(folder: Path, figures: dict, answers: dict[str, str]) -> str:
    said = number(answers, "calls")
    counted = figures.get(("calls_per_echo", answers["server"]))
    seen = counted.value if counted else count_live(folder, answers)
    source = "the run's counters" if counted else "strace"
    if abs(said - seen) > max(OFF * seen, LEAST):
        side = "too many" if said > seen else "too few"
        raise Wrong(f"saw: {said:g} calls per echo is {side}\nexpected: what {source} shows,"
                    " within a tenth")
    return f"{source}: {seen:.2f} calls per echo"


def check(folder: Path, answers: dict[str, str]) -> list[Result]:
    sheet = Sheet(course.find("exercise-12"))
    figures: dict = {}

    def run() -> None:
        figures.update(read_figures(folder, answers))
        check_run(figures, answers)

    if sheet.judge("run", run):
        sheet.judge("place", lambda: check_place(figures, answers))
        sheet.judge("calls", lambda: check_count(folder, figures, answers))
    return sheet.results
