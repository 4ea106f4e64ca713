"""What can go wrong in words that help: every error that ends the run."""

USAGE = 64  # sysexits.h: an option that isn't understood
CANNOT_WRITE = 74  # sysexits.h: EX_IOERR


class Problem(Exception):
    """One clear line for stderr, and the exit status that goes with it."""

    def __init__(self, line: str, status: int = 1):
        super().__init__(line)
        self.status = status
