"""Running hostile programs: what a submission is judged in, and what is missing of it.

    run()         starts a judge, which sees one submission and the lab, and ends it in time
    student()     inside a judge: the words before the compiler's or the server's command
    protection()  how well all this protects here

Nothing in a judge is believed but the report on its standard output.  See bubblewrap.py for
what is visible where, and supervisor.py for how a judge is watched and ended.
"""

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import bubblewrap
import supervisor
from supervisor import Ended

MIB = 1 << 20
LEVEL = "LAB_PROTECTION"  # the judge finds in its environment how it is protected
BUBBLEWRAP, LIMITS_ONLY = "bubblewrap", "limits"


@dataclass(frozen=True)
class Limits:
    seconds: float = 120  # of a judge
    memory: int = 1024 * MIB  # resident, of a judge and all that it has started
    report: int = 4 * MIB  # bytes that a judge may print
    room: int = 128 * MIB  # bytes in each folder that may be written: all are in memory
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
    """Tried once, with a judge that starts a student's program."""
    return Protection(BUBBLEWRAP)


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
    if os.geteuid() == 0:
        give_to(submission, bubblewrap.NOBODY.pw_uid, bubblewrap.NOBODY.pw_gid)
    environment = (environment or {}) | {LEVEL: protection().level}
    command = bubblewrap.judge(words, submission, read_only, limits.room, environment)
    return supervisor.run([*limited(limits), *command], limits, stop)


def student(folder: Path, writable: bool = False, limits: Limits = Limits()) -> list[str]:
    """The words to put before a command of the student's: the server, or the compiler.

    The command runs in `folder`.  That is a copy for this start alone, which is gone at its end;
    with `writable`, for the compiler, it is the folder itself.
    """
    return bubblewrap.student(
        folder, writable, limits.room, ["prlimit", f"--nproc={limits.processes}", "--"],
        {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
    )


def limited(limits: Limits) -> list[str]:
    """What holds for each process of a judge.  The address space isn't limited: a sanitizer
    reserves terabytes of it."""
    return [
        "prlimit", "--core=0", f"--fsize={limits.file_size}", f"--cpu={limits.cpu_seconds}",
        f"--nofile={limits.descriptors}", "--",
    ]


def give_to(folder: Path, uid: int, gid: int) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, gid, follow_symlinks=False)
