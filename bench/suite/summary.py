"""The end of a run, told on 80 columns of text."""

import textwrap

from findings import ENOUGH_ECHOES, Data, amount, floor_ratio, number, sentences, short
from options import FLOOR
from table import Row, find, find_held, largest_idle

COLUMNS = 80
NONE = "-"


def cell(row: Row | None, tell) -> str:
    return NONE if row is None else tell(row.value)


def microseconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def latency(row: Row | None) -> str:
    """With ~ when too few echoes stand behind it to be relied on."""
    if row is None:
        return NONE
    return f"{'~' if row.echoes < ENOUGH_ECHOES else ''}{amount(row.value)}"


def most_idle(data: Data, active: int) -> int:
    """The end of the sweep: the most that any server was measured with."""
    found = [largest_idle(data.rows, name, active) for name in data.servers]
    return max((idle for idle in found if idle is not None), default=0)


def load_lines(data: Data, active: int) -> list[str]:
    """Rates, latencies and CPU times with that many active connections."""
    few = min((r.idle for r in data.rows if r.metric == "rate" and r.active == active), default=0)
    many = most_idle(data, active)
    at_few, at_many = f"{few:,} idle", f"{many:,} idle"
    lines = [
        f"{active} active connection{'s' if active != 1 else ''}",
        f"{'':16} {'echoes/s':>21}{'p99 latency':>21}{'CPU us an echo':>20}",
        f"{'':16} {at_few:>9}{at_many:>12}{at_few:>9}{at_many:>12}{at_few:>8}{at_many:>12}",
    ]
    for name in data.servers + [FLOOR]:
        rows = {
            (metric, idle): find(data.rows, name, metric, active, idle)
            for metric in ("rate", "p99", "cpu_per_echo")
            for idle in (few, many)
        }
        if rows["rate", few] is None and rows["rate", many] is None:
            continue
        lines.append(
            f"{name:16.16} {cell(rows['rate', few], number):>9}"
            f"{cell(rows['rate', many], number):>12}"
            f"{latency(rows['p99', few]):>9}{latency(rows['p99', many]):>12}"
            f"{cell(rows['cpu_per_echo', few], microseconds):>8}"
            f"{cell(rows['cpu_per_echo', many], microseconds):>12}"
        )
    if any("~" in line for line in lines):
        lines.append("~ from fewer than 1,000 echoes")
    return lines


def held_text(row: Row | None) -> str:
    """With `all' when it held what was asked for: it might hold more."""
    if row is None:
        return NONE
    return f"{'all ' if row.value >= row.idle + row.active else ''}{row.value:,.0f}"


def held_lines(data: Data) -> list[str]:
    lines = [
        f"{'':16} {'connections':>13} {'bytes an idle':>15} {'CPU time of':>15} {'failed':>8}",
        f"{'':16} {'held':>13} {'connection':>15} {'recv+send':>15} {'trials':>8}",
    ]
    for name in data.servers:
        memory = find_held(data.rows, name, "bytes_per_idle")
        floor = floor_ratio(data, name)
        own = [trial for trial in data.trials if trial["server_name"] == name]
        failures = [trial["outcome"] for trial in own].count("failed")
        times = NONE if floor is None else f"x {floor.value:.2f}"
        lines.append(
            f"{name:16.16} {held_text(find_held(data.rows, name)):>13}"
            f" {cell(memory, lambda v: f'{v:.0f}'):>15} {times:>15} {failures:>8}"
        )
    return lines


def limit_lines(data: Data) -> list[str]:
    """Who ended before the sweep did, in a sentence."""
    lines = []
    for name in data.servers:
        held = find_held(data.rows, name)
        if held is not None and held.value < held.idle + held.active:
            why = ": its limit is FD_SETSIZE" if name == "select_server" else ""
            lines.append(f"{short(name)} held {held.value:,.0f} connections and no more{why}.")
    return lines


def wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, COLUMNS, initial_indent="  ", subsequent_indent="      ")


def summary(data: Data) -> str:
    """The tables and the sentences."""
    parts = [load_lines(data, active) for active in data.active]
    parts.append(held_lines(data) + limit_lines(data))
    said = [line for sentence in sentences(data) for line in wrapped(sentence)]
    if said:
        parts.append(["Ratios are taken within a round: median (least to greatest)"] + said)
    return "\n\n".join("\n".join(part) for part in parts)
