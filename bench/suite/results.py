"""The results folder: written as the run goes, so that no end of it loses data."""

import contextlib
import gzip
import json
import os
import sys
import time
import zlib
from pathlib import Path
from typing import Iterator

from options import ROOT
from problem import CANNOT_WRITE, USAGE, Problem
from servers import undisturbed

SAME_SECOND = 100  # runs that may begin in one second, each with its own folder


def new_names() -> Iterator[Path]:
    """results/DATE-TIME; with a number behind it where another run was as quick."""
    plain = ROOT / "results" / time.strftime("%Y-%m-%d-%H%M%S")
    yield plain
    for number in range(2, SAME_SECOND):
        yield plain.with_name(f"{plain.name}-{number}")


def claim(folder: Path) -> None:
    """Make it ours: only one run can create the file of its trials."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "trials.ndjson.gz").exists():
        raise FileExistsError
    descriptor = os.open(folder / "trials.ndjson", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    os.close(descriptor)


def create(asked: Path | None) -> Path:
    """The folder of this run: the one asked for, or a new one by the time."""
    for folder in [asked] if asked else new_names():
        option = f"bench/run: --output={folder}"
        try:
            claim(folder)
            return folder
        except FileExistsError:
            why = "there is a run in it already" if folder.is_dir() else "not a folder"
            taken = Problem(f"{option}: {why}", USAGE)
        except OSError as error:
            raise Problem(f"{option}: can't be written: {error.strerror}", USAGE) from None
    raise taken


def make(folder: Path) -> None:
    """A folder for files that aren't a run's."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"bench/run: --output={folder}: {error.strerror}", USAGE) from None


def discard(folder: Path) -> None:
    """Nothing was measured: leave nothing behind."""
    with contextlib.suppress(OSError):
        for name in ("trials.ndjson", "environment.json"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def cannot_write(path: Path, error: OSError) -> Problem:
    line = f"bench/run: {path}: {error.strerror}; what was written before is kept"
    return Problem(line, CANNOT_WRITE)


def write(path: Path, text: str) -> None:
    """The whole file or, when the disk is full, the one that was there before."""
    half = path.with_name(path.name + ".half")
    try:
        path.parent.mkdir(exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise cannot_write(path, error) from None


def append(path: Path, record: dict) -> None:
    """One line, handed to the kernel before the next measurement begins."""
    line = json.dumps(record, separators=(",", ":")) + "\n"
    try:
        with undisturbed(), open(path, "a") as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(path, error) from None


def text_of(path: Path) -> str:
    """The file itself or, in a run that is kept for long, the one that gzip made of it."""
    packed = path.with_name(path.name + ".gz")
    if packed.is_file():
        return gzip.decompress(packed.read_bytes()).decode("utf-8", "replace")
    return path.read_text("utf-8", "replace")


def read_lines(path: Path) -> list:
    """All whole lines; the last one may be torn when a disk was full."""
    lines = []
    try:
        for number, text in enumerate(text_of(path).splitlines(), 1):
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:
                print(f"{path}: line {number} is not whole and is left out", file=sys.stderr)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem(f"bench/run: {path}: {why}", USAGE) from None
    return lines


SCHEMA = 3  # loadgen's: bench/README.md
ALWAYS = {"experiment", "round", "mode", "trials"}  # what every line has


def is_ours(line: object) -> bool:
    return isinstance(line, dict) and line.get("schema") == SCHEMA and ALWAYS <= line.keys()


def read_trials(folder: Path) -> list[dict]:
    """The lines of trials.ndjson, one for each point and round."""
    path = folder / "trials.ndjson"
    lines = read_lines(path)
    if not all(map(is_ours, lines)):
        raise Problem(f"bench/run: {path}: not written by this version of bench/run", USAGE)
    return lines


def read_waits(folder: Path) -> list[dict]:
    """The lines of waits.ndjson; none where the experiment was not run."""
    path = folder / "waits.ndjson"
    there = path.is_file() or path.with_name(path.name + ".gz").is_file()
    return read_lines(path) if there else []


def read_environment(folder: Path) -> dict | None:
    """None when there is none, or it can't be read."""
    try:
        found = json.loads((folder / "environment.json").read_text("utf-8"))
    except (OSError, ValueError):  # torn, or not even text
        return None
    return found if isinstance(found, dict) else None
