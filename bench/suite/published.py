"""Published results that a reader will hold beside ours."""

from statistics import median

from figures import Run

KERRISK_WAITS = 100_000
KERRISK_SECONDS = {  # seconds for all of them, one random descriptor of so many ready
    "poll": {10: 1.12, 100: 6.8, 1000: 157, 10000: 1750},
    "select": {10: 1.28, 100: 7.1, 1000: 151, 10000: 1087},
    "epoll_lt": {10: 0.65, 100: 0.68, 1000: 0.89, 10000: 0.97},
}


def wait_figures(run: Run) -> dict:
    """(mechanism, watched, ready) -> seconds of CPU time per wait, lowest, highest."""
    found: dict = {}
    for line in run.waits:
        key = (line["mechanism"], line["watched"], line["ready"])
        found.setdefault(key, []).append(line)
    return {
        key: (
            median(line["cpu_ns_per_wait"] for line in lines) / 1e9,
            min(line["low"] for line in lines) / 1e9,
            max(line["high"] for line in lines) / 1e9,
        )
        for key, lines in sorted(found.items())
    }
