"""A run that nobody measured, for tests that need to know the answers.

    python3 tests/suite/made_up_folder.py DIR

writes trials.ndjson, waits.ndjson and environment.json of an invented machine into
DIR.  Its four servers behave as the lesson says: select and poll pay for every
connection at each wait, epoll for those that are ready.
"""

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "suite"))

FOUR = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]
SELECT, POLL, LT, ET = FOUR
TWIN, FLOOR = "epoll_lt_again", "floor"
SELECT_HOLDS = 1019
WAIT = {SELECT: 1.5e-6, POLL: 1.6e-6, LT: 1.2e-6, ET: 1.15e-6, TWIN: 1.2e-6, FLOOR: 0}
USER = {SELECT: 62, POLL: 72, LT: 64, ET: 66, TWIN: 64}  # bytes per connection


def distribution(p50: float, count: int) -> dict:
    """Latency in loadgen's form; p50 in seconds."""
    ns = int(p50 * 1e9)
    parts = {"p50": ns, "p90": 2 * ns, "p99": 5 * ns, "p999": 9 * ns}
    curve = [[50, ns], [90, 2 * ns], [99, 5 * ns], [99.9, 9 * ns]]
    ends = {"count": count, "sum": count * ns, "min": ns // 2, "max": 10 * ns}
    return {**ends, **parts, "quantiles": curve}


def cpu_per_echo(server: str, idle: int, active: int) -> float:
    scanned = idle * 65e-9 if server in (SELECT, POLL) else 0
    return 4e-6 + (WAIT[server] + scanned) / max(active / 2, 1)


def turns(cpu: float, cycles: int, seconds: float, p50: float, dice: random.Random) -> dict:
    """Arrays of a trial in which each echo took `cpu`, more or less."""
    each = [cpu * dice.gauss(1, 0.01) for _ in range(cycles)]
    echoes = [int(seconds / one) for one in each]
    used = [one * count for one, count in zip(each, echoes)]
    return {
        "place": [0] * cycles, "seconds": [seconds] * cycles, "echoes": echoes, "cpu": used,
        "generator_cpu": [seconds * 0.9] * cycles, "spin": [0.0] * cycles,
        "p50": [int(p50 * 1e9)] * cycles, "instructions": None,
    }


def trial(server: str, dice: random.Random, idle=0, active=1, cycles=10, seconds=0.02,
          cpu: float | None = None, **changes) -> dict:
    """A valid one; named fields replace what it would have."""
    cost = cpu_per_echo(server, idle, active) if cpu is None else cpu
    measured = turns(cost, cycles, seconds, 5 * cost, dice)
    echoes = sum(measured["echoes"])
    waits = max(2 * echoes // max(active, 1), 1)
    counted = {"receives": echoes, "sends": echoes, "waits": waits, "epoll_ctls": 0, "accepts": 0,
               "scanned": waits * idle if server in (SELECT, POLL) else echoes,
               "ready_events": echoes, "again": 0}
    made = {
        "server": server, "wanted": idle + active, "held": idle + active, "valid": True,
        "reason": None, "limited_by": None, "turns": measured, "echoes": echoes,
        "errors": dict.fromkeys(("wrong_bytes", "refused", "closed", "lost", "unserved"), 0),
        "seconds": cycles * seconds, "firehose_bytes": 0, "planned": None, "unsent": None,
        "latency": distribution(5 * cost, echoes), "service": None, "lag": None, "freeze": None,
        "handshake": None,
        "server_use": {
            "cpu_seconds": sum(measured["cpu"]), "awake_seconds": 0.0, "outside_seconds": 1.0,
            "user_bytes": 500000 + USER.get(server, 60) * (idle + active),
            "context_switches": {"voluntary": 1, "involuntary": 1}, "echoes_all": echoes,
            "counters": counted if server in WAIT and server != FLOOR else None,
        },
        "kernel": {"slab_bytes": 50000000 + 6000 * (idle + active), "tcp_bytes": 4096},
        "generator": {"cpu_seconds": 0.18, "spin_seconds": 0.0, "paused_seconds": 0},
    }
    return {**made, **changes}


def full(server: str, idle: int, active: int) -> dict:
    return {"server": server, "valid": False, "limited_by": "server", "held": SELECT_HOLDS,
            "wanted": idle + active, "reason": f"held {SELECT_HOLDS}", "errors": {}}


def line(experiment: str, number: int, trials: list[dict], idle=0, active=1, **changes) -> dict:
    """A line of trials.ndjson."""
    made = {
        "run": "made-up", "experiment": experiment, "round": number,
        "time": "2026-01-01T00:00:00Z", "schema": 3, "mode": "closed", "idle": idle,
        "active": active, "firehoses": 0, "size": 64, "rate_planned": None, "gaps": None,
        "seed": 1, "turn": 0.02, "start": 0.005, "cycles": 10, "steal_seconds": 0.0,
        "seconds": 1.0, "cpus": 2, "trials": trials,
    }
    return {**made, **changes}


def point(experiment: str, number: int, servers: list[str], dice, idle=0, active=1, changes=None,
          **of_line) -> dict:
    made = [
        full(server, idle, active)
        if server == SELECT and idle + active > SELECT_HOLDS
        else trial(server, dice, idle, active, **(changes or {}))
        for server in servers
    ]
    return line(experiment, number, made, idle, active, **of_line)


def held(number: int, server: str, dice, count: int) -> dict:
    """Mode hold has no turns."""
    most = min(count, SELECT_HOLDS) if server == SELECT else count
    one = trial(server, dice, most, 0, cycles=1, wanted=count)
    return line("memory", number, [one], count, 0, mode="hold")


def whole_run(rounds: int = 3, seed: int = 1) -> list[dict]:
    """Every experiment, on a machine without surprises."""
    dice, lines = random.Random(seed), []
    everyone = [*FOUR, TWIN]
    open_loop = {"mode": "open", "rate_planned": 20000, "gaps": "exponential"}
    for r in range(1, rounds + 1):
        for idle in (0, 900, 19000):
            lines += [point("idle", r, everyone, dice, idle, active) for active in (1, 100)]
        lines += [point("active", r, [*everyone, FLOOR], dice, 0, n) for n in (1, 10, 100)]
        lines += [point("size", r, everyone, dice, 0, 10, size=size) for size in (64, 16384)]
        lines.append(point("latency", r, everyone, dice, 0, 100, **open_loop))
        lines.append(point("churn", r, everyone, dice, 0, 10, mode="churn"))
        lines += [point("fairness", r, everyone, dice, 0, 10, firehoses=n) for n in (0, 4)]
        lines += [held(r, name, dice, n) for name in everyone for n in (100, 10000)]
    frozen = {"freeze": {"at": 0.4, "seconds": 0.25}, "cycles": 1, "seconds": 1.0}
    lines += [point("freeze", 1, [name], dice, changes=frozen) for name in FOUR]
    return lines


def waits() -> list[dict]:
    names = {"select": 1.4e-8, "poll": 1.5e-8, "epoll_lt": 0, "epoll_et": 0}
    return [
        {"run": "made-up", "round": 1, "schema": 1, "mechanism": name, "watched": n, "ready": 1,
         "waits": 1000, "cpu_ns_per_wait": 1300 + 1e9 * scan * n, "low": 1290 + 1e9 * scan * n,
         "high": 1310 + 1e9 * scan * n}
        for name, scan in names.items()
        for n in (10, 100, 1000)
        if name != "select" or n < 1000
    ]


def environment(servers: list[str] = FOUR, **changes) -> dict:
    kinds = {name: "four" if name in FOUR else "mine" for name in servers}
    kinds |= {TWIN: "twin", FLOOR: "floor"}
    plan = {"experiments": ["idle"], "mode": "default", "servers": kinds, "rounds": 3, "seed": 1}
    made = {
        "kernel": "6.1.0", "cpu_model": "Invented CPU", "cpus_allowed": [0, 1], "cpus_online": 2,
        "cpu_of_server": 0, "cpu_of_generator": 1, "hypervisor": None, "governor": "performance",
        "load_average": [0.1, 0.1, 0.1], "open_files_limit": 20000, "command": "bench/run",
        "source": {"commit": "0" * 40, "dirty": False}, "remarks": [], "plan": plan,
        "build": {"compiler": "cc 12.2.0", "flags": ["-O2"]},
    }
    return {**made, **changes}


def write(folder: Path, lines: list[dict], machine: dict | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)

    def texts(records: list) -> str:
        return "".join(json.dumps(record) + "\n" for record in records)

    (folder / "trials.ndjson").write_text(texts(lines))
    (folder / "waits.ndjson").write_text(texts(waits()))
    (folder / "environment.json").write_text(json.dumps(machine or environment()))
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]), whole_run())
