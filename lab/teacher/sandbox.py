"""Running hostile programs: what a submission is judged in, and what is missing of it.

    run()         starts a judge, which sees one submission and the lab, and ends it in time
    student()     inside a judge: the words before the compiler's or the server's command
    protection()  how well all this protects here

Nothing in a judge is believed but the report on its standard output.  See bubblewrap.py for
what is visible where, and supervisor.py for how a judge is watched and ended.
"""

import os
import resource
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import bubblewrap
import fallback
import supervisor
from supervisor import Ended

LAB = Path(__file__).resolve().parents[1]
MIB = 1 << 20
# What a judge finds in its environment: the level of protection, and limits for each start of a
# student's program, of processes and of room.
LEVEL, PER_START = "LAB_PROTECTION", "LAB_PER_START"
BUBBLEWRAP, LIMITS_ONLY = "bubblewrap", "limits"


@dataclass(frozen=True)
class Limits:
    seconds: float = 120  # of a judge
    memory: int = 1024 * MIB  # resident, of a judge and all that it has started
    report: int = 4 * MIB  # bytes that a judge may print
    room: int = 64 * MIB  # bytes in each folder that may be written: all are in memory
    file_size: int = 32 * MIB
    descriptors: int = 4096  # in each process
    cpu_seconds: int = 60  # of each process
    processes: int = 64  # of each start of a student's program


@dataclass(frozen=True)
class Protection:
    """How well this machine protects from a submission.

    level    "bubblewrap": namespaces of its own, all that is promised; or "limits"
    missing  one sentence for each protection that is missing, for the teacher; () if none is
    """

    level: str
    missing: tuple[str, ...] = field(default=())


@cache
def protection() -> Protection:
    """Tried once: a judge that starts a student's program."""
    reason = bubblewrap.why_not(LAB)
    if not reason:
        return Protection(BUBBLEWRAP)
    return Protection(LIMITS_ONLY, (f"{reason}", *fallback.missing()))


def run(
    words: list[str], submission: Path, read_only: list[Path], limits: Limits = Limits(),
    environment: dict[str, str] | None = None, stop=lambda: False,
) -> Ended:
    """Run a judge, and wait for its end; afterwards nothing of it is left.

    words        the judge's command.  Its working folder is a copy of the submission, which it
                 may write to and which is gone at the end
    submission   a private copy of what was handed in, without links that lead out of it.  If we
                 are root it becomes the property of the user who runs the judge
    read_only    what else the judge sees besides the system: the lab's folder, conformance ...
    environment  what the judge finds in its environment besides PATH, HOME and LC_ALL
    stop         asked ten times a second: True ends the judge

    Several threads may call this at once.
    """
    environment = (environment or {}) | {
        LEVEL: protection().level, PER_START: f"{limits.processes} {limits.room}",
    }
    if protection().level == BUBBLEWRAP:
        with fallback.a_user() as user:
            if user is not None:
                fallback.give_to(submission, user)
            command = bubblewrap.judge(
                words, submission, read_only, limits.room, environment, user
            )
            return supervisor.run([*limited(limits), *command], limits, stop)
    with fallback.judge(words, submission, environment) as command:
        return supervisor.run([*limited(limits), *command], limits, stop)


def student(folder: Path, writable: bool = False) -> list[str]:
    """The words to put before a command of the student's: the server, or the compiler.

    The command runs in `folder`.  That is a copy for this start alone, which is gone at its end;
    with `writable`, for the compiler, it is the folder itself.  (Without bubblewrap it is always
    the folder itself.)
    """
    processes, room = map(int, os.environ[PER_START].split())
    if os.environ[LEVEL] != BUBBLEWRAP:
        return fallback.student(folder, processes)
    limit = ["prlimit", f"--nproc={allowed(resource.RLIMIT_NPROC, processes)}", "--"]
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return bubblewrap.student(folder, writable, room, limit, kept)


def limited(limits: Limits) -> list[str]:
    """What holds for each process of a judge.  The address space isn't limited: a sanitizer
    reserves terabytes of it."""
    return [
        "prlimit", "--core=0",
        f"--fsize={allowed(resource.RLIMIT_FSIZE, limits.file_size)}",
        f"--cpu={allowed(resource.RLIMIT_CPU, limits.cpu_seconds)}",
        f"--nofile={allowed(resource.RLIMIT_NOFILE, limits.descriptors)}", "--",
    ]


def allowed(kind: int, wanted: int) -> int:
    """A limit may be lowered, and only root may raise it."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
