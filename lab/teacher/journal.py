"""The journal of a grading run: one line for each submission that is done.

A line is written and reaches the disk before the next submission counts as done, so whatever
ends a run, the next one goes on from here.  A line that was torn is cut off.  The first line
holds the course's seed: a resumed run gives each submission the same random numbers.
"""

import contextlib
import fcntl
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from grades import Graded, from_dict
from problem import Problem

NAME = "journal.jsonl"
ENDS = "end it first, or give another folder with --results"


class Journal:
    def __init__(self, file: int, path: Path):
        self.file, self.path = file, path
        self.done: dict[str, Graded] = {}  # by key
        self.seed = 0
        for line in whole_lines(file):
            self.take(line)
        if not self.seed:
            self.seed = random.randrange(1, 1 << 32)
            self.append({"seed": self.seed})

    def take(self, line: bytes) -> None:
        """What can't be read is graded again."""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            table = json.loads(line)
            if "seed" in table:
                self.seed = int(table["seed"])
            else:
                self.done[str(table["key"])] = from_dict(table["graded"])

    def add(self, key: str, graded: Graded) -> None:
        self.append({"key": key, "graded": graded.as_dict()})
        self.done[key] = graded

    def append(self, table: dict) -> None:
        line, size = json.dumps(table).encode() + b"\n", os.fstat(self.file).st_size
        try:
            while line:
                line = line[os.write(self.file, line) :]
            os.fsync(self.file)
        except OSError as error:  # such as a full disk: no half line stays
            os.ftruncate(self.file, size)
            error.filename = str(self.path)
            raise


def whole_lines(file: int) -> list[bytes]:
    """All lines; one without its end is cut off."""
    data = b""
    while more := os.pread(file, 1 << 20, len(data)):
        data += more
    os.ftruncate(file, data.rfind(b"\n") + 1)
    return data[: data.rfind(b"\n") + 1].splitlines()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    """The journal in a folder.  One run at a time: the lock ends with us."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"{folder}: another grading run is at work there", ENDS) from None
        sync_folder(folder)
        yield Journal(file, path)
    finally:
        os.close(file)


def sync_folder(folder: Path) -> None:
    """The name of a new file must reach the disk, too: fsync(2)."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
