"""Trials that nobody measured, for tests that need to know the answers.

    python3 tests/suite/made_up.py DIR [--peers] [--mine] [--doubtful] [--failed]

writes a whole run into DIR: trials.ndjson, environment.json, and the figures as
a real run leaves them.  The machine is invented, but its four servers behave as
the lesson says: select and poll pay for every connection at each wait, epoll
pays for those that are ready.

Tests use the small pieces: trial() is one valid trial with every field that
bench/README.md lists, and named fields replace what it would have.
"""

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "suite"))

from figures import figures  # noqa: E402  (the path comes first)
from figures import histogram  # noqa: E402

FOUR = ["select_server", "poll_server", "epoll_lt_server", "epoll_et_server"]
PEERS = ["threads", "libuv", "libevent", "io_uring"]
TWIN, FLOOR, MINE = "epoll_lt_again", "floor", "mine"
EXPERIMENTS = [
    "idle", "active", "size", "rate", "percentiles",
    "churn", "memory", "syscalls", "fairness", "freeze",
]
IDLE = [0, 900, 5000, 19000]
SIZES = [16, 256, 4096, 65536, 1048576]
RATES = [1000, 5000, 10000, 20000]
SELECT_HOLDS = 1019
US = 1000  # nanoseconds
GENERATOR_MOST = 190e3  # echoes a second that the invented generator can send
STEP = 4  # buckets that get their counts together: a histogram is soon made


@dataclass
class Character:
    """What makes a server of the invented machine differ from another one."""

    wait: float  # CPU microseconds of a wait when nothing is watched
    scan: float  # nanoseconds more for each connection that is watched
    user: int  # bytes of its own for a connection
    accept: float  # CPU microseconds of a connection that comes and goes
    calls_of_epoll: float = 0.0  # epoll_ctl calls for a connection


CHARACTERS = {
    "select_server": Character(1.5, 70, 62, 31.0),
    "poll_server": Character(1.6, 62, 72, 31.4),
    "epoll_lt_server": Character(1.2, 0, 64, 32.0, 1.0),
    "epoll_et_server": Character(1.0, 0, 66, 32.2, 1.0),
    TWIN: Character(1.2, 0, 64, 32.0, 1.0),
    MINE: Character(3.0, 0, 410, 60.0, 1.0),
    "threads": Character(6.0, 0, 9200, 55.0),
    "libuv": Character(3.4, 0, 350, 38.0),
    "libevent": Character(4.8, 0, 520, 42.0),
    "io_uring": Character(2.0, 0, 210, 36.0),
}
COUNTED = FOUR + [TWIN]  # the programs that count their own calls


def kind_of(server: str) -> str:
    if server in FOUR:
        return "four"
    return {TWIN: "twin", FLOOR: "floor"}.get(server, "peer" if server in PEERS else "mine")


# --- Histograms.


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


def alike(count: int, ns: int) -> dict:
    """So many values that are all the same."""
    return {
        "unit": "ns", "k": histogram.K, "count": count, "min": ns if count else None,
        "max": ns if count else None, "sum": count * ns, "overflow": 0,
        "buckets": [[index(ns), count]] if count else [],
    }


def below(value: float, median: float, spread: float) -> float:
    """The part of a lognormal distribution that lies below `value`."""
    return 0.5 * (1 + math.erf(math.log(value / median) / (spread * math.sqrt(2))))


def bell(count: int, median: float, spread: float = 0.12, tail: float = 0.004) -> dict:
    """So many nanoseconds about `median`; a small part is 4 times as long."""
    buckets, done, total = [], 0, 0
    i = index(int(median / math.exp(5 * spread))) // STEP * STEP
    while done < count:
        edge = histogram.low(i + STEP)
        part = (1 - tail) * below(edge, median, spread) + tail * below(edge, 4 * median, 0.35)
        here = min(round(count * part), count) - done
        if here > 0:
            buckets.append([i + STEP // 2, here])
            done, total = done + here, total + here * histogram.low(i + STEP // 2)
        i += STEP
    least = histogram.low(buckets[0][0]) if buckets else None
    most = histogram.high(buckets[-1][0]) if buckets else None
    return {
        "unit": "ns", "k": histogram.K, "count": count, "min": least, "max": most,
        "sum": total, "overflow": 0, "buckets": buckets,
    }


# --- Single trials.


def counters(echoes: int, **changes) -> dict:
    """What one of the four counts when it waits once for each echo."""
    made = {
        "waits": echoes, "ready_events": echoes, "scanned": echoes, "accepts": 0,
        "receives": echoes, "sends": echoes, "again": 0, "epoll_ctls": 0,
        "bytes_received": 64 * echoes, "bytes_sent": 64 * echoes,
        "connections_total": 1, "listener_pauses": 0, "connections": 1, "connections_peak": 1,
    }
    return {**made, **changes}


def trial(name: str, round_: int, idle: int = 0, active: int = 1, **changes) -> dict:
    """A valid one: 1,000 echoes of 1 us in one second, 10 us of CPU time each."""
    echoes = changes.get("echoes", 1000)
    made = {
        "run": "made-up", "round": round_, "order": 1, "seed": 1,
        "time": "2026-01-01T00:00:00Z", "server_name": name, "kind": kind_of(name),
        "experiment": "idle", "outcome": "measured", "role": "figure",
        "load": None, "capacity": None, "doubts": [],
        "schema": 2, "mode": "closed", "valid": True, "reason": None, "limited_by": None,
        "idle": idle, "active": active, "firehoses": 0, "firehose_bytes": 0, "size": 64,
        "wanted": idle + active, "held": idle + active,
        "opened": {"connections": idle + active, "seconds": 0.1},
        "errors": {"wrong_bytes": 0, "closed": 0, "lost": 0, "unserved": 0},
        "rate_planned": None, "planned": 0, "unsent": 0, "warm_up": 0.2, "seconds": 1.0,
        "echoes": echoes, "rate": float(echoes), "latency": alike(echoes, 1000),
        "freeze": None,
        "server": {
            "cpu_seconds": echoes * 10e-6, "cpu_user_seconds": 0.0, "cpu_system_seconds": 0.0,
            "user_bytes": 100000 + 64 * idle,
            "context_switches": {"voluntary": 0, "involuntary": 0},
            "counters": None,
        },
        "generator": {"cpu_seconds": 0.5, "cpu_share": 0.5, "spin_seconds": 0.0},
        "kernel": {"slab_bytes": 50 << 20, "tcp_bytes": 0},
        "steal_seconds": 0.0,
    }
    return {**made, **changes}


def limit(server: str, round_: int, idle: int, active: int, held: int, **changes) -> dict:
    """The end of a climb: the server held fewer, and that was all right."""
    reason = f"the server served {held} of {idle + active} connections"
    made = {
        "outcome": "limit", "valid": False, "held": held, "echoes": 0, "rate": 0.0,
        "limited_by": "server", "reason": reason, "latency": latency([]), "server": None,
    }
    return trial(server, round_, idle, active, **{**made, **changes})


def failed(server: str, round_: int, idle: int = 0, active: int = 1, **changes) -> dict:
    """Of which loadgen said nothing at all."""
    made = {
        "run": "made-up", "round": round_, "order": 1, "seed": 1,
        "time": "2026-01-01T00:00:00Z", "server_name": server, "kind": kind_of(server),
        "experiment": "idle", "outcome": "failed", "role": "figure",
        "load": None, "capacity": None, "doubts": [],
        "valid": False, "reason": "it died", "idle": idle, "active": active, "held": 0,
    }
    return {**made, **changes}


# --- The invented machine.


def batch_of(active: int) -> float:
    """Ready events that one wait reports."""
    return max(1.0, active / 5)


def wait_cost(server: str, watched: int) -> float:
    """CPU microseconds of a wait; what doesn't fit the cache costs much more."""
    who = CHARACTERS[server]
    return who.wait + who.scan * watched / 1000 * (12 if watched > 9000 else 1)


def cpu_of(server: str, active: int, idle: int, size: int = 64) -> float:
    """CPU seconds of an echo."""
    echo = 4.0 + size * 0.00018
    if server == FLOOR:
        return echo * 1e-6
    sleep = 1.5 if active == 1 else 0
    return (echo + sleep + wait_cost(server, active + idle) / batch_of(active)) * 1e-6


def rate_of(server: str, active: int, idle: int, size: int = 64) -> float:
    """Echoes a second, closed loop."""
    cpu = cpu_of(server, active, idle, size)
    if active == 1:
        return 1 / (2 * cpu + 35e-6)
    return min(1 / cpu, GENERATOR_MOST / (1 + size / 30000))


def parts(size: int) -> int:
    """Calls of recv (and of send) that an echo of this size needs."""
    return max(1, math.ceil(size / 65536))


def made_counters(server: str, echoes: int, active: int, idle: int, size: int = 64) -> dict | None:
    if server not in COUNTED:
        return None
    waits = int(echoes / batch_of(active)) + 1
    scanning = CHARACTERS[server].scan > 0
    edge = server == "epoll_et_server"
    return counters(
        echoes,
        waits=waits,
        scanned=waits * (active + idle) if scanning else echoes,
        receives=echoes * (parts(size) + edge),
        sends=echoes * parts(size),
        again=echoes * edge,
        bytes_received=size * echoes,
        bytes_sent=size * echoes,
    )


@dataclass
class Machine:
    """Makes the trials of one server in one round of one experiment."""

    dice: random.Random
    server: str
    round: int
    experiment: str

    def noise(self) -> float:
        return self.dice.lognormvariate(0, 0.012)

    def point(self, idle: int, active: int, cpu: float, rate: float, **changes) -> dict:
        """The trial at such a rate, with such a CPU time an echo."""
        seconds = changes.get("seconds", 0.3)
        size = changes.get("size", 64)
        echoes = int(rate * seconds)
        share = min(0.97, 0.06 + rate / GENERATOR_MOST * 0.85)
        usage = {
            "cpu_seconds": cpu * echoes,
            "cpu_user_seconds": cpu * echoes * 0.1,
            "cpu_system_seconds": cpu * echoes * 0.9,
            "user_bytes": self.user_bytes(active + idle),
            "context_switches": {"voluntary": echoes if active == 1 else 20, "involuntary": 3},
            "counters": made_counters(self.server, echoes, active, idle, size),
        }
        made = {
            "experiment": self.experiment, "echoes": echoes, "rate": echoes / seconds,
            "seconds": seconds, "server": usage,
            "latency": bell(echoes, 1e9 * active / rate),
            "generator": {
                "cpu_seconds": share * seconds, "cpu_share": share, "spin_seconds": 0.0,
            },
        }
        return trial(self.server, self.round, idle, active, **{**made, **changes})

    def user_bytes(self, held: int) -> int | None:
        if self.server == FLOOR:
            return 100000
        return 100000 + CHARACTERS[self.server].user * held

    def closed(self, idle: int, active: int, **changes) -> dict:
        size = changes.get("size", 64)
        noise = self.noise()
        rate = rate_of(self.server, active, idle, size) / noise
        cpu = cpu_of(self.server, active, idle, size) * noise
        if active == 1:  # the timings of both processes vary, not just the server's
            rate *= self.noise()
        return self.point(idle, active, cpu, rate, **changes)

    def opened(self, idle: int, rate: float, **changes) -> dict:
        """Open loop with 100 connections: queues grow towards the capacity."""
        most = rate_of(self.server, 100, idle)
        busy = rate / most
        cpu = cpu_of(self.server, 100, idle) * self.noise() * (1.3 - 0.3 * min(busy, 1))
        seconds = changes.get("seconds", 0.3)
        done = int(min(rate, most) * seconds)
        median = (40 * US + 1e9 * cpu) * self.noise()
        queued = median * (1 + 0.6 * busy / max(1 - busy, 0.02)) if busy < 1 else 1e8
        share = 0.06 + min(rate, most) / GENERATOR_MOST * 0.85
        made = {
            "mode": "open", "rate_planned": float(rate), "planned": int(rate * seconds),
            "unsent": max(int((rate - most) * seconds), 0),
            "latency": bell(done, queued, 0.25 + 0.3 * min(busy, 1)),
            "service": bell(done, median * (1 + 0.3 * min(busy, 1)), 0.2),
            "lag": bell(done, 900, 0.3),
            "generator": {
                "cpu_seconds": seconds * 0.99, "cpu_share": 0.99,
                "spin_seconds": seconds * max(0.99 - share, 0),
            },
        }
        return self.point(idle, 100, cpu, min(rate, most), **{**made, **changes})

    def churned(self) -> dict:
        """Ten slots: connect, one echo, reset."""
        cpu = CHARACTERS[self.server].accept * 1e-6 * self.noise()
        rate = 1 / (cpu + 8e-6)
        done = int(rate * 0.3)
        made = self.point(0, 10, cpu, rate, mode="churn", handshake=bell(done, 45 * US, 0.2))
        if made["server"]["counters"] is not None:
            each = int(done * CHARACTERS[self.server].calls_of_epoll)
            made["server"]["counters"] |= {
                "accepts": int(done * 1.2), "receives": 2 * done, "epoll_ctls": each,
                "waits": int(done * 1.4), "connections_total": done,
            }
        return made

    def hold(self, number: int) -> dict:
        """Only opens connections, and looks at the memory."""
        kernel = {
            "slab_bytes": (50 << 20) + int(number * 7400 * self.noise()),
            "tcp_bytes": 0,
        }
        made = trial(
            self.server, self.round, number, 0, experiment=self.experiment, mode="hold",
            kernel=kernel, echoes=0, latency=latency([]), seconds=0.1,
        )
        made["server"] |= {"cpu_seconds": 0.01, "user_bytes": self.user_bytes(number)}
        return made

    def crowded(self, firehoses: int) -> dict:
        """Ten small talkers, and streams beside them that take their turn."""
        made = self.closed(0, 10)
        turn = firehoses * 22e-6 * self.noise()
        rate = 1 / (1 / made["rate"] + turn / 5)
        streamed = int(firehoses and 0.3 * 1.4e9 * (1 - 0.5 / firehoses))
        return self.point(
            0, 10, made["server"]["cpu_seconds"] / made["echoes"] * (1 + firehoses), rate,
            firehoses=firehoses, firehose_bytes=streamed,
        )


def frozen_closed(server: str) -> dict:
    """One connection, stopped for 0.25 s of 1 s: one echo takes it all."""
    values = [80 * US] * 9000 + [250_000 * US]
    return trial(
        server, 1, 0, 1, experiment="freeze", echoes=len(values), rate=float(len(values)),
        latency=latency(values), freeze={"at": 0.4, "seconds": 0.25},
    )


def frozen_open(server: str) -> dict:
    """A thousand a second in equal gaps, each of 100 connections every 100 ms."""
    response, service = [], []
    free = [0.0] * 100
    for j in range(1000):
        planned = j * 1e6
        sent = max(planned, free[j % 100])
        done = sent + 80 * US
        if 400e6 <= sent < 650e6:
            done = 650e6 + 80 * US
        free[j % 100] = done
        response.append(int(done - planned))
        service.append(int(done - sent))
    return trial(
        server, 1, 0, 100, experiment="freeze", mode="open", rate_planned=1000.0, planned=1000,
        unsent=0, echoes=1000, latency=latency(response), service=latency(service),
        lag=latency([900] * 1000), freeze={"at": 0.4, "seconds": 0.25},
    )


# --- Experiments.


def fits(server: str, number: int) -> bool:
    return server != "select_server" or number <= SELECT_HOLDS


def idle_trials(machine: Machine) -> list[dict]:
    made = []
    for number in [0] if machine.server == FLOOR else IDLE:
        if not fits(machine.server, number + 100):
            return made + [limit(machine.server, machine.round, number, 1, SELECT_HOLDS)]
        made += [machine.closed(number, active) for active in (1, 100)]
    return made


def active_trials(machine: Machine) -> list[dict]:
    counts = [1, 10, 100] if machine.server == FLOOR else [1, 10, 100, 1000]
    return [machine.closed(0, active) for active in counts]


def size_trials(machine: Machine) -> list[dict]:
    return [machine.closed(0, 10, size=size) for size in SIZES]


def capacity_trial(machine: Machine, idle: int) -> dict:
    return machine.closed(idle, 100, role="capacity")


def rate_trials(machine: Machine) -> list[dict]:
    first = capacity_trial(machine, 0)
    most = first["rate"]
    made = [first] + [machine.opened(0, rate) for rate in RATES]
    for load in (0.1, 0.5, 0.9):
        made.append(machine.opened(0, most * load, load=load, capacity=most))
    return made


def percentile_trials(machine: Machine) -> list[dict]:
    made = []
    for idle in (0, 5000):
        if not fits(machine.server, idle + 100):
            ended = limit(machine.server, machine.round, idle, 100, SELECT_HOLDS)
            return made + [{**ended, "experiment": "percentiles", "role": "capacity"}]
        first = capacity_trial(machine, idle)
        at_half = {"load": 0.5, "capacity": first["rate"], "seconds": 1.0}
        made += [first, machine.opened(idle, first["rate"] / 2, **at_half)]
    return made


def memory_trials(machine: Machine) -> list[dict]:
    made = [machine.hold(100), machine.hold(1000)]
    if fits(machine.server, 10000):
        return made + [machine.hold(10000)]
    ended = {"wanted": 10000, "idle": 10000, "limited_by": "server"}
    ended["reason"] = f"the server served {SELECT_HOLDS} of 10000 connections"
    return made + [{**machine.hold(SELECT_HOLDS), **ended}]


def syscall_trials(machine: Machine) -> list[dict]:
    points = [(idle, active) for idle in (0, 900) for active in (1, 100)]
    fitting = [p for p in points if fits(machine.server, sum(p))]
    made = [machine.closed(*point) for point in fitting]
    if len(fitting) < len(points):
        ended = limit(machine.server, machine.round, 1000, 100, SELECT_HOLDS)
        made.append({**ended, "experiment": "syscalls"})
    return made


def fairness_trials(machine: Machine) -> list[dict]:
    return [machine.crowded(firehoses) for firehoses in (0, 1, 4)]


def freeze_trials(machine: Machine) -> list[dict]:
    if machine.round > 1:
        return []
    return [frozen_closed(machine.server), frozen_open(machine.server)]


MAKERS = {
    "idle": idle_trials,
    "active": active_trials,
    "size": size_trials,
    "rate": rate_trials,
    "percentiles": percentile_trials,
    "churn": lambda machine: [machine.churned()],
    "memory": memory_trials,
    "syscalls": syscall_trials,
    "fairness": fairness_trials,
    "freeze": freeze_trials,
}
WITH_TWIN = ("idle", "active", "churn")
WITH_FLOOR = ("idle", "active")


def whole_run(
    rounds: int = 6,
    peers: bool = False,
    mine: bool = False,
    experiments: tuple = tuple(EXPERIMENTS),
    servers: tuple = tuple(FOUR),
    seed: int = 7,
) -> list[dict]:
    """A run on a quiet machine, as it might come out."""
    dice = random.Random(seed)
    made = []
    for number in range(1, rounds + 1):
        for name in experiments:
            turns = list(servers) + [MINE] * mine + PEERS * peers
            turns += [TWIN] * (name in WITH_TWIN) + [FLOOR] * (name in WITH_FLOOR)
            dice.shuffle(turns)
            for order, server in enumerate(turns, 1):
                trials = MAKERS[name](Machine(dice, server, number, name))
                made += [{**t, "order": order, "round": number} for t in trials]
    return made


def make_doubtful(trials: list[dict]) -> list[dict]:
    """Doubts of each kind: one point never valid, others in single rounds."""
    changed = []
    for t in trials:
        name, doubts = t["server_name"], []
        if t["experiment"] == "active" and t["active"] == 1000 and name == "epoll_et_server":
            doubts = ["generator"]
        if t["experiment"] == "rate" and t.get("rate_planned") == RATES[-1] and t["round"] == 2:
            doubts = ["rate", "lag"]
        if t["experiment"] == "churn" and name == "poll_server" and t["round"] == 1:
            doubts = ["steal"]
        changed.append({**t, "doubts": doubts} if t["outcome"] == "measured" else t)
    return changed


def make_failed(trials: list[dict]) -> list[dict]:
    """poll fails once in `idle`; mine, if there, in every round of `size`."""
    changed = []
    for t in trials:
        once = (t["server_name"], t["experiment"], t["round"]) == ("poll_server", "idle", 2)
        always = (t["server_name"], t["experiment"]) == (MINE, "size")
        if (once and t["idle"] == 5000) or (always and t["size"] == 4096):
            where = {"experiment": t["experiment"], "size": t["size"]}
            reason = "1 connection answered with other bytes than were sent"
            changed.append(
                failed(t["server_name"], t["round"], t["idle"], t["active"], reason=reason, **where)
            )
        elif not (always and t["size"] > 4096):
            changed.append(t)
    return changed


def environment(trials: list[dict]) -> dict:
    """The invented machine, and the plan that these trials would follow."""
    kinds = {t["server_name"]: t["kind"] for t in trials}
    names = [n for n in FOUR + [MINE] + PEERS + [TWIN, FLOOR] if n in kinds]
    rounds = max((t["round"] for t in trials), default=0)
    return {
        "kernel": "6.1.0-made-up",
        "kernel_build": "#1 SMP",
        "architecture": "x86_64",
        "c_library": "glibc 2.36",
        "cpu_model": "Made-up CPU @ 3.00GHz",
        "cpus_online": 2,
        "cpus_allowed": [0, 1],
        "cpu_of_server": 0,
        "cpu_of_generator": 1,
        "hypervisor": None,
        "mitigations": {"meltdown": "Not affected"},
        "clock_source": "tsc",
        "governor": "performance",
        "load_average": [0.0, 0.0, 0.0],
        "open_files_limit": 20000,
        "sysctl": {"net.core.somaxconn": "4096"},
        "build": {"compiler": "cc 12.2.0", "flags": ["-O2"]},
        "source": {"commit": "0" * 40, "dirty": False},
        "plan": {
            "experiments": [e for e in EXPERIMENTS if any(t["experiment"] == e for t in trials)],
            "mode": "quick" if rounds < 6 else "default" if rounds < 12 else "full",
            "servers": {name: kinds[name] for name in names},
            "rounds": rounds,
            "seed": 7,
            "idle_cut": [],
            "remark": None,
        },
    }


def run_of(trials: list[dict], folder: Path | None = None) -> figures.Run:
    return figures.make_run(trials, environment(trials), folder)


def write(folder: Path, trials: list[dict]) -> None:
    """As a run leaves them, with the tables of its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(t, separators=(",", ":")) + "\n" for t in trials]
    (folder / "trials.ndjson").write_text("".join(lines))
    (folder / "environment.json").write_text(json.dumps(environment(trials), indent=2) + "\n")
    figures.write_tables(folder, figures.make_figures(run_of(trials)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a run that nobody measured.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=6)
    for flag in ("peers", "mine", "doubtful", "failed"):
        parser.add_argument(f"--{flag}", action="store_true")
    asked = parser.parse_args()
    trials = whole_run(asked.rounds, asked.peers, asked.mine)
    if asked.doubtful:
        trials = make_doubtful(trials)
    if asked.failed:
        trials = make_failed(trials)
    write(asked.folder, trials)
    print(f"{len(trials)} trials in {asked.folder}")


if __name__ == "__main__":
    main()
