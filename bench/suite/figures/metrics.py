"""What a single trial says: one number a metric.

A metric knows its unit and which doubts spoil it (validity.py).  The shapes at
the end say what the chart of an experiment is made of: its panels, its x axis
and its metrics.
"""

from dataclasses import dataclass
from typing import Callable

from figures import histogram

MIB = 1 << 20
CALLS = ("receives", "sends", "waits", "epoll_ctls", "accepts")


@dataclass(frozen=True)
class Metric:
    """How a figure comes out of one trial, and which doubts spoil it."""

    name: str
    unit: str
    kind: str  # as in validity.TAINTS; a lag is the witness, and nothing spoils it
    of: Callable[[dict], float | None]
    needs: int = 1  # samples that it must stand on
    key: str | None = None  # the histogram that has them; None: the echoes themselves

    def samples(self, trial: dict) -> int:
        """How many it stands on: an open loop also records what comes in after the window."""
        return (trial.get(self.key) or {}).get("count", 0) if self.key else trial["echoes"]


def of_server(trial: dict, name: str) -> float | None:
    return (trial.get("server") or {}).get(name)


def counted(trial: dict, name: str) -> float | None:
    return (of_server(trial, "counters") or {}).get(name)


def each(trial: dict, amount: float | None, scale: float = 1) -> float | None:
    """By the echoes; in a churn, by the connections."""
    return None if amount is None or not trial["echoes"] else scale * amount / trial["echoes"]


def an_echo(counter: str) -> Callable[[dict], float | None]:
    return lambda t: each(t, counted(t, counter))


def cpu_an_echo(trial: dict) -> float | None:
    """In microseconds."""
    return each(trial, of_server(trial, "cpu_seconds"), 1e6)


def echoed_mib(trial: dict) -> float:
    return trial["echoes"] * trial["size"] / MIB


def mib_a_second(trial: dict) -> float | None:
    return echoed_mib(trial) / trial["seconds"] if trial["seconds"] else None


def cpu_a_mib(trial: dict) -> float | None:
    """In microseconds."""
    cpu = of_server(trial, "cpu_seconds")
    return None if cpu is None or not trial["echoes"] else 1e6 * cpu / echoed_mib(trial)


def firehose_mib_a_second(trial: dict) -> float | None:
    return trial["firehose_bytes"] / MIB / trial["seconds"] if trial["seconds"] else None


def events_a_wait(trial: dict) -> float | None:
    waits = counted(trial, "waits")
    return counted(trial, "ready_events") / waits if waits else None


def calls_an_echo(trial: dict) -> float | None:
    found = [counted(trial, name) for name in CALLS]
    return None if None in found else each(trial, sum(found))


def stays_within(key: str, one_in: int) -> Callable[[dict], float | None]:
    """The time in microseconds that all but one in so many stay within."""

    def compute(trial: dict) -> float | None:
        found = histogram.within(trial.get(key) or histogram.empty(), one_in)
        return None if found is None else found / 1e3

    return compute


def quantile(name: str, key: str, one_in: int, kind: str = "latency") -> Metric:
    return Metric(name, "us", kind, stays_within(key, one_in), 10 * one_in, key)


RATE = Metric("rate", "echoes/s", "rate", lambda t: t["rate"])
P50, P99 = quantile("p50", "latency", 2), quantile("p99", "latency", 100)
CPU = Metric("cpu_per_echo", "us", "cpu", cpu_an_echo)
ALL_CALLS = Metric("calls_per_echo", "calls", "count", calls_an_echo)
SCANNED = Metric("scanned_per_echo", "descriptors", "count", an_echo("scanned"))
EVENTS = Metric("events_per_wait", "events", "count", events_a_wait)
SHARE = Metric("generator_share", "CPUs", "count", lambda t: t["generator"]["cpu_share"])
PLAIN = [RATE, P50, P99, CPU, ALL_CALLS, SCANNED, EVENTS, SHARE]


def calls(what: str) -> list[Metric]:
    """One for each kind of system call, by the echoes or the connections."""
    return [Metric(f"{name}_per_{what}", "calls", "count", an_echo(name)) for name in CALLS]


# --- Memory: the experiment holds connections; points.py takes the growth.


def user_bytes(trial: dict) -> float | None:
    return of_server(trial, "user_bytes")


def kernel_bytes(trial: dict) -> float | None:
    """Slab caches and socket buffers; both ends of a connection are in there."""
    kernel = trial.get("kernel") or {}
    found = [kernel.get("slab_bytes"), kernel.get("tcp_bytes")]
    return None if None in found else sum(found)


MEMORY = {"user_bytes": user_bytes, "kernel_bytes": kernel_bytes}


# --- What an experiment shows.


@dataclass(frozen=True)
class Shape:
    """The chart of an experiment: its panels, its x axis, what is drawn.

    panel and x read the fields that even a failed trial has; None: nowhere.
    """

    x: Callable[[dict], float | None]
    metrics: list[Metric]
    panel: Callable[[dict], str] = lambda t: ""


def offered(trial: dict) -> float | None:
    """Percent of its own capacity, or echoes a second, as the load was given."""
    if trial.get("load") is not None:
        return round(100 * trial["load"])
    planned = trial.get("rate_planned")
    return None if planned is None else round(planned)


def syscall_panel(trial: dict) -> str:
    return f"{trial['active']:,} active, {trial['idle']:,} idle"


SHAPES: dict[str, Shape] = {
    "idle": Shape(lambda t: t["idle"], PLAIN, lambda t: str(t["active"])),
    "active": Shape(lambda t: t["active"], PLAIN),
    "size": Shape(
        lambda t: t.get("size"),
        [
            Metric("mib_per_s", "MiB/s", "rate", mib_a_second),
            Metric("cpu_per_mib", "us", "cpu", cpu_a_mib),
            *calls("echo"),
            Metric("again_per_echo", "calls", "count", an_echo("again")),
            *PLAIN,
        ],
    ),
    "rate": Shape(
        offered,
        [
            quantile("response_p50", "latency", 2),
            quantile("response_p99", "latency", 100),
            quantile("response_p999", "latency", 1000),
            quantile("service_p50", "service", 2),
            quantile("service_p99", "service", 100),
            quantile("service_p999", "service", 1000),
            quantile("lag_p50", "lag", 2, "lag"),
            quantile("lag_p99", "lag", 100, "lag"),
            RATE,
            Metric("offered", "echoes/s", "rate", lambda t: t["rate_planned"]),
            CPU,
        ],
        lambda t: "absolute" if t.get("load") is None else "load",
    ),
    "churn": Shape(
        lambda t: 0,
        [
            Metric("rate", "connections/s", "rate", lambda t: t["rate"]),
            P50,
            P99,
            quantile("handshake_p50", "handshake", 2),
            quantile("handshake_p99", "handshake", 100),
            Metric("cpu_per_connection", "us", "cpu", cpu_an_echo),
            *calls("connection"),
            SHARE,
        ],
    ),
    "syscalls": Shape(
        lambda t: 0,
        [
            *[Metric(name, "calls/echo", "count", an_echo(name)) for name in CALLS],
            Metric("again", "calls/echo", "count", an_echo("again")),
            EVENTS,
            SCANNED,
        ],
        syscall_panel,
    ),
    "fairness": Shape(
        lambda t: t.get("firehoses"),
        [P50, P99, RATE, Metric("firehose_mib_per_s", "MiB/s", "rate", firehose_mib_a_second)],
    ),
}
