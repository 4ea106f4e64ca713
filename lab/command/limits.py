"""Time limits.  LAB_TIME_FACTOR stretches them all: for a slow or busy machine, and for tests."""

import os


def stretched(seconds: float) -> float:
    text = os.environ.get("LAB_TIME_FACTOR", "1")
    try:
        factor = float(text)
    except ValueError:
        factor = 1.0
    limit = seconds * (factor if 0 < factor <= 100 else 1.0)
    return int(limit) if limit == int(limit) else limit
