"""The C source of a submission, read with distrust: it is a stranger's folder.

Only regular files inside the folder are read, no symbolic link is followed, and everything
has a limit.  Nothing of it is executed or included.
"""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

BYTES_MOST = 256 * 1024  # of a submission
TOKENS_MOST = 10_000  # comparing repetitive text takes quadratic time
ENTRIES_MOST = 2000
DEPTH_MOST = 4
SUFFIXES = (".c", ".h", ".inc")
# The lab keeps a student's program of an earlier step under such a name, and a hunt's in a folder.
KEPT = re.compile(r"server\.(step|hunt|exercise)-\d+(\.\d+)?\.c|(step|hunt|exercise)-\d+\.\d+")
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b.*", re.M)
TOKEN = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*"?)"""
    r"""|(?P<char>'(?:\\.|[^'\\\n])*'?)|\w+|[^\w\s]""", re.S | re.A
)
ALIKE = {"string": '"s"', "char": "'c'"}


class Unreadable(Exception):
    """A submission that can't be compared; the text says why."""


@dataclass
class Source:
    """The tokens of a submission's files, one after another, without comments and includes."""

    name: str
    tokens: list[str] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)  # of each token: file and line

    def add(self, file: str, text: str) -> None:
        text, line, end = plain(text), 1, 0
        for match in TOKEN.finditer(INCLUDE.sub("", text)):
            line += match.string.count("\n", end, match.start())
            end = match.start()
            if match.lastgroup != "comment":
                self.tokens.append(ALIKE.get(match.lastgroup, match[0]))
                self.places.append((file, line))
        if len(self.tokens) > TOKENS_MOST:
            raise Unreadable(f"it has more than {TOKENS_MOST:,} words and signs of C")


def plain(text: str) -> str:
    """One kind of line end, and letters of other alphabets as parts of a word."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\\n", " \n")
    text = re.sub(r"[\t\v\f]", " ", text)
    return re.sub(r"[^\n\x20-\x7e]", "_", text)


def read_source(folder: Path, name: str) -> Source:
    """All C files of a submission, in the order of their names."""
    source, room = Source(name), BYTES_MOST
    for file in c_files(folder):
        data = read_file(folder / file, room)
        room -= len(data)
        if b"\0" in data:
            raise Unreadable(f"{file} is no text")
        source.add(file, data.decode(errors="replace"))
    if not source.tokens:
        raise Unreadable("it has no C code")
    return source


def c_files(folder: Path) -> list[str]:
    found, seen = [], 0
    folders = [("", 0)]
    for inside, depth in folders:
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                seen += 1
                if seen > ENTRIES_MOST:
                    raise Unreadable(f"it has more than {ENTRIES_MOST:,} files")
                path = os.path.join(inside, entry.name)
                if KEPT.fullmatch(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders += [(path, depth + 1)] if depth < DEPTH_MOST else []
                elif entry.name.endswith(SUFFIXES):
                    found.append(path)
    return sorted(found)


def read_file(path: Path, room: int) -> bytes:
    """At most `room` bytes; opening a fifo must not wait for a writer."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise Unreadable(f"{path.name} is a symbolic link") from None
        raise Unreadable(f"{path.name}: {error.strerror}") from None
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Unreadable(f"{path.name} is no ordinary file")
        data = opened.read(room + 1)
    if len(data) > room:
        raise Unreadable(f"its C files are larger than {BYTES_MOST // 1024} KiB")
    return data
