"""lab similar: which submissions are suspiciously alike?

sim_c of Debian's similarity-tester finds passages that two programs share; names, layout,
comments and the order of functions don't matter to it.  Passages that are also in something
that every student gets (a starter, the code in a task) count for nothing.  What is left of a
program is its own, and the likeness is the share of its own tokens that the other one has, too.

Cost: each submission is compared with each other, in both directions.
"""

import csv
import io
import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import course
import processes
import show
from build import TOP, need
from course import Item
from limits import stretched
from problem import HOLDS, UNCHECKED, USAGE, Problem
from show import say
from sources import Source, Unreadable, read_source

RUN = 20  # tokens: a shorter passage may be chance
OWN_LEAST = 80  # tokens: a program with less of its own can't be judged
LEAST = 60  # percent: between programs written independently, at most 49 were seen
SECONDS = stretched(30)  # that comparing some submissions with all others may take
MEMORY = 1 << 30
GROUP = 20  # submissions that are compared at a time
SHOWN = 3  # passages of a pair
FOUND = re.compile(r"^(\d+): line (\d+)-(\d+) *\|(\d+): line (\d+)-(\d+) *\[\d+\]$", re.M)
NAME_MOST, PLACE_MOST = 30, 24  # columns
LEGEND = (
    "A line gives the share of the first program that is also in the second, and the other way"
    " round. Under it are the longest common passages, with their lines in both and their length"
    " in tokens. Names, layout and comments don't count, nor does what the course gives out."
)
NO_VERDICT = (
    "A likeness is a reason to read both programs, not a verdict: a task has few good solutions,"
    " and two students may have learned from the same page."
)
HEADS = ("first", "second", "first_in_second", "second_in_first", "passages", "remark")
CODE = re.compile(r"(?:^ {4}.*\n|^\n)+", re.M)


@dataclass
class Passage:
    """Tokens that two programs share: their positions in both."""

    here: range
    there: range


@dataclass
class Entry:
    """A submission, or a file of ours that it may have been copied from."""

    source: Source
    ours: bool = False
    given: set[int] = field(default_factory=set)  # positions of tokens that were given out
    passages: dict[int, list[Passage]] = field(default_factory=dict)  # by the other's index

    @property
    def own(self) -> int:
        return len(self.source.tokens) - len(self.given)

    @property
    def can_be_judged(self) -> bool:
        return self.own >= OWN_LEAST

    @property
    def amount(self) -> str:
        """For a teacher who wonders why it was not compared."""
        return f"{self.own} tokens beyond what the course gives out"

    def percent(self, other: int) -> int:
        shared = set().union(*(passage.here for passage in self.passages.get(other, [])))
        return round(100 * len(shared) / self.own) if self.own else 0

    def longest(self, other: int) -> list[Passage]:
        return sorted(self.passages.get(other, []), key=lambda one: -len(one.here))


@dataclass
class Pair:
    first: Entry
    second: Entry
    percents: tuple[int, int]
    passages: list[Passage]

    @property
    def likeness(self) -> int:
        return max(self.percents)


def given_out(item: Item) -> list[Source]:
    """What every student has: the starters so far, and the code in the tasks."""
    items = [one for one in course.items() if one.kind == item.kind == "step"
             and one.number <= item.number] or [item]
    found = []
    for one in items:
        source = Source(one.name)
        for path in sorted(one.folder.glob("*.[ch]")):
            if not path.name.startswith(("solution", "wrong")):
                source.add(path.name, path.read_text())
        task = one.folder / "task.md"
        for block in CODE.findall(task.read_text()) if task.exists() else []:
            source.add(task.name, block)
        found.append(source)
    return found


def ours(item: Item) -> list[Source]:
    """What is published with the course and solves this item, or a part of it."""
    steps = [one for one in course.items() if one.kind == item.kind == "step"]
    named = [(f"ours: {one.name}, {path.name}", path) for one in steps if one.number >= item.number
             for path in sorted(one.folder.glob("*.c"))
             if one is not item or path.name.startswith("solution")]
    named += [(f"ours: {path.name}", path) for path in sorted(TOP.glob("*_server/*.c"))]
    found = []
    for name, path in named:
        found.append(Source(name))
        found[-1].add(path.name, path.read_text())
    return found


def sim(work: Path, some: list[int], count: int) -> str:
    """The passages that some of the texts share with each of all."""
    words = ["prlimit", f"--as={MEMORY}", "--core=0", "sim_c", "-n", "-S", "-e", f"-r{RUN}"]
    process = processes.start([*words, *map(str, some), "/", *map(str, range(count))], cwd=work,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        printed = process.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired:
        processes.end(process)
        raise Unreadable(f"comparing it takes more than {SECONDS} s") from None
    if process.returncode != 0:
        raise Unreadable(f"sim_c {processes.status_in_words(process.returncode)}")
    return printed.decode(errors="replace")


def compare(entries: list[Entry], given: list[Source], progress: Callable) -> dict[str, str]:
    """Fills in what each submission shares with each other.  Returns those that could not be
    compared, and why: a text may be made so that sim_c takes hours for it."""
    left_out, groups = {}, groups_of(len(entries))
    texts = [entry.source for entry in entries] + given
    with tempfile.TemporaryDirectory(prefix="lab similar ") as folder:
        work = Path(folder)
        for number, source in enumerate(texts):
            (work / str(number)).write_text("\n".join(source.tokens) + "\n")
        for group in groups:  # grows: the members of one that fails are compared one by one
            progress(group[0], len(entries))
            try:
                read_passages(entries, sim(work, group, len(texts)))
            except Unreadable as problem:
                if len(group) > 1:
                    groups += [[one] for one in group]
                else:
                    left_out[entries[group[0]].source.name] = str(problem)
        progress(len(entries), len(entries))
    for entry in entries:
        entry.given.update(short_pieces(entry))
        for other, passages in entry.passages.items():
            pieces = [piece for one in passages for piece in own_pieces(entry, one)]
            entry.passages[other] = pieces
    return left_out


def groups_of(count: int) -> list[list[int]]:
    return [list(range(count))[first : first + GROUP] for first in range(0, count, GROUP)]


def read_passages(entries: list[Entry], printed: str) -> None:
    """The texts after those of the entries were given out."""
    for match in FOUND.finditer(printed):
        one, first, last, other, there_first, there_last = map(int, match.groups())
        passage = Passage(range(first - 1, last), range(there_first - 1, there_last))
        if other >= len(entries):
            entries[one].given.update(passage.here)
        elif other != one:
            entries[one].passages.setdefault(other, []).append(passage)


def pieces_of(tokens: range, cuts: Iterable[int]) -> list[range]:
    """What is left between the cuts, which are in order."""
    cuts = list(cuts)
    starts = [tokens.start, *(cut + 1 for cut in cuts)]
    return [range(start, end) for start, end in zip(starts, [*cuts, tokens.stop])]


def short_pieces(entry: Entry) -> list[int]:
    """What stands between two passages that were given out, and is too short to be compared."""
    pieces = pieces_of(range(len(entry.source.tokens)), sorted(entry.given))
    return [place for piece in pieces if len(piece) < RUN for place in piece]


def own_pieces(entry: Entry, passage: Passage) -> list[Passage]:
    """A passage without what was given out: the pieces that are long enough by themselves."""
    offset = passage.there.start - passage.here.start
    cuts = [place for place in passage.here if place in entry.given]
    return [
        Passage(piece, range(piece.start + offset, piece.stop + offset))
        for piece in pieces_of(passage.here, cuts) if len(piece) >= RUN
    ]


def pairs_of(entries: list[Entry], least: int) -> list[Pair]:
    """Those that are alike enough, the most alike first.  Of our own files, each submission is
    listed with the one that it is most like."""
    found, most_like_ours = [], {}
    numbered = [one for one in enumerate(entries) if one[1].ours or one[1].can_be_judged]
    for (a, first), (b, second) in itertools.combinations(numbered, 2):
        if first.ours:
            break
        pair = Pair(first, second, (first.percent(b), second.percent(a)), first.longest(b))
        if not pair.passages or pair.likeness < least:
            continue
        if not second.ours:
            found.append(pair)
        elif a not in most_like_ours or pair.likeness > most_like_ours[a].likeness:
            most_like_ours[a] = pair
    found += most_like_ours.values()
    return sorted(found, key=lambda pair: (-pair.likeness, -min(pair.percents)))


def place(entry: Entry, tokens: range) -> str:
    """server.c:72-86"""
    (file, first), (last_file, last) = (entry.source.places[at] for at in (tokens[0], tokens[-1]))
    return f"{file}:{first}" + (f"-{last}" if last_file == file else f" to {last_file}:{last}")


def shown(text: str, most: int) -> str:
    """A name in so many columns, nothing of it a terminal's command; its end says most."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    return text if len(text) <= most else "..." + text[3 - most :]


def say_pairs(pairs: list[Pair]) -> None:
    say(f"{'1st':>5} {'2nd':>5}")
    for pair in pairs:
        names = [shown(one.source.name, NAME_MOST) for one in (pair.first, pair.second)]
        first, second = (f"{percent} %" for percent in pair.percents)
        say(f"{first:>5} {second:>5}  {names[0]:<{NAME_MOST}}  {names[1]}".rstrip())
        for passage in pair.passages[:SHOWN]:
            places = [shown(place(pair.first, passage.here), PLACE_MOST),
                      shown(place(pair.second, passage.there), PLACE_MOST)]
            say(f"{'':15}{places[0]:<{NAME_MOST}}  {places[1]} [{len(passage.here)}]")
    say()
    say(f"{show.wrapped(LEGEND)}\n\n{show.wrapped(NO_VERDICT)}")


def say_table(compared: int, item: Item, pairs: list[Pair], bare: dict, left_out: dict) -> None:
    say(f"Compared {compared} submissions for {item.name}.\n")
    for title, some in (("Too little of its own to be compared:", bare),
                        ("Could not be compared:", left_out)):
        if some:
            say(title)
            for name, reason in some.items():
                say(show.wrapped(f"{shown(name, NAME_MOST)}: {shown(reason, 200)}", "  ", "      "))
            say()
    if pairs:
        say_pairs(pairs)
    else:
        say("No two of them are suspiciously alike.")


def cell(text: str) -> str:
    """A spreadsheet takes a name that begins like this for a formula."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def say_csv(pairs: list[Pair], remarks: dict[str, str]) -> None:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADS)
    for pair in pairs:
        passages = [f"{place(pair.first, one.here)} = {place(pair.second, one.there)}"
                    for one in pair.passages[:SHOWN]]
        names = [cell(one.source.name) for one in (pair.first, pair.second)]
        rows.writerow([*names, *pair.percents, cell("; ".join(passages)), ""])
    for name, reason in remarks.items():
        rows.writerow([cell(name), "", "", "", "", cell(reason)])
    say(text.getvalue(), end="")


def say_progress(done: int, of: int) -> None:
    if sys.stdout.isatty():
        say(f"\r  {done} of {of} programs\033[K" if done < of else "\r\033[K", end="")


def similar(options) -> int:
    item = course.find(options.item)
    if item.kind == "hunt":
        raise Problem("a hunt's programs are alike: each is our server, in disguise",
                      "compare the submissions of a step", USAGE)
    entries, left_out = read_all(options.folders)
    need(("similarity-tester",), "lab similar")
    submissions = entries[:]
    entries += [Entry(source, ours=True) for source in ours(item)]
    left_out |= compare(entries, given_out(item), say_progress)
    bare = {one.source.name: one.amount for one in submissions
            if not one.can_be_judged and one.source.name not in left_out}
    pairs = pairs_of(entries, options.least)
    if options.format == "csv":
        say_csv(pairs, bare | left_out)
    else:
        say_table(len(submissions), item, pairs, bare, left_out)
    return UNCHECKED if left_out else HOLDS


def read_all(folders: list[str]) -> tuple[list[Entry], dict[str, str]]:
    entries, left_out = [], {}
    for name in dict.fromkeys(os.path.normpath(folder) for folder in folders):
        try:
            entries.append(Entry(read_source(Path(name), name)))
        except (Unreadable, OSError) as problem:
            left_out[name] = getattr(problem, "strerror", None) or str(problem)
    if len(entries) + len(left_out) < 2:
        raise Problem("one submission alone is like no other",
                      "name a folder for each: {lab} similar --item=4 submissions/*", USAGE)
    return entries, left_out


def percentage(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 100:
        return int(text)
    raise Problem(f"--least={text}: is no percentage", "--least=60", USAGE)


def add_command(add) -> None:
    add("similar", similar, "List pairs of submissions that are suspiciously alike.",
        ("--item", {"metavar": "STEP", "required": True,
                    "help": "what was to be done: 3, step-3 or exercise-4"}),
        ("--least", {"metavar": "PERCENT", "type": percentage, "default": LEAST,
                     "help": f"list pairs that are at least so much alike ({LEAST})"}),
        ("--format", {"choices": ("table", "csv"), "default": "table",
                      "help": "how to print the list (table)"}),
        ("folders", {"metavar": "FOLDER", "nargs": "+",
                     "help": "a student's folder; name one for each submission"}))
