"""What grading finds: the one model that the journal and all formats are made from.

Points are a number, or None: not judged, which is never the same as zero.  They are None after
an error of the lab or the machine, for what this machine can't show, and for what a person judges.
"""

from dataclasses import asdict, dataclass, field

from results import ERROR, FAILED, NOT_RUN, PASSED

OUTCOMES = (PASSED, FAILED, NOT_RUN, ERROR)
LINES_MOST, COLUMNS_MOST = 30, 300  # of a message


@dataclass
class Grade:
    """One promise of one submission."""

    promise: str  # its short id
    says: str
    possible: float
    points: float | None = None
    outcome: str = NOT_RUN
    message: str = ""  # for the student: says nothing of hidden cases but how many failed
    notes: str = ""  # for the teacher
    cases: int = 0
    passed: int = 0  # of these
    kept: bool = False  # a promise of an earlier step: no points
    person: bool = False


@dataclass
class Graded:
    """One submission.  If `error` says why it couldn't be graded, it has no grades."""

    name: str
    item: str  # its key; "" if that isn't known
    grades: list[Grade] = field(default_factory=list)
    error: str = ""
    compiler: str = ""  # what the compiler printed
    seconds: float = 0.0

    @property
    def done(self) -> bool:
        return not self.error and all(grade.outcome != ERROR for grade in self.grades)

    @property
    def judged(self) -> list[Grade]:
        return [grade for grade in self.grades if not grade.person]

    @property
    def points(self) -> float | None:
        """None where something is still to be graded: that is no zero."""
        if not self.done:
            return None
        return tidy(sum(grade.points or 0 for grade in self.judged))

    @property
    def possible(self) -> float:
        """Without what this machine can't show."""
        return tidy(sum(one.possible for one in self.judged if one.points is not None))

    @property
    def why(self) -> str:
        """Why it must be graded again, in one line."""
        broken = next((one for one in self.grades if one.outcome == ERROR), None)
        text = self.error or (f"{broken.promise}: {broken.message}" if broken else "")
        return " ".join(text.split())

    def as_dict(self) -> dict:
        return asdict(self)


def from_dict(table: dict) -> Graded:
    """Raises TypeError, KeyError, ValueError or AttributeError for what isn't as_dict()'s."""
    graded = Graded(**(table | {"grades": [Grade(**one) for one in table["grades"]]}))
    for grade in graded.grades:
        numbers = all(isinstance(one, (int, float)) for one in (grade.possible, grade.points))
        good = grade.points is None or (numbers and 0 <= grade.points <= grade.possible)
        if not good or grade.outcome not in OUTCOMES:
            raise ValueError(grade.promise)
        grade.message, grade.notes = plain(grade.message), plain(grade.notes)
    graded.error, graded.compiler = plain(graded.error), plain(graded.compiler)
    return graded


def tidy(number: float) -> float:
    """Points are shown with two decimals at most."""
    rounded = round(number, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def plain(text: str) -> str:
    """A student's program can put anything into a message: only lines of printable characters
    remain, not too many of them."""
    lines = [
        "".join(one if one.isprintable() else "?" for one in line)[:COLUMNS_MOST]
        for line in text.splitlines()
    ]
    if len(lines) > LINES_MOST:
        lines[LINES_MOST - 1 :] = [f"... {len(lines) - LINES_MOST + 1} more lines"]
    return "\n".join(lines)
