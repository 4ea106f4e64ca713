"""Our own programs that a check needs, and the Debian packages that it takes.

bench/need installs packages where there is apt-get; bench/build sets up a build folder.
"""

import fcntl
import os
import sys
from pathlib import Path

import processes
from problem import Problem

LAB = Path(__file__).resolve().parents[1]  # is called course in a handout
TOP = LAB.parent
PACKAGES = (
    "gcc", "libc6-dev", "python3", "meson", "ninja-build", "pkg-config", "check", "libjansson-dev",
)
FOLDER = Path(os.environ.get("FOUR_WAYS_BUILD") or TOP / "build")
ECHO_CLIENT = f"{LAB.name}/echo_client"
# What exercises run.
PROGRAMS = (
    "select_server", "poll_server", "epoll_lt_server", "epoll_et_server",
    "bench/loadgen/loadgen", ECHO_CLIENT,
)
MEND = "mend that, then run the same command again"


def need(packages: tuple[str, ...], what: str) -> None:
    """Install what is missing, or say what for."""
    words = [str(TOP / "bench/need"), *packages]
    if processes.start(words, cwd=TOP, stdout=sys.stderr).wait() != 0:
        raise Problem(f"{what} needs the packages {' '.join(packages)}, see above", MEND)


def build(targets: list[str], folder: Path = TOP / "build") -> None:
    """One process at a time: two checks may need the same programs."""
    one_at_a_time = os.open(LAB, os.O_RDONLY)
    try:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        need(PACKAGES, targets[0])
        words = ["bench/build", str(folder), "--", *targets]
        if processes.start(words, cwd=TOP, stdout=sys.stderr).wait() != 0:
            raise Problem(f"{targets[0]} could not be built, see above", MEND)
    finally:
        os.close(one_at_a_time)


def build_programs(say) -> None:
    """Those that exercises run, where they are missing: before the clock of a check runs."""
    missing = [target for target in PROGRAMS if not (FOLDER / target).exists()]
    if missing:
        say("Building the programs that the exercises run ...")
        build(missing, FOLDER)
