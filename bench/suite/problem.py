"""What ends a run early: an error, in words that help, or a signal, at any moment."""

import signal

USAGE = 64  # sysexits.h: an option that isn't understood
CANNOT_WRITE = 74  # sysexits.h: EX_IOERR


class Problem(Exception):
    """One clear line for stderr, and the exit status that goes with it."""

    def __init__(self, line: str, status: int = 1):
        super().__init__(line)
        self.status = status


class Interrupted(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""

    def __init__(self, number: int):
        super().__init__(signal.strsignal(number))
        self.status = 128 + number


def interrupt(number, _frame):
    """The first signal ends the work in order; nothing disturbs that."""
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    raise Interrupted(number)


def watch_signals() -> None:
    hung_up = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if hung_up != signal.SIG_IGN:  # nohup(1), or its terminal is gone already
        signal.signal(signal.SIGHUP, interrupt)
