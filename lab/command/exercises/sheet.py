"""The promises of one exercise, and what its check has found out about each."""

import time
from collections.abc import Callable

from course import Item, Promise
from results import ERROR, FAILED, NOT_RUN, PASSED, Result

from .form import Wrong


ABOVE = "a promise above must hold first"


class NotRun(Exception):
    """This machine can't show it; the message says why."""


class Sheet:
    """Starts with everything not run; a promise is judged at most once."""

    def __init__(self, item: Item):
        self.began = time.monotonic()
        self.results = [self.blank(promise) for promise in item.promises]

    def blank(self, promise: Promise) -> Result:
        message = "your teacher reads this" if promise.person else ABOVE
        return Result(
            promise.says, promise.name, promise.points, message=message,
            read=promise.read, hint=promise.hint, person=promise.person,
        )

    def judge(self, name: str, find_out: Callable[[], str | None], repeat: str = "") -> bool:
        """find_out returns if the promise holds, perhaps with a message, or raises Wrong or
        NotRun.  Returns whether it holds."""
        result = next(one for one in self.results if one.name == name)
        try:
            result.settle(PASSED, find_out() or "")
        except Wrong as wrong:
            result.settle(FAILED, str(wrong))
        except NotRun as reason:
            result.settle(NOT_RUN, str(reason))
        except OSError as error:
            result.settle(ERROR, f"{error.filename or 'the lab'}: {error.strerror or error}")
        result.seconds, result.repeat = time.monotonic() - self.began, repeat
        return result.outcome == PASSED

    def all_fail(self, wrong: Wrong) -> list[Result]:
        """The form can't be read, so none of its promises holds."""
        for result in self.results:
            if not result.person:
                result.settle(FAILED, str(wrong))
        return self.results
