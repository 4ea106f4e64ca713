"""Make the folder of a bug hunt: a server that is broken by one of tests/breaks, and
written differently for each student, so that comparing it with the original shows a
difference in every function and not the bug.

    disguise.make_hunt(3, seed=17, folder=Path("my-hunt"))

What a seed changes: names (names.py), how things are written (rewrites.py), and the
order of the functions.  Comments within the C files go, for they tell what the code
should do; those of the headers stay, for they are the contract of each function."""

import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from random import Random

from c_text import HuntError, ctags, join_lines, mask, run, unmask, without_comments, wrap
from names import choose_names, rename
from rewrites import Chance, rewritten

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
BREAKS = TOP / "tests/breaks"


def make_hunt(number: int, seed: int, folder: Path) -> None:
    """Fill the folder, which may exist, with the program and TASK.md of a hunt."""
    hunt = next((one for one in hunts() if one["number"] == number), None)
    if hunt is None:
        raise HuntError(f"there is no hunt {number}")
    disguise(hunt["program"], BREAKS / f"{hunt['patch']}.patch", seed, folder)
    task = (HERE / "task.md").read_text(encoding="utf-8")
    for key in ("number", "title", "symptom", "build", "server"):
        task = task.replace(f"[{key}]", str(hunt[key]).strip())
    task = task.replace("{port}", "10001")
    (folder / "TASK.md").write_text(task, encoding="utf-8")


def hunts() -> list[dict]:
    """Each with the keys that are the same for all hunts."""
    table = tomllib.loads((HERE / "hunts.toml").read_text(encoding="utf-8"))
    common = {key: table[key] for key in ("build", "server")}
    return [common | hunt for hunt in table["hunt"]]


def disguise(server: str, patch: Path | None, seed: int, folder: Path) -> None:
    """Write the program into the folder: the server, broken or not, and its echo/."""
    random = Random(f"{server} {seed}")
    with tempfile.TemporaryDirectory() as work:
        files = copy_program(server, patch, Path(work))
        names = choose_names(files, random)
        for file in files:
            text = rename(file.read_text(encoding="utf-8"), names)
            file.write_text(neutral(text, server), encoding="utf-8")
        truths = names_of_truths(files)
        for file in files:
            if file.suffix == ".c":
                rewrite_file(file, random, Chance(random, truths))
        tidy(files)
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, folder / file.name)


def copy_program(server: str, patch: Path | None, work: Path) -> list[Path]:
    """The files of a program, side by side in `work`: server.c and those of echo/."""
    for room in (server, "echo"):
        shutil.copytree(TOP / room, work / room)
    if patch is not None:
        run(["patch", "-p1", "--batch", "--forward", "--quiet", "-i", patch], cwd=work)
    (work / server / f"{server}.c").rename(work / "server.c")
    for file in (work / "echo").glob("*.[ch]"):
        file.rename(work / file.name)
    return sorted(work.glob("*.[ch]"))


def neutral(text: str, server: str) -> str:
    """The opening comment must fit a server that is called server, and in this folder."""
    text = text.replace(f"{server}/{server}", "./server --port=10001")
    text = text.replace(f" * {server}: ", " * server: ")
    return re.sub(r" \*\n \* Line by line: .*\n", "", text)


def names_of_truths(files: list[Path]) -> set[str]:
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return set(re.findall(r"\bbool (\w+)", code))


def rewrite_file(file: Path, random: Random, chance: Chance) -> None:
    """Declarations first, then the functions in another order."""
    file.write_text(without_comments(file.read_text(encoding="utf-8")), encoding="utf-8")
    lines = file.read_text(encoding="utf-8").split("\n")
    ranges = [tuple(map(int, line.split())) for line in ctags([file], "f", "%{line} %{end}")]
    functions = ["\n".join(lines[first - 1 : end]) for first, end in ranges]
    for first, end in reversed(ranges):
        del lines[first - 1 : end]
    declarations = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    random.shuffle(functions)
    functions.sort(key=lambda text: text.startswith("int main("))
    heads = [head_of(text) for text in functions]
    prototypes = [f"{head};" for head in heads if head.startswith("static ")]
    bodies = [rewrite_function(text, chance) for text in functions]
    parts = [declarations, "\n".join(prototypes), *bodies]
    file.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def head_of(function: str) -> str:
    return re.sub(r"\s+", " ", function[: function.index("\n{")])


def rewrite_function(function: str, chance: Chance) -> str:
    head = head_of(function)
    kind = re.match(r"(?:static )?(.*?)\w+\(", head)[1].strip()
    masked, strings = mask(function[function.index("\n{") + 1 :])
    body = join_lines(masked)
    return f"{head}\n{unmask(rewritten(body, kind, chance), strings)}"


def tidy(files: list[Path]) -> None:
    """In the project's style, where there is a program that knows how."""
    for file in files:
        file.write_text(wrap(file.read_text(encoding="utf-8")), encoding="utf-8")
    style = TOP / ".clang-format"
    if shutil.which("clang-format") and style.exists():
        run(["clang-format", "-i", f"--style=file:{style}", *files])
