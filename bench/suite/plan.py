"""The plan: which servers get which loads, in which order, and how long that takes.

Rounds are outermost, so a run that ends early has whole rounds of everything.  A
step is one load on fresh processes: those of all servers, which take turns, or,
where an experiment wants that, of one server.
"""

import itertools
import random
from dataclasses import dataclass, replace

from experiments import BY_NAME, MOST, WAITS, WAITS_SECONDS, Experiment, Load
from options import FLOOR, LT, TWIN, Options

MOST_BY_DEFAULT = 20000  # opening more takes poll minutes: n times n
FLOOR_MOST = 128  # connections that the program `floor` can serve
LEAST_LIMIT = 32  # of open files; with less not even the programs run

# What each of these takes, in seconds, as measured on a virtual machine with two CPUs.
START = 0.005  # uncounted beginning of a turn
OPENING = 1 / 25000  # a connection: opened, proved by an echo, and closed again
SEARCHED = 9e-9  # more, times n * n, where n connections are scanned each time
SCANNING = 5e-7  # one wait, for each connection that is scanned ...
ECHOES = 30  # ... and a turn has at least this many echoes
DRAIN = 0.001  # its last replies, and until the server sleeps
STARTING = 0.03  # a server and what belongs to it, started and stopped
LOADING = 0.05  # the load generator, started and ended
DRAWING = 0.4  # an experiment's figures, charts and part of the report, once


@dataclass
class Step:
    """One run of the load generator, on fresh processes of these servers."""

    round: int  # from 1
    experiment: str
    servers: list[str]
    load: Load | None  # None: bench/baseline/waits
    seed: int = 0  # decides the order of turns and the gaps of an open loop
    seconds: float = 0  # that bench/baseline/waits takes


def points(load: Load) -> list[dict]:
    """What is measured, in loadgen's order and words."""
    if load.mode == "hold":
        return [{"idle": n, "active": 0, "wanted": n} for n in load.hold]
    names = ("idle", "size", "active", "firehoses", "rate_planned")
    lists = (load.idle, load.size, load.active, load.firehoses, load.rate or (None,))
    return [dict(zip(names, numbers)) for numbers in itertools.product(*lists)]


def connections(point: dict) -> int:
    return point["idle"] + point["active"] + point.get("firehoses", 0)


def two_digits(number: int) -> int:
    """Rounded down to two leading digits: 19884 is 19000."""
    unit = 10 ** max(len(str(number)) - 2, 0)
    return number // unit * unit


def room_for(limit: int) -> int:
    """Connections that fit, of a limit of open files: a server needs one for each."""
    return limit - min(64, max(20, limit // 4))


def cut(numbers: tuple, room: int) -> tuple:
    """These numbers of connections; those that don't fit become the most that does."""
    most = two_digits(max(room, 0))
    wanted = [min(most, MOST_BY_DEFAULT) if n == MOST else n for n in numbers]
    return tuple(sorted({n if n <= room else most for n in wanted}))


def fitted(load: Load, limit: int) -> Load:
    """The load as far as this machine can carry it."""
    room = room_for(limit)
    if load.mode == "hold":
        return replace(load, hold=cut(load.hold, room))
    with_idle = load.idle != (0,)
    streams = cut(load.firehoses, room // 4)
    active = cut(load.active, max((room * 2 // 3 if with_idle else room) - max(streams), 1))
    idle = cut(load.idle, room - max(active) - max(streams))
    return replace(load, firehoses=streams, active=active, idle=idle)


def asked_loads(options: Options, experiment: Experiment) -> list[Load]:
    """As declared, with what the options say."""
    loads = list(experiment.loads[options.pace])
    if experiment.name == "idle" and (options.idle or options.active):
        idle = tuple(options.idle or dict.fromkeys(n for load in loads for n in load.idle))
        loads = [replace(loads[0], idle=idle, active=tuple(options.active or loads[0].active))]
    return [with_turns(options, load) for load in loads]


def with_turns(options: Options, load: Load) -> Load:
    if load.mode == "hold" or load.freeze is not None:
        return load
    return replace(load, turn=options.turn or load.turn, cycles=options.cycles or load.cycles)


def loads_of(options: Options, experiment: Experiment, limit: int) -> list[Load]:
    """What is measured here; each once, also where two were cut to the same."""
    cut_loads = [fitted(load, limit) for load in asked_loads(options, experiment)]
    return list(dict.fromkeys(cut_loads))


def left_out(options: Options, limit: int) -> list[int]:
    """Numbers of connections that were wanted and don't fit."""

    def numbers(loads: list[Load]) -> set[int]:
        return {n for load in loads for n in (*load.idle, *load.active, *load.hold)} - {MOST}

    chosen = [BY_NAME[name] for name in options.experiments if name != WAITS]
    wanted = set().union(*(numbers(asked_loads(options, e)) for e in chosen))
    kept = set().union(*(numbers(loads_of(options, e, limit)) for e in chosen))
    return sorted(n for n in wanted - kept if n > room_for(limit) / 2)


def servers_for(options: Options, experiment: Experiment, load: Load) -> list[str]:
    """Epoll LT is there twice, so that every point shows what noise does.

    The floor serves exactly as many connections as it was started for.
    """
    names = list(options.servers)
    if LT in names and load.freeze is None:
        names.append(TWIN)
    bare = load.mode == "closed" and load.idle == (0,) and len(load.active) == 1
    if experiment.floor and bare and load.active[0] <= FLOOR_MOST:
        names.append(FLOOR)
    return names


def steps_of(options: Options, experiment: Experiment, number: int, limit: int, dice) -> list[Step]:
    """One round of one experiment."""
    if number > 1 and experiment.first_round_only:
        return []
    if experiment.name == WAITS:
        return [Step(number, WAITS, [], None, seconds=WAITS_SECONDS[options.pace])]
    steps = []
    for load in loads_of(options, experiment, limit):
        names = servers_for(options, experiment, load)
        dice.shuffle(names)
        groups = [[name] for name in names] if experiment.one_server_at_a_time else [names]
        steps += [Step(number, experiment.name, g, load, dice.randrange(10**9)) for g in groups]
    return steps


def make_plan(options: Options, limit: int) -> list[Step]:
    """Every step of the run; `limit` is that of open files."""
    dice = random.Random(options.seed)
    chosen = [BY_NAME[name] for name in options.experiments]
    return [
        step
        for number in range(1, options.rounds + 1)
        for experiment in chosen
        for step in steps_of(options, experiment, number, limit, dice)
    ]


def lessened(step: Step, full: dict[str, int], out: set[str]) -> Step:
    """Without the servers that don't start, or that are known not to carry it.

    `full` is how many connections a server held when it was found full.
    """
    least = min(connections(p) for p in points(step.load)) if step.load else 0
    servers = [s for s in step.servers if s not in out and least <= full.get(s, least)]
    return replace(step, servers=servers)


# --- How long it takes.


def opening_seconds(server: str, number: int) -> float:
    """poll scans all connections for each batch that came; select holds few."""
    return number * OPENING + (SEARCHED * number**2 if server == "poll_server" else 0)


def turn_seconds(server: str, load: Load, point: dict) -> float:
    """It has at least some echoes, so it is longer where poll scans many."""
    scanned = point["idle"] if server == "poll_server" else 0
    least = ECHOES * scanned * SCANNING / max(point["active"] / 2, 1)
    return START + max(load.turn, least) + DRAIN


def server_seconds(server: str, load: Load) -> float:
    """One server's part of a step."""
    each = points(load)
    seconds = STARTING + opening_seconds(server, max(map(connections, each)))
    if load.mode == "hold":
        return seconds
    cycles = load.cycles + (0 if load.freeze else 1)  # one to settle
    return seconds + sum(cycles * turn_seconds(server, load, p) for p in each)


def step_seconds(step: Step) -> float:
    if step.load is None:
        return step.seconds
    return LOADING + sum(server_seconds(name, step.load) for name in step.servers)


def run_seconds(options: Options, steps: list[Step]) -> float:
    """The whole run, with the report at its end."""
    return sum(map(step_seconds, steps)) + DRAWING * len(options.experiments)
