"""The comparison: every server beside epoll LT, pair by pair within the rounds.

Beside each ratio stands the A/A band: how far the same server, entered twice,
came out from itself.  What lies within is no difference that this run can show.
"""

from dataclasses import dataclass

from figures.intervals import Band, Interval, band_of, paired_ratio
from figures.metrics import SHAPES
from figures.points import LT, TWIN, Point, Run, collect, usable


@dataclass
class Ratio:
    """A line of comparison.tsv: how many times a server has what epoll LT has."""

    question: str
    metric: str
    server: str
    value: float
    low: float
    high: float
    rounds: int
    band_low: float | None
    band_high: float | None
    panel: str

    @property
    def interval(self) -> Interval:
        return Interval(self.value, self.low, self.high, self.rounds)

    @property
    def band(self) -> Band | None:
        return None if self.band_low is None else Band(self.band_low, self.band_high)


MORE, LESS = "more is better", "less is better"


@dataclass(frozen=True)
class Question:
    """A key figure by which servers are compared.

    x None: at the largest x that both have, if that isn't 0.
    """

    quantity: str
    where: str  # {x} is that place
    experiment: str
    metric: str
    panel: str
    x: float | None
    better: str

    def text(self, x: float) -> str:
        """As the comparison chart has it."""
        where = self.place(x)
        return f"{self.quantity}, {where}" if where else self.quantity

    def place(self, x: float) -> str:
        return self.where.format(x=f"{x:,.0f}")


RATE, CPU = "echoes a second", "CPU time an echo"
RATE_OF_ONE = Question(RATE, "1 active, {x} idle", "idle", "rate", "1", None, MORE)
RATE_OF_MANY = Question(RATE, "100 active, {x} idle", "idle", "rate", "100", None, MORE)
RATE_ALONE = Question(RATE, "1 active, 0 idle", "idle", "rate", "1", 0, MORE)
RATE_ACTIVE = Question(RATE, "{x} active, 0 idle", "active", "rate", "", 10, MORE)
RATE_CROWDED = Question(RATE, "10 active beside {x} firehoses", "fairness", "rate", "", None, MORE)
MIB_A_SECOND = Question("MiB a second", "{x}-byte messages", "size", "mib_per_s", "", None, MORE)
CHURN = Question("connections a second", "", "churn", "rate", "", 0, MORE)
P50_ALONE = Question("median latency", "1 active, 0 idle", "idle", "p50", "1", 0, LESS)
P50_OF_ONE = Question("median latency", "1 active, {x} idle", "idle", "p50", "1", None, LESS)
P99_OF_MANY = Question("p99 latency", "100 active, {x} idle", "idle", "p99", "100", None, LESS)
P99_RATE = Question(
    "p99 response time", "{x} echoes/s", "rate", "response_p99", "absolute", None, LESS
)
P99_LOAD = Question("p99 response time", "{x} % load", "rate", "response_p99", "load", 50, LESS)
P99_CROWDED = Question(
    "p99 latency", "10 active beside {x} firehoses", "fairness", "p99", "", None, LESS
)
CPU_ALONE = Question(CPU, "1 active, 0 idle", "idle", "cpu_per_echo", "1", 0, LESS)
CPU_OF_ONE = Question(CPU, "1 active, {x} idle", "idle", "cpu_per_echo", "1", None, LESS)
CPU_NO_IDLE = Question(CPU, "100 active, 0 idle", "idle", "cpu_per_echo", "100", 0, LESS)
CPU_OF_MANY = Question(CPU, "100 active, {x} idle", "idle", "cpu_per_echo", "100", None, LESS)
CPU_A_MIB = Question("CPU time a MiB", "{x}-byte messages", "size", "cpu_per_mib", "", None, LESS)
CPU_CHURN = Question("CPU time a connection", "", "churn", "cpu_per_connection", "", 0, LESS)
MEMORY = Question(
    "user memory a connection", "{x} held", "memory", "user_bytes", "", None, LESS
)
QUESTIONS = [
    RATE_OF_ONE, RATE_OF_MANY, RATE_ALONE, RATE_ACTIVE, RATE_CROWDED, MIB_A_SECOND, CHURN,
    CPU_OF_ONE, CPU_OF_MANY, CPU_ALONE, CPU_NO_IDLE, CPU_A_MIB, CPU_CHURN,
    P50_OF_ONE, P99_OF_MANY, P50_ALONE, P99_RATE, P99_LOAD, P99_CROWDED, MEMORY,
]


def by_round(point: Point | None, metric: str) -> dict[int, float]:
    """The valid values of a point; doubtful ones take no part in a comparison."""
    values = [] if point is None else usable(point.values.get(metric, []))
    return {value.round: value.number for value in values if value.valid and value.supported}


def xs_of(run: Run, question: Question, server: str) -> set[float]:
    """Where on the x axis it has valid values."""
    points = collect(run, question.experiment)
    return {
        x
        for (name, panel, x), point in points.items()
        if (name, panel) == (server, question.panel) and by_round(point, question.metric)
    }


def common_x(run: Run, question: Question, first: str, second: str) -> float | None:
    """Where both were measured: the place asked for, or the farthest one."""
    both = xs_of(run, question, first) & xs_of(run, question, second)
    if question.x is not None:
        return question.x if question.x in both else None
    return max(both - {0}, default=None)


def ratio_at(
    run: Run, question: Question, x: float, first: str, second: str
) -> Interval | None:
    """How many times `first` has what `second` has there.

    None unless most of the rounds have such a pair: the few in which neither was
    doubtful would be chosen by what went wrong in the others.
    """
    points = collect(run, question.experiment)
    of, to = (points.get((name, question.panel, x)) for name in (first, second))
    ratio = paired_ratio(by_round(of, question.metric), by_round(to, question.metric))
    return ratio if ratio is not None and 2 * ratio.rounds > run.rounds else None


def kind_of(question: Question) -> str:
    """Is it a rate, a latency, CPU time or memory?"""
    if question.experiment == "memory":
        return "memory"
    metrics = SHAPES[question.experiment].metrics
    return next(metric.kind for metric in metrics if metric.name == question.metric)


def twin_xs(run: Run, question: Question) -> set[float]:
    """Where the twin can be compared with itself."""
    if question.experiment not in run.experiments:
        return set()
    return xs_of(run, question, TWIN) & xs_of(run, question, LT)


def twin_band(run: Run, question: Question, x: float) -> Band | None:
    """How far the twin came out from itself there."""
    return band_of(ratio_at(run, question, x, TWIN, LT))


def band_at(run: Run, question: Question, x: float) -> Band | None:
    """What is noise there; None when the twin can't tell.

    In an experiment without the twin it is the most that figures of the same
    kind differed by, wherever it was.
    """
    xs = twin_xs(run, question)
    if xs:
        return twin_band(run, question, min(xs, key=lambda other: abs(other - x)))
    alike = [q for q in QUESTIONS if kind_of(q) == kind_of(question)]
    bands = [twin_band(run, q, there) for q in alike for there in twin_xs(run, q)]
    return max((b for b in bands if b is not None), key=lambda b: b.high, default=None)


def ask(run: Run, question: Question, server: str) -> Ratio | None:
    """One server's line of the comparison."""
    x = common_x(run, question, server, LT)
    found = None if x is None else ratio_at(run, question, x, server, LT)
    if found is None:
        return None
    band = band_at(run, question, x)
    return Ratio(
        question.text(x), question.metric, server,
        found.value, found.low, found.high, found.rounds,
        band and band.low, band and band.high, question.better,
    )


def comparison(run: Run) -> list[Ratio]:
    """Every question for every server but epoll LT itself; the twin shows the noise."""
    servers = [name for name in run.servers + [TWIN] + run.peers if name != LT]
    lines = []
    for question in QUESTIONS:
        if question.experiment in run.experiments:
            found = [ask(run, question, server) for server in servers]
            lines += together([ratio for ratio in found if ratio is not None])
    return lines


def together(ratios: list[Ratio]) -> list[Ratio]:
    """Those that were measured in the same place one after the other."""
    places = list(dict.fromkeys(ratio.question for ratio in ratios))
    return sorted(ratios, key=lambda ratio: places.index(ratio.question))
