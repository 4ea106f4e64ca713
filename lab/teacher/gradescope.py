"""lab gradescope: write the autograder of one step, the zip file that Gradescope asks for.

It has setup.sh, run_autograder and this repository.  Gradescope unpacks it at /autograder/source.
"""

import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import course
from build import TOP
from course import Item
from problem import HOLDS, USAGE, Problem
from show import say, wrapped

SCRIPTS = Path(__file__).resolve().with_suffix("")
# What grading takes of the repository.  (A teacher's folder has results and submissions, too.)
NEEDED = (
    "LICENSE", "bench", "docs", "echo", "epoll_et_server", "epoll_lt_server", "lab", "meson.build",
    "meson_options.txt", "plots", "poll_server", "select_server", "tests",
)
EXECUTABLE = b"\x7fELF"


def add_command(add) -> None:
    add("gradescope", gradescope, "Write the autograder of one step for Gradescope.",
        ("item", {"metavar": "STEP", "help": "what it grades: 3, step-3, hunt-1 or exercise-4"}),
        ("file", {"metavar": "FILE.zip", "type": Path, "help": "the file to write"}))


def gradescope(options) -> int:
    item, target = course.find(options.item), options.file
    if target.suffix != ".zip":
        advice = "{lab} gradescope 4 step-4.zip"
        raise Problem(f"{target}: its name doesn't end in .zip", advice, USAGE)
    if target.exists() and not zipfile.is_zipfile(target):
        raise Problem(f"{target}: exists, and is no zip file", "choose another name", USAGE)
    write(item, target)
    say(f"{target} grades {item.name}, for {points(item):g} points.")
    say(wrapped(f"Next: in Gradescope, make a programming assignment with {points(item):g} "
                f"autograder points, upload {target.name}, and test it with a server of your own."))
    return HOLDS


def points(item: Item) -> float:
    return sum(promise.points for promise in item.promises if not promise.person)


def write(item: Item, target: Path) -> None:
    """A file of this name is whole, or is what it was."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        made = Path(work, target.name)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as package:
            for script in ("setup.sh", "run_autograder"):
                package.write(SCRIPTS / script, script)
            package.writestr("item", f"{item.key}\n")
            for path in repository():
                package.write(path, path.relative_to(TOP))
        made.replace(target)


def repository() -> Iterator[Path]:
    """Its files, without what was built from them."""
    for name in NEEDED:
        if (TOP / name).is_file():
            yield TOP / name
        for where, folders, files in os.walk(TOP / name):
            folders[:] = [one for one in sorted(folders) if one[0] not in "._"]
            yield from (path for one in sorted(files) if is_source(path := Path(where, one)))


def is_source(path: Path) -> bool:
    if path.name.startswith(".") or not stat.S_ISREG(path.lstat().st_mode):
        return False
    with path.open("rb") as file:
        return file.read(len(EXECUTABLE)) != EXECUTABLE
