"""What there is to do: steps/, hunts/ and exercises/, read from their TOML files."""

import os
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from problem import USAGE, Problem

KINDS = ("step", "hunt", "exercise")
FILES = {"step": "step.toml", "exercise": "exercise.toml"}


@dataclass
class Promise:
    name: str
    says: str
    points: int = 0
    cases: list[str] = field(default_factory=list)  # of conformance
    mechanism: dict | None = None  # what the waiting server must be seen to do
    answer: dict | None = None  # judged by the item's module
    person: bool = False  # judged by a teacher
    read: list[str] = field(default_factory=list)
    hint: str = ""


@dataclass
class Item:
    """A step, a hunt or an exercise."""

    kind: str
    number: int
    title: str
    folder: Path  # where its files are
    minutes: int = 0
    points: int = 0
    read: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    keeps: list[str] = field(default_factory=list)  # earlier steps whose promises must hold
    module: str = ""  # command/exercises/NAME.py, for what needs code
    build: str = ""  # of a hunt: the shell command that compiles it
    server: str = ""  # of a hunt: the command that starts it
    case: str = ""  # of a hunt: the one that is certain to catch its bug

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.number}"

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def starter(self) -> Path:
        return self.folder / "starter.c"


def root() -> Path:
    """The lab's folder.  A test has one of its own."""
    return Path(os.environ.get("LAB_COURSE") or Path(__file__).resolve().parents[1])


def read_toml(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # tomllib.TOMLDecodeError, or no UTF-8
        raise Problem(f"{path}: {error}") from None


def make_item(kind: str, number: int, folder: Path, table: dict) -> Item:
    known = {key: value for key, value in table.items() if key in Item.__dataclass_fields__}
    try:
        promises = [Promise(**one) for one in table.get("promise", [])]
        item = Item(**(known | {"kind": kind, "number": number, "folder": folder}))
    except TypeError as error:  # a key that is missing, or unknown
        raise Problem(f"{folder}: {kind} {number}: {error}") from None
    item.promises = promises
    item.points = sum(one.points for one in promises) or item.points
    return item


def items_in_folders(kind: str) -> list[Item]:
    found = []
    for path in sorted(root().glob(f"{kind}s/[0-9]*/{FILES[kind]}")):
        number = int(re.match(r"\d+", path.parent.name)[0])
        found.append(make_item(kind, number, path.parent, read_toml(path)))
    return sorted(found, key=lambda item: item.number)


def hunts() -> list[Item]:
    """What the hunts have in common stands at the top of their file, the promises included.  A
    hunt adds the case that catches its bug, and points, to the promise that is broken."""
    path = root() / "hunts/hunts.toml"
    common = read_toml(path) if path.exists() else {}
    found = []
    for hunt in common.pop("hunt", []):
        promises = [dict(promise) for promise in common["promise"]]
        broken = next(promise for promise in promises if promise["name"] == hunt["promise"])
        broken["cases"] = list(dict.fromkeys([*broken["cases"], hunt["case"]]))
        broken["points"] = hunt["points"]
        table = common | hunt | {"promise": promises}
        found.append(make_item("hunt", hunt["number"], path.parent, table))
    return found


@cache
def items() -> list[Item]:
    return items_in_folders("step") + hunts() + items_in_folders("exercise")


def find(word: str) -> Item:
    """The item that `3`, `step-3` or `hunt-1` stands for."""
    key = f"step-{word}" if word.isdigit() else word
    for item in items():
        if key in (item.key, f"{item.kind}-{item.number:02}"):
            return item
    raise Problem(f"{word}: no such step, hunt or exercise", "{lab} list", USAGE)


def following(item: Item) -> Item | None:
    """The next step of the path.  Hunts and exercises stand alone."""
    later = [one for one in items() if one.kind == "step" and one.number > item.number]
    return later[0] if later and item.kind == "step" else None


def kept_promises(item: Item) -> list[Promise]:
    """Promises of earlier steps that still apply.  How a server waits may have changed."""
    steps = {one.folder.name: one for one in items() if one.kind == "step"}
    unknown = [name for name in item.keeps if name not in steps]
    if unknown:
        raise Problem(f"{item.folder}: keeps: {unknown[0]}: no such step")
    return [one for name in item.keeps for one in steps[name].promises if one.cases]
