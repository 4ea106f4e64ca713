"""Axes and labels: what gnuplot can't place so that nothing covers anything else."""

import math
from dataclasses import dataclass

NICE = (1, 2, 5)
CHARACTER = 6.9  # pixels of width, about, at the size of the labels


@dataclass
class Axis:
    """An axis from its low to its high end."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, place: float) -> float:
        if self.log:
            return self.low * (self.high / self.low) ** place
        return self.low + place * (self.high - self.low)


def three(value: float) -> str:
    """Three digits that matter."""
    if value >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def in_thousands(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def in_time(microseconds: float) -> str:
    for size, unit in ((1e6, "s"), (1e3, "ms"), (1, "µs")):
        if microseconds >= 0.9995 * size:
            return f"{microseconds / size:.3g} {unit}"
    return f"{microseconds * 1e3:.3g} ns" if microseconds else "0"


def in_bytes(value: float) -> str:
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {unit}"
    return f"{three(value)} B"


def tell(value: float, unit: str) -> str:
    """A figure as short as a chart wants it."""
    if unit in ("us", "ms"):
        return in_time(value * (1e3 if unit == "ms" else 1))
    if unit.endswith("/s") and "B" not in unit:
        return f"{in_thousands(value)}/s"
    if unit == "MiB/s":
        return f"{three(value)} MiB/s"
    return in_bytes(value) if unit == "bytes" else three(value)


def tick(value: float, unit: str) -> str:
    """The same beside an axis, where "a second" would be said too often."""
    name = "0" if value == 0 else tell(value, unit)
    return name.removesuffix("/s").removesuffix(" MiB")


def linear_steps(low: float, high: float) -> list[float]:
    """Round numbers, four to seven of them."""
    power = 10 ** math.floor(math.log10(high - low))
    for step in (power * nice for nice in (2, 1, 0.5, 0.2)):
        first = math.ceil(low / step - 1e-9)
        found = [step * i for i in range(first, math.floor(high / step + 1e-9) + 1)]
        if len(found) >= 4:
            break
    return found


def log_steps(low: float, high: float) -> list[float]:
    """Powers of ten; between them as much as a short axis needs."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for between in ((1,), (1, 3), (1, 2, 5)):
        found = [n * 10.0**p for p in powers for n in between if low <= n * 10.0**p <= high]
        if len(found) >= 3:
            break
    if len(found) > 7:
        found = found[:: -(-len(found) // 7)]
    return found if len(found) >= 3 else linear_steps(low, high)


def y_axis(values: list[float], log: bool) -> Axis:
    """From the least to the greatest, with some air; from 0 when it is linear."""
    positive = [value for value in values if value > 0] or [1.0]
    if not log:
        return Axis(0, max(positive) * 1.06, False)
    low, high = min(positive), max(positive)
    air = max((high / low) ** 0.08, 1.08)
    return Axis(low / air, high * air, True)


def y_ticks(axis: Axis, unit: str) -> list[tuple[str, float]]:
    steps = log_steps(axis.low, axis.high) if axis.log else linear_steps(axis.low, axis.high)
    return [(tick(value, unit), value) for value in steps]


def room_for(
    ticks: list[tuple[str, float]], axis: Axis, pixels: float
) -> list[tuple[str, float]]:
    """The ends keep their names, the others where there is room on so many pixels."""
    kept: list[tuple[str, float]] = []

    def apart(one: tuple[str, float], other: tuple[str, float]) -> bool:
        wanted = (len(one[0]) + len(other[0])) / 2 * CHARACTER + 5
        return abs(axis.place(one[1]) - axis.place(other[1])) * pixels >= wanted

    for one in [*ticks[-1:], *ticks[:1], *ticks[1:-1]]:
        if all(apart(one, other) for other in kept):
            kept.append(one)
    return [one if one in kept else ("", one[1]) for one in ticks]


def spread_labels(places: list[float], gap: float) -> list[float]:
    """Move them as little as needed until each has `gap` to the next one.

    Labels that come too close form a block, which is centred on where its
    members want to be; blocks that then touch are joined.  Results keep the
    order of the input's values; all stay within 0 and 1 if they fit.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[list[int]] = []

    def bottom(block: list[int]) -> float:
        centre = sum(places[i] for i in block) / len(block)
        extent = gap * (len(block) - 1)
        return min(max(centre - extent / 2, 0), 1 - extent)

    for i in order:
        blocks.append([i])
        while len(blocks) > 1:
            below, above = blocks[-2], blocks[-1]
            if bottom(above) - (bottom(below) + gap * (len(below) - 1)) >= gap:
                break
            blocks[-2:] = [below + above]
    moved = [0.0] * len(places)
    for block in blocks:
        for step, i in enumerate(block):
            moved[i] = bottom(block) + gap * step
    return moved
