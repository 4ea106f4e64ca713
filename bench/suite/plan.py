"""The plan: which server holds what, in which order, and how long that takes."""

import random
from dataclasses import dataclass

from options import FLOOR, MOST, Options

RESERVE = 64  # descriptors for all that isn't a connection
MOST_BY_DEFAULT = 20000  # opening more takes poll minutes: n times n
FLOOR_MOST = 128  # connections that the program `floor` can serve
OPENED_A_SECOND = 10000  # a cautious guess, for the time-to-go only


@dataclass
class Climb:
    """One server process: its idle connections grow from step to step."""

    round: int  # from 1
    order: int  # its turn in this round, from 1
    server: str
    idle: list[int]
    active: list[int]

    def steps(self) -> list[tuple[int, int]]:
        """(idle, active) in the order in which loadgen measures them."""
        return [(idle, active) for idle in self.idle for active in self.active]


def two_digits(number: int) -> int:
    """Rounded down to two leading digits: 19884 is 19000."""
    unit = 10 ** max(len(str(number)) - 2, 0)
    return number // unit * unit


def what_fits(idle: list, active: list[int], limit: int) -> tuple[list[int], list[int]]:
    """The idle connections to measure with, and those that don't fit.

    `limit` is RLIMIT_NOFILE: a server needs a descriptor for each connection.
    """
    room = max(limit - RESERVE - max(active), 0)
    most = min(two_digits(room), MOST_BY_DEFAULT)
    wanted = [most if number == MOST else number for number in idle]
    return (
        sorted({number for number in wanted if number <= room}),
        [number for number in wanted if number > room],
    )


def make_plan(options: Options, idle: list[int]) -> list[Climb]:
    """Every climb of the run.

    All servers take their turn in each round, in an order that the seed
    decides.  The floor takes part with no idle connections, as a process of its
    own for each number of active ones, since it serves exactly as many.
    """
    dice = random.Random(options.seed)
    climbs = []
    for number in range(1, options.rounds + 1):
        turns = [(name, idle, options.active) for name in options.servers]
        turns += [(FLOOR, [0], [n]) for n in options.active if n <= FLOOR_MOST]
        dice.shuffle(turns)
        climbs += [Climb(number, i, *turn) for i, turn in enumerate(turns, 1)]
    return climbs


def step_seconds(options: Options, climb: Climb, step: int) -> float:
    """About how long a step takes: its opening and its load."""
    idle = climb.idle[step // len(climb.active)]
    first = step % len(climb.active) == 0
    before = climb.idle[step // len(climb.active) - 1] if step >= len(climb.active) else 0
    opening = (idle - before) / OPENED_A_SECOND if first else 0
    return options.warm_up + options.seconds + opening


def climb_seconds(options: Options, climb: Climb) -> float:
    return sum(step_seconds(options, climb, i) for i in range(len(climb.steps())))
