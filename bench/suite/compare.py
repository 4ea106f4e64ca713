"""Two runs side by side: a laptop and a server, or before and after a change.

    bench/run --compare BEFORE AFTER [--output=DIR]

The runs were made at different times, so no cycle of one belongs to a cycle of
the other: a figure is called different only when its two intervals have no value
in common.  Intervals that overlap may still belong to different medians; more
rounds make them narrower.

What else differs between the runs is listed first: another kernel or another
compiler is a reason, too.
"""

import textwrap
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import results
from experiments import BY_NAME
from figures import Figure, Run, load_run, to_tsv
from options import TWIN
from words import amount, noun, number, short, some

COLUMNS = 80
DIFFERENT, ALIKE = "different", "not shown"
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
    b: float
    b_low: float
    b_high: float
    ratio: float | None  # b : a
    verdict: str


# --- Figures.


def shown_metrics(experiment: str) -> set[str]:
    """Those of its chart, not those that explain them."""
    declared = BY_NAME[experiment]
    return {panel.metric for panel in declared.panels} | set(declared.compare)


def key_figures(run: Run) -> dict[tuple, Figure]:
    """By all that has to be the same in both runs; of two experiments' the first."""
    found = {}
    for f in run.figures:
        known = None not in (f.value, f.low) and not f.suspect and f.server != TWIN
        if known and f.metric in shown_metrics(f.experiment):
            found.setdefault((f.metric, f.point, f.server), f)
    return found


def pair_of(a: Figure, b: Figure) -> Pair:
    about = noun(a.metric, a.point.mode)
    apart = a.high < b.low or b.high < a.low
    return Pair(
        f"{about.words}, {a.point.words()}", a.metric, about.unit, a.server,
        a.value, a.low, a.high, b.value, b.low, b.high,
        b.value / a.value if a.value else None, DIFFERENT if apart else ALIKE,
    )


def pairs_of(runs: tuple[Run, Run]) -> list[Pair]:
    """Question by question, in the first run's order of servers."""
    first, second = map(key_figures, runs)
    order = runs[0].servers
    common = sorted((key for key in first if key in second), key=lambda key: order.index(key[2]))
    questions = list(dict.fromkeys(key[:2] for key in first))
    common.sort(key=lambda key: questions.index(key[:2]))
    return [pair_of(first[key], second[key]) for key in common]


# --- Conditions.


def flat(value: object, name: str = "") -> dict[str, object]:
    """environment.json as one name per value: plan.rounds is 3."""
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
        (name, in_words(first.get(name, ABSENT)), in_words(second.get(name, ABSENT)))
        for name in names
        if first.get(name, ABSENT) != second.get(name, ABSENT)
    ]


def in_words(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return str(value)


# --- Text.


def with_interval(value: float, low: float, high: float, unit: str) -> str:
    """5.2 ms (5.1 to 5.3)"""
    middle, *ends = (amount(x, unit) for x in (value, low, high))
    suffix = middle.lstrip("-0123456789.,")
    low_end, high_end = (end.removesuffix(suffix) for end in ends)
    return f"{middle} ({low_end} to {high_end})"


def pair_line(pair: Pair) -> str:
    a = with_interval(pair.a, pair.a_low, pair.a_high, pair.unit)
    b = with_interval(pair.b, pair.b_low, pair.b_high, pair.unit)
    ratio = "-" if pair.ratio is None else number(pair.ratio)
    mark = "*" if pair.verdict == DIFFERENT else ""
    return f"  {short(pair.server):9.9} {a:>28} {b:>28} {ratio:>6} {mark}".rstrip()


def block(pairs: list[Pair]) -> list[str]:
    """One question."""
    return [pairs[0].question] + [pair_line(pair) for pair in pairs]


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, subsequent_indent="    ", break_long_words=True)


def condition_lines(found: list[tuple[str, str, str]]) -> list[str]:
    if not found:
        return [SAME]
    lines = ["What differs between the runs:"]
    for name, first, second in found:
        lines += wrapped(f"  {name}: A {first}, B {second}")
    return lines


def conclusion(pairs: list[Pair]) -> str:
    if not pairs:
        return "The two runs have no figure in common."
    different = sum(pair.verdict == DIFFERENT for pair in pairs)
    verb = "differs" if different == 1 else "differ"
    return (
        f"{some(len(pairs), 'figure')} in both runs; {different or 'none'} {verb} (*): the two"
        " intervals have no value in common."
    )


def grouped(pairs: list[Pair]) -> list[list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.question, []).append(pair)
    return list(groups.values())


def to_text(runs: tuple[Run, Run], pairs: list[Pair]) -> str:
    heads = [f"{letter}: {run.folder}, {some(run.rounds, 'round')}"
             for letter, run in zip("AB", runs)]
    parts = [[line for text in heads for line in wrapped(text)]]
    parts.append(condition_lines(conditions(runs)))
    if pairs:
        parts.append([f"{'':11} {'A (interval)':>28} {'B (interval)':>28} {'B : A':>6}"])
    parts += [block(group) for group in grouped(pairs)]
    parts.append(wrapped(conclusion(pairs)))
    return "\n\n".join("\n".join(part) for part in parts)


def compare(first: Path, second: Path, output: Path | None = None) -> str:
    """The comparison as text; with an output folder, also as a table."""
    if output is not None:
        results.make(output)  # first: if that fails, it is better known at once
    runs = load_run(first), load_run(second)
    pairs = pairs_of(runs)
    if output is not None:
        head = tuple(field.name for field in fields(Pair))
        results.write(output / "compare.tsv", to_tsv(head, [astuple(pair) for pair in pairs]))
    return to_text(runs, pairs)
