"""Progress on standard error: one line that changes on a terminal, otherwise a line for each
submission that is done.
"""

import shutil
import sys
import threading
import time

from grades import Graded


class Progress:
    def __init__(self, of: int):
        self.of, self.done, self.skipped, self.began = of, 0, 0, time.monotonic()
        self.at_work: list[str] = []
        self.live = sys.stderr.isatty()
        self.lock = threading.Lock()  # judges are started by several threads

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()

    def note(self, text: str) -> None:
        self.clear()
        self.write(f"{text}\n")

    def skip(self, graded: list[Graded]) -> None:
        self.done = self.skipped = len(graded)
        before = sum(one.done for one in graded)
        if before:
            self.note(f"{before} of {self.of} were graded before.")

    def started(self, name: str) -> None:
        with self.lock:
            self.at_work.append(name)
            self.show()

    def finished(self, graded: Graded) -> None:
        with self.lock:
            self.done += 1
            self.at_work.remove(graded.name)
            if not self.live:
                self.write(f"{self.done}/{self.of} {graded.name}: {in_words(graded)}\n")
            self.show()

    def summary(self, graded: list[Graded]) -> None:
        again = [one for one in graded if not one.done]
        self.note(f"Graded {len(graded) - len(again)} of {len(graded)}.")
        for why in dict.fromkeys(one.why for one in again):
            names = [one.name for one in again if one.why == why]
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            self.note(f"To grade again: {names[0]}{others}: {why}")

    def show(self) -> None:
        if not self.live:
            return
        now = f"; now {', '.join(self.at_work)}" if self.at_work else ""
        text = f"  {self.done} of {self.of} graded{self.time_left()}{now}"
        self.write(f"\r{text[: shutil.get_terminal_size().columns - 1]}\033[K")

    def time_left(self) -> str:
        judged = self.done - self.skipped
        if not judged:
            return ""
        seconds = (time.monotonic() - self.began) / judged * (self.of - self.done)
        return f", about {round(seconds / 60)} min left" if seconds > 90 else ""

    def clear(self) -> None:
        if self.live:
            self.write("\r\033[K")

    def write(self, text: str) -> None:
        """A terminal that is gone must not end the run."""
        try:
            print(text, end="", file=sys.stderr, flush=True)
        except OSError:
            self.live = False


def in_words(graded: Graded) -> str:
    if not graded.done:
        return f"to grade again: {graded.why}"
    return f"{graded.item}: {graded.points} of {graded.possible} points, {graded.seconds:.0f} s"
