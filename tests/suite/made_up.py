"""Trials that nobody measured, for tests that need to know the answers."""

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "suite"))

import histogram  # noqa: E402  (the path comes first)
from options import FLOOR, THE_FOUR  # noqa: E402

IDLE = [0, 100, 300, 900, 3000, 10000, 19000]
ACTIVE = [1, 100]
SELECT_HOLDS = 1019


def index(value: int) -> int:
    """The bucket of a value: bench/histogram.h."""
    b = (value >> histogram.K).bit_length()
    low_bits = (1 << histogram.K) - 1
    return (b << histogram.K) | ((value >> (b - 1)) & low_bits) if b else value


def latency(values: list[int]) -> dict:
    """The histogram of these nanoseconds, as loadgen would write it."""
    buckets: dict[int, int] = {}
    small = [value for value in values if value < 1 << 36]
    for value in small:
        buckets[index(value)] = buckets.get(index(value), 0) + 1
    return {
        "unit": "ns",
        "k": histogram.K,
        "count": len(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "sum": sum(values),
        "overflow": len(values) - len(small),
        "buckets": [[i, buckets[i]] for i in sorted(buckets)],
    }


def trial(name: str, round_: int, idle: int, active: int, **changes) -> dict:
    """A valid one: 1,000 echoes in one second, 10 us of CPU time each."""
    echoes = changes.get("echoes", 1000)
    made = {
        "server_name": name,
        "round": round_,
        "order": 1,
        "seed": 1,
        "outcome": "measured",
        "valid": True,
        "reason": None,
        "limited_by": None,
        "idle": idle,
        "active": active,
        "held": idle + active,
        "errors": {"wrong_bytes": 0, "closed": 0, "lost": 0, "unserved": 0},
        "seconds": 1.0,
        "echoes": echoes,
        "rate": float(echoes),
        "latency": latency([1000]),
        "server": {"cpu_seconds": echoes * 10e-6, "user_bytes": 100000 + 64 * idle},
        "generator": {"cpu_seconds": 0.5, "cpu_share": 0.5},
    }
    return {**made, **changes}


def limit(server: str, round_: int, idle: int, active: int, held: int) -> dict:
    """The end of a climb: the server held fewer, and that was all right."""
    reason = f"the server served {held} of {idle + active} connections"
    return trial(
        server, round_, idle, active, outcome="limit", valid=False, held=held, echoes=0,
        limited_by="server", reason=reason, latency=latency([]), server=None,
    )


def failed(server: str, round_: int, idle: int, active: int, reason: str = "it died") -> dict:
    return {
        "server_name": server, "round": round_, "order": 1, "seed": 1, "outcome": "failed",
        "valid": False, "reason": reason, "idle": idle, "active": active, "held": 0,
    }


def cpu_of(server: str, idle: int, active: int) -> float:
    """Seconds an echo: a wait costs what it searches, shared by those ready."""
    if server == FLOOR:
        return 4.2e-6
    search = {"select_server": 70e-9, "poll_server": 60e-9 + 35e-9 * (idle > 2000)}
    wait = 1.2e-6 + (idle + active) * search.get(server, 0) * (12 if idle > 9000 else 1)
    return 4.4e-6 + wait * (3 if active == 1 else 0.02) + 0.1e-6 * (server == "poll_server")


def plausible_trial(dice: random.Random, server: str, round_: int, idle: int, active: int) -> dict:
    noise = dice.uniform(0.97, 1.03)
    cpu = cpu_of(server, idle, active) * noise
    rate = 1 / (cpu + 50e-6) if active == 1 else 1 / max(cpu, 5.2e-6 * noise)
    echoes = int(rate * 0.3)
    ns = 1e9 * active / rate
    values = [int(ns * dice.uniform(0.8, 1.5)) for _ in range(min(echoes, 2000))]
    return trial(
        server, round_, idle, active,
        echoes=echoes, rate=rate, seconds=0.3, latency=latency(values),
        server={"cpu_seconds": cpu * echoes, "user_bytes": 100000 + 62 * idle},
        generator={"cpu_seconds": 0.25, "cpu_share": 0.98 if active > 1 else 0.3},
    )


def plausible_run(rounds: int = 5, more: tuple = (), idle: tuple = tuple(IDLE)) -> list[dict]:
    """A whole run on a quiet machine, as it might come out."""
    dice = random.Random(7)
    trials = []
    for round_ in range(1, rounds + 1):
        trials += [plausible_trial(dice, FLOOR, round_, 0, active) for active in ACTIVE]
        for server in THE_FOUR + list(more):
            points = [(i, a) for i in idle for a in ACTIVE]
            if server == "select_server":
                trials.append(limit(server, round_, 3000, 1, SELECT_HOLDS))
                points = [point for point in points if sum(point) <= SELECT_HOLDS]
            trials += [plausible_trial(dice, server, round_, *point) for point in points]
    return trials


def environment(servers: list[str], rounds: int = 5) -> dict:
    """As much of it as the charts' captions need."""
    return {
        "cpu_model": "Made-up CPU",
        "cpus_allowed": [0, 1],
        "hypervisor": None,
        "kernel": "6.1.0",
        "plan": {
            "servers": servers, "rounds": rounds, "seconds": 0.3, "size": 64,
            "idle": IDLE, "active": ACTIVE,
        },
    }
