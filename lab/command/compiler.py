"""Compiling the student's server: the compiler's message, and what built it."""

import os
import re
import resource
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import processes
from limits import stretched
from problem import ADVICE, Problem, errno

PLAIN = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-g", "-fmessage-length=76"]
SANITIZERS = "-fsanitize=address,undefined"
SECONDS = stretched(15)
LINES_MOST = 40
NO_SPACE = "No space left on device"
INCLUDED = re.compile(" +from ")  # the second line, and so on, of how a header came in


@dataclass
class Compiled:
    works: bool
    message: str | None  # what the compiler printed, 40 lines at most
    remark: str | None = None


def run(words: list[str], folder: Path) -> tuple[bool, str]:
    environment = os.environ | {"LC_ALL": "C", "GCC_COLORS": ""}
    process = processes.start(
        [*processes.confinement(folder, True), *words], cwd=folder, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        printed = process.communicate(timeout=SECONDS)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        processes.end_all()
        return False, f"the compiler was not done after {SECONDS} s"
    if process.returncode != 0 and NO_SPACE in printed:
        raise Problem(f"{folder}: {NO_SPACE}", ADVICE[errno.ENOSPC])
    return process.returncode == 0, printed


def need_compiler(name: str = "cc") -> None:
    if shutil.which(name) is None:
        raise Problem(
            f"no C compiler: {name} is not found", "install one: apt-get install gcc libc6-dev"
        )


def need_room(folder: Path) -> None:
    """The program is written to the folder, and so is the state."""
    if not os.access(folder, os.W_OK):
        raise Problem(f"{folder}: can't be written", ADVICE[errno.EROFS])


def sanitizers_work() -> bool:
    """Tried only when a compilation has failed, so it costs nothing usually."""
    with tempfile.TemporaryDirectory() as work:
        Path(work, "empty.c").write_text("int main(void) { return 0; }\n")
        return run(["cc", SANITIZERS, "empty.c"], Path(work))[0]


def compile_server(folder: Path, source: str = "server.c") -> Compiled:
    need_compiler()
    need_room(folder)
    if not (folder / source).is_file():
        return Compiled(False, f"{source}: there is no such file")
    remark = None
    if limited := resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        remark = "Built without sanitizers: they need more memory than ulimit -v allows."
    works, printed = compile_with([] if limited else [SANITIZERS], folder, source)
    if not (works or limited or sanitizers_work()):
        remark = "Built without sanitizers: they don't link on this machine."
        works, printed = compile_with([], folder, source)
    return Compiled(works, shortened(printed), remark)


def compile_with(options: list[str], folder: Path, source: str) -> tuple[bool, str]:
    """A server that the student has running keeps its file: the new one takes its name."""
    new, program = folder / f".server.{os.getpid()}", folder / "server"
    in_the_way = next((path for path in (new, program) if path.is_dir()), None)
    if in_the_way:
        return False, f"{in_the_way.name}: there is a folder of this name"
    try:
        works, printed = run([*PLAIN, *options, "-o", new.name, source], folder)
        if works:
            new.replace(program)
    finally:
        new.unlink(missing_ok=True)
    return works, printed


def build(line: str, folder: Path) -> Compiled:
    """A hunt has a build line of its own, for the shell."""
    need_compiler(shlex.split(line)[0])
    need_room(folder)
    works, printed = run(["sh", "-c", line], folder)
    return Compiled(works, shortened(printed))


def shortened(printed: str) -> str | None:
    lines = [line for line in printed.rstrip().splitlines() if not INCLUDED.match(line)]
    if len(lines) > LINES_MOST:
        lines[LINES_MOST - 1 :] = [f"... {len(lines) - LINES_MOST + 1} more lines"]
    return "\n".join(lines) or None
