"""The submissions: which there are, and a private copy of each.

A submission is a student's folder, and nothing in it is trusted: links aren't followed, and
devices and pipes are left out.  Of .lab.json only the item and the server's command count.
"""

import hashlib
import json
import os
import re
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course
from course import Item
from folder import STATE
from problem import Problem

BYTES_MOST, FILES_MOST, STATE_MOST = 64 << 20, 2000, 1 << 20
DEPTH_MOST = 100  # of folders in folders: copying and deleting them takes recursion
COMMAND_MOST = 1000  # characters
PLAIN = re.compile(r"(?:[\w@%+=:,./-]|\{port\}|\{options\})+", re.ASCII)
READABLE, EXECUTABLE = 0o644, 0o755
GIVE_ITEM = "give the step with --item"


@dataclass
class Submission:
    name: str
    path: Path
    item: Item | None = None
    server: str | None = None  # the command of one in another language
    problem: str = ""  # why it can't be graded


def find(folders: list[str], item: Item | None) -> list[Submission]:
    """Those in the order of their names.  A folder that is given twice counts once."""
    paths = list(dict.fromkeys(Path(os.path.abspath(folder)) for folder in folders))
    ends = [path.name for path in paths]
    above = os.path.commonpath(paths) if len(paths) > 1 else ""
    found = []
    for path in paths:
        unique = ends.count(path.name) == 1
        name = path.name if unique else os.path.relpath(path, above)
        found.append(identify(Submission(printable(name), path, item)))
    return sorted(found, key=lambda one: one.name)


def printable(name: str) -> str:
    """A folder's name may hold line ends, and bytes that are no UTF-8."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


def identify(one: Submission) -> Submission:
    """Its item and its server's command, from .lab.json as far as that can be used."""
    if not one.path.is_dir():
        one.problem = "this is not a folder"
        return one
    state = read_state(one.path / STATE)
    one.server = usable_server(state.get("server"))
    if one.item is None:
        key = state.get("item")
        one.item = next((item for item in course.items() if item.key == key), None)
    if one.item is None:
        one.problem = f"no usable {STATE}: {GIVE_ITEM}"
    return one


def read_state(path: Path) -> dict:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    with open(file, "rb") as opened:
        try:
            state = json.loads(opened.read(STATE_MOST))
        except (OSError, ValueError, RecursionError):
            return {}
    return state if isinstance(state, dict) else {}


def usable_server(command) -> str | None:
    """In a form in which nothing is expanded: conformance would replace $HOME and * by what
    only the judge may see."""
    if not isinstance(command, str) or len(command) > COMMAND_MOST or not command.isprintable():
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    good = any("{port}" in word for word in words) and words[0]
    return " ".join(map(quoted, words)) if good else None


def quoted(word: str) -> str:
    return word if PLAIN.fullmatch(word) else shlex.quote(word)


def files(folder: Path) -> Iterator[tuple[Path, Path, bool]]:
    """The regular files: relative path, path, executable; always in the same order."""
    count = 0
    for where, folders, names in os.walk(folder, onerror=complain):
        folders.sort()
        count += len(folders) + len(names)
        if count > FILES_MOST:
            raise Problem(f"it has more than {FILES_MOST:,} files and folders")
        if len(Path(where).parts) - len(folder.parts) >= DEPTH_MOST and folders:
            raise Problem(f"it has more than {DEPTH_MOST} folders in one another")
        for name in sorted(names):
            path = Path(where, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path.relative_to(folder), path, bool(status.st_mode & stat.S_IXUSR)


def complain(error: OSError) -> None:
    raise error


def contents(folder: Path) -> Iterator[tuple[Path, bytes, bool]]:
    left = BYTES_MOST
    for relative, path, executable in files(folder):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            # For what it may read, it makes a buffer first.
            data = file.read(min(os.fstat(descriptor).st_size, left) + 1)
        left -= len(data)
        if left < 0:
            raise Problem(f"its files have more than {BYTES_MOST >> 20} MiB")
        yield relative, data, executable


def fingerprint(one: Submission) -> str:
    """Another one, if anything in it that counts has changed."""
    digest = hashlib.sha256((one.server or "").encode(errors="replace"))
    for relative, data, executable in contents(one.path):
        for part in (os.fsencode(relative), data, b"x" if executable else b""):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def copy(one: Submission, to: Path) -> None:
    to.mkdir(parents=True)
    for relative, data, executable in contents(one.path):
        target = to / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(EXECUTABLE if executable else READABLE)
