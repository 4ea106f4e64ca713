"""Numbers and names as people write them: for the report, the charts, the terminal, the book.

Values are in seconds, bytes, or counts; the unit that reads best is chosen here.
"""

import math
from dataclasses import dataclass

SECONDS, BYTES = "s", "B"

FOUR = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
LT = "epoll_lt_server"  # what the others are compared with
TWIN = "epoll_lt_again"  # epoll LT entered twice, to see how far equals differ
PEERS = ("threads", "libuv", "libevent", "io_uring")  # other ways to write such a server
FLOOR = "floor"  # bare recv and send: the least that an echo can cost


@dataclass(frozen=True)
class Noun:
    """How a metric is spoken of: the CPU time per echo, in seconds, less is better."""

    words: str
    unit: str = ""
    more_is_better: bool = False


NOUNS = {
    "cpu": Noun("CPU time per echo", SECONDS),
    "rate": Noun("echoes per second", "/s", True),
    "p50": Noun("median latency", SECONDS),
    "p90": Noun("90th percentile of the latency", SECONDS),
    "p99": Noun("99th percentile of the latency", SECONDS),
    "mib_rate": Noun("MiB per second", " MiB/s", True),
    "cpu_per_mib": Noun("CPU time per MiB", SECONDS),
    "user_bytes": Noun("memory per connection in the server", BYTES),
    "kernel_bytes": Noun("memory per connection in the kernel", BYTES),
    "instructions": Noun("instructions per echo"),
    "scanned_per_echo": Noun("descriptors scanned per echo"),
    "waits_per_echo": Noun("waits per echo"),
    "calls_per_echo": Noun("system calls per echo"),
}
NAMES = {"epoll_lt": "epoll LT", "epoll_et": "epoll ET", "epoll_lt_again": "epoll LT again"}


def short(server: str) -> str:
    """poll_server is poll, epoll_lt_server epoll LT."""
    plain = server.removesuffix("_server")
    return NAMES.get(plain, plain)


def noun(metric: str, mode: str = "closed") -> Noun:
    """Of a metric; in churn every echo is a connection."""
    found = NOUNS.get(metric, Noun(metric.replace("_", " ")))
    if mode != "churn":
        return found
    words = found.words.replace("per echo", "per connection").replace("echoes", "connections")
    return Noun(words, found.unit, found.more_is_better)


def number(value: float) -> str:
    """Three significant digits, thousands with commas: 0.95, 21, 19,000."""
    if abs(value) < 99.95:
        return f"{float(f'{value:.3g}'):g}"
    digits = len(str(int(abs(value)))) - 3
    return f"{round(value, -digits):,.0f}"


def amount(value: float, unit: str = "") -> str:
    """With the unit that suits it: 1.31 µs, 64 KiB, 190,000/s."""
    if unit == SECONDS:
        for scale, name in ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms")):
            if abs(value) < 999.5 * scale:
                return f"{number(value / scale)} {name}"
        return f"{number(value)} s"
    if unit == BYTES:
        for scale, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
            if abs(value) >= scale:
                return f"{number(value / scale)} {name}"
        return f"{number(value)} B"
    return number(value) + unit


def ratio(value: float, width: float = 0.0) -> str:
    """A ratio, to as many decimals as the width of its interval makes sense of."""
    digits = math.ceil(-math.log10(width)) + 1 if width > 0 else 2 - int(abs(value) >= 10)
    return f"{value:,.{min(max(digits, 0), 3)}f}"


def interval(value: float, low: float, high: float) -> str:
    """A ratio with its interval: 1.014 (1.010 to 1.022), 415 (398 to 440)."""
    width = high - low
    return f"{ratio(value, width)} ({ratio(low, width)} to {ratio(high, width)})"


def times(value: float, low: float, high: float) -> str:
    """1.014 times (1.010 to 1.022)"""
    return interval(value, low, high).replace(" (", " times (")


def percent(part: float) -> str:
    return f"{number(100 * part)} %"


def some(count: int, what: str) -> str:
    """no trials, 1 trial, 2 trials."""
    return f"{f'{count:,}' if count else 'no'} {what}{'' if count == 1 else 's'}"


def listed(parts: list[str], last: str = " and ") -> str:
    """one, two and three"""
    return last.join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".?!" else ".")
