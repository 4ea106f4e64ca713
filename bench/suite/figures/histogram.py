"""Latency histograms, as bench/histogram.h describes them.

The trials bring their histograms along, so that any quantile of a trial can be told
later.  Those of the same layout are merged by adding their counts, which is exact;
the average of their quantiles would be just wrong.
"""

K = 7
WHOLE = 100000  # quantiles are parts of that, so that ranks are whole numbers


def low(i: int) -> int:
    """The smallest value of bucket i."""
    if i < 1 << K:
        return i
    return ((1 << K) + (i & ((1 << K) - 1))) << ((i >> K) - 1)


def high(i: int) -> int:
    """The largest value of bucket i."""
    return low(i + 1) - 1


def empty() -> dict:
    return {"k": K, "count": 0, "overflow": 0, "sum": 0, "min": None, "max": None, "buckets": []}


def merge(parts: list[dict]) -> dict:
    """All that was counted in any of them."""
    counts: dict[int, int] = {}
    total = empty()
    for part in parts:
        if part["k"] != K:
            raise ValueError(f"a histogram with k = {part['k']}, not {K}")
        for i, count in part["buckets"]:
            counts[i] = counts.get(i, 0) + count
        for name in ("count", "overflow", "sum"):
            total[name] += part[name]
    total["min"] = min((p["min"] for p in parts if p["count"]), default=None)
    total["max"] = max((p["max"] for p in parts if p["count"]), default=None)
    total["buckets"] = [[i, counts[i]] for i in sorted(counts)]
    return total


def at_rank(histogram: dict, rank: int) -> int:
    """The rank-th least value: the middle of its bucket, within least and greatest."""
    for i, count in histogram["buckets"]:
        rank -= count
        if rank <= 0:
            middle = low(i) + (high(i) - low(i)) // 2
            return max(histogram["min"], min(middle, histogram["max"]))
    return histogram["max"]  # it lies among the overflow


def quantile(histogram: dict, parts: int) -> int | None:
    """By nearest rank; None when nothing was recorded."""
    if histogram["count"] == 0:
        return None
    return at_rank(histogram, max(-(-histogram["count"] * parts // WHOLE), 1))


def within(histogram: dict, one_in: int) -> int | None:
    """What all but one in so many stay within: 100 is p99, 1,000 is p99.9.

    However few were recorded; None when nothing was.
    """
    if histogram["count"] == 0:
        return None
    return at_rank(histogram, max(-(-histogram["count"] * (one_in - 1) // one_in), 1))


def all_but(histogram: dict, one_in: int) -> int | None:
    """The same; None when fewer than that were recorded: then nobody knows."""
    return within(histogram, one_in) if histogram["count"] >= one_in else None


def supports(count: int, one_in: int) -> bool:
    """Ten values beyond it, as bench/histogram.h asks for, and not luck alone."""
    return count >= 10 * one_in
