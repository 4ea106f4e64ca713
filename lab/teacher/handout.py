"""lab handout: write the folder that students receive.

It has the four servers, the benchmark, the program that checks and the course, and it builds and
checks anywhere, without this repository.  It has no solution, no bug of a hunt by its name, no
hidden case, and nothing else that only teachers get.
"""

import argparse
import importlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import course
import processes
from build import LAB, TOP, need
from hunts import PACKAGES
from problem import FAULT, USAGE, Problem
from show import say, say_next, wrapped

HERE = Path(__file__).resolve().parent
FOLDERS = {  # here and in the handout, where `lab` is the command itself
    "echo": "echo",
    "select_server": "select_server",
    "poll_server": "poll_server",
    "epoll_lt_server": "epoll_lt_server",
    "epoll_et_server": "epoll_et_server",
    "bench": "bench",
    "plots": "plots",
    "docs/examples": "docs/examples",
    "tests/conformance": "tests/conformance",
    "tests/kernel": "tests/kernel",
    "lab/command": "course/command",
    "lab/steps": "course/steps",
    "lab/exercises": "course/exercises",
}
FILES = {
    "LICENSE": "LICENSE",
    "meson.build": "meson.build",
    "meson_options.txt": "meson_options.txt",
    "tests/meson.build": "tests/meson.build",
    "docs/sessions/three-clients": "docs/sessions/three-clients",
    "lab/lab": "lab",
    "lab/Containerfile": "Containerfile",
    "lab/meson.build": "course/meson.build",
    "lab/echo_client.c": "course/echo_client.c",
}
# Whatever else lies about in a folder (programs, editors' copies) isn't handed out.
SUFFIXES = {
    ".c", ".h", ".py", ".build", ".md", ".txt", ".toml", ".patch", ".gp", ".css", ".jinja",
}
SCRIPTS = {"build", "need", "run", "peer", "three-clients", "lab"}
KEPT_BACK = ("solution", "wrong", "rubric")  # how their names begin
WRITTEN_FOR_THE_REPOSITORY = {".md", ".txt", ".toml", ".c"}
OTHER_WORDS = {
    "repository": "handout", "REPOSITORY": "HANDOUT", "lab/README.md": "README.md",
    "lab/echo_client": "course/echo_client",
}
HUNT_KEYS = {"number", "title", "promise", "case", "points", "hints", "read"}
BUILD_FOLDERS = "build*\nresults\n"  # of the handout: the container makes its own


def add_command(add) -> None:
    add(
        "handout", handout, "Write the folder that students receive.",
        ("folder", {"metavar": "DIR", "help": "the folder to write, a new one"}),
        ("--seed", {"type": int, "default": 1, "metavar": "N",
                    "help": "disguise the hunts by this number (1)"}),
        ("--variants", {"type": count, "default": 4, "metavar": "N",
                        "help": "so many disguises of each hunt; each student gets one (4)"}),
        ("--starters", {"type": int, "default": 1, "metavar": "STEP",
                        "help": "include the starters of the steps up to this one (1); the starter"
                        " of a step has the solution of the one before in it"}),
        ("--book", {"action": "store_true",
                    "help": "include the book, which takes minutes to build"}),
    )


def count(text: str) -> int:
    if text.isdigit() and 1 <= int(text) <= 99:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text}: not a number from 1 to 99")


def handout(options) -> int:
    target = Path(options.folder).absolute()
    refuse_used(target)
    need(PACKAGES, "lab handout")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        made = Path(work) / target.name
        made.mkdir()
        write(made, options)
        refuse_secrets(made)
        set_modes(made)
        made.replace(target)
    report(target, options)
    return 0


def refuse_used(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise Problem(f"{target}: exists already, and isn't an empty folder",
                      "choose another folder", USAGE)


def write(made: Path, options) -> None:
    say("Copying the servers, the benchmark, the checks and the course ...")
    for source, place in all_files(options.starters):
        copy(source, made / place)
    for file in sorted(made.rglob("meson.build")):
        leave_out_rooms(file)
    (made / ".dockerignore").write_text(BUILD_FOLDERS)
    write_hunts(made / "course/hunts", options)
    if options.book:
        build_book(made / "book")
    (made / "README.md").write_text(readme(options.book), encoding="utf-8")


# --- What can be copied.


def all_files(starters: int) -> list[tuple[Path, str]]:
    found = [(TOP / source, place) for source, place in FILES.items()]
    for folder, place in FOLDERS.items():
        for file in sorted((TOP / folder).rglob("*")):
            inside = file.relative_to(TOP / folder)
            if is_handed_out(file, inside, starters):
                found.append((file, f"{place}/{inside}"))
    return found


def is_handed_out(file: Path, inside: Path, starters: int) -> bool:
    if not file.is_file() or any(part.startswith((".", "__p")) for part in inside.parts):
        return False
    if file.name.startswith(KEPT_BACK):
        return False
    if file.name == "starter.c" and int(inside.parts[0].partition("-")[0]) > starters:
        return False
    return file.suffix in SUFFIXES or file.name in SCRIPTS


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    data = source.read_bytes()
    if source.suffix in WRITTEN_FOR_THE_REPOSITORY:
        text = data.decode()
        for word, other in OTHER_WORDS.items():
            text = text.replace(word, other)
        data = text.encode()
    target.write_bytes(data)


def leave_out_rooms(file: Path) -> None:
    """meson enters only the folders that were copied."""
    kept = []
    for line in file.read_text().replace("subdir('lab')", "subdir('course')").splitlines():
        room = re.search(r"^\s*subdir\('(\w+)'\)", line)
        if room and not (file.parent / room[1] / "meson.build").exists():
            continue
        kept.append(line)
    file.write_text("\n".join(kept) + "\n")


# --- What must be made.


def write_hunts(folder: Path, options) -> None:
    folder.mkdir(parents=True)
    (folder / "hunts.toml").write_text(table_of_hunts(), encoding="utf-8")
    sys.path.insert(0, str(LAB / "hunts"))
    disguise = importlib.import_module("disguise")
    wanted = [(hunt.number, n) for hunt in course.hunts() for n in range(1, options.variants + 1)]
    say(f"Disguising the hunts: {len(wanted)} servers ...")

    def make(number: int, n: int) -> None:
        seed = f"{options.seed}-{number}-{n}"
        disguise.make_hunt(number, seed, folder / f"{number:02}" / f"{n:02}")

    with ThreadPoolExecutor(2) as pool:
        try:
            list(pool.map(lambda one: make(*one), wanted))
        except disguise.HuntError as error:
            raise Problem(f"the hunts: {error}", FAULT) from None


def table_of_hunts() -> str:
    """hunts.toml without what would tell a bug's name, or where it is."""
    text = (LAB / "hunts/hunts.toml").read_text(encoding="utf-8")
    common, *hunts = text.split("\n[[hunt]]\n")
    common = re.sub(r"(^#.*\n)+\n?", "", common, flags=re.M)
    return "\n[[hunt]]\n".join([common, *map(without_other_keys, hunts)])


def without_other_keys(hunt: str) -> str:
    """An entry begins with its key in the first column; the last line is part of it."""
    entries = re.findall(r'^\w+ = (?:"""[\s\S]*?"""|\[\n[\s\S]*?\n\]|.*)$', hunt, re.M)
    return "\n".join(one for one in entries if one.split()[0] in HUNT_KEYS) + "\n"


def build_book(target: Path) -> None:
    say("Building the book ...")
    words = [str(TOP / "docs/build"), "--for-students", "--output", str(target)]
    if processes.start(words, stdout=subprocess.DEVNULL).wait() != 0:
        raise Problem("the book could not be built, see above", "mend that, or omit --book")


def readme(book: bool) -> str:
    """What is the same for everybody stands in one place, and is taken from there."""
    text = (HERE / "for_students.md").read_text(encoding="utf-8")
    places = {
        "[[commands]]\n": section(LAB / "README.md", "The commands"),
        "[[path]]\n": section(LAB / "README.md", "The path"),
        "[[contract]]\n": section(TOP / "README.md", "The contract").partition("\n1. ")[2]
        .partition("\n\n")[0] + "\n\n",
        "[[book]]": "in `book/index.html`" if book else "handed out by your teacher",
    }
    for place, found in places.items():
        text = text.replace(place, found)
    for word, other in OTHER_WORDS.items():
        text = text.replace(word, other)
    return text


def section(file: Path, title: str) -> str:
    text = file.read_text(encoding="utf-8")
    found = re.search(rf"^## {title}\n.*?(?=^## |\Z)", text, re.S | re.M)
    if found is None:
        raise Problem(f"{file}: has no section '{title}'", FAULT)
    return found[0]


# --- Before it is handed out.


def refuse_secrets(made: Path) -> None:
    """A new file of the course may give away what no rule above knows of."""
    names = [patch.stem for patch in (TOP / "tests/breaks").glob("*.patch")]
    name = re.compile("|".join(rf"(?<![\w-]){re.escape(one)}(?![\w-])" for one in names) or "(?!)")
    solutions = {one.read_bytes() for one in LAB.glob("steps/*/solution*")}
    starters = set(made.glob("course/steps/*/starter.c"))
    for file in sorted(one for one in made.rglob("*") if one.is_file()):
        data = file.read_bytes()
        inside = file.relative_to(made)
        if found := name.search(data.decode(errors="replace")):
            raise Problem(f"{inside}: names the bug {found[0]}; nothing was written",
                          "change that file")
        if data in solutions and file not in starters:
            raise Problem(f"{inside}: is a solution; nothing was written", "remove that file")


def set_modes(made: Path) -> None:
    """The same whatever the umask is."""
    for path in [made, *made.rglob("*")]:
        is_program = path.is_dir() or path.read_bytes()[:2] == b"#!"
        path.chmod(0o755 if is_program else 0o644)


def report(target: Path, options) -> None:
    files = [one for one in target.rglob("*") if one.is_file()]
    size = sum(one.stat().st_size for one in files) / 1e6
    say(f"Written: {target} ({len(files)} files, {size:.0f} MB).")
    if options.starters > 1:
        starters = f"The starters up to step {options.starters} give away the steps before."
        say(wrapped(starters))
    place, name = shlex.quote(str(target.parent)), shlex.quote(target.name)
    archive = shlex.quote(f"{target.name}.tar.gz")
    say_next(f"pack it with tar -C {place} -czf {archive} {name}, then try it as a student:"
             f" {shlex.quote(str(target / 'lab'))} start 1 /tmp/try")
