"""Latency distributions for HdrHistogram's own plotter: .hgrm files.

    Value  Percentile  TotalCount  1/(1-Percentile)

Values are milliseconds, which is what the plotter takes them for.  It puts the
n-th lines of several files above the same place of its axis, so all files climb
the same steps: each half of the distance that is left to 100 % in five parts.
gnuplot draws one with

    set logscale x; plot 'hgrm/percentiles-response-0-poll_server.hgrm' using 4:1

There is one for each server, number of idle connections and view (response time
from the intended send, service time from the actual one) of `percentiles', and
one for each server and view of `freeze'.  A file has the histograms of all its rounds
added up, and the table of an experiment the median of the rounds: a single round in
which the machine stood still shows here, and not there.
"""

import math
import re
from pathlib import Path

from figures import histogram
from figures.curves import curve_trials, curves
from figures.points import Run
import results

PARTS = 5  # steps in each half of what is left
MS = 1e6  # nanoseconds
HEAD = f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>16}\n\n"


def steps(count: int) -> list[float]:
    """The percentiles to tell, as parts of 1, up to the last one that means something."""
    found, left = [], 1.0
    while left * count >= 1:
        found += [1 - left + left / 2 * i / PARTS for i in range(PARTS)]
        left /= 2
    return [part for part in found if (1 - part) * count >= 1]


def reached(recorded: dict, part: float) -> tuple[int, int]:
    """The value that this part of all stays within, and how many do.

    It is the largest value of its bucket, as HdrHistogram's is.
    """
    rank = max(math.ceil(part * recorded["count"]), 1)
    done = 0
    for i, count in recorded["buckets"]:
        done += count
        if done >= rank:
            return min(histogram.high(i), recorded["max"]), done
    return recorded["max"], recorded["count"]


def deviation(recorded: dict, mean: float) -> float:
    """The standard deviation, by the middles of the buckets."""
    squares = sum(
        count * ((histogram.low(i) + histogram.high(i)) / 2 - mean) ** 2
        for i, count in recorded["buckets"]
    )
    return math.sqrt(squares / recorded["count"])


def to_hgrm(recorded: dict) -> str:
    """The text of such a file; what was recorded must not be nothing."""
    lines = []
    for part in steps(recorded["count"]):
        value, done = reached(recorded, part)
        lines.append(f"{value / MS:12.6f} {part:14.12f} {done:10d} {1 / (1 - part):16.2f}\n")
    most, count = recorded["max"] / MS, recorded["count"]
    lines.append(f"{most:12.6f} {1:14.12f} {count:10d}\n")
    mean = recorded["sum"] / count
    spread = deviation(recorded, mean)
    lines += [
        f"#[Mean    = {mean / MS:12.6f}, StdDeviation   = {spread / MS:12.6f}]\n",
        f"#[Max     = {most:12.6f}, Total count    = {count:12d}]\n",
        f"#[Buckets = {36 - histogram.K + 1:12d}, SubBuckets     = {1 << histogram.K:12d}]\n",
    ]
    return HEAD + "".join(lines)


def file_name(*parts: str) -> str:
    """A server's name may hold anything; a file's name here doesn't."""
    return "-".join(re.sub(r"[^\w.-]+", "_", part) for part in parts) + ".hgrm"


def write(folder: Path, run: Run) -> None:
    """All files that the run has data for."""
    done = [name for name in ("percentiles", "freeze") if name in run.experiments]
    for curve in [curve for name in done for curve in curves(run, name)]:
        used = curve_trials(curve)
        if used:
            whole = histogram.merge([trial[curve.key] for trial in used])
            name = file_name(curve.experiment, *curve.view, curve.server)
            results.write(folder / "hgrm" / name, to_hgrm(whole))
