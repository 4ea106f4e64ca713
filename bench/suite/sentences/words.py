"""Numbers as people say them."""

from figures.intervals import Interval


def short(name: str) -> str:
    """poll_server is poll where it stands among the others, epoll_lt_server epoll LT."""
    plain = name.removesuffix("_server")
    return {"epoll_lt": "epoll LT", "epoll_et": "epoll ET"}.get(plain, plain)


def number(value: float) -> str:
    """Three digits that matter, thousands with commas."""
    if abs(value) >= 100:
        digits = len(str(int(abs(value)))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def time_unit(microseconds: float) -> tuple[float, str]:
    """The unit that suits it, and how many microseconds that is."""
    if microseconds < 999.5:
        return 1, "us"
    return (1e3, "ms") if microseconds < 999500 else (1e6, "s")


def amount(microseconds: float) -> str:
    """A time in the unit that suits it."""
    scale, unit = time_unit(microseconds)
    return f"{microseconds / scale:.3g} {unit}"


def between(value: float, low: float, high: float, unit: str) -> str:
    """A median with its interval, the unit once: 5.2 ms (5.1-5.3)."""
    scale, word = time_unit(value) if unit == "us" else (1, "")
    ends = f"({number(low / scale)}-{number(high / scale)})"
    return f"{number(value / scale)}{' ' + word if word else ''} {ends}"


def factor(value: float) -> str:
    """A ratio: the nearer to 1, the more decimals matter."""
    if value >= 10:
        return number(value)
    if 0.9 < value < 1.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def in_unit(value: float, unit: str) -> str:
    return amount(value) if unit == "us" else f"{number(value)} {unit}"


def pair(first: float, second: float, unit: str) -> str:
    """12,300 against 20 echoes/s: the unit once, where it is the same."""
    if unit == "us":
        return f"{amount(first)} against {amount(second)}"
    return f"{number(first)} against {number(second)} {unit}"


def reaches(interval: Interval) -> str:
    return f"{factor(interval.low)} to {factor(interval.high)}"


def some(count: int, noun: str) -> str:
    """1 round, 2 rounds."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(words: list[str]) -> str:
    """one, two and three"""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def percent(part: float) -> str:
    return f"{100 * part:.3g} %"
