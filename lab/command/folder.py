"""The student's folder: its files, and .lab.json, the only place where state is kept.

Whatever is written is written whole: to a temporary file first, which then takes the
name.  A file of the student's is never overwritten; it is kept under another name.
"""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from course import Item
from problem import USAGE, Problem

STATE = ".lab.json"
FORMAT = 1
LOCK_SECONDS = 60
NOT_HANDED_OUT = ("exercise.toml", "step.toml", "rubric.toml", "task.md", "starter.c", "solution", "wrong")


class Folder:
    def __init__(self, path: Path, state: dict):
        self.path, self.state = path, state

    @property
    def item(self) -> str:
        """The key of what the student is at."""
        return self.state["item"]

    @property
    def server(self) -> str | None:
        """The command of a server in another language."""
        return self.state.get("server")

    def record(self, key: str) -> dict:
        """What is known of a step, hunt or exercise: state, points, hints given."""
        return self.state["items"].setdefault(key, {})

    def save(self) -> None:
        write_whole(self.path / STATE, json.dumps(self.state, indent=1).encode() + b"\n")

    def keep(self, name: str) -> str | None:
        """Keep a copy of one of the student's files.  Returns the copy's name."""
        file = self.path / name
        if not file.exists():
            return None
        stem, end = name.rsplit(".", 1)
        copies = [f"{stem}.{self.item}.{end}"]
        copies += [f"{stem}.{self.item}.{number}.{end}" for number in range(1, 1000)]
        copy = next(copy for copy in copies if not (self.path / copy).exists())
        write_whole(self.path / copy, file.read_bytes())
        return copy

    def hand_out(self, item: Item) -> None:
        """Put the task and the files of an item here.  The student's own stay as they are."""
        task = item.folder / "task.md"
        if task.exists():
            write_whole(self.path / "TASK.md", task.read_bytes())
        for source in sorted(item.folder.iterdir()) if item.kind != "hunt" else []:
            target = self.path / source.name
            if source.is_dir() or source.name.startswith(NOT_HANDED_OUT):
                continue
            if target.exists() and target.read_bytes() != source.read_bytes():
                self.keep(source.name)
            write_whole(target, source.read_bytes())

    def put_starter(self, item: Item) -> bool:
        """Returns whether there is one, for a program in C."""
        if self.server or not item.starter.exists():
            return False
        write_whole(self.path / "server.c", item.starter.read_bytes())
        return True

    def keep_all(self, pattern: str) -> str:
        """The same for many files, which go to a folder of their own."""
        numbers = range(1, 1000)
        copies = [self.path / f"{self.item}.{number}" for number in numbers]
        copy = next(copy for copy in copies if not copy.exists())
        copy.mkdir()
        for file in self.path.glob(pattern):
            write_whole(copy / file.name, file.read_bytes())
        return copy.name

    @contextlib.contextmanager
    def locked(self, say) -> Iterator[None]:
        """One command at a time.  The lock is on the folder itself and ends with us."""
        lock = os.open(self.path, os.O_RDONLY)
        try:
            wait_for(lock, say)
            if (self.path / STATE).exists():
                self.state = read_state(self.path / STATE)  # what the other one has written
            yield
        finally:
            os.close(lock)


def wait_for(lock: int, say) -> None:
    deadline, said = time.monotonic() + LOCK_SECONDS, False
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        if time.monotonic() > deadline:
            raise Problem("another lab command is at work in this folder", "end that first")
        if not said:
            say("Another lab command is at work in this folder: waiting for it.")
        said = True
        time.sleep(0.1)


def write_whole(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        error.filename = str(path)  # not the temporary one
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_state(state: dict) -> None:
    """Raises TypeError or KeyError for what could not be worked with."""
    str.strip(state["item"])
    str.strip(state.get("server", ""))
    int.bit_length(state["seed"])
    for record in state["items"].values():
        dict.keys(record)
        int.bit_length(record.get("points", 0))
        int.bit_length(record.get("hints", 0))


def read_state(path: Path) -> dict:
    mend = f"mv {STATE} damaged.json, then {{lab}} start STEP . keeps your files"
    try:
        state = json.loads(path.read_bytes())
        known, _ = state["format"], check_state(state)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Problem(f"{path}: damaged; nothing was changed", mend) from None
    if known != FORMAT:
        raise Problem(
            f"{path}: written by another version of the lab; nothing was changed",
            "use that version here, or start in a new folder",
        )
    return state


def find() -> Folder | None:
    """The folder that we are in, or one above."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise Problem("the folder that you are in has been deleted", "cd somewhere else") from None
    for path in (here, *here.parents):
        if (path / STATE).exists():
            return Folder(path, read_state(path / STATE))
    return None


def here() -> Folder:
    folder = find()
    if folder is None:
        raise Problem(
            "this isn't a folder of the lab: it has no .lab.json",
            "{lab} start 1 DIR, then cd DIR", USAGE,
        )
    return folder


def make(path: Path, item: Item, server: str | None) -> Folder:
    """A new folder, or one that has files but no state."""
    if (path / STATE).exists():
        raise Problem(f"{path}: is a folder of the lab already", "choose another folder", USAGE)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
    state = {"format": FORMAT, "item": item.key, "items": {}}
    return Folder(path.resolve(), state | ({"server": server} if server else {}))
