"""The command lines of bwrap(1), which runs a program in namespaces of its own.

    judge       the judge of one submission: it sees the system, the lab, and a copy of it
    student     inside that, the compiler or the student's server: of these three, without the lab

Root must not run a student's program: it is exempt from RLIMIT_NPROC, and owns the system's
files.  So root becomes another user first, and what that user can't reach is shown to it.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import seccomp

NOBODY = pwd.getpwnam("nobody")
HANDED_IN, FOLDER = "/handed-in", "/submission"  # as the judge sees them: read-only, and its copy
LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # to /usr, or folders
ETC = (
    "alternatives", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "localtime", "nsswitch.conf", "passwd", "protocols", "services", "java-17-openjdk", "python3",
)
PATH = "/usr/local/bin:/usr/bin:/bin"
FILTER = Path("/tmp/filter")  # in the judge's own /tmp
# A copy for each start: whatever a program does to its folder, the next one finds it whole.
COPY = 'cp -RP "$0"/. . && exec "$@"'


def why_not(lab: Path) -> str:
    """Why this machine can't do it, in a sentence; "" if it can.  Tried with this file as the
    judge."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt-get install bubblewrap)."
    with tempfile.TemporaryDirectory(prefix="lab-") as empty:
        user = NOBODY.pw_uid
        trial = judge(["python3", "-B", __file__], Path(empty), [lab], 1 << 20, {}, user)
        if os.geteuid() == 0:
            os.chown(empty, user, user)
        try:
            done = subprocess.run(trial, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "bubblewrap did not start a program within a minute."
    if done.returncode == 0:
        return ""
    said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return f"bubblewrap does not work here ({said.removeprefix('bwrap: ')})."


def system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for path in filter(os.path.exists, LINKS):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind", path, path]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def room(size: int, *paths: str) -> list[str]:
    """Folders that may be written, in memory: together with what is there, so many bytes each."""
    return [word for path in paths for word in ("--size", str(size), "--tmpfs", path)]


def surroundings(size: int, environment: dict[str, str]) -> list[str]:
    words = [*system(), "--proc", "/proc", "--dev", "/dev", "--clearenv"]
    words += room(size, "/tmp", "/dev/shm")
    words += ["--remount-ro", "/dev", "--hostname", "lab"]
    every = {"PATH": PATH, "HOME": "/tmp", "LC_ALL": "C.UTF-8"} | environment
    return words + [word for name, value in every.items() for word in ("--setenv", name, value)]


def judge(
    words: list[str], submission: Path, read_only: list[Path], size: int,
    environment: dict[str, str], user: int | None,
) -> list[str]:
    """`user` is the one that root becomes."""
    shown = [word for path in read_only for word in ("--ro-bind", str(path), str(path))]
    return [
        *becoming(user, [submission, *read_only]),
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session",
        *surroundings(size, environment), *shown,
        "--ro-bind", str(submission), HANDED_IN, *room(size, FOLDER), "--remount-ro", "/",
        "--chdir", FOLDER, "--", "sh", "-c", COPY, HANDED_IN, *words,
    ]


def student(folder: Path, writable: bool, size: int, limit: list[str],
            environment: dict[str, str]) -> list[str]:
    """The network is the judge's, which has nothing but a loopback."""
    words = [
        *filtered(), "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session",
        *surroundings(size, environment),
    ]
    if writable:
        words += ["--bind", str(folder), str(folder)]
        copying = []
    else:
        words += ["--ro-bind", str(folder), HANDED_IN, *room(size, str(folder))]
        copying = ["sh", "-c", COPY, HANDED_IN]
    return [*words, "--remount-ro", "/", "--chdir", str(folder), "--", *copying, *limit]


def filtered() -> list[str]:
    """bwrap reads the filter from a descriptor, and conformance passes none on."""
    if not (steps := seccomp.program()):
        return ["bwrap"]
    FILTER.write_bytes(steps)
    return ["sh", "-c", 'exec bwrap --seccomp 9 "$@" 9<"$0"', str(FILTER)]


def becoming(user: int | None, paths: list[Path]) -> list[str]:
    if os.geteuid() != 0:
        return []
    closed = dict.fromkeys(filter(None, map(closed_above, paths)))
    # When the grader is killed, only the end of a namespace reaches another user's processes.
    words = ["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--die-with-parent"]
    words += [word for path in closed for word in ("--tmpfs", str(path))]
    for path in paths:
        for folder in between(closed_above(path), path):  # bwrap would close those, too
            words += ["--perms", "0755", "--dir", str(folder)]
        words += ["--ro-bind", str(path), str(path)]
    for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
        words += ["--cap-add", capability]
    return [*words, "--", *as_user(user, user)]


def between(above: Path | None, path: Path) -> list[Path]:
    if above is None:
        return []
    return [folder for folder in reversed(path.parents) if above in folder.parents]


def as_user(uid: int, gid: int) -> list[str]:
    return [
        "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--bounding-set=-all",
        "--inh-caps=-all", "--no-new-privs", "--pdeathsig=KILL", "--",
    ]


def closed_above(path: Path) -> Path | None:
    """The highest folder above a path that not everybody may pass."""
    above = reversed(path.parents)
    return next((folder for folder in above if not folder.stat().st_mode & 0o001), None)


if __name__ == "__main__":
    started = [*student(Path.cwd(), False, 1 << 20, [], {}), "true"]
    os.execvp(started[0], started)
