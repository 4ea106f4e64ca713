"""How far the run has come: a bar on a terminal, plain lines elsewhere.

The unit is the planned second, so the time that is left is known from the start.
"""

import contextlib
import os
import shutil
import sys
import textwrap
import time
from pathlib import Path

from words import some

try:
    from tqdm import tqdm
except ImportError:  # it is a help, not a need
    tqdm = None

COLUMNS = 80
LAYOUT = "{desc} {percentage:3.0f} %|{bar}| {elapsed} done, about {remaining} to go"


lost: OSError | None = None  # why something that was said did not get out


def say(text: str = "", end: str = "\n") -> None:
    """A line for people, at once even when stdout is a file."""
    global lost
    try:
        print(text, end=end, flush=True)
    except OSError as error:  # nobody reads any more; the results still count
        lost = lost or error
        sys.stdout = open(os.devnull, "w")


def complain(line: str) -> None:
    """A line on stderr, which may be full or closed, too."""
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(line, file=sys.stderr, flush=True)


def say_sentence(sentence: str) -> None:
    """Wrapped to the columns of a terminal."""
    say(textwrap.fill(sentence, COLUMNS, subsequent_indent="    "))


def shown(path: Path) -> str:
    """The path as somebody in this folder would type it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("../..") else relative


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} hours"


class Progress:
    """Counts planned seconds; `advance` for each point, `skip` for what isn't needed."""

    def __init__(self, planned: float, rounds: int):
        self.planned = planned
        self.rounds = rounds
        self.done = 0.0
        self.started = time.monotonic()
        self.bar = None
        if tqdm is not None and sys.stdout is not None and sys.stdout.isatty():
            tqdm.monitor_interval = 0  # no thread of its own: signals come to this one
            columns = min(shutil.get_terminal_size().columns, COLUMNS)
            self.bar = tqdm(total=planned, ncols=columns - 1, bar_format=LAYOUT, file=sys.stdout)

    def begin(self, number: int, experiment: str) -> None:
        if self.bar is not None:
            self.bar.set_description_str(f"round {number}/{self.rounds} {experiment:9.9}")

    def advance(self, planned: float) -> None:
        self.done += planned
        if self.bar is not None:
            self.bar.update(planned)

    def end_experiment(self, number: int, experiment: str, trials: int, began: float) -> None:
        """A line where there is no bar."""
        if self.bar is not None:
            return
        took = time.monotonic() - began
        say(
            f"round {number} of {self.rounds}: {experiment}, "
            f"{some(trials, 'trial')} in {took:.1f} s{self.to_go()}"
        )

    def skip(self, planned: float) -> None:
        """Work that was planned and won't be done."""
        self.planned -= planned
        if self.bar is not None:
            self.bar.total = self.planned
            self.bar.refresh()

    def to_go(self) -> str:
        if self.done == 0 or self.planned - self.done < 0.01:
            return ""
        pace = (time.monotonic() - self.started) / self.done
        return f", about {in_words((self.planned - self.done) * pace)} to go"

    def warn(self, line: str) -> None:
        """A line on stderr that doesn't tear the bar apart."""
        if self.bar is not None:
            self.bar.clear()
        complain(line)
        if self.bar is not None:
            self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
