"""The experiments: what each asks, what it holds fixed, what we expect to see.

An experiment is a few loads put on every server in the same way.  A load is one
run of the load generator; every combination of the numbers in its lists is a
trial.  How thorough it is depends on the pace: --quick, nothing, or --full.

Say what you expect before you look.  Where the chart then disagrees, either the
expectation is wrong or the measurement is, and both are worth finding out.
"""

import textwrap
from dataclasses import dataclass, field
from typing import Callable

MOST = "max"  # as many connections as fit, but at most MOST_BY_DEFAULT
SELECT_HOLDS = 900  # what select can hold beside 100 that talk: FD_SETSIZE is 1024
TALKERS = 100  # enough of them that a server always finds somebody ready
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Pace:
    """How thorough a run is; --rounds and --seconds win over it."""

    name: str
    rounds: int
    seconds: float  # the window of a plain trial
    warm_up: float  # load before each window, not recorded
    settle: float  # load before the first trial of a process: see SETTLE below
    stall: float  # when nothing moves for that long, nothing will


# A fresh process is slow at first: its code and its memory come in with the first
# echoes, and a CPU that slept has to speed up.  After 0.05 s an echo still cost
# epoll 1.4 times the CPU time of later on, after 0.2 s no more.
SETTLE = 0.16

QUICK = Pace("quick", rounds=2, seconds=0.1, warm_up=0.03, settle=0.06, stall=1.0)
DEFAULT = Pace("default", rounds=6, seconds=0.2, warm_up=0.05, settle=SETTLE, stall=1.0)
FULL = Pace("full", rounds=12, seconds=1.0, warm_up=0.2, settle=2 * SETTLE, stall=2.0)


@dataclass(frozen=True)
class Load:
    """One run of the load generator on one server process."""

    mode: str = "closed"  # or "open", "churn", "hold"
    idle: tuple = (0,)  # connections that are silent; the last may be MOST
    active: tuple = (TALKERS,)  # connections that talk
    size: tuple = (64,)  # bytes in a message
    firehoses: tuple = (0,)  # connections that stream without end
    rate: tuple = ()  # open: messages a second in all ...
    share: tuple = ()  # ... and parts of the capacity found by an earlier load
    gaps: str = "exponential"  # between planned sends; or "constant"
    hold: tuple = ()  # mode "hold": connections, which say nothing
    freeze: tuple | None = None  # stop the server: (at, for), parts of the window
    windows: float = 1  # how long it measures, in windows of a plain trial
    role: str = "figure"  # "capacity": only tells later loads what can be asked


@dataclass(frozen=True)
class Experiment:
    """A question, and the loads that answer it at a given pace."""

    name: str
    asks: str
    fixed: str
    expects: str
    loads: Callable[[str], list[Load]] = field(repr=False)
    twin: bool = False  # enter epoll LT twice: what differs between equals?
    floor: bool = False  # measure bare recv and send, too
    counts: bool = False  # how many connections a server holds is part of the answer
    first_round_only: bool = False


def by_pace(pace: str, quick, default, full):
    return {"quick": quick, "default": default, "full": full}[pace]


def idle(pace: str) -> list[Load]:
    steps = by_pace(
        pace,
        (0, SELECT_HOLDS, 5000),
        (0, SELECT_HOLDS, 5000, MOST),
        (0, 100, 300, SELECT_HOLDS, 2500, 5000, 10000, MOST),
    )
    return [Load(idle=steps, active=(1, TALKERS))]


def active(pace: str) -> list[Load]:
    full = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
    return [Load(active=by_pace(pace, (1, 10, 100), (1, 10, 100, 1000), full))]


def size(pace: str) -> list[Load]:
    quick = (16, 4 * KIB, MIB)
    default = (16, 256, 4 * KIB, 64 * KIB, MIB)
    full = (16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB)
    return [Load(active=(10,), size=by_pace(pace, quick, default, full))]


def capacity(idle_too: tuple = (0,)) -> Load:
    """What a server can do when it is asked as fast as it answers."""
    return Load(idle=idle_too, role="capacity")


def rate(pace: str) -> list[Load]:
    fixed = by_pace(
        pace,
        (1000, 10000),
        (1000, 5000, 10000, 20000),
        (1000, 2000, 5000, 10000, 20000, 30000, 50000, 100000),
    )
    share = by_pace(pace, (0.5,), (0.1, 0.5, 0.9), (0.1, 0.3, 0.5, 0.7, 0.8, 0.9))
    windows = by_pace(pace, 1.5, 2.7, 1.5)  # p99.9 wants 10,000 echoes: at 20,000 a second
    return [capacity(), Load("open", rate=fixed, share=share, windows=windows)]


def percentiles(pace: str) -> list[Load]:
    loads = []
    for silent in (0, 5000):
        loads.append(capacity((silent,)))
        loads.append(Load("open", idle=(silent,), share=(0.5,), windows=3))
    return loads


def churn(_pace: str) -> list[Load]:
    return [Load("churn", active=(10,), windows=1.5)]


def memory(pace: str) -> list[Load]:
    return [Load("hold", hold=by_pace(pace, (100, 5000), (100, 10000), (100, 1000, MOST)))]


def syscalls(_pace: str) -> list[Load]:
    return [Load(idle=(0, SELECT_HOLDS), active=(1, TALKERS), windows=0.5)]


def fairness(_pace: str) -> list[Load]:
    return [Load(active=(10,), firehoses=(0, 1, 4))]


def freeze(_pace: str) -> list[Load]:
    stop = (0.4, 0.25)
    return [
        Load(active=(1,), freeze=stop, windows=5),
        Load("open", rate=(1000,), gaps="constant", freeze=stop, windows=5),
    ]


EXPERIMENTS = [
    Experiment(
        "idle",
        "What do connections cost that say nothing?",
        "1 or 100 connections talk, 64 bytes a message, closed loop: each sends again as soon"
        " as its echo is there.",
        "select and poll look at every connection in every wait, so they slow down with the"
        " silent ones; epoll is told who is ready and stays as it was.",
        idle,
        twin=True,
        floor=True,
        counts=True,
    ),
    Experiment(
        "active",
        "What do connections cost that talk?",
        "No connection is silent, 64 bytes a message, closed loop.",
        "A wait is paid once and shared by all that are ready, so an echo gets cheaper with"
        " more talkers, and the four come close to each other.",
        active,
        twin=True,
        floor=True,
    ),
    Experiment(
        "size",
        "What does a longer message change?",
        "10 connections talk, none is silent, closed loop.",
        "Small messages cost calls, large ones cost copying, which is the same for all four;"
        " past the socket's buffer a send takes only a part, and waiting to write begins.",
        size,
    ),
    Experiment(
        "rate",
        "How long does an echo take when clients don't wait for each other?",
        "100 connections, 64 bytes, open loop: the times of sending are planned beforehand.",
        "Latency is flat while there is time to spare and grows steeply near the capacity,"
        " the tail (p99.9) first.",
        rate,
    ),
    Experiment(
        "percentiles",
        "How slow are the slowest echoes at half of the capacity?",
        "100 connections, 64 bytes, open loop at 50 % of what each server can do with as many"
        " silent connections, none or 5,000.",
        "All have a tail that is many times the median; with silent connections poll's whole"
        " distribution moves up, because every wait is longer.",
        percentiles,
    ),
    Experiment(
        "churn",
        "How fast do clients come and go?",
        "10 at a time: connect, one echo of 64 bytes, reset, again.",
        "The kernel's work to set up a connection outweighs the waiting, so the four are"
        " close; epoll pays an epoll_ctl more for each.",
        churn,
        twin=True,
    ),
    Experiment(
        "memory",
        "What does a connection need that says nothing?",
        "Nobody talks after the one message that proves the connection.",
        "Tens of bytes in the server, since an idle connection owns no buffer; the kernel's"
        " socket needs a hundred times that.",
        memory,
        counts=True,
    ),
    Experiment(
        "syscalls",
        "Which system calls does an echo cost?",
        "1 or 100 connections talk, 0 or 900 are silent, 64 bytes, closed loop; from the"
        " servers' own counters.",
        "One receive and one send for all; with many ready, one wait serves many. select and"
        " poll scan what epoll never looks at.",
        syscalls,
    ),
    Experiment(
        "fairness",
        "Does one who streams without end slow down those who say little?",
        "10 connections talk, 64 bytes, closed loop, beside 0, 1 or 4 that stream.",
        "Talkers wait for the bytes handled before them, so latency grows with each stream,"
        " but nobody starves: a server does a bounded piece for each in turn.",
        fairness,
    ),
    Experiment(
        "freeze",
        "What does a load generator see of a server that stops for a moment?",
        "The server is stopped (SIGSTOP) for a quarter of the window: under one connection in"
        " a closed loop, and under 1,000 messages a second at equal gaps over 100 connections,"
        " open loop. Once, in the first round: the answer is known.",
        "The closed loop stops asking and reports one slow echo; the open loop reports"
        " everybody who would have waited. That gap is coordinated omission.",
        freeze,
        first_round_only=True,
    ),
]

BY_NAME = {experiment.name: experiment for experiment in EXPERIMENTS}


def paragraph(label: str, text: str) -> list[str]:
    first = f"    {label:8} "
    return textwrap.wrap(text, 80, initial_indent=first, subsequent_indent=" " * len(first))


def listing() -> str:
    """All experiments, for --list."""
    lines = []
    for experiment in EXPERIMENTS:
        lines.append(experiment.name)
        lines += paragraph("asks", experiment.asks)
        lines += paragraph("fixed", experiment.fixed)
        lines += paragraph("expects", experiment.expects)
    return "\n".join(lines)
