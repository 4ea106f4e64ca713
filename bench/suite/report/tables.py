"""The tables of report.html: figures, failed and doubtful trials, the machine."""

from figures.figures import Row
from figures.intervals import is_different
from figures.ratios import Ratio
from measure.validity import WORDS, broken_promises
from report.markup import Markup, el, join

# Metrics are called what_per_each; here is what stands for each part above a column.
WHAT = {
    "again": "EAGAIN",
    "accepts": "accept",
    "calls": "system calls",
    "cpu": "CPU time",
    "epoll_ctls": "epoll_ctl",
    "events": "ready events",
    "firehose_mib": "firehoses",
    "generator_share": "generator busy",
    "kernel_bytes": "kernel memory a connection",
    "lag": "send lag",
    "mib": "data",
    "receives": "recv",
    "sends": "send",
    "user_bytes": "user memory a connection",
}
EACH = {"echo": "an echo", "wait": "a wait", "connection": "a connection", "mib": "a MiB", "s": ""}
UNITS = {"us": "µs", "calls": "", "calls/echo": "", "descriptors": "", "events": ""}

# What the x axis of an experiment counts; a chart without an x axis isn't here.
X_AXES = {
    "idle": "idle",
    "active": "active",
    "size": "bytes",
    "rate": "load",
    "percentiles": "percentile",
    "memory": "connections",
    "fairness": "firehoses",
    "freeze": "percentile",
}
NINES = ("percentiles", "freeze")  # their x is 1 / (1 - quantile)
TOLD_NINES = (2, 4, 10, 100, 1000, 10000, 100000)  # the TSV has those between them

PANELS = {
    "absolute": "Fixed rates, in echoes a second",
    "load": "Percent of each server's own capacity",
    "capacity": "Capacity, to which the loads refer",
    "closed": "Closed loop, one connection",
    "response": "Open loop, response time from the intended send",
    "service": "Open loop, service time from the actual send",
}


def metric_words(metric: str) -> str:
    """cpu_per_echo is CPU time an echo."""
    what, _, each = metric.partition("_per_")
    if what not in WHAT and "_p" in what:
        what, _, digits = what.rpartition("_p")
        what = f"{WHAT.get(what, what)} p{digits.replace('999', '99.9')}"
    return f"{WHAT.get(what, what)} {EACH.get(each, each)}".strip()


def percentile(x: float) -> str:
    """The percentile behind a place on the axis of nines."""
    return f"{100 - 100 / x:.6g} %" if x > 0 else ""


def x_words(experiment: str, x: float) -> str:
    return percentile(x) if experiment in NINES else f"{x:,.6g}"


def scrolling(name: str, table: Markup) -> Markup:
    """Wide tables move sideways by themselves; the keyboard can do that, too."""
    return el("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def header(cells: list[Markup]) -> Markup:
    return el("thead", el("tr", cells))


def column(words: object, *more: object, number_: bool = False) -> Markup:
    return el("th", words, *more, scope="col", class_="number" if number_ else None)


def digits(value: float) -> str:
    """Three digits that matter, so that a column of them can be compared."""
    if abs(value) >= 100:
        places = len(str(int(abs(value)))) - 3
        return f"{round(value, -places):,.0f}"
    return f"{value:#.3g}" if value else "0"


def range_of(low: float | None, high: float | None, value: str) -> Markup | None:
    """The interval, unless it is no wider than the digits of its median."""
    if low is None or high is None or digits(low) == digits(high) == value:
        return None
    return el("span", f"{digits(low)} – {digits(high)}", class_="range")


def figure_cell(row: Row | None) -> Markup:
    """Median, and below it its interval; hollow as in the charts."""
    if row is None:
        return el("td", class_="number")
    if row.value is None:
        return el("td", "failed", class_="number hollow")
    value = digits(row.value)
    mark = [
        el("span", "○ ", class_="hollow", aria_hidden="true"),
        el("span", "hollow: ", class_="unseen"),
    ]
    between = range_of(row.low, row.high, value)
    return el("td", None if row.solid else mark, value, between, class_="number")


def in_order(values) -> list:
    """Each once, as first met."""
    return list(dict.fromkeys(values))


def place_cell(words: str, seen: bool) -> Markup:
    """Where a line belongs: shown once for a group, but there for all that listen."""
    return el("th", el("span", words, class_=None if seen else "unseen"), scope="row")


def figure_line(first: Markup | None, server: str, found: list[Row | None]) -> list[Markup]:
    """The cells of a line: where, who, the figures, and what stands behind them."""
    there = [row for row in found if row is not None]
    left_out = max(row.invalid for row in there)
    return [
        first,
        el("th", server, scope="row", class_="name"),
        [figure_cell(row) for row in found],
        el("td", max(row.rounds for row in there), class_="number"),
        el("td", left_out or "", class_="number"),
    ]


def figure_lines(experiment: str, rows: list[Row], metrics: list[str]) -> list[Markup]:
    """A line for each place on the x axis and server there."""
    by_key = {(row.x, row.server, row.metric): row for row in rows}
    lines = []
    for x in sorted({row.x for row in rows}):
        for i, server in enumerate(in_order(row.server for row in rows if row.x == x)):
            found = [by_key.get((x, server, metric)) for metric in metrics]
            first = place_cell(x_words(experiment, x), i == 0) if experiment in X_AXES else None
            class_ = "first" if i == 0 else None
            lines.append(el("tr", figure_line(first, server, found), class_=class_))
    return lines


def figure_table(experiment: str, title: str, rows: list[Row]) -> Markup:
    """All figures of a panel: servers below each other, metrics side by side."""
    metrics = in_order(row.metric for row in rows)
    units = {row.metric: UNITS.get(row.unit, row.unit) for row in rows}
    heads = [column("server")]
    if experiment in X_AXES:
        heads.insert(0, column(X_AXES[experiment]))
    for metric in metrics:
        unit = el("span", units[metric], class_="unit") if units[metric] else None
        heads.append(column(metric_words(metric), unit, number_=True))
    heads += [column("rounds", number_=True), column("left out", number_=True)]
    body = el("tbody", figure_lines(experiment, rows, metrics))
    caption = el("caption", title) if title else None
    name = f"Figures of {experiment}{': ' if title else ''}{title}"
    return scrolling(name, el("table", caption, header(heads), body))


def is_told(experiment: str, row: Row) -> bool:
    """What a server could hold is told in words; of a curve, some places are enough."""
    if row.metric == "held":
        return False
    return experiment not in NINES or row.metric == "capacity" or row.x in TOLD_NINES


def figure_tables(experiment: str, rows: list[Row]) -> Markup:
    """One table for each panel of the chart; then the capacities, if there are."""
    told = [row for row in rows if is_told(experiment, row)]
    groups: dict[tuple, list[Row]] = {}
    for row in told:
        groups.setdefault((row.metric == "capacity", row.panel), []).append(row)
    tables = []
    for (capacity, panel), found in sorted(groups.items(), key=lambda group: group[0][0]):
        title = panel_words(experiment, panel)
        if capacity:
            title = join([PANELS["capacity"], f", {title}" if panel != "capacity" else ""])
        tables.append(figure_table("" if capacity else experiment, title, found))
    return join(tables)


def panel_words(experiment: str, panel: str) -> str:
    """What a panel is called: `100` is too short a name."""
    if not panel.isdigit():
        return PANELS.get(panel, panel)
    kind = "active" if experiment == "idle" else "idle"
    return f"{int(panel):,} {kind} connection{'' if panel == '1' else 's'}"


def factor(value: float) -> str:
    """A ratio: what lies near 1 must be told apart."""
    return f"{value:.3f}" if 0.1 <= value < 10 else f"{value:#.3g}"


def ratio_line(ratio: Ratio, first: bool) -> Markup:
    """A server against epoll LT; what may be said is said in the last column."""
    band = f"{factor(ratio.band_low)} – {factor(ratio.band_high)}" if ratio.band else "unknown"
    interval = f"{factor(ratio.low)} – {factor(ratio.high)}"
    clear = is_different(ratio.interval, ratio.band)
    return el(
        "tr",
        place_cell(ratio.question, first),
        el("th", ratio.server, scope="row", class_="name"),
        [el("td", c, class_="number") for c in (factor(ratio.value), interval, band, ratio.rounds)],
        el("td", "differs" if clear else "not shown", class_=None if clear else "soft"),
        class_="first" if first else None,
    )


def ratio_table(ratios: list[Ratio]) -> Markup:
    """All ratios to epoll LT, with the band that noise alone can fill."""
    numbers = ["ratio", "interval", "A/A band", "rounds"]
    heads = [column("question"), column("server")]
    heads += [column(head, number_=True) for head in numbers] + [column("difference")]
    lines, before = [], None
    for ratio in ratios:
        lines.append(ratio_line(ratio, ratio.question != before))
        before = ratio.question
    return scrolling("Ratios", el("table", header(heads), el("tbody", lines)))


# --- Trials


def doubted(trial: dict) -> bool:
    return trial["outcome"] == "measured" and bool(trial.get("doubts"))


def point_words(trial: dict) -> str:
    """The load of a trial, in words."""
    if trial.get("mode") == "hold":
        return f"{trial.get('wanted', 0):,} connections held"
    parts = []
    if trial.get("load"):
        parts.append(f"{100 * trial['load']:g} % of its capacity")
    elif trial.get("rate_planned"):
        parts.append(f"{trial['rate_planned']:,.0f}/s")
    parts += [f"{trial.get(kind, 0):,} {kind}" for kind in ("active", "idle")]
    if trial.get("firehoses"):
        parts.append(f"{trial['firehoses']} firehoses")
    if trial.get("size"):
        parts.append(f"{trial['size']:,} B")
    return ", ".join(parts)


def reasons(trial: dict) -> str:
    if trial["outcome"] == "failed":
        return "; ".join([trial.get("reason") or "no reason known", *broken_promises(trial)])
    return "; ".join(WORDS[doubt] for doubt in trial["doubts"])


def by_reason(trials: list[dict]) -> dict[tuple, dict[tuple, list[int]]]:
    """(outcome, reason) -> who and where -> the rounds that it befell."""
    groups: dict[tuple, dict[tuple, list[int]]] = {}
    for trial in trials:
        outcome = "Failed" if trial["outcome"] == "failed" else "Doubtful"
        place = (trial["server_name"], trial["experiment"], point_words(trial))
        rounds = groups.setdefault((outcome, reasons(trial)), {}).setdefault(place, [])
        rounds.append(trial["round"])
    return groups


def reason_group(outcome: str, reason: str, places: dict[tuple, list[int]]) -> Markup:
    """A reason, and below it every trial that it befell."""
    words = [el("strong", f"{outcome}:"), f" {reason}"]
    lines = [el("tr", el("th", words, scope="rowgroup", colspan="4", class_="reason"))]
    for (server, experiment, load), rounds in places.items():
        told = ", ".join(map(str, sorted(set(rounds))))
        cells = [el("td", cell) for cell in (experiment, load, told)]
        lines.append(el("tr", el("th", server, scope="row", class_="name"), cells))
    return el("tbody", lines)


def invalid_table(trials: list[dict]) -> Markup:
    """Every trial that failed or is in doubt, below its reason in words."""
    bad = [trial for trial in trials if trial["outcome"] == "failed" or doubted(trial)]
    if not bad:
        return el("p", "There are none: every trial was valid.")
    bad.sort(key=lambda trial: trial["outcome"] != "failed")  # failures first
    heads = [column(head) for head in ("server", "experiment", "load", "rounds")]
    groups = [reason_group(*key, places) for key, places in by_reason(bad).items()]
    return scrolling("Failed and doubtful trials", el("table", header(heads), groups))


def limit_list(trials: list[dict]) -> list[str]:
    """Servers that held fewer connections than they were asked to."""
    found = [t for t in trials if t["outcome"] == "limit"]
    return in_order(f"{t['server_name']}, {t['experiment']}: {t['reason']}." for t in found)


# --- The machine

# What environment.json calls in its own way; the rest is told as it is named there.
TOLD = {
    "cpu_model": "CPU",
    "cpus_online": "CPUs online",
    "cpus_allowed": "CPUs allowed",
    "cpu_of_server": "CPU of the server",
    "cpu_of_generator": "CPU of the load generator",
    "c_library": "C library",
    "open_files_limit": "limit of open files",
    "load_average": "load average before",
    "mode": "pace",
    "seconds": "window, in seconds",
    "warm_up": "warm-up, in seconds",
}
FOLDED = {"sysctl": "Kernel settings", "mitigations": "Mitigations of CPU flaws"}
ELSEWHERE = ("command", "remarks")  # sections of their own tell them
GROUPS = {"build": "Build", "source": "Source", "plan": "Plan"}


def remarks(environment: dict) -> list[str]:
    """What follows from this machine, in words."""
    return list(environment.get("remarks") or [])


def spoken(value: object) -> str:
    """A value of environment.json as a person would write it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(spoken(part) for part in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} ({spoken(part)})" for name, part in value.items()) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def pairs_of(values: dict) -> list[list[str]]:
    return [[TOLD.get(name, name.replace("_", " ")), spoken(v)] for name, v in values.items()]


def pair_table(title: str, pairs: list[list[str]]) -> Markup:
    """Names and values; the names are the headers of their lines."""
    lines = [el("tr", el("th", a, scope="row"), el("td", b, class_="words")) for a, b in pairs]
    return scrolling(title, el("table", el("caption", title), el("tbody", lines), class_="pairs"))


def environment_tables(environment: dict) -> Markup:
    """The machine, what was run on it, and folded, the long lists."""
    apart = {**FOLDED, **GROUPS, **dict.fromkeys(ELSEWHERE)}
    plain = {name: value for name, value in environment.items() if name not in apart}
    tables = [pair_table("Hardware and system", pairs_of(plain))]
    for name, title in GROUPS.items():
        if environment.get(name):
            tables.append(pair_table(title, pairs_of(environment[name])))
    for name, title in FOLDED.items():
        pairs = [[key, spoken(value)] for key, value in (environment.get(name) or {}).items()]
        tables.append(el("details", el("summary", title), pair_table(title, pairs)))
    return join(tables)
