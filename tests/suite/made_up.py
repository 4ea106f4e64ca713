"""A run that was never measured: figures from a simple model of what each server does."""

import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "suite"))

from experiments import DEFAULT, EXPERIMENTS, MOST  # noqa: E402  (the path comes first)
from figures import Figure, Point, Ratio, Run  # noqa: E402

FOUR = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
PEERS = ("threads", "libuv", "libevent", "io_uring")
LT, TWIN = "epoll_lt_server", "epoll_lt_again"
SPEED = {"epoll_et_server": 0.98, "threads": 1.3, "libuv": 1.1, "libevent": 1.4, "io_uring": 0.9,
         "floor": 0.8, TWIN: 1.004}
NOISE = 0.01  # half of an interval
ENVIRONMENT = {
    "kernel": "6.1.0", "cpu_model": "Made-up CPU", "cpus_allowed": [0, 1], "hypervisor": "kvm",
    "command": "bench/run --seed=1", "remarks": [], "open_files_limit": 20000,
    "plan": {"mode": "default", "rounds": 3, "seed": 1},
}


def points(experiment):
    """Every combination of the lists of its loads."""
    for load in experiment.loads.get(DEFAULT, ()):
        if load.freeze:
            continue
        for idle in load.idle:
            for active in load.active:
                for size in load.size:
                    for streams in load.firehoses:
                        for rate in load.rate or (None,):
                            silent = 19000 if idle == MOST else idle
                            yield Point(load.mode, silent, active, size, streams, rate)
        for hold in load.hold:
            yield Point("hold", hold)


def scanned(server: str, point: Point) -> float:
    """Descriptors per echo: select and poll scan all, for every batch of ready ones."""
    watched = point.idle + point.active
    if server not in ("select_server", "poll_server"):
        return 1.0
    return watched / batch(point)


def batch(point: Point) -> float:
    """Ready connections per wait."""
    return 1.5 if point.mode == "open" else max(point.active / 2, 1)


def cpu(server: str, point: Point) -> float:
    wait = (2e-6 + 140e-9 * (scanned(server, point) * batch(point))) / batch(point)
    return (4e-6 + wait + 0.3e-9 * point.size) * SPEED.get(server, 1)


def metrics(server: str, point: Point) -> dict[str, float]:
    """What loadgen and the counters would say."""
    if point.mode == "hold":
        return {"user_bytes": 62.0 if server in FOUR else 700.0, "kernel_bytes": 4400.0}
    each, mib = cpu(server, point), point.size / (1 << 20)
    busy = 1 + 4 * point.firehoses + (point.rate or 0) / 40000
    return {
        "cpu": each, "rate": 0.9 / each, "p50": busy * each * 6, "p99": busy * each * 40,
        "mib_rate": 0.9 / each * mib, "cpu_per_mib": each / mib,
        "scanned_per_echo": scanned(server, point), "waits_per_echo": 1 / batch(point),
        "calls_per_echo": 2 + 1 / batch(point), "receives_per_echo": 1.0, "sends_per_echo": 1.0,
        "epoll_ctls_per_echo": float(point.mode == "churn" and "epoll" in server),
    }


def around(value: float) -> tuple[float, float, float]:
    return value, value * (1 - NOISE), value * (1 + NOISE)


def held(server: str, point: Point) -> bool:
    """select stops at FD_SETSIZE, and the floor scans nothing: no idle ones."""
    most = 1019 if server == "select_server" else 0 if server == "floor" else math.inf
    return point.idle <= most


def suspect(server: str, point: Point) -> bool:
    return server == "poll_server" and point.rate == 80000


def make_ratio(experiment, metric, server, point) -> Ratio:
    value = metrics(server, point)[metric] / metrics(LT, point)[metric]
    claim = abs(math.log(value)) > 0.015 and server != TWIN
    return Ratio(experiment.name, metric, server, point, *around(value), 12, 3, 1.012, claim)


def add(run: Run, experiment, servers) -> None:
    for point in dict.fromkeys(points(experiment)):
        for server in servers:
            if not held(server, point):
                continue
            for metric, value in metrics(server, point).items():
                doubt = suspect(server, point)
                why = ("the generator sent late",) if doubt else ()
                run.figures.append(
                    Figure(experiment.name, metric, server, point, *around(value), doubt, why)
                )
            for metric in experiment.compare:
                if server != LT:
                    run.ratios.append(make_ratio(experiment, metric, server, point))


def waits() -> list[dict]:
    """Kerrisk's table: 1.3 µs, and 14 ns per descriptor that is scanned."""
    lines = []
    for mechanism in ("select", "poll", "epoll_lt", "epoll_et"):
        for watched in (10, 100, 500, 1000, 5000, 19000):
            for ready in sorted({1, 10, watched}):
                scans = watched if mechanism in ("select", "poll") else 0
                ns = 1300 + 140 * scans + 60 * ready
                if mechanism != "select" or watched <= 1019:
                    lines.append({"schema": 1, "mechanism": mechanism, "watched": watched,
                                  "ready": ready, "waits": 1000, "cpu_ns_per_wait": ns,
                                  "low": 0.97 * ns, "high": 1.03 * ns, "round": 1})
    return lines


def latency(slow: float, count: int, base: float = 4e4, most: float = 0.25e9) -> dict:
    """Quantiles where `slow` of all echoes waited for a stopped server."""
    shares = [0, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9]
    known = [p for p in shares if count * (1 - p / 100) >= 10] or [0]
    values = [max(base, most * (1 - (1 - p / 100) / slow)) if slow else base for p in known]
    return {"count": count, "max": most, "quantiles": [list(pair) for pair in zip(known, values)]}


def frozen(server: str) -> list[dict]:
    common = {"experiment": "freeze", "round": 1, "server": server, "valid": True, "reasons": [],
              "freeze": {"at": 0.4, "seconds": 0.25}, "idle": 0, "size": 64, "seconds": 1.0}
    closed = latency(1e-9, 18000)
    return [
        common | {"mode": "closed", "active": 1, "echoes": 18000, "latency": closed},
        common | {"mode": "open", "active": 100, "echoes": 1000, "rate_planned": 1000,
                  "latency": latency(0.25, 1000), "service": latency(0.1, 1000)},
    ]


def whole_run(folder: Path, names=None, servers=(*FOUR, TWIN, "floor"), **environment) -> Run:
    """All experiments, or those named."""
    run = Run(folder, ENVIRONMENT | environment, [])
    wanted = [e for e in EXPERIMENTS if names is None or e.name in names]
    for experiment in wanted:
        add(run, experiment, [s for s in servers if experiment.floor or s != "floor"])
    if any(e.name == "waits" for e in wanted):
        run.waits = waits()
    for server in servers[:4] if any(e.name == "freeze" for e in wanted) else ():
        run.trials += frozen(server)
    return run
