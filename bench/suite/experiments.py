"""The experiments, each declared once: what it asks, the loads, what is measured, how it is drawn.

To add one, add an Experiment to EXPERIMENTS and a plots/NAME.gp that draws its
panels.  Running it, the figures, the ratios, the report, --list and the estimate of
how long it takes all follow from the declaration.
"""

import textwrap
from dataclasses import dataclass, field

MOST = "max"  # as many connections as the limit of open files allows
QUICK, DEFAULT, FULL = "quick", "default", "full"
WAITS = "waits"  # the experiment that bench/baseline/waits measures by itself
WAITS_SECONDS = {QUICK: 1, DEFAULT: 2, FULL: 20}


@dataclass(frozen=True)
class Load:
    """What loadgen is asked for in one go, on fresh processes: every combination of the lists."""

    mode: str = "closed"  # or open, churn, hold
    idle: tuple = (0,)
    active: tuple = (1,)
    size: tuple = (64,)
    firehoses: tuple = (0,)
    rate: tuple = ()  # messages per second in all; open loop only
    hold: tuple = ()  # connections; mode hold only
    gaps: str = "exponential"
    freeze: tuple | None = None  # seconds: at, for
    turn: float = 0.01  # seconds of a turn that are counted
    cycles: int = 20  # per round


@dataclass(frozen=True)
class Panel:
    """One picture of a chart: a metric over one number of the load."""

    metric: str  # a name in figures.METRICS
    x: str = ""  # idle, active, size, rate, firehoses or turn; "": one bar for each server
    where: dict = field(default_factory=dict, hash=False)  # which points: {"active": 100}
    title: str = ""


@dataclass(frozen=True)
class Experiment:
    """A question, and all that it takes to answer it."""

    name: str
    title: str  # of its chart
    question: str
    setup: str  # what is held fixed
    expectation: str  # what should come out, and why
    loads: dict  # pace -> tuple of loads
    panels: tuple = ()
    compare: tuple = ()  # metrics whose ratio to epoll LT is reported
    floor: bool = False  # bare recv and send takes part, where no connection is idle
    first_round_only: bool = False
    one_server_at_a_time: bool = False  # no turns: the memory of the machine, a server stopped


def by_pace(quick, default, full) -> dict:
    return {QUICK: quick, DEFAULT: default, FULL: full}


def frozen(turn: float, at: float, seconds: float) -> tuple:
    """A closed and an open loop on a server that is stopped for a while."""
    stop = {"freeze": (at, seconds), "turn": turn, "cycles": 1}
    opened = Load("open", active=(100,), rate=(1000,), gaps="constant", **stop)
    return Load(active=(1,), **stop), opened


EXPERIMENTS = (
    Experiment(
        name=WAITS,
        title="What one wait costs",
        question="What does it cost to wait, with nothing else going on?",
        setup="Socket pairs in one process: no network, no server, no load generator.",
        expectation="select and poll hand the kernel the whole list with every call, and it looks"
        " at each entry, so a wait gets dearer with every descriptor watched. epoll keeps the list"
        " in the kernel and pays only for those that are ready.",
        loads={},
        first_round_only=True,
    ),
    Experiment(
        name="idle",
        title="What idle connections cost",
        question="What do idle connections cost?",
        setup="1 or 100 active connections, 64 bytes, closed loop.",
        expectation="select and poll scan every connection in every wait; epoll does not.",
        loads=by_pace(
            (
                Load(idle=(0, 900), active=(1, 100), cycles=4),
                Load(idle=(3000,), active=(1,), cycles=2),
            ),
            (
                Load(idle=(0, 900), active=(1, 100), cycles=16),
                Load(idle=(5000, MOST), active=(1, 100), cycles=3),
            ),
            (Load(idle=(0, 100, 300, 900, 2000, 5000, 10000, MOST), active=(1, 100), cycles=80),),
        ),
        panels=(
            Panel("cpu", "idle", {"active": 1}, "1 active connection"),
            Panel("cpu", "idle", {"active": 100}, "100 active connections"),
            Panel("rate", "idle", {"active": 1}, "1 active connection"),
            Panel("rate", "idle", {"active": 100}, "100 active connections"),
        ),
        compare=("cpu", "rate"),
    ),
    Experiment(
        name="active",
        title="What active connections cost",
        question="How does an echo get cheaper when more connections are active?",
        setup="No idle connections, 64 bytes, closed loop.",
        expectation="One wait serves all that are ready, so its cost is shared, and the four"
        " converge.",
        loads=by_pace(
            tuple(Load(active=(n,), cycles=4) for n in (1, 100)),
            tuple(Load(active=(n,), cycles=8) for n in (1, 10, 100, 1000)),
            tuple(Load(active=(n,), cycles=80) for n in (1, 3, 10, 30, 100, 300, 1000)),
        ),
        panels=(
            Panel("cpu", "active", {}, "CPU time per echo"),
            Panel("rate", "active", {}, "Echoes per second"),
        ),
        compare=("cpu", "rate"),
        floor=True,
    ),
    Experiment(
        name="latency",
        title="How long an echo takes at equal rates",
        question="How long does a client wait when all servers get the same load?",
        setup="100 connections, 64 bytes, open loop: send times are planned, and latency counts"
        " from the planned time.",
        expectation="A connection with nothing to say at the moment is an idle one: poll and select"
        " scan it, and their median is higher at every rate.",
        loads=by_pace(
            (Load("open", active=(100,), rate=(20000,), turn=0.02, cycles=3),),
            (
                Load("open", active=(100,), rate=(5000, 20000, 50000), turn=0.02, cycles=8),
                Load("open", idle=(900,), active=(100,), rate=(20000,), turn=0.02, cycles=5),
            ),
            (
                Load(
                    "open", active=(100,), rate=(1000, 5000, 20000, 50000, 80000, 100000),
                    turn=0.02, cycles=200,
                ),
                Load("open", idle=(900,), active=(100,), rate=(20000,), turn=0.02, cycles=200),
            ),
        ),
        panels=(
            Panel("p50", "rate", {"idle": 0}, "Median"),
            Panel("p99", "rate", {"idle": 0}, "99th percentile"),
        ),
        compare=("p50",),
    ),
    Experiment(
        name="size",
        title="What longer messages cost",
        question="What changes when messages are longer?",
        setup="10 active connections, none idle, closed loop.",
        expectation="Short messages cost system calls, long ones cost copying, which is the same"
        " for all four.",
        loads=by_pace(
            (Load(active=(10,), size=(64, 65536), cycles=3),),
            (Load(active=(10,), size=(64, 1024, 16384, 262144), cycles=8),),
            (Load(active=(10,), size=(1, 64, 1024, 4096, 16384, 65536, 1048576), cycles=60),),
        ),
        panels=(
            Panel("mib_rate", "size", {}, "MiB per second"),
            Panel("cpu_per_mib", "size", {}, "CPU time per MiB"),
        ),
        compare=("cpu_per_mib",),
    ),
    Experiment(
        name="churn",
        title="How fast connections come and go",
        question="What does it cost to accept, serve once and close?",
        setup="10 at a time: connect, one echo of 64 bytes, reset, again.",
        expectation="The kernel's work for a connection outweighs the waiting, so the four are"
        " close; epoll pays one epoll_ctl more for each.",
        loads=by_pace(
            (Load("churn", active=(10,), cycles=5),),
            (Load("churn", active=(10,), cycles=16),),
            (Load("churn", active=(10,), cycles=120),),
        ),
        panels=(
            Panel("rate", "", {}, "Connections per second"),
            Panel("cpu", "", {}, "CPU time per connection"),
        ),
        compare=("cpu", "rate"),
    ),
    Experiment(
        name="fairness",
        title="What a stream costs its neighbours",
        question="Does a connection that streams without end slow down the others?",
        setup="10 active connections, 64 bytes, closed loop, beside 0, 1 or 4 that stream.",
        expectation="Latency grows with each stream, because its bytes are handled in between, but"
        " no connection starves.",
        loads=by_pace(
            (Load(active=(10,), firehoses=(0, 4), turn=0.02, cycles=2),),
            (Load(active=(10,), firehoses=(0, 1, 4), turn=0.02, cycles=6),),
            (Load(active=(10,), firehoses=(0, 1, 2, 4, 8), turn=0.02, cycles=60),),
        ),
        panels=(Panel("p50", "firehoses", {}, "Median latency of the others"),),
        compare=("p50",),
    ),
    Experiment(
        name="turns",
        title="Whether the length of a turn matters",
        question="Do longer turns give the same ratios?",
        setup="100 active connections, none idle, 64 bytes, closed loop; turns of 10 and of 20 ms.",
        expectation="The ratios stay the same. If they did not, the start of a turn would still be"
        " in the figures.",
        loads=by_pace(
            tuple(Load(active=(100,), turn=t, cycles=2) for t in (0.01, 0.02)),
            tuple(Load(active=(100,), turn=t, cycles=8) for t in (0.01, 0.02)),
            tuple(Load(active=(100,), turn=t, cycles=80) for t in (0.005, 0.01, 0.02, 0.04)),
        ),
        panels=(
            Panel("cpu", "turn", {}, "CPU time per echo"),
            Panel("rate", "turn", {}, "Echoes per second"),
        ),
        compare=("cpu", "rate"),
    ),
    Experiment(
        name="memory",
        title="What an idle connection takes in memory",
        question="How much memory does an idle connection take?",
        setup="One message proves each connection; then nothing is sent.",
        expectation="Tens of bytes in the server, because an idle connection owns no buffer; the"
        " kernel's socket takes a hundred times that.",
        loads=by_pace(
            (Load("hold", hold=(100, 1000)),),
            (Load("hold", hold=(100, 3000)),),
            (Load("hold", hold=(100, 1000, MOST)),),
        ),
        panels=(
            Panel("user_bytes", "", {}, "In the server"),
            Panel("kernel_bytes", "", {}, "In the kernel, both ends"),
        ),
        compare=("user_bytes",),
        one_server_at_a_time=True,
    ),
    Experiment(
        name="freeze",
        title="What a load generator sees of a stall",
        question="What do two kinds of load generator report about a server that stops for a"
        " moment?",
        setup="The server is stopped (SIGSTOP) for a quarter of a second, or 0.2 s with --quick:"
        " under one connection in a closed loop, and under 1,000 messages per second over 100"
        " connections in an open one.",
        expectation="The closed loop stops sending and reports one slow echo; the open loop reports"
        " all that would have waited. The gap is coordinated omission.",
        loads=by_pace(
            frozen(turn=0.3, at=0.05, seconds=0.2),
            frozen(turn=0.6, at=0.2, seconds=0.25),
            frozen(turn=1.0, at=0.4, seconds=0.25),
        ),
        first_round_only=True,
        one_server_at_a_time=True,
    ),
)

BY_NAME = {experiment.name: experiment for experiment in EXPERIMENTS}


def paragraph(label: str, text: str) -> list[str]:
    first = f"    {label:8} "
    return textwrap.wrap(text, 80, initial_indent=first, subsequent_indent=" " * len(first))


def listing() -> str:
    """All experiments, for --list."""
    lines = []
    for experiment in EXPERIMENTS:
        lines.append(experiment.name)
        lines += paragraph("asks", experiment.question)
        lines += paragraph("setup", experiment.setup)
        lines += paragraph("expects", experiment.expectation)
    return "\n".join(lines)
