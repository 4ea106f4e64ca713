"""Settings of the chart about the frozen server: curves, and what arithmetic expects."""

from charts.axes import y_axis, y_ticks
from charts.settings import (
    Chart, Figure, Panel, Settings, nines, text, ticks_text, x_axis, x_ticks,
)

CHART = Chart("freeze", "freeze", lambda rows: [], 1)
NAMES = {
    "response": "open loop, response time",
    "service": "open loop, service time",
    "closed": "closed loop",
}


def frozen(trials: list[dict], mode: str) -> dict | None:
    """The first trial of that mode in which the server was really stopped."""
    for t in trials:
        if t["outcome"] == "measured" and t.get("mode") == mode and t.get("freeze"):
            return t
    return None


def late(trial: dict, one_in: float) -> float:
    """Who is due t seconds into a stop of F waits F - t: all but one in so many
    stay within F - W / one_in, when the window is W.  In microseconds."""
    return 1e6 * (trial["freeze"]["seconds"] - trial["seconds"] / one_in)


def expected(where: str, trial: dict, base: float, last: float) -> list[tuple[float, float]]:
    """The curve that arithmetic expects: `base`, from some point on what the stop does."""
    window, stop = trial["seconds"], trial["freeze"]["seconds"]
    if where == "closed":  # one echo a connection is slow, however many there are
        start = max(trial["echoes"] / trial["active"], 1)
        return [(1, base), (min(start, last), base)] + [(start, 1e6 * stop)] * (start <= last)
    start = window / stop
    if where == "service":  # each connection has one message underway, the others wait unsent
        start = max(start, trial["echoes"] / trial["active"])
    curve = [(1.0, base), (start, base)]
    x = start
    while x < last:
        if late(trial, x) > base:
            curve.append((x, late(trial, x)))
        x *= 1.04
    return curve + [(last, max(late(trial, last), base))]


def middle(rows: list[Figure], where: str) -> float | None:
    """The median of the first server there: what an echo takes without a stop."""
    found = [f.value for f in rows if f.panel == where and f.x == 2 and f.value]
    return found[0] if found else None


def add_freeze(made: Settings, rows: list[Figure], trials: list[dict]) -> None:
    rows = [f for f in rows if f.metric == "latency" and f.value]
    panel = Panel("", "latency", "Latency", "echoes that took no longer", True, True, "", nines)
    made.start("freeze", "freeze", 1, 1)
    made.heights("freeze", 330, 300)
    room = 30
    made.set("freeze", "room", room)
    x, y = x_axis(panel, rows), y_axis([f.value for f in rows], True)
    for name, value in {
        "x": text(panel.x), "low": y.low, "high": 2 * y.high, "left": x.low, "right": x.high,
        **{
            f"xtics_{layout}": ticks_text(x_ticks(panel, rows, x, CHART.pixels(layout, room)))
            for layout in ("wide", "narrow")
        },
        "ytics": ticks_text(y_ticks(y, "us")),
    }.items():
        made.set("freeze", name, value, 1)
    last = max((f.x for f in rows), default=2)
    for where, words in NAMES.items():
        trial, base = frozen(trials, "closed" if where == "closed" else "open"), middle(rows, where)
        if trial and base:
            for one_in, value in expected(where, trial, base, last):
                made.add("expected", [where, float(one_in), float(value)])
            add_name(made, where, words, trial, base)


def add_name(made: Settings, where: str, words: str, trial: dict, base: float) -> None:
    """Beside its curve, where that is alone."""
    stop = trial["freeze"]["seconds"]
    high = (base * (1e6 * stop) ** 3) ** 0.25
    at = {
        "response": (1.1, 1.9e6 * stop, "right"),
        "service": (max(trial["echoes"] / trial["active"], 1) * 1.15, high, "right"),
        "closed": (20.0, base, "above"),
    }
    x, y, side = at[where]
    made.label("freeze", 1, "-", x, y, y, words, side)
