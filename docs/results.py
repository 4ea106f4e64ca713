#!/usr/bin/env python3
"""A results folder of bench/run, as the book needs it: numbers, sentences, tables, charts.

    docs/results.py DIR --output OUT    writes OUT/results.json and OUT/*.svg,
                                        with --charts=idle,churn no other charts,
                                        with --and-charts=idle.1 these as well;
                                        idle.1 is the first panel of idle alone
    docs/results.py --list [DIR]        the keys that chapters can name

Numbers and sentences are the suite's own, in its own words; DIR is only read.  A key
that this run has no number for says so, and the book can be built all the same.  A ○
stands before a suspect figure, which the charts draw hollow.

Keys of figures:

    machine kernel command rounds    the run
    trials trials.suspect            how many, and how many of them are suspect
    held.SERVER                      connections that it held when asked for more
    PLACE.x                          the number itself: 19,000
    PLACE.SERVER.METRIC              idle.1.most.poll.cpu
    ratio.PLACE.SERVER.METRIC        the same against epoll_lt, with its interval

PLACE is a panel of a chart, and least or most, the ends of its x axis if it has one.
A panel is EXPERIMENT, and the number that it holds fixed if it does: idle.1.  Tables
are PANEL.METRIC and ratio.PANEL.METRIC, with all of the x axis; waits is Kerrisk's table.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "suite"))
sys.dont_write_bytecode = True

import charts  # noqa: E402
import sentences  # noqa: E402
import words  # noqa: E402
from experiments import EXPERIMENTS, Experiment, Panel  # noqa: E402
from figures import Figure, Point, Ratio, Run, load_run, metrics_of  # noqa: E402
from options import FLOOR, LT, PEERS, THE_FOUR  # noqa: E402
from problem import Problem  # noqa: E402
from published import CLAIMS, KERRISK_SECONDS, KERRISK_WAITS, wait_figures  # noqa: E402
from words import noun, short  # noqa: E402

MISSING = "(not measured in this run)"
SERVERS = {name.removesuffix("_server"): name for name in (*THE_FOUR, *PEERS, FLOOR)}
CALLS = {
    "recv": "receives_per_echo", "send": "sends_per_echo", "wait": "waits_per_echo",
    "epoll_ctl": "epoll_ctls_per_echo", "events per wait": "events_per_wait",
    "scanned per echo": "scanned_per_echo",
}
SHOWN_WAITS = {"select": "select", "poll": "poll", "epoll": "epoll_lt"}
CALLS_AT = {"alone": (1, 0), "beside": (1, 900), "many": (100, 0), "crowd": (100, 900)}


def in_words(one: Figure | Ratio | None, missing: str) -> str:
    if one is None or one.value is None:
        return missing
    if isinstance(one, Ratio):
        said = words.interval(one.value, one.low, one.high)
    else:
        said = words.amount(one.value, noun(one.metric, one.point.mode).unit)
    return f"○ {said}" if one.suspect else said


class Found:
    """The figures or the ratios of a run, by what they are of."""

    def __init__(self, every: list):
        self.every = {(f.experiment, f.metric, f.server, f.point): f for f in every}

    def words(self, name: str, metric: str, server: str, point: Point, missing=MISSING) -> str:
        return in_words(self.every.get((name, metric, server, point)), missing)

    def points(self, name: str, panel: Panel) -> list[Point]:
        """Those of a panel, along its x axis."""
        of = {point for experiment, _, _, point in self.every if experiment == name}
        shown = [p for p in of if all(getattr(p, k) == v for k, v in panel.where.items())]
        return sorted(shown, key=lambda point: getattr(point, panel.x or "idle"))


def panel_key(experiment: Experiment, panel: Panel) -> str:
    return ".".join([experiment.name, *map(str, panel.where.values())])


PANELS = [(panel_key(e, panel), e, panel) for e in EXPERIMENTS for panel in e.panels]


# --- Figures.


def of_run(run: Run) -> dict[str, str]:
    there = run.environment
    return {
        "machine": sentences.machine(there),
        "kernel": there.get("kernel", MISSING),
        "command": there.get("command", MISSING),
        "rounds": words.some(run.rounds, "round"),
        "trials": f"{len(run.trials):,}",
        "trials.suspect": f"{sum(bool(trial['suspicions']) for trial in run.trials):,}",
    }


def held(run: Run) -> dict[str, str]:
    made = {}
    for name, server in SERVERS.items():
        full = [t["held"] for t in run.trials if (t["server"], t["outcome"]) == (server, "limit")]
        made[f"held.{name}"] = f"{max(full):,}" if full else MISSING
    return made


def ends(key: str, panel: Panel, points: list[Point]) -> dict[str, Point | None]:
    """Place -> point; a panel without an x axis shows the last one."""
    least, most = (points[0], points[-1]) if points else (None, None)
    return {f"{key}.least": least, f"{key}.most": most} if panel.x else {key: most}


def of_panels(run: Run) -> dict[str, str]:
    made = {}
    figures, ratios = Found(run.figures), Found(run.ratios)
    for key, experiment, panel in PANELS:
        name = experiment.name
        for place, point in ends(key, panel, figures.points(name, panel)).items():
            x = getattr(point, panel.x, None) if point else None
            made[f"{place}.x"] = MISSING if x is None else f"{x:,}"
            for plain, server in SERVERS.items():
                for metric in metrics_of(name):
                    own = figures.words(name, metric, server, point)
                    made[f"{place}.{plain}.{metric}"] = own
                for metric in experiment.compare:
                    own = ratios.words(name, metric, server, point)
                    made[f"ratio.{place}.{plain}.{metric}"] = own
    return made


# --- Tables.


def table(title: str, columns: list[str], rows: list[list[str]]) -> dict:
    rows = rows or [[MISSING, *[""] * (len(columns) - 1)]]
    return {"title": title, "columns": columns, "rows": rows}


def at(point: Point, panel: Panel) -> str:
    """900 idle; 20,000/s; 16 KiB"""
    x = getattr(point, panel.x)
    units = {
        "rate": words.amount(x, "/s"), "size": words.amount(x, words.BYTES),
        "firehoses": words.some(x, "stream"), "turn": words.amount(x, words.SECONDS),
    }
    return units.get(panel.x, f"{x:,} {panel.x}")


def panel_table(found: Found, name: str, panel: Panel, title: str) -> dict:
    """Servers down, x across."""
    points = found.points(name, panel)
    heads = [at(p, panel) if panel.x else p.words() for p in points]
    rows = [
        [short(s), *(found.words(name, panel.metric, s, point, "–") for point in points)]
        for s in SERVERS.values()
    ]
    shown = [row for row in rows if set(row[1:]) - {"–"}]
    about = noun(panel.metric, points[0].mode if points else "closed").words
    if panel.where and panel.title.lower() not in about:
        about += f", {panel.title}"
    return table(title.format(about[:1].upper() + about[1:]), ["", *heads], shown)


def calls_table(run: Run, active: int, idle: int) -> dict:
    found, point = Found(run.figures), Point("closed", idle, active)
    rows = [
        [short(s), *(found.words("idle", metric, s, point, "–") for metric in CALLS.values())]
        for s in THE_FOUR
    ]
    return table(f"System calls per echo, {active} active, {idle} idle", ["", *CALLS], rows)


def ratio_table(run: Run, server: str) -> dict:
    """All comparisons of a server with level-triggered epoll."""
    rows = [
        [f"{noun(r.metric, r.point.mode).words}, {r.point.words()}", in_words(r, "–"),
         words.ratio(r.aa, 0.01) if r.aa else "unknown", "yes" if r.claim else "no"]
        for r in run.ratios if r.server == server
    ]
    columns = ["", "ratio (interval)", "A/A", "a difference"]
    return table(f"{short(server)} against {short(LT)}", columns, rows)


def waits_table(run: Run) -> dict:
    """Kerrisk's table of 2006 beside the run's: the numbers of descriptors that are in both."""
    found, rows = wait_figures(run), []
    for watched in sorted({watched for _, watched, ready in found if ready == 1}):
        published = {name: near(them, watched) for name, them in KERRISK_SECONDS.items()}
        if None in published.values():
            continue
        row = [f"{watched:,}"]
        for name in SHOWN_WAITS.values():
            ours = found.get((name, watched, 1))
            row.append(f"{published[name]:,}")
            row.append(words.number(ours[0] * KERRISK_WAITS) if ours else "–")
        rows.append(row)
    heads = [f"{name}, {when}" for name in SHOWN_WAITS for when in ("2006", "this run")]
    title = f"Seconds for {KERRISK_WAITS:,} waits, one descriptor ready"
    return table(title, ["descriptors", *heads], rows)


def near(published: dict[int, float], watched: int) -> float | None:
    """The figure for about so many descriptors: a run may have a few less than a round number."""
    return next((value for n, value in published.items() if abs(n - watched) <= n / 100), None)


def published_table(run: Run) -> dict:
    decided = [(one, one.decide(run)) for one in CLAIMS]
    rows = [[c.source, c.claim, c.setup, found.ours, found.verdict] for c, found in decided]
    return table("Claims we tested", ["source", "claim", "setup", "this run", "verdict"], rows)


def all_tables(run: Run) -> dict[str, dict]:
    asked = [[e.name, e.question, e.setup, e.expectation] for e in EXPERIMENTS]
    heads = ["experiment", "question", "setup", "expected"]
    made = {"experiments": table("The experiments", heads, asked)}
    made["published"] = published_table(run)
    made["waits"] = waits_table(run)
    made |= {f"calls.{key}": calls_table(run, *load) for key, load in CALLS_AT.items()}
    made |= {f"ratios.{name}": ratio_table(run, s) for name, s in SERVERS.items() if s != LT}
    figures, ratios = Found(run.figures), Found(run.ratios)
    for key, e, panel in PANELS:
        made[f"{key}.{panel.metric}"] = panel_table(figures, e.name, panel, "{}")
        if panel.metric in e.compare:
            title = "{}, ratio to " + short(LT)
            made[f"ratio.{key}.{panel.metric}"] = panel_table(ratios, e.name, panel, title)
    return made


# --- All of it.


def gather(run: Run) -> dict:
    names = [experiment.name for experiment in EXPERIMENTS]
    drawable = charts.drawable(run)
    return {
        "figures": of_run(run) | held(run) | of_panels(run),
        "tables": all_tables(run),
        "result": {"aa": sentences.trust(run)} | {n: sentences.result(run, n) for n in names},
        "explanation": {name: sentences.explanation(run, name) for name in names},
        "chart": {name: name in drawable for name in names},
    }


def draw(folder: Path, run: Run, wanted: list[str]) -> None:
    if not charts.has_gnuplot():
        raise Problem("docs/results.py: there is no gnuplot here: apt-get install gnuplot-nox", 1)

    def one(chart: str) -> None:
        name, _, panel = chart.partition(".")
        script = charts.script(run, name, "svg", int(panel) if panel else None)
        (folder / f"{chart}.svg").write_bytes(charts.gnuplot(script))

    drawable = charts.drawable(run)
    with ThreadPoolExecutor(2) as at_once:
        list(at_once.map(one, [c for c in wanted if c.partition(".")[0] in drawable]))


def listing(made: dict) -> str:
    lines = [f"figure:{key}[]  {text}" for key, text in made["figures"].items()]
    for kind in ("result", "explanation"):
        lines += [f"{kind}::{name}[]  {said or '(nothing)'}" for name, said in made[kind].items()]
    lines += [f"table::{key}[]  {table['title']}" for key, table in made["tables"].items()]
    return "\n".join(lines + [f'chart::{name}[alt="..."]' for name in made["chart"]])


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    gallery = ROOT / "plots" / "gallery"
    options.add_argument("folder", type=Path, nargs="?", default=gallery, metavar="DIR")
    options.add_argument("--output", type=Path, metavar="OUT")
    options.add_argument("--charts", metavar="NAMES", help="draw only these, separated by commas")
    options.add_argument("--and-charts", metavar="NAMES", default="", help="draw these as well")
    options.add_argument("--list", action="store_true")
    asked = options.parse_args()
    if not asked.list and asked.output is None:
        options.error("one of --output OUT and --list is needed")
    try:
        if not any(asked.folder.glob("trials.ndjson*")):
            raise Problem(f"docs/results.py: {asked.folder}: no run of bench/run is in there", 1)
        run = load_run(asked.folder)
        made = gather(run)
        if asked.list:
            print(listing(made))
            return 0
        asked.output.mkdir(parents=True, exist_ok=True)
        wanted = list(made["chart"] if asked.charts is None else asked.charts.split(","))
        draw(asked.output, run, list(dict.fromkeys(wanted + asked.and_charts.split(","))))
        (asked.output / "results.json").write_text(json.dumps(made, indent=1, ensure_ascii=False))
    except (Problem, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
