"""The benchmark: every server in turn, more and more idle connections each.

This file is the experiment, from the plan to the charts.  bench/run starts it.

    options      what was asked for
    plan         who holds what, in which order
    server       a server process
    trial        the load generator and what it saw
    environment  the machine
    results      the folder in which all of it is kept
    table        from trials to figures;  histogram: latencies added up
    findings     sentences made from figures;  summary: the end, in text
    charts       labels and titles, and calling gnuplot
    progress     how far it has come
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback out of an import

import contextlib
import json
import sys
from pathlib import Path

import charts
import environment
import results
from findings import Data
from options import Options, parse_options
from plan import Climb, climb_seconds, make_plan, step_seconds, what_fits
from problem import USAGE, Problem
from progress import COLUMNS, Progress, in_words, say, some
from server import raise_limit
from summary import summary
from table import make_table, servers_in, to_tsv
from trial import Cpus, run_climb, stamped


class Interrupted(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""

    def __init__(self, number: int):
        super().__init__(signal.strsignal(number))
        self.status = 128 + number


def interrupt(number, _frame):
    """The first one ends the measuring in order, and nothing disturbs that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise Interrupted(number)


def watch_signals(handler) -> None:
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup(1)
        signal.signal(signal.SIGHUP, handler)


def complain(climb: Climb, trial: dict) -> str:
    return (
        f"bench/run: {climb.server}, round {climb.round}, {trial['idle']} idle, "
        f"{trial['active']} active: failed: {trial['reason']}"
    )


def measure_climb(options: Options, climb: Climb, cpus: Cpus, progress: Progress):
    """The trials of one server process, with the progress that they mean."""
    progress.begin_climb(climb)
    left = climb_seconds(options, climb)
    with contextlib.closing(run_climb(options, climb, cpus)) as trials:
        for step, trial in enumerate(trials):
            if trial["outcome"] == "failed":
                progress.warn(complain(climb, trial))
            planned = step_seconds(options, climb, step)
            left -= planned
            progress.advance(planned)
            yield trial
    progress.end_climb(left)


def measure(options: Options, idle: list[int], cpus: Cpus, folder: Path) -> tuple[list[dict], int]:
    """All trials, and the exit status.  Whatever ends it, the trials are kept."""
    climbs = make_plan(options, idle)
    progress = Progress(sum(climb_seconds(options, c) for c in climbs), options.rounds)
    trials, out = [], set()
    try:
        for climb in climbs:
            if climb.server in out:
                progress.skip(climb_seconds(options, climb))
                continue
            for trial in measure_climb(options, climb, cpus, progress):
                whole = stamped(trial, options, climb, folder.name)
                results.append_trial(folder, whole)
                trials.append(whole)
            if trials[-1].get("not_started"):
                out.add(climb.server)  # it won't start in later rounds either
    except (Interrupted, Problem) as end:
        progress.warn(f"{end}: stopped; {some(len(trials), 'trial')} kept")
        return trials, end.status
    finally:
        progress.close()
    return trials, int(any(trial["outcome"] == "failed" for trial in trials))


def announce(options: Options, idle: list[int], cut: list[int], limit: int, remark: str | None):
    """What is going to happen, and what follows from this machine."""
    climbs = make_plan(options, idle)
    planned = sum(climb_seconds(options, climb) for climb in climbs)
    servers, rounds = some(len(options.servers), "server"), some(options.rounds, "round")
    say(f"{servers}, {rounds}, idle connections:")
    say("    " + ", ".join(f"{number:,}" for number in idle))
    if cut:
        left_out = ", ".join(f"{number:,}" for number in cut)
        say(f"The limit of open files is {limit:,} (ulimit -Hn), too few for {left_out}.")
    if remark:
        say(remark)
    say(f"That takes about {in_words(planned)}.  Ctrl-C ends it and keeps what is measured.")
    say()


def describe(plan: dict) -> str:
    """How it was measured, in one line for below the charts."""
    return (
        f"{some(plan['rounds'], 'round')} of {plan['seconds']:g} s, bars: least to greatest round; "
        f"{plan['size']}-byte messages, closed loop"
    )


def conclude(folder: Path, trials: list[dict], record: dict) -> int:
    """Table, charts and summary of whatever was measured."""
    servers = [name for name in record["plan"]["servers"] if name in servers_in(trials)]
    measured = [t for t in trials if t["outcome"] == "measured" and t["server_name"] in servers]
    active = sorted({trial["active"] for trial in measured})
    if not active:
        say("Nothing was measured, so there is nothing to show.")
        return 0
    data = Data(trials, make_table(trials, servers), servers, active)
    status, problems, chart = 0, [], ""
    try:
        results.write(folder / "table.tsv", to_tsv(data.rows))
        how = charts.settings(data, environment.caption(record), describe(record["plan"]))
        results.write(folder / "charts.gp", how)
        problems = charts.draw(folder)
        chart = charts.draw_in_text(folder, COLUMNS)
    except Problem as problem:
        problems, status = [str(problem)], problem.status
    say("\n" + summary(data) + "\n")
    if chart:
        say(chart + "\n")
    for line in problems:
        print(line, file=sys.stderr)
    say(f"Trials, table, environment and charts: {charts.shown(folder)}/")
    return status


def draw_again(folder: Path) -> int:
    """bench/run --draw: the end of an earlier run once more."""
    trials = results.read_trials(folder)
    record = results.read_environment(folder)
    if record is None:
        raise Problem(f"bench/run: --draw={folder}: no environment.json in there", USAGE)
    return conclude(folder, trials, record)


def experiment(options: Options) -> int:
    """Measure, then conclude."""
    limit = raise_limit()
    if limit < 20:
        raise Problem(f"bench/run: the limit of open files is {limit}: too few to measure", USAGE)
    idle, cut = what_fits(options.idle, options.active, limit)
    if not idle:
        asked = ",".join(map(str, options.idle))
        raise Problem(f"bench/run: --idle={asked}: the limit of open files is {limit}", USAGE)
    cpus, remark = environment.choose_cpus()
    folder = results.create(options.output)
    record = environment.record(options, cpus, limit, idle, cut)
    results.write(folder / "environment.json", json.dumps(record, indent=2) + "\n")
    announce(options, idle, cut, limit, remark)
    watch_signals(interrupt)
    trials, status = measure(options, idle, cpus, folder)
    watch_signals(signal.default_int_handler)
    try:
        return conclude(folder, trials, record) or status
    except KeyboardInterrupt:
        later = f"bench/run: stopped; charts later: bench/run --draw {charts.shown(folder)}"
        raise Problem(later, 128 + signal.SIGINT) from None


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        options = parse_options(arguments)
        if options.check:
            return 0
        return draw_again(options.draw) if options.draw else experiment(options)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return problem.status
    except (Interrupted, KeyboardInterrupt):  # before or after the measuring
        print("bench/run: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
