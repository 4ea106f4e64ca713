"""The results folder: written as the run goes, so that no end of it loses data."""

import json
import os
import time
from pathlib import Path

from options import ROOT
from problem import CANNOT_WRITE, USAGE, Problem


def create(asked: Path | None) -> Path:
    """The folder of this run: the one asked for, or a new one by the time."""
    folder = asked or ROOT / "results" / time.strftime("%Y-%m-%d-%H%M%S")
    option = f"bench/run: --output={folder}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "trials.ndjson", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.close(descriptor)
    except FileExistsError:
        why = "there is a run in it already" if folder.is_dir() else "not a folder"
        raise Problem(f"{option}: {why}", USAGE) from None
    except OSError as error:
        raise Problem(f"{option}: can't be written: {error.strerror}", USAGE) from None
    return folder


def cannot_write(path: Path, error: OSError) -> Problem:
    line = f"bench/run: {path}: {error.strerror}; what was written before is kept"
    return Problem(line, CANNOT_WRITE)


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from None


def append_trial(folder: Path, trial: dict) -> None:
    """One line, handed to the kernel before the next trial begins."""
    path = folder / "trials.ndjson"
    try:
        with open(path, "a") as file:
            file.write(json.dumps(trial, separators=(",", ":")) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from None


def read_trials(folder: Path) -> list[dict]:
    """All whole lines; the last one may be torn when a disk was full."""
    path = folder / "trials.ndjson"
    trials = []
    try:
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            try:
                trials.append(json.loads(line))
            except json.JSONDecodeError:
                print(f"{path}: line {number} is not whole and is left out")
    except OSError as error:
        raise Problem(f"bench/run: --draw={folder}: {error.strerror}", USAGE) from None
    return trials


def read_environment(folder: Path) -> dict | None:
    try:
        return json.loads((folder / "environment.json").read_text())
    except (OSError, json.JSONDecodeError):
        return None
