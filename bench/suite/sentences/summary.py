"""The end of a run, told on 80 columns of text: tables, then what follows."""

import textwrap
from dataclasses import dataclass
from typing import Callable

from figures.figures import Row, find
from figures.points import FLOOR, Run
from sentences.claims import Sentence, over_floor
from sentences.findings import conclusions
from sentences.reasons import at_most_x, rows_of
from sentences.words import amount, factor, number, some

COLUMNS = 80
NAMES = 16  # the first column
NONE = "-"
HOLLOW = "~"
GAP = 2  # between columns


@dataclass
class Column:
    """Two lines of head, and what stands below them for each server."""

    head: tuple[str, str]
    cells: dict[str, str]

    @property
    def width(self) -> int:
        return max(map(len, [*self.head, *self.cells.values()])) + GAP


def microseconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cell(row: Row | None, tell: Callable[[float], str]) -> str:
    """A value, marked where it is drawn hollow in the charts."""
    if row is None:
        return NONE
    return f"{'' if row.solid else HOLLOW}{tell(row.value)}"


def column(
    run: Run, rows: list[Row], head: tuple[str, str], metric: str, panel: str, x: float, tell
) -> Column:
    names = run.servers + run.peers + [FLOOR]
    return Column(head, {name: cell(find(rows, name, metric, panel, x), tell) for name in names})


def is_told(found: Column) -> bool:
    return any(text != NONE for text in found.cells.values())


def line(name: str, columns: list[Column], texts: list[str]) -> str:
    cells = "".join(f"{text:>{col.width}}" for col, text in zip(columns, texts))
    return f"{name:{NAMES}.{NAMES}}{cells}".rstrip()


def chunks(columns: list[Column]) -> list[list[Column]]:
    """As many side by side as the terminal is wide."""
    found, room = [], 0
    for col in columns:
        if not found or col.width > room:
            found.append([])
            room = COLUMNS - NAMES
        found[-1].append(col)
        room -= col.width
    return found


def table(run: Run, title: tuple[str, str], columns: list[Column]) -> list[list[str]]:
    """One for each chunk; a server of which nothing is known has no line."""
    told = [col for col in columns if is_told(col)]
    tables = []
    for part in chunks(told):
        lines = [line(title[i], part, [c.head[i] for c in part]) for i in (0, 1)]
        for group, names in groups(run):
            body = [(name, [col.cells.get(name, NONE) for col in part]) for name in names]
            body = [(name, texts) for name, texts in body if any(t != NONE for t in texts)]
            lines += [group] * bool(group and body)
            lines += [line(name, part, texts) for name, texts in body]
        tables.append(lines)
    return tables


def groups(run: Run) -> list[tuple[str, list[str]]]:
    """The four and what was given beside them; apart from them what is no such server."""
    return [("", run.servers), ("for context:", run.peers + [FLOOR])]


# --- What stands in the tables.


def ends(rows: list[Row], metric: str, panel: str) -> list[float]:
    """The least and the greatest x at which anything was measured."""
    xs = {row.x for row in rows if (row.metric, row.panel) == (metric, panel) and row.rounds}
    return sorted({min(xs), max(xs)}) if xs else []


def idle_tables(run: Run, rows: list[Row]) -> list[list[str]]:
    """With few and with many idle connections, for each number of active ones."""
    tables = []
    heads = [("rate", "echoes/s", number), ("p99", "p99", amount)]
    heads += [("cpu_per_echo", "CPU us", microseconds)]
    for panel in dict.fromkeys(row.panel for row in rows if row.metric == "rate"):
        columns = []
        for metric, head, tell in heads:
            for x in ends(rows, "rate", panel):
                place = (head, f"{x:,}")
                columns.append(column(run, rows, place, metric, panel, x, tell))
        tables += table(run, (f"{int(panel):,} active", "idle:"), columns)
    return tables


# experiment, metric, panel, head, what x counts, how to tell the value
ENDS = [
    ("active", "rate", "", "echoes/s", "{x} active", number),
    ("size", "mib_per_s", "", "MiB/s", "{x} B", number),
    ("rate", "response_p99", "absolute", "p99", "{x}/s", amount),
    ("rate", "response_p99", "load", "p99", "{x} % load", amount),
    ("churn", "rate", "", "connections", "a second", number),
    ("fairness", "p99", "", "p99", "{x} firehoses", amount),
]


def end_columns(run: Run, figures: dict[str, list]) -> list[Column]:
    """The far end of the other experiments, a column each."""
    columns = []
    for experiment, metric, panel, head, place, tell in ENDS:
        rows = figures.get(experiment, [])
        for x in ends(rows, metric, panel)[-1:]:
            heads = (head, place.format(x=f"{x:,.0f}"))
            columns.append(column(run, rows, heads, metric, panel, x, tell))
    return columns


def memory_column(figures: dict[str, list]) -> Column:
    """Of each server with the most connections that it held."""
    rows = at_most_x(rows_of(figures.get("memory", []), "user_bytes"))
    return Column(("bytes a", "connection"), {row.server: cell(row, number) for row in rows})


def floor_column(run: Run) -> Column:
    found = {name: over_floor(run, name) for name in run.servers + run.peers}
    cells = {name: f"x {factor(f[1].value)}" if f else NONE for name, f in found.items()}
    return Column(("CPU time of", "recv+send"), cells)


def count_column(run: Run, head: tuple[str, str], counts: Callable[[dict], bool]) -> Column:
    """How many trials of each server are such; no column when none is."""
    cells = {}
    for name in run.servers + run.peers + [FLOOR]:
        found = sum(counts(t) for t in run.trials if t["server_name"] == name)
        cells[name] = f"{found:,}" if found else NONE
    return Column(head, cells)


def trial_columns(run: Run) -> list[Column]:
    return [
        count_column(run, ("trials", "failed"), lambda t: t["outcome"] == "failed"),
        count_column(
            run, ("trials", "doubtful"), lambda t: t["outcome"] == "measured" and t["doubts"] != []
        ),
    ]


# --- Sentences.


def wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, COLUMNS, initial_indent="  ", subsequent_indent="    ")


def told(said: list[Sentence]) -> list[str]:
    """What may be claimed, and how much may not."""
    own = [sentence for sentence in said if not sentence.context]
    lines = [text for s in own if s.shown for text in wrapped(s.text)]
    withheld = sum(not sentence.shown for sentence in own)
    if withheld:
        text = f"{some(withheld, 'comparison')} more: no difference that this run can show."
        lines += wrapped(text)
    return lines


def legend(tables: list[list[str]]) -> list[str]:
    if not any(HOLLOW in text for lines in tables for text in lines):
        return []
    return [f"{HOLLOW} from doubtful trials, or from too few echoes for that percentile"]


def summary(run: Run, figures: dict[str, list]) -> str:
    """Medians of the rounds; with their intervals they stand in the report."""
    tables = idle_tables(run, figures.get("idle", []))
    others = [*end_columns(run, figures), memory_column(figures), floor_column(run)]
    others += trial_columns(run)
    tables += table(run, ("", ""), others)
    parts = tables + [legend(tables)]
    sentences = told(conclusions(run, figures))
    if sentences:
        head = "Ratios within rounds, median (interval); equals: the same server twice"
        parts.append([head] + sentences)
    return "\n\n".join("\n".join(part) for part in parts if part)
