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

from measure.server import undisturbed
from options import ROOT
from problem import CANNOT_WRITE, USAGE, Problem

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


def append_trial(folder: Path, trial: dict) -> None:
    """One line, handed to the kernel before the next trial begins."""
    path = folder / "trials.ndjson"
    line = json.dumps(trial, separators=(",", ":")) + "\n"
    try:
        with undisturbed(), open(path, "a") as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(path, error) from None


def text_of_trials(folder: Path) -> str:
    """A run that is kept for long may be packed, with gzip trials.ndjson."""
    packed = folder / "trials.ndjson.gz"
    if packed.is_file():
        return gzip.decompress(packed.read_bytes()).decode("utf-8", "replace")
    return (folder / "trials.ndjson").read_text("utf-8", "replace")


# What every trial has, whatever came of it, and the meaning of its other fields.
ALWAYS = {"experiment", "round", "server_name", "kind", "role", "outcome"}
SCHEMA = 2  # loadgen's: bench/README.md


def is_ours(trial: object) -> bool:
    """Was it written by this bench/run, and not by an older one or by somebody else?"""
    if not isinstance(trial, dict) or not ALWAYS <= trial.keys():
        return False
    return trial.get("schema", SCHEMA) == SCHEMA  # a server that didn't start has none


def read_trials(folder: Path) -> list[dict]:
    """All whole lines; the last one may be torn when a disk was full."""
    path = folder / "trials.ndjson"
    trials = []
    try:
        for number, line in enumerate(text_of_trials(folder).splitlines(), 1):
            try:
                trials.append(json.loads(line))
            except json.JSONDecodeError:
                print(f"{path}: line {number} is not whole and is left out", file=sys.stderr)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem(f"bench/run: {path}: {why}", USAGE) from None
    if not all(map(is_ours, trials)):
        raise Problem(f"bench/run: {path}: not written by this version of bench/run", USAGE)
    return trials


def read_environment(folder: Path) -> dict | None:
    """None when there is none, or nobody can read it."""
    try:
        found = json.loads((folder / "environment.json").read_text("utf-8"))
    except (OSError, ValueError):  # torn, or not even text
        return None
    return found if isinstance(found, dict) else None
