"""The plan: which server gets which loads, in which order, how long that takes.

Rounds are outermost, so that a run that ends early has whole rounds of
everything; in a round comes one experiment after the other; in an experiment
the servers take their turns within seconds of each other, in an order that the
seed decides, because what a machine does changes slowly: a pair of neighbours
can be compared better than two medians.
"""

import itertools
import random
from dataclasses import dataclass, replace

from measure.experiments import BY_NAME, MOST, TALKERS, Experiment, Load
from options import FLOOR, THE_FOUR, TWIN, Options

MOST_BY_DEFAULT = 20000  # opening more takes poll minutes: n times n
SELECT_MOST = 1019  # FD_SETSIZE is 1024, and it has some files open beside them
FLOOR_MOST = 128  # connections that the program `floor` can serve
LEAST_LIMIT = 32  # of open files; with less not even the programs run
LT = THE_FOUR[2]

# What it takes, in seconds, as measured on a virtual machine with two CPUs.
OPENING = 1 / 25000  # a connection: opened, proved by an echo, and closed again
SEARCHED = 9e-9  # more, times n * n, where n connections are searched each time
STARTING = 0.06  # a server and what belongs to it, started and stopped
LOADING = 0.02  # the load generator, started and ended
TURNING = 0.01  # from one trial to the next
DRAWING = 1.5  # an experiment's figures, charts and part of the report, once


@dataclass
class Climb:
    """One server process, and the loads that are put on it one after the other."""

    round: int  # from 1
    order: int  # its turn in this experiment and round, from 1
    experiment: str
    server: str
    loads: list[Load]


def points(load: Load) -> list[dict]:
    """What its trials are asked for, in the order in which loadgen measures them.

    Rates stand as they are planned: those that are a share of the capacity are
    known only when that was measured.
    """
    if load.mode == "hold":
        return [{"idle": number, "active": 0} for number in load.hold]
    names = ("idle", "size", "active", "firehoses", "rate")
    rates = [*load.rate, *load.share] or [None]
    lists = (load.idle, load.size, load.active, load.firehoses, rates)
    return [dict(zip(names, numbers)) for numbers in itertools.product(*lists)]


def two_digits(number: int) -> int:
    """Rounded down to two leading digits: 19884 is 19000."""
    unit = 10 ** max(len(str(number)) - 2, 0)
    return number // unit * unit


def room_for(limit: int) -> int:
    """Connections that fit, of a limit of open files: a server needs one for each."""
    return limit - min(64, max(20, limit // 4))


def cut(numbers: tuple, room: int) -> tuple:
    """These numbers of connections, and for those that don't fit the most that does."""
    most = two_digits(max(room, 0))
    wanted = [min(most, MOST_BY_DEFAULT) if n == MOST else n for n in numbers]
    return tuple(sorted({n if n <= room else most for n in wanted}))


def fitted(load: Load, limit: int) -> Load:
    """The load as far as this machine can carry it."""
    room = room_for(limit)
    if load.mode == "hold":
        return replace(load, hold=cut(load.hold, room))
    silent = load.idle != (0,)
    streams = cut(load.firehoses, room // 4)
    active = cut(load.active, max((room * 2 // 3 if silent else room) - max(streams), 1))
    idle = cut(load.idle, room - max(active) - max(streams))
    return replace(load, firehoses=streams, active=active, idle=idle)


def loads_of(options: Options, experiment: Experiment, limit: int) -> list[Load]:
    """The loads of an experiment, each once, with what the options say."""
    loads = experiment.loads(options.pace.name)
    if experiment.name == "idle":
        idle, active = options.idle or loads[0].idle, options.active or loads[0].active
        loads = [replace(loads[0], idle=tuple(idle), active=tuple(active))]
    return list(dict.fromkeys(fitted(load, limit) for load in loads))


def asked(load: Load) -> list[int]:
    """The most connections of each kind that a load asks for, but for MOST."""
    return [n for n in (*load.idle, *load.active, *load.hold) if n != MOST]


def left_out(options: Options, limit: int) -> list[int]:
    """Numbers of connections that were wanted and don't fit."""
    wanted = {n for n in [*(options.idle or []), *(options.active or [])] if n != MOST}
    kept = set()
    for name in options.experiments:
        loads = BY_NAME[name].loads(options.pace.name)
        wanted |= {number for load in loads for number in asked(load)}
        kept |= {n for load in loads_of(options, BY_NAME[name], limit) for n in asked(load)}
    return sorted(n for n in wanted - kept if n > room_for(limit) / 2)


def floor_loads(load: Load) -> list[list[Load]]:
    """For each process of the floor, which serves exactly as many as it was told."""
    numbers = [n for n in load.active if n <= FLOOR_MOST]
    return [[replace(load, idle=(0,), active=(n,))] for n in numbers]


def turns_of(options: Options, experiment: Experiment, loads: list[Load]) -> list[tuple]:
    """Who takes part in an experiment, with which loads."""
    turns = [(name, loads) for name in options.servers]
    if experiment.twin and LT in options.servers:
        turns.append((TWIN, loads))
    if experiment.floor:
        turns += [(FLOOR, own) for own in floor_loads(loads[0])]
    return turns


def round_of(options: Options, number: int, limit: int, dice: random.Random) -> list[Climb]:
    """One round of all experiments.

    The floor is measured in every run, if need be by itself.
    """
    climbs = []
    chosen = [BY_NAME[name] for name in options.experiments]
    for experiment in chosen:
        if experiment.first_round_only and number > 1:
            continue
        turns = turns_of(options, experiment, loads_of(options, experiment, limit))
        dice.shuffle(turns)
        climbs += [Climb(number, i, experiment.name, *turn) for i, turn in enumerate(turns, 1)]
    if not any(experiment.floor for experiment in chosen):
        own = floor_loads(fitted(Load(active=(TALKERS,)), limit))[0]
        climbs.append(Climb(number, 1, FLOOR, FLOOR, own))
    return climbs


def make_plan(options: Options, limit: int) -> list[Climb]:
    """Every climb of the run; `limit` is that of open files."""
    dice = random.Random(options.seed)
    rounds = range(1, options.rounds + 1)
    return [climb for number in rounds for climb in round_of(options, number, limit, dice)]


def opening_seconds(server: str, connections: int) -> float:
    """To open so many.  poll searches them all for each batch that came; select has too few."""
    searched = SEARCHED * connections**2 if server == "poll_server" else 0
    return connections * OPENING + searched


def load_seconds(options: Options, climb: Climb, load: Load) -> float:
    """About how long a load takes: opening, warming up, measuring.

    select ends where it is full, and loadgen needs a while to believe it; where
    that is no news, it isn't asked again.
    """
    trials, each = points(load), trial_seconds(options, load)
    held = [point["idle"] + point["active"] for point in trials]
    fitting = [n for n in held if climb.server != THE_FOUR[0] or n <= SELECT_MOST]
    if len(fitting) == len(trials):
        return LOADING + opening_seconds(climb.server, max(held)) + len(trials) * each
    asked_again = LOADING + options.stall if BY_NAME[climb.experiment].counts else 0
    return asked_again + len(fitting) * each


def trial_seconds(options: Options, load: Load) -> float:
    """Without its opening."""
    if load.mode == "hold":
        return TURNING
    return options.warm_up + options.seconds * load.windows + TURNING


def climb_seconds(options: Options, climb: Climb) -> float:
    loads = sum(load_seconds(options, climb, load) for load in climb.loads)
    return STARTING + settling(options, climb.loads[0]) + loads


def settling(options: Options, load: Load) -> float:
    """Load before the first trial of a process, where its speed is measured."""
    timed = load.mode == "closed" and load.freeze is None
    return options.settle if timed else 0


def lessened(climb: Climb, held: int | None) -> Climb:
    """Without the loads that this server is known not to carry.

    `held` is how many connections it held when it was found full.  Where that
    number is part of the answer, it is asked again.
    """
    if held is None or climb.experiment == FLOOR or BY_NAME[climb.experiment].counts:
        return climb
    loads = [load for load in climb.loads if load.idle[0] + load.active[0] <= held]
    return replace(climb, loads=loads)


def run_seconds(options: Options, climbs: list[Climb]) -> float:
    """The whole run, with the report at its end."""
    measuring = sum(climb_seconds(options, climb) for climb in climbs)
    return measuring + DRAWING * len(options.experiments)
