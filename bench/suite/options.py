"""The command line of bench/run.

Every mistake is answered with one line that names the option and the value.
"""

import argparse
import contextlib
import os
import re
import secrets
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from experiments import BY_NAME, DEFAULT, EXPERIMENTS, FULL, MOST, QUICK
from problem import USAGE, Problem

ROOT = Path(__file__).resolve().parents[2]
THE_FOUR = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]
LT = "epoll_lt_server"  # the one that all others are compared with
TWIN = "epoll_lt_again"  # the same program once more: any difference between the two is noise
FLOOR = "floor"  # bare recv and send: no server, the least that an echo can cost
PEERS = ["threads", "libuv", "libevent", "io_uring"]  # for context: bench/baseline/peers

ROUNDS = {QUICK: 3, DEFAULT: 5, FULL: 8}  # fresh processes in each
STALL = {QUICK: 1.0, DEFAULT: 1.0, FULL: 2.0}

HELP = """\
Measure the four servers on this machine, draw the charts and write the report.

Each experiment asks one question; --list shows them all.  The servers run at
the same time and take turns of some milliseconds under load, in random order,
so whatever else the machine does affects all of them alike.  Without an
EXPERIMENT the run does all of them, in at most 4 minutes."""

RESULTS = """\
The results folder then holds:

  report.html       the charts, what they show, the machine: open it
  comparison.tsv    how each server compares with epoll LT
  figures.tsv       every figure, one per line
  hgrm/             latency distributions for HdrHistogram's plotter
  trials.ndjson     all measurements, as JSON (bench/README.md); you may pack it
                    with gzip
  waits.ndjson      what a wait costs, without any network
  environment.json  the machine, its limits, the compiler, the commit, the plan

COMMAND runs without a shell.  If it starts another process that listens (a
script, `npm start'), that process is measured.

Exit status: 0; 1 when a trial failed, 64 when an option is wrong, 74 when the
results can't be written, 128 + its number after a signal (Ctrl-C: 130).
Whatever was measured by then is kept and drawn.
"""

IDLE_HELP = """\
idle connections in the experiment idle; `max' is as many as the limit of open
files allows, but at most 20000"""

PEERS_HELP = "also measure other designs, for context (bench/baseline/peers)"

SERVER_HELP = """\
also measure your own server: 'mine=python3 my.py {port}'; may be repeated.
{counters}, if present, becomes a path for echo/counters.h"""


@dataclass
class Options:
    """What was asked for, checked."""

    experiments: list[str]  # in the order of --list
    pace: str
    rounds: int
    stall: float  # seconds without progress that mean a server is stuck
    turn: float | None  # seconds; None: as declared, like the next
    cycles: int | None
    idle: list | None  # of the experiment idle; the last may be MOST
    active: list[int] | None  # of the experiment idle
    servers: dict[str, list[str]]  # name -> words of the command; [] = ours
    seed: int
    output: Path | None  # None: results/DATE-TIME
    build: Path
    peers: bool = False  # --peers: those that got built are added to `servers`
    only: str | None = None
    report: Path | None = None
    compare: list[Path] = field(default_factory=list)
    list: bool = False
    check: bool = False  # --check: report a mistake in the options, do nothing else


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one line and status 64."""

    def error(self, message: str):
        raise Problem(f"bench/run: {message}; see --help", USAGE)

    def _print_message(self, message: str, file=None):
        """In argparse of Python 3.11.2 this ends in a traceback on a full disk.  What
        is lost here shows when standard output is flushed at the end."""
        with contextlib.suppress(OSError):
            super()._print_message(message, file)


def bad(option: str, value: str, why: str) -> Problem:
    return Problem(f"bench/run: {option}={value}: {why}", USAGE)


def whole(option: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
        raise bad(option, text, f"not a whole number from {least} to {most}")
    return int(text)


def seconds(option: str, text: str, least: float, most: float) -> float:
    if not re.fullmatch(r"[0-9]{0,9}\.?[0-9]{1,9}", text):
        raise bad(option, text, "not a number of seconds")
    if not least <= float(text) <= most:
        raise bad(option, text, f"not from {least} to {most} seconds")
    return float(text)


def ascending(option: str, text: str | None, least: int, most: int) -> list | None:
    """Numbers with commas between them; --idle may end with `max`."""
    if text is None:
        return None
    words = text.split(",")
    if len(words) > 32:
        raise bad(option, text, "more than 32 numbers")
    last = [MOST] if option == "--idle" and words[-1] == MOST else []
    plain = words[: len(words) - len(last)]
    if not all(re.fullmatch(r"[0-9]{1,18}", w) and least <= int(w) <= most for w in plain):
        raise bad(option, text, f"not whole numbers from {least} to {most} with commas between")
    numbers = [int(word) for word in plain]
    if any(a >= b for a, b in zip(numbers, numbers[1:])):
        raise bad(option, text, "the numbers must ascend")
    return numbers + last


def chosen_experiments(names: list[str]) -> list[str]:
    """All of them when none is named; each once, in the order of --list."""
    for name in names:
        if name not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise Problem(f"bench/run: {name}: no such experiment; there are {known}", USAGE)
    return [e.name for e in EXPERIMENTS if e.name in names or not names]


def one_server(text: str) -> tuple[str, list[str]]:
    """'NAME=COMMAND {port}' as the name and the words of the command."""
    name, equals, command = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,23}", name):
        raise bad("--server", text, "not NAME=COMMAND with a short plain NAME")
    if name in [*THE_FOUR, FLOOR, TWIN, *PEERS]:
        raise bad("--server", text, f"the name {name} is taken")
    if "{port}" not in command:
        raise bad("--server", text, "the command doesn't say where {port} goes")
    try:
        return name, shlex.split(command)
    except ValueError as error:
        raise bad("--server", text, str(error)) from None


def all_servers(only: str | None, more: list[str], peers: bool) -> dict[str, list[str]]:
    servers = {name: [] for name in THE_FOUR}
    for text in more:
        name, command = one_server(text)
        if name in servers:
            raise bad("--server", text, f"the name {name} is taken")
        servers[name] = command
    if peers:
        servers |= {name: [] for name in PEERS}
    if only is None:
        return servers
    for name in only.split(","):
        if name not in servers:
            known = ", ".join(servers)
            raise bad("--only", only, f"no server is called '{name}'; there are {known}")
    return {name: servers[name] for name in servers if name in only.split(",")}


def new_folder(text: str | None) -> Path | None:
    if text == "":
        raise bad("--output", text, "no folder")
    return None if text is None else Path(text)


def results_folder(option: str, text: str | None) -> Path | None:
    """The folder of an earlier run, where there is something to draw."""
    if text is None:
        return None
    is_there = os.path.isfile  # Path.is_file() raises where it may not look
    for name in ("trials.ndjson", "environment.json"):
        path = f"{text}/{name}"
        if not is_there(path) and not (name == "trials.ndjson" and is_there(f"{path}.gz")):
            raise bad(option, text, f"no {name} in there")
    return Path(text)


def chosen_pace(given: argparse.Namespace) -> str:
    if given.quick and given.full:
        raise Problem("bench/run: --quick and --full: one of them; see --help", USAGE)
    return QUICK if given.quick else FULL if given.full else DEFAULT


def check_overrides(given: argparse.Namespace, experiments: list[str]) -> None:
    """--idle and --active change one experiment; without it they would do nothing."""
    for option in ("idle", "active"):
        value = getattr(given, option)
        if value is not None and "idle" not in experiments:
            raise bad(f"--{option}", value, "only the experiment idle takes that")


def parser() -> Parser:
    parse = Parser(
        prog="bench/run",
        usage="bench/run [EXPERIMENT...] [OPTION...]",
        description=HELP,
        epilog=RESULTS,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, hidden = parse.add_argument, argparse.SUPPRESS
    add("experiments", metavar="EXPERIMENT", nargs="*", help="which of them (all); see --list")
    add("--list", action="store_true", help="show what each experiment asks, then exit")
    add("--quick", action="store_true", help="a first look at everything, in 45 s")
    add("--full", action="store_true", help="for a quiet machine and a long break: over an hour")
    add("--rounds", metavar="N", help="rounds, each with fresh processes (5; quick: 3; full: 8)")
    add("--cycles", metavar="N", help="turns of each server per load and round (varies)")
    add("--turn", metavar="S", help="counted seconds of a turn (mostly 0.01 or 0.02)")
    add("--idle", metavar="LIST", help=IDLE_HELP)
    add("--active", metavar="LIST", help="active connections in the experiment idle (1,100)")
    add("--server", metavar="NAME=COMMAND", action="append", default=[], help=SERVER_HELP)
    add("--peers", action="store_true", help=PEERS_HELP)
    add("--only", metavar="NAMES", help="only these servers, separated by commas")
    add("--seed", metavar="N", help="for the order of turns and the gaps of open loops (random)")
    add("--output", metavar="DIR", help="results folder (results/DATE-TIME)")
    add("--report", metavar="DIR", help="measure nothing: draw an earlier run again")
    beside = "measure nothing: compare two runs; with --output, also as a table"
    add("--compare", metavar="DIR", nargs=2, help=beside)
    add("--build", metavar="DIR", default=str(ROOT / "build-release"), help=hidden)
    add("--check", action="store_true", help=hidden)
    add("--no-build", action="store_true", help="use the programs as they were built before")
    return parse


def parse_options(arguments: list[str]) -> Options:
    given = parser().parse_intermixed_args(arguments)
    pace = chosen_pace(given)
    experiments = chosen_experiments(given.experiments)
    check_overrides(given, experiments)
    rounds = str(ROUNDS[pace]) if given.rounds is None else given.rounds
    seed = str(secrets.randbelow(10**6)) if given.seed is None else given.seed
    return Options(
        experiments=experiments,
        pace=pace,
        rounds=whole("--rounds", rounds, 1, 1000),
        stall=STALL[pace],
        turn=None if given.turn is None else seconds("--turn", given.turn, 0.001, 60),
        cycles=None if given.cycles is None else whole("--cycles", given.cycles, 1, 100000),
        idle=ascending("--idle", given.idle, 0, 1000000),
        active=ascending("--active", given.active, 1, 100000),
        servers=all_servers(given.only, given.server, given.peers),
        seed=whole("--seed", seed, 0, 10**9),
        output=new_folder(given.output),
        build=Path(given.build),
        peers=given.peers,
        only=given.only,
        report=results_folder("--report", given.report),
        compare=[results_folder("--compare", text) for text in given.compare or []],
        list=given.list,
        check=given.check,
    )


def kind_of(name: str) -> str:
    """What a server's name stands for: see environment.json in bench/README.md."""
    kinds = {**dict.fromkeys(THE_FOUR, "four"), **dict.fromkeys(PEERS, "peer")}
    return {**kinds, FLOOR: "floor", TWIN: "twin"}.get(name, "mine")
