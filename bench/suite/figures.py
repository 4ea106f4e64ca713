"""From trials to figures and ratios: what the report, the charts and the book read."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Point:
    """A load: what all servers got."""

    mode: str
    idle: int = 0
    active: int = 0
    size: int = 64
    firehoses: int = 0
    rate: int | None = None


@dataclass(frozen=True)
class Figure:
    """One metric of one server at one point: the median, and how far it can be trusted."""

    experiment: str
    metric: str
    server: str
    point: Point
    value: float | None  # None: every trial failed
    low: float | None
    high: float | None
    suspect: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ratio:
    """One metric of one server, divided by that of epoll LT cycle by cycle."""

    experiment: str
    metric: str
    server: str
    point: Point
    value: float
    low: float
    high: float
    cycles: int
    rounds: int
    aa: float | None  # how far epoll LT entered twice is from itself here: 1.02
    claim: bool  # outside of what noise explains


@dataclass
class Run:
    """A results folder, read."""

    folder: Path
    environment: dict
    trials: list[dict]  # each with its experiment, round and point
    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    waits: list[dict] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # what could not be shown, a sentence each
