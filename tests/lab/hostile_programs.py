"""Programs that a student might hand in to fool or to harm the grader: hostile/NAME.c.

Each is a right server for one client at a time that does some harm first.  What it could do, it
prints in lines that begin with "could ".  Run none of them outside a sandbox.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().with_name("hostile")
NAMES = sorted(path.stem for path in FOLDER.glob("*.c"))


def source(name: str, secret: str = "", port: int = 0) -> str:
    """The program as one file.  It tries to get at the file `secret`, if it does such things,
    and at the server that listens on this port of the machine."""
    lines = ["#define _GNU_SOURCE"]
    lines += [f'#define SECRET "{secret}"'] if secret else []
    lines += [f"#define SECRET_PORT {port}"] if port else []
    text = (FOLDER / f"{name}.c").read_text()
    text = text.replace('#include "echo.h"\n', (FOLDER / "echo.h").read_text())
    return "\n".join([*lines, text])
