"""Ctrl-C, SIGTERM and a closed terminal: an end in order, at any moment."""

import signal


class Interrupted(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""

    def __init__(self, number: int):
        super().__init__(signal.strsignal(number))
        self.status = 128 + number


def interrupt(number, _frame):
    """The first one ends what is done in order, and nothing disturbs that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise Interrupted(number)


def watch_signals() -> None:
    hung_up = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if hung_up != signal.SIG_IGN:  # nohup(1), or its terminal is gone already
        signal.signal(signal.SIGHUP, interrupt)
