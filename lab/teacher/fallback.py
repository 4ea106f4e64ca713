"""Where bubblewrap can't be used: limits, and what else this machine allows.

Root runs the student's programs as a user of their own, one for each judge, so that they can't
touch the judge, and all of them are found in the end.  A network namespace keeps them from the
network where one can be made.
"""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import bubblewrap

LOOPBACK = str(Path(__file__).resolve().with_name("loopback.py"))
USER = "LAB_STUDENT"  # the judge finds the user's number in its environment
USERS = range(61184, 65520)  # systemd keeps these for such uses
ENDING_SECONDS = 10

ANOTHER_USER = (
    "A submission runs as a user of its own, but it can read every file that all users of this"
    " machine may read: the hidden cases and other submissions, too, unless you forbid that."
)
SAME_USER = (
    "A submission runs as you. It can read, change and delete your files, the hidden cases and"
    " other submissions among them, and it can end your processes, this grader among them."
    " Grade only programs that you trust."
)
NO_NETWORK_NAMESPACE = (
    "A submission can use the network, and connect to the other servers of this machine."
)
NO_ROOM_LIMIT = "A submission can fill the disk: only the size of each file is limited."
LEFT_BEHIND = "A process that a submission leaves behind may survive if it hides well enough."


@cache
def network() -> tuple[str, ...]:
    """The words that make a network namespace; none if that isn't allowed."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    words = ("unshare", *user, "--net", "--", sys.executable, LOOPBACK)
    try:
        works = subprocess.run([*words, "true"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        works = False
    return words if works else ()


def missing() -> list[str]:
    found = [ANOTHER_USER if os.geteuid() == 0 else SAME_USER, NO_ROOM_LIMIT]
    found += [] if network() else [NO_NETWORK_NAMESPACE]
    return found if os.geteuid() == 0 else [*found, LEFT_BEHIND]


def new_user() -> int | None:
    """One that has no process now; None if we can't become another user."""
    if os.geteuid() != 0:
        return None
    return next(user for user in USERS if not processes_of(user) and reserve(user))


@contextlib.contextmanager
def a_user() -> Iterator[int | None]:
    """For one judge alone: what the kernel counts for each user, such as the connections that
    epoll instances watch, one submission must not take from the others."""
    user = new_user()
    try:
        yield user
    finally:
        _reserved.discard(user)


_reserved: set[int] = set()
_reserving = threading.Lock()


def reserve(user: int) -> bool:
    """For one judge at a time."""
    with _reserving:
        free = user not in _reserved
        _reserved.add(user)
    return free


@contextlib.contextmanager
def judge(
    words: list[str], submission: Path, environment: dict[str, str]
) -> Iterator[list[str]]:
    """The judge's command, whose folder is a copy that is deleted in the end."""
    user = new_user()
    place = Path(tempfile.mkdtemp(prefix="lab-judge-"))
    try:
        folder, scratch = place / "submission", place / "tmp"
        shutil.copytree(submission, folder, symlinks=True)
        scratch.mkdir()
        if user is not None:
            place.chmod(0o755)
            scratch.chmod(0o1777)
            give_to(folder, user)
        every = {
            "PATH": bubblewrap.PATH, "HOME": str(scratch), "TMPDIR": str(scratch),
            "LC_ALL": "C.UTF-8", USER: str(user or ""),
        } | environment
        variables = [f"{name}={value}" for name, value in every.items()]
        yield ["env", "-i", f"--chdir={folder}", *variables, *network(), *words]
    finally:
        if user is not None:
            end_all_of(user)
            _reserved.discard(user)
        shutil.rmtree(place, ignore_errors=True)


def student(folder: Path, processes_most: int) -> list[str]:
    """In a user namespace we are root, and the student's program must not be that."""
    start = ["env", f"--chdir={folder}", f"PWD={folder}"]
    if user := os.environ.get(USER):
        return [*start, *bubblewrap.as_user(int(user), int(user)), *most(processes_most)]
    if os.geteuid() == 0:
        start += ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]
    others = len(processes_of(os.geteuid(), "[0-9]*/task/[0-9]*"))
    return [*start, *most(others + processes_most)]


def most(count: int) -> list[str]:
    """RLIMIT_NPROC counts all processes and threads of a user, and can't be raised."""
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    count = count if hard == resource.RLIM_INFINITY else min(count, hard)
    return ["prlimit", f"--nproc={count}", "--"]


def give_to(folder: Path, user: int) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, user, follow_symlinks=False)


def processes_of(user: int, pattern: str = "[0-9]*") -> list[int]:
    found = []
    for path in Path("/proc").glob(pattern):
        with contextlib.suppress(OSError):  # it is gone
            if path.stat().st_uid == user:
                found.append(int(path.name))
    return found


def end_all_of(user: int) -> None:
    """It may fork faster than we kill, so the kernel kills all at once: kill(2), pid -1."""
    deadline = time.monotonic() + ENDING_SECONDS
    while processes_of(user) and time.monotonic() < deadline:
        killer = [*bubblewrap.as_user(user, user), "kill", "-KILL", "--", "-1"]
        subprocess.run(killer, capture_output=True)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)
