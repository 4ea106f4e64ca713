"""What a check finds: the one model that everything prints from.

A promise earns all of its points or none.  An outcome is one of

    passed    the promise holds
    failed    it doesn't; the message says what was seen and what was expected
    not run   the machine can't show it, or something had to come first; the message says why
    error     a failure of the lab or of the machine, never the student's
"""

from dataclasses import dataclass, field

PASSED, FAILED, NOT_RUN, ERROR = "passed", "failed", "not run", "error"
ABOVE = "a promise above must hold first"  # why a promise was not run


@dataclass
class Result:
    promise: str  # in words
    name: str = ""  # its short id
    points: int = 0  # possible
    earned: int = 0
    outcome: str = NOT_RUN
    message: str = ""  # lines, most of them "saw: ...", "expected: ...", "server: ..."
    repeat: str = ""  # the command that repeats this case alone
    read: list[str] = field(default_factory=list)
    hint: str = ""
    seconds: float = 0.0  # from the start of the check to this outcome
    kept: bool = False  # a promise of an earlier step, which must still hold
    person: bool = False  # a teacher judges it

    def settle(self, outcome: str, message: str = "") -> None:
        self.outcome, self.message = outcome, message
        self.earned = self.points if outcome == PASSED else 0


@dataclass
class Report:
    item: str  # "step 4"
    title: str
    results: list[Result] = field(default_factory=list)
    compile: str | None = None  # what the compiler printed, if anything
    remarks: list[str] = field(default_factory=list)
    complete: bool = True  # False: time was up first

    @property
    def judged(self) -> list[Result]:
        return [result for result in self.results if not result.person]

    @property
    def earned(self) -> int:
        return sum(result.earned for result in self.results)

    @property
    def possible(self) -> int:
        return sum(result.points for result in self.judged)

    @property
    def first_failure(self) -> Result | None:
        return next((one for one in self.judged if one.outcome in (FAILED, ERROR)), None)

    @property
    def holds(self) -> bool:
        """What this machine can't show must not hold anybody up; what ran must have passed."""
        ran = any(result.outcome == PASSED for result in self.judged)
        return ran and self.complete and self.first_failure is None

    @property
    def status(self) -> int:
        """The exit status: 0 all holds, 1 something doesn't, 2 it could not be checked."""
        outcomes = {result.outcome for result in self.judged}
        return 0 if self.holds else 1 if FAILED in outcomes else 2
