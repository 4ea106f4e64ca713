"""The benchmark: every experiment, on all servers in turns, in rounds.

This file is the whole run, from the plan to the report.  bench/run starts it.

    options      what was asked for
    experiments  the questions, each declared once
    plan         which servers get which loads, in which order
    environment  the machine; what other programs did to it
    measure      going through the plan, with loadgen
    servers      the server processes
    suspect      which trials can be believed
    results      the folder in which all of it is kept
    figures      from trials to figures and ratios; intervals: how sure they are
    conclude     charts, report and summary, now or later
    compare      two runs side by side
    progress     how far it has come;  problem: what ended it, in a line
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback out of an import

import contextlib
import os
import sys
from pathlib import Path

import compare
import environment
import progress
import results
from conclude import conclude
from experiments import listing
from measure import measure
from options import FLOOR, PEERS, TWIN, Options, parse_options
from plan import LEAST_LIMIT, Step, make_plan, run_seconds
from problem import CANNOT_WRITE, USAGE, Interrupted, Problem, watch_signals
from progress import complain, in_words, say, say_sentence, shown
from servers import peer_program, raise_limit
from words import some


def choose_peers(options: Options) -> None:
    """Those that got built stand beside the four; the others are named."""
    wanted = [name for name in PEERS if name in options.servers]
    missing = [name for name in wanted if not peer_program(options, name).exists()]
    for name in missing:
        del options.servers[name]
    if missing:
        say_sentence(
            f"Not built, because a library is missing: {', '.join(missing)}. See bench/baseline/peers."
        )
    if not options.servers:
        raise Problem("bench/run: --only: none of these servers was built", 1)


def announce(options: Options, steps: list[Step], remarks: list[str]) -> None:
    """What is going to happen, and what follows from this machine."""
    say_sentence("Experiments: " + ", ".join(options.experiments))
    say_sentence("Servers: " + ", ".join(options.servers))
    for sentence in remarks:
        say_sentence(sentence)
    planned = in_words(run_seconds(options, steps))
    say_sentence(
        f"{some(options.rounds, 'round')}, about {planned} in all.  Ctrl-C ends it early and keeps"
        " what was measured."
    )
    say()


# What a field that is missing, or something else than expected, ends in.
STRANGE = (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError)


@contextlib.contextmanager
def earlier(option: str):
    """Results of another version, or changed by hand, are refused in a line."""
    try:
        yield
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        line = f"bench/run: {option}: not the results of this version of bench/run ({what})"
        raise Problem(line, USAGE) from None


def draw(folder: Path) -> int:
    """The end of a run: of this one, or of an earlier one once more."""
    try:
        return conclude(folder)
    except Interrupted as end:
        later = f"bench/run: {end}: stopped; again: bench/run --report {shown(folder)}"
        raise Problem(later, end.status) from None


def look_around(options: Options, steps: list[Step], limit: int, folder: Path) -> tuple:
    """The machine, written down and announced; where the two processes will run."""
    cpus, pinning = environment.choose_cpus()
    present = {name for step in steps for name in step.servers}
    servers = [name for name in [*options.servers, TWIN, FLOOR] if name in present]
    record = environment.record(options, cpus, limit, servers)
    record["remarks"] = environment.remarks_before(options, limit, pinning)
    environment.write(folder, record)
    announce(options, steps, record["remarks"])
    return record, cpus


def experiment(options: Options) -> int:
    """Measure, then conclude."""
    limit = raise_limit()
    if limit < LEAST_LIMIT:
        raise Problem(f"bench/run: the limit of open files is {limit}: too few to measure", USAGE)
    if not (options.build / "bench" / "loadgen" / "loadgen").exists():  # with --no-build
        raise Problem(f"bench/run: {shown(options.build)}: there is nothing built in there", 1)
    choose_peers(options)
    steps = make_plan(options, limit)
    folder = results.create(options.output)
    try:
        record, cpus = look_around(options, steps, limit, folder)
    except (Interrupted, Problem):
        results.discard(folder)
        raise
    before = environment.times()
    status = measure(options, steps, cpus, folder)
    watch_signals()
    record["remarks"] += environment.remarks_since(before)
    with contextlib.suppress(Problem):  # the disk is full, as was reported: the first one stays
        environment.write(folder, record)
    return draw(folder) or status


def carry_out(options: Options) -> int:
    """Whichever of the things that bench/run can do."""
    if options.check:
        return 0
    if options.list:
        say(listing())
        return 0
    if options.compare:
        with earlier("--compare=" + " ".join(map(str, options.compare))):
            say(compare.compare(*options.compare, options.output))
        return 0
    if options.report:
        with earlier(f"--report={options.report}"):
            return draw(options.report)
    return experiment(options)


def inherit_nothing() -> None:
    """What a parent process may have left: closed streams, signals blocked or ignored.

    With SIGCHLD ignored the kernel keeps no exit status for us (wait(2)): every
    server would seem to have ended well.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # a path may have letters that a terminal hasn't
            os.set_blocking(stream.fileno(), True)


def main(arguments: list[str]) -> int:
    try:
        inherit_nothing()
        watch_signals()
        return carry_out(parse_options(arguments))
    except Problem as problem:
        complain(str(problem))
        return problem.status
    except Interrupted as end:  # before anything was measured
        complain(f"bench/run: {end}: stopped")
        return end.status
    except SystemExit as end:  # argparse has printed its help
        return end.code


def finish(status: int) -> int:
    """Is everything written that was printed?  A reader that has left wants no more."""
    say(end="")
    lost = progress.lost
    if lost is None or isinstance(lost, BrokenPipeError):
        return status
    complain(f"bench/run: standard output: {lost.strerror}")
    return status or CANNOT_WRITE


if __name__ == "__main__":
    sys.exit(finish(main(sys.argv[1:])))
