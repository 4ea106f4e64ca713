"""Two runs side by side: a laptop and a server, or before and after a change.

    bench/run --compare BEFORE AFTER [--output=DIR]

The runs were made at different times, so nothing can be paired: a figure is
called different only when its two intervals have no value in common.  Intervals
that touch may still belong to different medians; then a run with more rounds
can tell, and not this comparison.

What else differs between the runs is listed first: another kernel or another
compiler is a reason, too.
"""

import textwrap
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from figures.figures import as_text, read_run
from figures.intervals import WANTED, Interval, coverage, median_interval, rank
from figures.points import FLOOR, Run, collect
from figures.ratios import QUESTIONS, Question, by_round, xs_of
from report.markup import Markup, el
from report.report import head
from report.tables import column, header, scrolling
import results
from sentences.claims import unit_of
from sentences.words import between, factor, percent, short, some

COLUMNS = 80
DIFFERENT, ALIKE, UNKNOWN = "different", "not shown", "one round"
ABSENT = "not there"
SAME = "The environments of both runs are the same."
ASIDE = {"load_average", "command", "remarks", "plan.seed"}  # differ, but explain nothing


@dataclass(frozen=True)
class Pair:
    """A line of compare.tsv: one figure of one server in both runs, a and b."""

    question: str
    metric: str
    unit: str
    server: str
    a: float
    a_low: float
    a_high: float
    a_rounds: int
    b: float
    b_low: float
    b_high: float
    b_rounds: int
    ratio: float | None  # b : a
    verdict: str


# --- Figures.


def common_place(runs: tuple[Run, Run], question: Question, server: str) -> float | None:
    """Where both runs have measured it: the place asked for, or the farthest."""
    both = xs_of(runs[0], question, server) & xs_of(runs[1], question, server)
    if question.x is not None:
        return question.x if question.x in both else None
    return max(both - {0}, default=None)


def interval_at(run: Run, question: Question, server: str, x: float) -> Interval:
    point = collect(run, question.experiment).get((server, question.panel, x))
    return median_interval(list(by_round(point, question.metric).values()))


def verdict_on(a: Interval, b: Interval) -> str:
    """A single round has no interval, so nothing can be said from it."""
    if min(a.rounds, b.rounds) < 2:
        return UNKNOWN
    return DIFFERENT if a.high < b.low or b.high < a.low else ALIKE


def pair_on(runs: tuple[Run, Run], question: Question, server: str) -> Pair | None:
    if any(question.experiment not in run.experiments for run in runs):
        return None
    x = common_place(runs, question, server)
    if x is None:
        return None
    a, b = (interval_at(run, question, server, x) for run in runs)
    return Pair(
        question.text(x), question.metric, unit_of(question), server,
        a.value, a.low, a.high, a.rounds, b.value, b.low, b.high, b.rounds,
        b.value / a.value if a.value else None, verdict_on(a, b),
    )


def common_servers(runs: tuple[Run, Run]) -> list[str]:
    """Those of both runs; the floor, too: it tells how fast the machines are."""
    other = runs[1].servers + runs[1].peers
    return [name for name in runs[0].servers + runs[0].peers if name in other] + [FLOOR]


def pairs_of(runs: tuple[Run, Run]) -> list[Pair]:
    servers = common_servers(runs)
    found = [pair_on(runs, question, name) for question in QUESTIONS for name in servers]
    return [pair for pair in found if pair is not None]


# --- Conditions.


def flat(value: object, name: str = "") -> dict[str, object]:
    """environment.json as one name a value: plan.rounds is 6."""
    if not isinstance(value, dict):
        return {name: value}
    found = {}
    for key, part in value.items():
        found |= flat(part, f"{name}.{key}" if name else key)
    return found


def conditions(runs: tuple[Run, Run]) -> list[tuple[str, str, str]]:
    """What differs between the two environments: its name, and both values."""
    first, second = (flat(run.environment) for run in runs)
    names = [name for name in dict.fromkeys([*first, *second]) if name not in ASIDE]
    return [
        (name, told(first.get(name, ABSENT)), told(second.get(name, ABSENT)))
        for name in names
        if first.get(name, ABSENT) != second.get(name, ABSENT)
    ]


def told(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


# --- Text.


def ratio_text(pair: Pair) -> str:
    return "-" if pair.ratio is None else factor(pair.ratio)


def both_texts(pair: Pair) -> tuple[str, str]:
    return (
        between(pair.a, pair.a_low, pair.a_high, pair.unit),
        between(pair.b, pair.b_low, pair.b_high, pair.unit),
    )


def pair_line(pair: Pair) -> str:
    a, b = both_texts(pair)
    return f"{short(pair.server):11.11} {a:>25} {b:>25} {ratio_text(pair):>6} {pair.verdict:>9}"


def block(pairs: list[Pair]) -> list[str]:
    """One question."""
    return [heading(pairs[0])] + [pair_line(pair) for pair in pairs]


def heading(pair: Pair) -> str:
    """The question; most of them have their unit in their words, and times have their own."""
    return f"{pair.question}, bytes" if pair.unit == "bytes" else pair.question


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, subsequent_indent="    ", break_long_words=True)


def condition_lines(found: list[tuple[str, str, str]]) -> list[str]:
    if not found:
        return [SAME]
    lines = ["What differs between the runs:"]
    for name, first, second in found:
        lines += wrapped(f"  {name}: A {first}, B {second}")
    return lines


def certainty(pairs: list[Pair]) -> str:
    """Said where intervals come from too few rounds."""
    least = min(min(pair.a_rounds, pair.b_rounds) for pair in pairs)
    sure = coverage(least, rank(least))
    if least < 2 or sure >= WANTED:
        return ""
    return (
        f" Intervals of {least} rounds hold the true median in only {percent(sure)} of all runs,"
        " so some of that is luck."
    )


def outcome(pairs: list[Pair]) -> str:
    """How many of the figures are different, in a few sentences."""
    if not pairs:
        return "The two runs have no figure in common."
    counts = [sum(pair.verdict == word for pair in pairs) for word in (DIFFERENT, ALIKE, UNKNOWN)]
    text = f"Figures in both runs: {len(pairs)}. Different, with intervals apart: {counts[0]}."
    if counts[1]:
        text += f" A difference is not shown: {counts[1]}."
    if counts[2]:
        text += f" From a single round, which has no interval: {counts[2]}."
    return text + certainty(pairs)


def grouped(pairs: list[Pair]) -> list[list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.question, []).append(pair)
    return list(groups.values())


def to_text(runs: tuple[Run, Run], pairs: list[Pair]) -> str:
    parts = [[line for text in head_lines(runs) for line in wrapped(text)]]
    parts.append(condition_lines(conditions(runs)))
    if pairs:
        parts.append([f"{'':11} {'A (interval)':>25} {'B (interval)':>25} {'B : A':>6}"])
    parts += [block(group) for group in grouped(pairs)]
    parts.append(wrapped(outcome(pairs)))
    return "\n\n".join("\n".join(part) for part in parts)


def head_lines(runs: tuple[Run, Run]) -> list[str]:
    return [
        f"{letter}: {run.folder}, {some(run.rounds, 'round')}" for letter, run in zip("AB", runs)
    ]


# --- Files.


def to_tsv(pairs: list[Pair]) -> str:
    lines = ["\t".join(field.name for field in fields(Pair))]
    lines += ["\t".join(as_text(value) for value in astuple(pair)) for pair in pairs]
    return "\n".join(lines) + "\n"


def table(name: str, heads: list[str], lines: list[list[str]]) -> Markup:
    body = [
        el("tr", el("th", first, scope="row"), [el("td", cell, class_="number") for cell in rest])
        for first, *rest in lines
    ]
    heading = header([column(word, number_=i > 0) for i, word in enumerate(heads)])
    return scrolling(name, el("table", heading, el("tbody", body)))


def pair_table(pairs: list[Pair]) -> Markup:
    lines = [
        [pair.server, *both_texts(pair), ratio_text(pair), pair.verdict] for pair in pairs
    ]
    heads = ["server", "A (interval)", "B (interval)", "B : A", "difference"]
    return table(pairs[0].question, heads, lines)


def to_html(runs: tuple[Run, Run], pairs: list[Pair]) -> str:
    """The same as the text, with the look of the report."""
    found = conditions(runs)
    names = [el("p", line) for line in head_lines(runs)]
    parts = [el("h1", "Two runs side by side"), names, el("p", outcome(pairs))]
    parts += [el("h2", "Conditions")]
    lines = [list(line) for line in found]
    parts += [table("conditions", ["what", "A", "B"], lines) if found else el("p", SAME)]
    for group in grouped(pairs):
        parts += [el("h2", heading(group[0])), pair_table(group)]
    body = el("body", el("div", el("main", parts), class_="page"))
    return f"<!DOCTYPE html>\n{el('html', head('Two runs side by side'), body, lang='en')}\n"


def write(folder: Path, runs: tuple[Run, Run], pairs: list[Pair]) -> None:
    results.write(folder / "compare.tsv", to_tsv(pairs))
    results.write(folder / "compare.html", to_html(runs, pairs))


def compare(first: Path, second: Path, output: Path | None = None) -> str:
    """The comparison as text; with an output folder, files of it, too."""
    if output is not None:
        results.make(output)  # first: what can't work is told at once
    runs = read_run(first), read_run(second)
    pairs = pairs_of(runs)
    if output is not None:
        write(output, runs, pairs)
    return to_text(runs, pairs)
