"""The counters of a running server, as echo/counters.h lays them out in a file."""

import re
import struct
from functools import cache
from pathlib import Path

HEADER = Path(__file__).resolve().parents[3] / "echo/counters.h"


@cache
def fields() -> list[str]:
    """Their names, in the order of the C struct."""
    struct_text = re.search(r"struct counters \{(.*?)\};", HEADER.read_text(), re.DOTALL)[1]
    return re.findall(r"uint64_t (\w+);", struct_text)


def read_counters(path: Path) -> dict[str, int]:
    names = fields()
    with open(path, "rb") as file:
        return dict(zip(names, struct.unpack(f"={len(names)}Q", file.read(8 * len(names)))))
