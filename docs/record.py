#!/usr/bin/env python3
"""Run the book's shell sessions, and record what they print: the book shows the record.

    docs/record.py              the sessions of all chapters, into docs/sessions
    docs/record.py FILE...      those of these chapters
    docs/record.py --check      run them, and leave the records as they are

A session is a block of a chapter, [session]; blocks with the same name, [session,NAME],
share one shell. Its lines are

    $ COMMAND   run and shown; a line that ends in \\ goes on in one with "> "
    % COMMAND   run, and not shown: to wait, or to tidy up
    ? TEXT      what the last command printed must contain this
    ! STATUS    the last command must end with this status, and not with 0

The record has the same lines, and behind each command what it printed, after "| ".
Ends with 1 if a session doesn't do what its lines say.
"""

import argparse
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("MESON_BUILD_ROOT", ROOT / "build"))
SERVERS = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
PORT = 10001  # the servers' own: what readers type is what is run
SECONDS = 120  # for one session; on a loaded machine a compiler takes its time
BLOCK = re.compile(r"^(\|\n)?\[session(?:,([\w-]+))?\]\n----\n(.*?)\n----$", re.M | re.S)
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb", "COLUMNS": "76"}

# await TEXT FILE: until the file has the text, for half a minute at most.
PRELUDE = r"""
await() {
    local tries
    for tries in $(seq 600); do
        if grep -qF -- "$1" "$2" 2>/dev/null; then return 0; fi
        sleep 0.05
    done
    cat "$2"
    echo "waited for '$1' in $2 and it did not come" >&2
    return 1
}
"""


class Problem(Exception):
    pass


class Step:
    """One command, the lines that it takes in the chapter, and what is expected of it."""

    def __init__(self, line: str):
        self.lines = [line]
        self.shown = line.startswith("$")
        self.command = line[2:]
        self.texts: list[str] = []
        self.status = 0
        self.printed = ""

    def add(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("> "):
            self.command += "\n" + line[2:]
        elif line.startswith("? "):
            self.texts.append(line[2:])
        elif found := re.fullmatch(r"! ?(\d+)", line):
            self.status = int(found[1])
        else:
            raise Problem(f"a session's line begins with $, >, %, ? or !, and this one doesn't: {line}")

    def check(self, status: int) -> None:
        if status != self.status:
            raise Problem(f"`{self.command}` ended with status {status}, not {self.status}; it printed:\n{self.printed}")
        for text in self.texts:
            if text not in self.printed:
                raise Problem(f"`{self.command}` printed nothing with '{text}' in it, but:\n{self.printed}")

    def record(self) -> list[str]:
        """Its lines, with what it printed behind those of the command."""
        head = [line for line in self.lines if line[0] in "$%>"]
        printed = self.printed.splitlines() if self.shown else []
        return head + [f"| {line}".rstrip() for line in printed] + self.lines[len(head):]


def steps(text: str) -> list[Step]:
    found: list[Step] = []
    for line in filter(None, text.splitlines()):
        if line.startswith(("$ ", "% ")):
            found.append(Step(line))
        elif found:
            found[-1].add(line)
        else:
            raise Problem(f"a session begins with a command, and not with: {line}")
    return found


def sessions(chapter: Path) -> list[tuple[str, list[Step]]]:
    """The blocks of a chapter: name of the shell, and steps.  In a cell of a table | is written \\|."""
    found = []
    for cell, name, text in BLOCK.findall(chapter.read_text(encoding="utf-8")):
        found.append((name, steps(text.replace(r"\|", "|") if cell else text)))
    return found


def record_of(chapter: Path) -> Path:
    return chapter.resolve().parent.parent / "sessions" / f"{chapter.stem}.txt"


def make_tree(tree: Path) -> None:
    """A copy of the repository: sessions can compile and break files in it safely."""
    leave_out = shutil.ignore_patterns(".*", "build*", "results*", "gallery", "__pycache__", *SERVERS)
    shutil.copytree(ROOT, tree, ignore=leave_out)
    for server in SERVERS:
        (tree / server).mkdir(exist_ok=True)
        shutil.copytree(ROOT / server, tree / server, dirs_exist_ok=True)
        shutil.copy(BUILD / server, tree / server / server)
    shutil.copy(BUILD / "lab" / "echo_client", tree / "echo_client")
    (tree / "build").symlink_to(BUILD)


def end(group: int) -> None:
    """All that a session has started, so that the port is free again."""
    for _ in range(100):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(0.01)


def script(todo: list[Step], mark: str) -> str:
    """The commands one after the other; each says that it has ended, and how."""
    said = [f"{{ {s.command}\n}} </dev/null\nset -- $?; echo {mark} $1; [ $1 = {s.status} ] || exit" for s in todo]
    return "\n".join([PRELUDE, *said])


def run(todo: list[Step], tree: Path) -> None:
    """In one shell, until one isn't as expected."""
    for log in tree.glob("*.log"):
        log.unlink()  # `await` would find what an earlier session wrote
    mark = f"ended-{os.urandom(8).hex()}"
    with tempfile.TemporaryFile() as printed:
        shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", script(todo, mark)], cwd=tree, env=ENVIRONMENT,
            stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True,
        )
        try:
            shell.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise Problem(f"`{todo[0].command}` and what follows did not end within {SECONDS} seconds") from None
        finally:
            end(shell.pid)
            shell.wait()
        printed.seek(0)
        parts = re.split(rf"{mark} (\d+)\n", printed.read().decode("utf-8", "replace"))
    for i, step in enumerate(todo):
        step.printed = parts[2 * i]
        if 2 * i + 1 >= len(parts):
            raise Problem(f"`{step.command}` ended the shell; it printed:\n{step.printed}")
        step.check(int(parts[2 * i + 1]))


def record(chapter: Path, tree: Path) -> str:
    """Run a chapter's sessions; the text of their record."""
    blocks = sessions(chapter)
    shells: dict[str, list[Step]] = {}
    for number, (name, todo) in enumerate(blocks):
        shells.setdefault(name or str(number), []).extend(todo)
    for todo in shells.values():
        try:
            run(todo, tree)
        except Problem as problem:
            raise Problem(f"{chapter.name}: {problem}") from None
    heads = [f"[session,{name}]" if name else "[session]" for name, _ in blocks]
    texts = ["\n".join(line for s in todo for line in s.record()) for _, todo in blocks]
    return "\n\n".join(f"{head}\n{text}" for head, text in zip(heads, texts)) + "\n"


def take_port() -> object:
    """For as long as the file that is returned stays open: there is one port for all users."""
    lock = Path("/tmp/four-ways-to-wait.lock")
    if not lock.exists():
        lock.touch(0o666)
    held = lock.open()
    fcntl.flock(held, fcntl.LOCK_EX)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", PORT)) == 0:
            raise Problem(f"something listens on port {PORT} already, and the sessions need it: end it and try again")
    return held


def record_all(chapters: list[Path], check: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="four-ways-sessions-") as folder, take_port():
        tree = Path(folder) / "tree"
        make_tree(tree)
        for chapter in chapters:
            text = record(chapter, tree)
            if not check:
                record_of(chapter).parent.mkdir(exist_ok=True)
                record_of(chapter).write_text(text, encoding="utf-8")
            print(f"{chapter.name}: {text.count('[session')} sessions are as they say")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true")
    options.add_argument("chapters", type=Path, nargs="*", metavar="FILE")
    asked = options.parse_args()
    chapters = asked.chapters or sorted(ROOT.glob("docs/book/*.adoc"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`
    try:
        subprocess.run([ROOT / "bench/need", "patch", "netcat-openbsd", "gcc", "libc6-dev"], check=True)
        record_all([c for c in chapters if asked.chapters or sessions(c)], asked.check)
    except (Problem, OSError, subprocess.CalledProcessError) as problem:
        print(f"docs/record.py: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
