"""What the figures say, in sentences that are made from them.

A sentence compares two servers only when every single round agrees with it;
otherwise it says that no difference was seen.
"""

from dataclasses import dataclass

from options import FLOOR
from table import Row, Spread, find, find_held, largest_idle, ratio

POLL, LT, ET = "poll_server", "epoll_lt_server", "epoll_et_server"
ENOUGH_ECHOES = 1000  # fewer support no 99th percentile: ten lie above it


@dataclass
class Data:
    """What sentences are made from."""

    trials: list[dict]
    rows: list[Row]
    servers: list[str]
    active: list[int]


def short(name: str) -> str:
    return name.removesuffix("_server")


def number(value: float) -> str:
    """Three digits that matter, thousands with commas."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def amount(microseconds: float) -> str:
    """A time in the unit that suits it."""
    if microseconds < 1000:
        return f"{microseconds:.3g} us"
    if microseconds < 999500:
        return f"{microseconds / 1000:.3g} ms"
    return f"{microseconds / 1e6:.3g} s"


def factor(value: float) -> str:
    """A ratio: near 1 the second decimal matters."""
    return number(value) if value >= 10 else f"{value:.2f}"


def times(s: Spread) -> str:
    return f"{factor(s.value)} times ({factor(s.minimum)} to {factor(s.maximum)})"


def agrees(s: Spread | None) -> bool:
    """Do all rounds lie on the same side of 1?"""
    return s is not None and (s.minimum > 1 or s.maximum < 1)


def common_idle(data: Data, servers: list[str], active: int) -> int | None:
    """The most idle connections with which each of them was measured."""
    most = [largest_idle(data.rows, server, active) for server in servers]
    return None if None in most else min(most)


def compare(
    data: Data, metric: str, active: int, first: str, second: str
) -> tuple[int, Spread] | None:
    """first : second where both hold the most; None when rounds disagree."""
    idle = common_idle(data, [first, second], active)
    if idle is None:
        return None
    s = ratio(data.trials, metric, (first, active, idle), (second, active, idle))
    return (idle, s) if s is not None and agrees(s) else None


def headline_rate(data: Data) -> str | None:
    found = compare(data, "rate", data.active[0], ET, POLL)
    if found is None or found[1].value < 1.1:
        return None
    idle, s = found
    where = f"{idle:,} idle, {data.active[0]} active"
    return f"{where}: epoll ET answers {factor(s.value)} times as often as poll"


def headline_cpu(data: Data) -> str | None:
    found = compare(data, "cpu_per_echo", data.active[0], POLL, ET)
    if found is None or found[1].value < 1.1:
        return None
    idle, s = found
    where = f"{idle:,} idle, {data.active[0]} active"
    return f"{where}: an echo costs poll {factor(s.value)} times the CPU time of epoll ET"


def headline_latency(data: Data) -> str | None:
    active = data.active[-1]
    idle = common_idle(data, [POLL, ET], active)
    if idle is None:
        return None
    poll, epoll = (find(data.rows, name, "p99", active, idle) for name in (POLL, ET))
    if poll is None or epoll is None or min(poll.echoes, epoll.echoes) < ENOUGH_ECHOES:
        return None
    if poll.min <= epoll.max:
        return None
    return (
        f"{idle:,} idle, {active} active: 99 of 100 echoes within "
        f"{amount(poll.value)} (poll), {amount(epoll.value)} (epoll ET)"
    )


def headline_held(data: Data) -> str | None:
    held = [row for row in (find_held(data.rows, name) for name in data.servers) if row]
    limited = [row for row in held if row.value < row.idle + row.active]
    if len(limited) != 1 or len(held) < 2:
        return None
    name, most = short(limited[0].server), limited[0].value
    return f"{name} holds {most:,.0f} connections, the others all that were asked for"


def rate_sentence(data: Data) -> str | None:
    active = data.active[0]
    idle = common_idle(data, [ET, POLL], active)
    if idle is None:
        return None
    s = ratio(data.trials, "rate", (ET, active, idle), (POLL, active, idle))
    where = f"{idle:,} idle, {active} active"
    if not agrees(s):
        return f"{where}: no difference seen between {ET} and {POLL}"
    return f"{where}: {ET} has {times(s)} the rate of {POLL}"


def spread_sentence(data: Data, active: int) -> str | None:
    """How far the servers lie apart when there is nothing to search."""
    rates = [find(data.rows, name, "rate", active, 0) for name in data.servers]
    found = [row for row in rates if row is not None and row.value > 0]
    if len(found) < 2:
        return None
    low, high = min(found, key=lambda r: r.value), max(found, key=lambda r: r.value)
    apart = 100 * (high.value / low.value - 1)
    return (
        f"0 idle, {active} active: the {len(found)} rates lie {apart:.0f} % apart, "
        f"{short(low.server)} {number(low.value)} to {short(high.server)} {number(high.value)}"
    )


def growth_sentence(data: Data, server: str, active: int) -> str | None:
    """Does an echo cost more when many connections are silent?"""
    idle = largest_idle(data.rows, server, active)
    if not idle:
        return None
    s = ratio(data.trials, "cpu_per_echo", (server, active, idle), (server, active, 0))
    if s is None:
        return None
    return f"{server}, {active} active: CPU time an echo at {idle:,} idle is {times(s)} that at 0"


def generator_remark(data: Data) -> str | None:
    """Who limited whom: on loopback the generator works as hard as the server."""
    busiest = max(
        (row for row in data.rows if row.metric == "generator_share"),
        key=lambda row: row.value,
        default=None,
    )
    if busiest is None or busiest.value < 0.9:
        return None
    active = f"{busiest.active} active connection{'s' if busiest.active != 1 else ''}"
    return (
        f"With {active} the load generator used up to {100 * busiest.value:.0f} % "
        "of its CPU: it limits the rate, too."
    )


def floor_ratio(data: Data, server: str) -> Spread | None:
    """CPU time an echo over that of a bare recv and send on hot sockets."""
    active = max((row.active for row in data.rows if row.server == FLOOR), default=None)
    if active is None:
        return None
    return ratio(data.trials, "cpu_per_echo", (server, active, 0), (FLOOR, active, 0))


def floor_sentence(data: Data, server: str) -> str | None:
    s = floor_ratio(data, server)
    if s is None:
        return None
    return f"{server}: CPU time an echo is {times(s)} that of bare recv and send"


def sentences(data: Data) -> list[str]:
    """All that can be said; what wasn't measured isn't mentioned."""
    said = [rate_sentence(data)]
    said += [spread_sentence(data, active) for active in data.active]
    epolls = [name for name in (LT, ET) if name in data.servers]
    said += [growth_sentence(data, name, active) for name in epolls for active in data.active]
    said += [floor_sentence(data, name) for name in epolls]
    said.append(generator_remark(data))
    return [sentence for sentence in said if sentence is not None]
