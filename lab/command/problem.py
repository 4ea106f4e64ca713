"""What ends a command early: a problem, in one clear line, or a signal."""

import errno
import signal

HOLDS, BROKEN, UNCHECKED, USAGE = 0, 1, 2, 64  # exit statuses; USAGE is that of sysexits.h
FAULT = "report this with all that was printed"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ADVICE = {
    errno.ENOSPC: "make room on the disk, then run the same command again",
    errno.EDQUOT: "make room on the disk, then run the same command again",
    errno.EFBIG: "raise the limit for the size of files (ulimit -f), then run it again",
    errno.EROFS: "copy the folder to a place that you can write to, and work there",
    errno.EACCES: "copy the folder to a place that you can write to, and work there",
}


class Problem(Exception):
    """One line for stderr, what to do next, and the exit status."""

    def __init__(self, line: str, advice: str = "", status: int = UNCHECKED):
        super().__init__(line)
        self.advice, self.status = advice, status


class Interrupted(BaseException):
    """Ctrl-C, SIGTERM, or the terminal was closed.  No `except Exception` holds it."""

    def __init__(self, number: int):
        super().__init__(signal.strsignal(number))
        self.status = 128 + number


def of_system(error: OSError) -> Problem:
    name = error.filename2 or error.filename  # of a rename, the new name
    where = f"{name}: " if name else ""
    advice = ADVICE.get(error.errno, "mend that, then run the same command again")
    return Problem(f"{where}{error.strerror or error}", advice)


def interrupt(number, _frame):
    """The first signal ends the work in order; nothing disturbs that."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise Interrupted(number)


def watch_signals() -> None:
    hung_up = signal.getsignal(signal.SIGHUP)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if hung_up != signal.SIG_IGN:  # nohup(1)
        signal.signal(signal.SIGHUP, interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [*ENDINGS, signal.SIGCHLD])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would hide how children end
