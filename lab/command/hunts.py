"""The files of a bug hunt: a broken server in a disguise of the student's own.

In the repository they are made when they are asked for, by hunts/disguise.py.  A handout has
some disguises of each hunt ready, in hunts/NN/VARIANT, and neither what made them nor the bugs.
"""

import importlib
import sys
from pathlib import Path

from build import need
from course import Item
from folder import Folder, write_whole
from problem import FAULT, Problem

PACKAGES = ("patch", "universal-ctags")


def put(item: Item, folder: Folder) -> None:
    """The server and TASK.md.  The same folder always gets the same disguise."""
    seed = folder.state["seed"]
    ready = sorted(one for one in item.folder.glob(f"{item.number:02}/*") if one.is_dir())
    if ready:
        copy_files(ready[seed % len(ready)], folder.path)
    else:
        make(item, seed, folder.path)


def copy_files(variant: Path, target: Path) -> None:
    for source in sorted(variant.iterdir()):
        write_whole(target / source.name, source.read_bytes())


def make(item: Item, seed: int, target: Path) -> None:
    need(PACKAGES, "a hunt")
    sys.path.insert(0, str(item.folder))
    disguise = importlib.import_module("disguise")
    try:
        disguise.make_hunt(item.number, seed, target)
    except disguise.HuntError as error:
        raise Problem(f"{item.name}: {error}", FAULT) from None
