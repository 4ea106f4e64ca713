"""How sure are we?  Intervals of medians, and what noise alone can do.

The trial is the unit: a round gives one number, and a figure is the median of
the rounds.  How far it may lie from the true median needs no assumption about
how the numbers are spread.  Each round falls below the true median as a coin
falls, so the k-th least of n and the k-th greatest have it between them unless
fewer than k coins fell on one side:

    confidence = 1 - 2 P(Binomial(n, 1/2) < k)

With 6 rounds least to greatest has it in 96.9 % of all runs; with 9 rounds the
second ones in 96.1 %.  Fewer than 6 can't reach 95 %, whatever they measured.
"""

import math
import statistics
from dataclasses import dataclass

WANTED = 0.95


@dataclass(frozen=True)
class Interval:
    """The median of some rounds, and between which of them the true one lies."""

    value: float
    low: float
    high: float
    rounds: int

    @property
    def confidence(self) -> float:
        """How often an interval made like this one holds the true median."""
        return coverage(self.rounds, rank(self.rounds))

    def one_side(self) -> bool:
        """Is all of it on one side of 1?  A single round has no interval."""
        return self.rounds > 1 and (self.low > 1 or self.high < 1)


@dataclass(frozen=True)
class Band:
    """Ratios that the same server entered twice has shown to be noise."""

    low: float
    high: float

    def holds(self, ratio: float) -> bool:
        return self.low <= ratio <= self.high


def coverage(n: int, k: int) -> float:
    """The confidence of the interval from the k-th least of n to the k-th greatest."""
    outside = sum(math.comb(n, i) for i in range(k))
    return max(0.0, 1 - outside / 2 ** (n - 1)) if n > 0 else 0.0


def rank(n: int, wanted: float = WANTED) -> int:
    """The k of the narrowest interval that reaches it; 1 when none does."""
    enough = [k for k in range(1, n // 2 + 1) if coverage(n, k) >= wanted]
    return max(enough, default=1)


def median_interval(numbers: list[float]) -> Interval | None:
    """None without any numbers."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    k = rank(len(ordered))
    return Interval(statistics.median(ordered), ordered[k - 1], ordered[-k], len(ordered))


def paired_ratio(of: dict[int, float], to: dict[int, float]) -> Interval | None:
    """How many times `of` has what `to` has, pair by pair in their common rounds.

    What disturbs a round disturbs both of its halves, so most of it goes out of
    their ratio.  A round in which `to` is 0 has no ratio.
    """
    return median_interval([of[r] / to[r] for r in sorted(of) if to.get(r)])


def band_of(twin: Interval | None) -> Band | None:
    """The smallest difference that this machine can claim.

    The twin's true ratio is 1.  As far as its interval reaches from there, to
    whichever side, noise alone can bring any ratio, to either side.
    """
    if twin is None or twin.rounds < 2 or twin.low <= 0:
        return None
    reach = max(twin.high, 1 / twin.low)
    return Band(1 / reach, reach)


def is_different(ratio: Interval | None, band: Band | None) -> bool:
    """May it be said?  The interval leaves out 1, and the median the noise.

    Too few rounds often agree by chance: then all of the interval has to leave
    out the noise.
    """
    if ratio is None or not ratio.one_side():
        return False
    if band is None:
        return True
    if ratio.confidence < WANTED:
        return not (band.holds(ratio.low) or band.holds(ratio.high))
    return not band.holds(ratio.value)
