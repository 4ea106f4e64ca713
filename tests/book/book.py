"""The book's sources, and how it is built: what its tests have in common."""

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SECONDS = 600  # for a build, on a slow machine
SKIPPED = 77  # meson's word for it
HERE = {**os.environ, "MESON_BUILD_ROOT": os.environ.get("MESON_BUILD_ROOT", str(ROOT / "build"))}


def sources() -> dict[str, str]:
    """What people wrote: every AsciiDoc file, by its path in docs/."""
    files = [*DOCS.glob("book/*.adoc"), *DOCS.glob("teaching/*.adoc")]
    return {str(f.relative_to(DOCS)): f.read_text(encoding="utf-8") for f in sorted(files)}


def cited(macro: str) -> set[str]:
    """The names that the sources give to a macro such as claim:NAME[]."""
    text = "\n".join(sources().values())
    return set(re.findall(rf"\b{macro}::?([\w./-]+)\[", text))


def missing() -> list[str]:
    """The programs without which there is no book."""
    return [name for name in ("asciidoctor", "ctags", "gnuplot", "rsvg-convert", "pdftotext") if not shutil.which(name)]


def build(output: Path, *options: str, **variables: str) -> subprocess.CompletedProcess:
    """docs/build, and what it said: on one stream, as in a terminal."""
    return subprocess.run(
        [DOCS / "build", "--output", output, *options],
        env={**HERE, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=SECONDS,
    )


class Page(HTMLParser):
    """The tags of a page with their attributes; what they link to, and what to link to."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def links(self) -> list[dict[str, str]]:
        """Not every <a> is one: AsciiDoc's [[id]] has a name, and leads nowhere."""
        return [attributes for attributes in self.all("a") if "href" in attributes]

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def addresses(self) -> list[str]:
        """Of everything that a browser loads or follows."""
        found = []
        for tag, attributes in self.tags:
            found += [attributes[key] for key in ("href", "src", "srcset") if key in attributes]
        return found


def resolve(page: Path, address: str) -> tuple[Path, str]:
    """The file that an address on a page leads to, and the id in it."""
    path, _, anchor = address.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    return target, unquote(anchor)
