"""The command line of bench/run.

Every mistake is answered with one line that names the option and the value.
"""

import argparse
import re
import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path

from problem import USAGE, Problem

ROOT = Path(__file__).resolve().parents[2]
THE_FOUR = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]
FLOOR = "floor"
MOST = "max"  # in --idle: as many as fit

HELP = """\
Measure the four servers on this machine and draw the charts.

Each server in turn holds more and more idle connections, and at each step we
see how fast it answers those that talk: one of them, then a hundred.  Servers
take turns in rounds, in random order, so that what the machine does meanwhile
doesn't fall on one of them.  Without options that takes about three minutes."""

RESULTS = """\
What lies in the results folder afterwards:

  trials.ndjson     every trial, one line of JSON each (bench/README.md)
  table.tsv         the figures: server, active, idle, metric, unit, value, min,
                    max, rounds, failed, echoes.  The value is the median of the
                    rounds; of a latency, the quantile over all of their echoes
  environment.json  the machine, its limits, the compiler, the commit
  *.svg, *.png      the charts, and charts.gp, what the scripts in plots/ read

COMMAND is run without a shell.  What it starts is the process that is measured:
when that is a script, let it end with `exec'.

Exit status: 0, or 1 when a trial failed, 64 when an option is wrong, 74 when
the results can't be written, 130 after Ctrl-C.  Whatever was measured is kept.
"""

IDLE_HELP = """\
idle connections; `max' is what the limit of open files allows, but at most
20000 (0,100,900,3000,10000,max; quick: 0,900,max)"""

SERVER_HELP = """\
one more server: 'mine=python3 my.py {port}'; may be repeated. {counters}, if
there, is replaced by a path for echo/counters.h"""


@dataclass
class Options:
    """What was asked for, checked."""

    rounds: int
    seconds: float
    warm_up: float
    idle: list  # ascending numbers; the last one may be MOST
    active: list[int]  # ascending
    servers: dict[str, list[str]]  # name -> words of the command; [] = ours
    seed: int
    output: Path | None  # None: results/DATE-TIME
    draw: Path | None
    build: Path
    size: int = 64
    stall: float = 2.0
    check: bool = False  # --check: say what is wrong with the options, no more


# What --quick changes; given options win over both.  The warm-up is as long as
# it is because the first trial of a process needs it: after 0.05 s an echo still
# cost epoll 1.4 times the CPU time of later on, after 0.2 s no more.
THOROUGH = {"rounds": "5", "seconds": "0.3", "warm_up": "0.2"}
THOROUGH["idle"] = f"0,100,900,3000,10000,{MOST}"
QUICK = {"rounds": "2", "seconds": "0.3", "warm_up": "0.2"}
QUICK["idle"] = f"0,900,{MOST}"


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one line and status 64."""

    def error(self, message: str):
        raise Problem(f"bench/run: {message}; see --help", USAGE)


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


def ascending(option: str, text: str, least: int, most: int) -> list:
    """Numbers with commas between them; --idle may end with `max`."""
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


def one_server(text: str) -> tuple[str, list[str]]:
    """'NAME=COMMAND {port}' as the name and the words of the command."""
    name, equals, command = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,23}", name):
        raise bad("--server", text, "not NAME=COMMAND with a short plain NAME")
    if name in THE_FOUR + [FLOOR]:
        raise bad("--server", text, f"the name {name} is taken")
    if "{port}" not in command:
        raise bad("--server", text, "the command doesn't say where {port} goes")
    try:
        return name, shlex.split(command)
    except ValueError as error:
        raise bad("--server", text, str(error)) from None


def all_servers(only: str | None, more: list[str]) -> dict[str, list[str]]:
    servers = {name: [] for name in THE_FOUR}
    for text in more:
        name, command = one_server(text)
        if name in servers:
            raise bad("--server", text, f"the name {name} is taken")
        servers[name] = command
    if only is None:
        return servers
    for name in only.split(","):
        if name not in servers:
            raise bad("--only", only, f"no server is called '{name}'")
    return {name: servers[name] for name in servers if name in only.split(",")}


def new_folder(text: str | None) -> Path | None:
    if text == "":
        raise bad("--output", text, "no folder")
    return None if text is None else Path(text)


def results_folder(option: str, text: str | None) -> Path | None:
    """The folder of an earlier run, where there is something to draw."""
    if text is None:
        return None
    if not (Path(text) / "trials.ndjson").is_file():
        raise bad(option, text, "no trials.ndjson in there")
    return Path(text)


def parser() -> Parser:
    parse = Parser(
        prog="bench/run",
        description=HELP,
        epilog=RESULTS,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parse.add_argument
    add("--quick", action="store_true", help="a first look, in less than a minute")
    add("--rounds", metavar="N", help="how often each server takes its turn (5; quick: 2)")
    add("--seconds", metavar="S", help="how long each trial measures (0.3)")
    add("--warm-up", metavar="S", help="load before that, not recorded (0.2)")
    add("--idle", metavar="LIST", help=IDLE_HELP)
    add("--active", metavar="LIST", default="1,100", help="connections that talk (1,100)")
    add("--server", metavar="NAME=COMMAND", action="append", default=[], help=SERVER_HELP)
    add("--only", metavar="NAMES", help="only these servers, with commas between")
    add("--seed", metavar="N", help="decides on the order within the rounds (random)")
    add("--output", metavar="DIR", help="results folder (results/DATE-TIME)")
    add("--draw", metavar="DIR", help="measure nothing: table and charts of an earlier run again")
    add("--build", metavar="DIR", default=str(ROOT / "build-release"), help=argparse.SUPPRESS)
    add("--check", action="store_true", help=argparse.SUPPRESS)
    add("--no-build", action="store_true", help="take the programs as they were built before")
    return parse


def parse_options(arguments: list[str]) -> Options:
    given = parser().parse_args(arguments)
    for name, value in (QUICK if given.quick else THOROUGH).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    seed = str(secrets.randbelow(10**6)) if given.seed is None else given.seed
    return Options(
        rounds=whole("--rounds", given.rounds, 1, 1000),
        seconds=seconds("--seconds", given.seconds, 0.01, 3600),
        warm_up=seconds("--warm-up", given.warm_up, 0, 3600),
        idle=ascending("--idle", given.idle, 0, 1000000),
        active=ascending("--active", given.active, 1, 100000),
        servers=all_servers(given.only, given.server),
        seed=whole("--seed", seed, 0, 10**18 - 1),
        output=new_folder(given.output),
        draw=results_folder("--draw", given.draw),
        build=Path(given.build),
        check=given.check,
    )
