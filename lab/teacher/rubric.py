"""The rubric of an item: how a promise earns its points, and what a person looks at.

The points of a promise stand in step.toml, since students see them.  Beside it, rubric.toml
says what students don't see:

    [promise.whole]
    partial = true                  # points in proportion to the cases that pass
    hidden = ["echo-one-byte-and-wait"]  # further cases; the promise holds if these pass, too

    [[person]]                      # judged by a person, in addition
    name = "readable"
    says = "Each function does one thing"
    points = 2
    full = "what earns all points"
    half = "what earns half of them"

Hunts and exercises have none: a promise of theirs earns all of its points or nothing.
"""

from dataclasses import dataclass, field, replace

import course
import show
from course import Item, Promise
from problem import Problem

FILE = "rubric.toml"
PERSON = "a person"


@dataclass
class Rule:
    """How a promise earns its points."""

    partial: bool = False
    hidden: list[str] = field(default_factory=list)


@dataclass
class Criterion:
    """What a person judges."""

    name: str
    says: str
    points: int
    full: str = ""
    half: str = ""


@dataclass
class Rubric:
    rules: dict[str, Rule] = field(default_factory=dict)  # by the promise's name
    person: list[Criterion] = field(default_factory=list)

    def rule(self, promise: str) -> Rule:
        return self.rules.get(promise, Rule())


def read(item: Item) -> Rubric:
    path = item.folder / FILE
    if item.kind == "hunt" or not path.exists():
        return Rubric()
    table = course.read_toml(path)
    names = {promise.name for promise in item.promises}
    unknown = [name for name in table.get("promise", {}) if name not in names]
    if unknown:
        has = f"it has {', '.join(sorted(names))}"
        raise Problem(f"{path}: {item.name} has no promise {unknown[0]}", has)
    try:
        rules = {name: Rule(**rule) for name, rule in table.get("promise", {}).items()}
        return Rubric(rules, [Criterion(**one) for one in table.get("person", [])])
    except TypeError as error:
        raise Problem(f"{path}: {error}") from None


def with_hidden_cases(item: Item, rubric: Rubric) -> Item:
    """The same item; its promises hold only if their hidden cases pass, too."""
    def extended(promise: Promise) -> Promise:
        cases = [*promise.cases, *rubric.rule(promise.name).hidden]
        return replace(promise, cases=list(dict.fromkeys(cases)))

    return replace(item, promises=[extended(promise) for promise in item.promises])


def add_command(add) -> None:
    add("rubric", print_rubric, "Print how a step, a hunt or an exercise is graded.  "
        "Not for students: it names the hidden cases.",
        ("item", {"metavar": "STEP", "help": "3, step-3, hunt-1 or exercise-4"}))


def print_rubric(options) -> int:
    item = course.find(options.item)
    rubric = read(item)
    by_person = sum(one.points for one in rubric.person)
    by_person += sum(promise.points for promise in item.promises if promise.person)
    automatic = sum(promise.points for promise in item.promises if not promise.person)
    show.say(show.wrapped(f"{item.name.capitalize()}: {item.title}"))
    show.say(f"{automatic} points by lab grade" + (f", {by_person} by a person" if by_person else ""))
    say_bug(item)
    for promise in item.promises:
        say_promise(promise, rubric.rule(promise.name))
    for criterion in rubric.person:
        say_criterion(criterion)
    return 0


def say_bug(item: Item) -> None:
    """Of a hunt.  Students get neither the patch nor its name."""
    if item.kind != "hunt":
        return
    hunts = course.read_toml(item.folder / "hunts.toml")["hunt"]
    hunt = next(one for one in hunts if one["number"] == item.number)
    show.say(f"The bug: {hunt['program']} with tests/breaks/{hunt['patch']}.patch")
    show.say("The points are for the promise that the bug breaks. To pass, all must hold.")


def say_promise(promise: Promise, rule: Rule) -> None:
    show.say("\n" + show.wrapped(promise.says, f"{points(promise.points)}  ", " " * 10))
    if promise.person:
        say_line("judged by:", PERSON)
        say_line("look for:", promise.hint)
        return
    if promise.mechanism:
        say_line("judged by:", "how the running server waits")
    elif not promise.cases:
        say_line("judged by:", "the answers, beside what the programs really do")
    several = len(promise.cases) + len(rule.hidden) > 1
    if several and promise.points:
        say_line("earned:", "in proportion to the cases that pass" if rule.partial
                 else "if all cases pass")
    say_line("cases:", ", ".join(promise.cases))
    say_line("hidden:", ", ".join(rule.hidden))


def say_criterion(criterion: Criterion) -> None:
    show.say("\n" + show.wrapped(criterion.says, f"{points(criterion.points)}  ", " " * 10))
    say_line("judged by:", PERSON)
    say_line("all points:", criterion.full)
    say_line("half:", criterion.half)


def points(number: int) -> str:
    return f"{number} point " if number == 1 else f"{number} points"


def say_line(label: str, text: str) -> None:
    if text:
        show.say(show.wrapped(text, f"          {label:<12}"))
