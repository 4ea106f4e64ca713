"""A run that was never measured: lines of trials.ndjson, from a simple model of the servers."""

import json
import math
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "suite"))

from experiments import DEFAULT, EXPERIMENTS, MOST  # noqa: E402  (the path comes first)
from figures import Point, Run, load_run  # noqa: E402

FOUR = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
PEERS = ("threads", "libuv", "libevent", "io_uring")
LT, TWIN, FLOOR, MINE = "epoll_lt_server", "epoll_lt_again", "floor", "mine"
SPEED = {"epoll_et_server": 0.98, "threads": 1.3, "libuv": 1.1, "libevent": 1.4, "io_uring": 0.9,
         FLOOR: 0.8}
NOISE = 0.01  # of a turn, where its neighbours have none of it
CYCLES, ROUNDS = 8, 3
ENVIRONMENT = {
    "kernel": "6.1.0", "cpu_model": "Made-up CPU", "cpus_allowed": [0, 1], "hypervisor": "kvm",
    "command": "bench/run --seed=1", "remarks": [], "open_files_limit": 20000,
    "plan": {"mode": "default", "rounds": ROUNDS, "seed": 1},
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
                            turn = load.turn if experiment.name == "turns" else None
                            yield Point(load.mode, silent, active, size, streams, rate, turn)
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


def user_bytes(server: str, held: int) -> int:
    return 100_000 + (62 if server in FOUR else 700) * held


def held(server: str, point: Point) -> bool:
    """select stops at FD_SETSIZE; the floor has no idle connections."""
    most = 1000 if server == "select_server" else 0 if server == FLOOR else math.inf
    return point.idle <= most


def turns(server: str, point: Point, dice: random.Random) -> dict:
    """Of 20 ms each; a cycle's own speed is in all servers' turns alike: see `line`."""
    each = [cpu(server, point) * dice.gauss(1, NOISE) for _ in range(CYCLES)]
    echoes = [round(0.02 * (point.rate or 0.9 / one)) for one in each]
    slow = 1 + 4 * point.firehoses + (point.rate or 0) / 40000
    used = [one * count for one, count in zip(each, echoes)]
    return {
        "place": [0] * CYCLES, "seconds": [0.02] * CYCLES, "echoes": echoes, "cpu": used,
        "generator_cpu": [0.019] * CYCLES, "spin": [0.0] * CYCLES,
        "p50": [round(6e9 * slow * one) for one in each], "instructions": None,
    }


def counters(server: str, point: Point, echoes: int) -> dict:
    waits = round(echoes / batch(point))
    churn = point.mode == "churn"
    return {
        "waits": waits, "ready_events": echoes, "receives": echoes, "sends": echoes,
        "scanned": round(scanned(server, point) * echoes), "again": 0,
        "accepts": echoes * churn, "epoll_ctls": echoes * (churn and "epoll" in server),
    }


def trial(server: str, point: Point, dice: random.Random) -> dict:
    """As loadgen would write it."""
    common = {"server": server, "wanted": point.idle + point.active, "reason": None,
              "held": point.idle + point.active, "valid": True, "limited_by": None, "errors": {}}
    if not held(server, point):
        why = {"valid": False, "limited_by": "server", "held": 1000, "reason": "it is full"}
        return common | why
    if point.mode == "hold":
        kernel = {"slab_bytes": 5e7 + 4400 * point.idle, "tcp_bytes": 0}
        return common | {"server_use": {"user_bytes": user_bytes(server, point.idle)},
                         "kernel": kernel}
    made = turns(server, point, dice)
    echoes = sum(made["echoes"])
    p99 = 10 * sorted(made["p50"])[CYCLES // 2]
    late = 0.2 if server == "poll_server" and point.rate == 50000 else 0.01
    return common | {
        "turns": made, "echoes": echoes, "seconds": 0.02 * CYCLES,
        "latency": {"p50": p99 / 10, "p99": p99}, "lag": {"p50": late * p99 / 10},
        "server_use": {"counters": counters(server, point, echoes)},
    }


def line(experiment, point: Point, number: int, servers, dice: random.Random) -> dict:
    return {
        "schema": 3, "experiment": experiment.name, "round": number, "mode": point.mode,
        "idle": point.idle, "active": point.active, "firehoses": point.firehoses,
        "size": point.size, "rate_planned": point.rate, "turn": point.turn or 0.02, "cycles": CYCLES, "seconds": 1.0,
        "steal_seconds": 0, "cpus": 2, "time": "2026-01-02T03:04:05Z",
        "trials": [trial(server, point, dice) for server in servers],
    }


def latency(slow: float, count: int, base: float = 4e4, most: float = 0.25e9) -> dict:
    """Quantiles where `slow` of all echoes waited for a stopped server."""
    shares = [0, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9]
    known = [p for p in shares if count * (1 - p / 100) >= 10] or [0]
    values = [max(base, most * (1 - (1 - p / 100) / slow)) for p in known]
    quantiles = [list(pair) for pair in zip(known, values)]
    return {"count": count, "max": most, "p99": values[known.index(98)], "quantiles": quantiles}


def frozen(server: str) -> list[dict]:
    """The two lines of a server that stood still."""
    shared = {"schema": 3, "experiment": "freeze", "round": 1, "idle": 0, "size": 64,
              "firehoses": 0, "turn": 1.0, "steal_seconds": 0, "seconds": 1.2, "cpus": 2}
    own = {"server": server, "wanted": 1, "held": 1, "valid": True, "reason": None, "errors": {},
           "limited_by": None, "freeze": {"at": 0.4, "seconds": 0.25}, "seconds": 1.0}
    closed = own | {"echoes": 18000, "latency": latency(1e-9, 18000)}
    opened = own | {"echoes": 1000, "latency": latency(0.25, 1000), "service": latency(0.1, 1000)}
    return [
        shared | {"mode": "closed", "active": 1, "rate_planned": None, "trials": [closed]},
        shared | {"mode": "open", "active": 100, "rate_planned": 1000, "trials": [opened]},
    ]


def waits() -> list[dict]:
    """Kerrisk's table: 1.3 µs, and 140 ns per descriptor that is scanned."""
    return [
        {"schema": 1, "mechanism": mechanism, "watched": watched, "ready": ready, "waits": 1000,
         "cpu_ns_per_wait": ns, "low": 0.97 * ns, "high": 1.03 * ns, "round": 1}
        for mechanism in ("select", "poll", "epoll_lt", "epoll_et")
        for watched in (10, 100, 500, 1000, 5000, 19000)
        for ready in sorted({1, 10, watched})
        if mechanism != "select" or watched <= 1019
        for ns in [1300 + 140 * watched * ("epoll" not in mechanism) + 60 * ready]
    ]


def lines(names=None, servers=(*FOUR, TWIN, FLOOR), rounds: int = ROUNDS) -> list[dict]:
    """All experiments, or those named."""
    dice, made = random.Random(1), []
    for experiment in (e for e in EXPERIMENTS if names is None or e.name in names):
        there = [s for s in servers if experiment.floor or s != FLOOR]
        if experiment.one_server_at_a_time:
            there = [s for s in there if s != TWIN]
        for point in dict.fromkeys(points(experiment)):
            for number in range(1, rounds + 1):
                made.append(line(experiment, point, number, there, dice))
        if experiment.name == "freeze":
            made += [one for server in there for one in frozen(server)]
    return made


def write(folder: Path, trials: list[dict], with_waits: bool = True, **environment) -> Path:
    """A results folder."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"trials": trials, "waits": waits() if with_waits else []}
    for name, of in texts.items():
        text = "".join(json.dumps(one) + "\n" for one in of)
        (folder / f"{name}.ndjson").write_text(text)
    (folder / "environment.json").write_text(json.dumps(ENVIRONMENT | environment))
    return folder


def whole_run(folder: Path, names=None, **options) -> Run:
    with_waits = names is None or "waits" in names
    return load_run(write(folder, lines(names, **options), with_waits))
