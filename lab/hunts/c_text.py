"""The text of a C file, as far as a disguise must understand it: comments, strings,
brackets, statements, and where Universal Ctags finds its functions and names."""

import re
import subprocess
from functools import cache
from pathlib import Path

STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
COMMENT = r"/\*.*?\*/"
COLUMNS = 80


class HuntError(Exception):
    """The folder of a hunt can't be made; the text says why, in one line."""


def run(arguments: list, **more) -> str:
    """What a program prints.  It has to be installed, and to succeed."""
    try:
        done = subprocess.run(
            [str(one) for one in arguments], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more,
        )
    except FileNotFoundError:
        package = {"ctags": "universal-ctags"}.get(arguments[0], arguments[0])
        raise HuntError(f"a hunt needs {arguments[0]}: install the package {package}") from None
    if done.returncode != 0:
        raise HuntError(f"{arguments[0]}: {done.stdout.strip() or 'failed'}")
    return done.stdout


@cache
def require_universal_ctags() -> None:
    if "Universal Ctags" not in run(["ctags", "--version"]):
        raise HuntError("ctags is not Universal Ctags: install the package universal-ctags")


def ctags(files: list[Path], kinds: str, fields: str) -> list[str]:
    """A line for each name of these kinds.  Other programs called ctags know less."""
    require_universal_ctags()
    options = ["-x", "--sort=no", "--language-force=C", f"--kinds-C={kinds}"]
    return run(["ctags", *options, f"--_xformat={fields}", *files]).splitlines()


def without_comments(text: str) -> str:
    """All comments are removed, except one that opens the file."""
    opening = re.match(COMMENT, text, re.S)
    start = opening.end() if opening else 0
    pattern = rf"({STRING})|(^[ \t]*)?{COMMENT}[ \t]*(?(2)\n?)"
    bare = re.sub(pattern, lambda match: match[1] or "", text[start:], flags=re.S | re.M)
    bare = re.sub(r"[ \t]+$", "", bare, flags=re.M)
    bare = re.sub(r"\{\n\n+", "{\n", re.sub(r"\n{3,}", "\n\n", bare))
    return text[:start] + bare


def mask(text: str) -> tuple[str, list[str]]:
    """A number stands for each string, so that what is in it is not taken for code."""
    strings: list[str] = []

    def keep(match: re.Match) -> str:
        strings.append(match[0])
        return f"«{len(strings) - 1}»"

    return re.sub(STRING, keep, text), strings


def unmask(text: str, strings: list[str]) -> str:
    return re.sub("«(\\d+)»", lambda match: strings[int(match[1])], text)


def closing(text: str, start: int) -> int:
    """Where the bracket is closed that opens at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "({") - (text[i] in ")}")
        if depth == 0:
            return i
    raise ValueError("a bracket is never closed")


def statement_end(text: str, start: int) -> int:
    """Behind the statement that begins at `start`."""
    if text[start] == "{":
        return closing(text, start) + 1
    header = re.compile(r"(?:if|while|for|switch) (?=\()").match(text, start)
    if header:
        after = skip_space(text, closing(text, header.end()) + 1)
        end = statement_end(text, after)
        other = re.compile(r"\s*else\s+").match(text, end)
        return statement_end(text, other.end()) if other else end
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "({") - (text[i] in ")}")
        if text[i] == ";" and depth == 0:
            break
    return i + 1


def skip_space(text: str, start: int) -> int:
    while text[start].isspace():
        start += 1
    return start


def join_lines(text: str) -> str:
    """Each statement and each header of one comes to stand on a line."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and continues(lines[-1], line.strip()):
            glue = "" if lines[-1].endswith("(") else " "
            lines[-1] += glue + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines)


def continues(before: str, line: str) -> bool:
    if not before.strip() or not line or before.startswith("#"):
        return False
    if before.count("(") > before.count(")") or re.match(r"[?:&|] ?|«", line):
        return True
    return not re.search(r"(?:[;{}:,)]|\belse|\bdo)$", before)


def wrap(text: str) -> str:
    """Break lines that are too long, for where there is no clang-format."""
    return "\n".join(piece for line in text.split("\n") for piece in broken(line))


def broken(line: str) -> list[str]:
    if len(line) <= COLUMNS or line.startswith(("#", " *", "/*")) or line.endswith("\\"):
        return [line]
    indent = len(line) - len(line.lstrip()) + 8
    bare = re.sub(STRING, lambda match: match[0].replace(" ", "_"), line)
    breaks = [match.start() for match in re.finditer(r"(?<=[,=&|\"]) | (?=[?:] )", bare)]
    fitting = [one for one in breaks if indent < one <= COLUMNS]
    if not fitting:
        return [line]
    return [line[: fitting[-1]], *broken(" " * indent + line[fitting[-1] + 1 :])]
