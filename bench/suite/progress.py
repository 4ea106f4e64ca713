"""How far the run has come: a bar on a terminal, plain lines elsewhere.

The unit is the planned second, so that what is left can be told from the start.
"""

import contextlib
import os
import shutil
import sys
import time

from plan import Climb

try:
    from tqdm import tqdm
except ImportError:  # it is a help, not a need
    tqdm = None

COLUMNS = 80
LAYOUT = "{desc} {percentage:3.0f} %|{bar}| {elapsed} done, about {remaining} to go"


def say(text: str = "") -> None:
    """A line for people, at once even when stdout is a file."""
    try:
        print(text, flush=True)
    except OSError:  # nobody reads any more; the results still count
        sys.stdout = open(os.devnull, "w")


def some(count: int, what: str) -> str:
    """1 round, 2 rounds."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min"


class Progress:
    """Counts planned seconds; `advance` for each trial, `end_climb` for each climb."""

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

    def begin_climb(self, climb: Climb) -> None:
        self.climb = climb
        self.climb_started = time.monotonic()
        self.trials = 0
        if self.bar is not None:
            self.bar.set_description_str(f"round {climb.round}/{self.rounds} {climb.server:15.15}")

    def advance(self, planned: float) -> None:
        self.trials += 1
        self.done += planned
        if self.bar is not None:
            self.bar.update(planned)

    def end_climb(self, planned_left: float) -> None:
        """`planned_left` seconds of it weren't needed: it ended early."""
        self.skip(planned_left)
        if self.bar is not None:
            return
        took = time.monotonic() - self.climb_started
        say(
            f"round {self.climb.round} of {self.rounds}: {self.climb.server}, "
            f"{some(self.trials, 'trial')} in {took:.1f} s{self.to_go()}"
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
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)
        if self.bar is not None:
            self.bar.refresh()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
