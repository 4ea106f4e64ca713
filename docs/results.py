#!/usr/bin/env python3
"""A results folder of bench/run, as the book needs it: numbers, sentences, tables, charts.

    docs/results.py DIR --output OUT    writes OUT/results.json and OUT/*.svg,
                                        with --charts=idle,churn no other charts
    docs/results.py --list [DIR]        the keys that chapters can name

Numbers and sentences are the suite's own, in its own words; DIR is only read.  A
figure that this run has not measured is there all the same and says so, so that a
book with the numbers of a short run can be built.  A ○ stands before a figure that
the charts draw hollow.

Keys of figures:

    machine kernel rounds command     the run
    trials trials.doubtful            how many measurements, and of how many something is in doubt
    sleeps.ACTIVE.SERVER              how often it slept for an echo, nobody idle: voluntary
                                      context switches
    held.SERVER                       connections that it held when asked for more
    EXPERIMENT[.PANEL].PLACE.x        the place itself: 19,000
    EXPERIMENT[.PANEL].PLACE.SERVER.METRIC
    ratio.QUESTION.SERVER             against epoll_lt, with its interval

PLACE is least or most, the ends of the x axis; SERVER is select, poll, epoll_lt or
epoll_et.
"""

import argparse
import json
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "suite"))
sys.dont_write_bytecode = True

from charts import charts  # noqa: E402
from figures import figures, ratios  # noqa: E402
from figures.figures import Row  # noqa: E402
from figures.points import ET, LT, POLL, SELECT, Run  # noqa: E402
from measure.experiments import EXPERIMENTS  # noqa: E402
from problem import Problem  # noqa: E402
from sentences import findings  # noqa: E402
from sentences.reasons import why  # noqa: E402
from sentences.words import factor, in_unit, number, reaches, short, some  # noqa: E402

NAMES = [experiment.name for experiment in EXPERIMENTS]
MISSING = "(not measured in this run)"
SERVERS = {"select": SELECT, "poll": POLL, "epoll_lt": LT, "epoll_et": ET}
PANELS = {
    "idle": {"1": "1", "100": "100"},
    "rate": {"absolute": "absolute", "load": "load"},
    "syscalls": {
        "alone": "1 active, 0 idle",
        "beside": "1 active, 900 idle",
        "many": "100 active, 0 idle",
        "crowd": "100 active, 900 idle",
    },
}
PLAIN = ("active", "size", "churn", "memory", "fairness")  # with one panel, that has no name
QUESTIONS = {
    "rate_of_one": ratios.RATE_OF_ONE, "rate_of_many": ratios.RATE_OF_MANY,
    "rate_alone": ratios.RATE_ALONE, "cpu_of_one": ratios.CPU_OF_ONE,
    "cpu_of_many": ratios.CPU_OF_MANY, "cpu_no_idle": ratios.CPU_NO_IDLE,
    "cpu_a_mib": ratios.CPU_A_MIB, "churn": ratios.CHURN, "memory": ratios.MEMORY,
}
BARE = ("calls", "descriptors", "events", "calls/echo")  # units that the sentence says


# --- Figures.


def of_run(run: Run) -> dict[str, str]:
    there = run.environment
    return {
        "machine": charts.caption(run) or MISSING,
        "kernel": there.get("kernel", MISSING),
        "rounds": some(run.rounds, "round"),
        "command": there.get("command", MISSING),
        "trials": f"{len(run.trials):,}",
        "trials.doubtful": f"{sum(findings.doubtful(trial) for trial in run.trials):,}",
    }


def sleeps(run: Run, server: str, active: int) -> str:
    """Of a trial it is a count by the kernel: no doubt about time matters."""
    where = {"experiment": "idle", "server_name": server, "active": active, "idle": 0, "outcome": "measured"}
    found = [
        trial["server"]["context_switches"]["voluntary"] / trial["echoes"]
        for trial in run.trials
        if where.items() <= trial.items() and trial["echoes"] and trial["server"].get("context_switches")
    ]
    if not found:
        return MISSING
    middle = median(found)
    return "less than 0.001" if middle < 0.001 else number(middle)


def value_words(row: Row | None) -> str:
    if row is None or row.value is None:
        return MISSING
    words = number(row.value) if row.unit in BARE else in_unit(row.value, row.unit).replace(" us", " µs")
    return words if row.solid else f"○ {words}"


def place_figures(prefix: str, rows: list[Row], metrics: list[str]) -> dict[str, str]:
    """The two ends of an axis, for every server and metric: measured or not."""
    xs = sorted({row.x for row in rows if row.value is not None and row.metric in metrics})
    made = {}
    for place, x in (("least", xs[0] if xs else None), ("most", xs[-1] if xs else None)):
        made[f"{prefix}.{place}.x"] = f"{x:,.0f}" if xs else MISSING
        for name, server in SERVERS.items():
            for metric in metrics:
                row = next((r for r in rows if (r.server, r.metric, r.x) == (server, metric, x)), None)
                made[f"{prefix}.{place}.{name}.{metric}"] = value_words(row)
    return made


def experiment_figures(made: dict[str, list], name: str) -> dict[str, str]:
    metrics = list(figures.units_of(name))
    rows = [row for row in made.get(name, []) if row.metric in metrics]
    if name in PLAIN:
        return place_figures(name, rows, metrics)
    found = {}
    for key, panel in PANELS[name].items():
        found |= place_figures(f"{name}.{key}", [r for r in rows if r.panel == panel], metrics)
    return found


def held_figures(made: dict[str, list]) -> dict[str, str]:
    rows = [row for name, found in made.items() if name != "comparison" for row in found]
    held = {row.server: row.value for row in rows if row.metric == "held"}
    return {
        f"held.{name}": number_exact(held.get(server)) for name, server in SERVERS.items()
    }


def number_exact(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.0f}"


def ratio_words(run: Run, question: ratios.Question, server: str) -> str:
    found = None
    if question.experiment in run.experiments:
        found = ratios.ask(run, question, server)
    return MISSING if found is None else f"{factor(found.value)} ({reaches(found.interval)})"


def all_figures(run: Run, made: dict[str, list]) -> dict[str, str]:
    found = of_run(run) | held_figures(made)
    for name, server in SERVERS.items():
        found |= {f"sleeps.{active}.{name}": sleeps(run, server, active) for active in (1, 100)}
    for name in [*PANELS, *PLAIN]:
        found |= experiment_figures(made, name)
    for key, question in QUESTIONS.items():
        for name, server in SERVERS.items():
            if server != LT:
                found[f"ratio.{key}.{name}"] = ratio_words(run, question, server)
    return found


# --- Tables.


def table(title: str, columns: list[str], rows: list[list[str]]) -> dict:
    return {"title": title, "columns": columns, "rows": rows}


def experiment_table() -> dict:
    rows = [[e.name, e.asks, e.fixed, e.expects] for e in EXPERIMENTS]
    return table("The experiments", ["experiment", "the question", "held fixed", "expected"], rows)


CALLS = {
    "recv": "receives", "send": "sends", "wait": "waits", "epoll_ctl": "epoll_ctls",
    "EAGAIN": "again", "events a wait": "events_per_wait", "scanned an echo": "scanned_per_echo",
}


def calls_table(found: dict[str, str], panel: str) -> dict:
    rows = [
        [short(server), *(found[f"syscalls.{panel}.most.{name}.{m}"] for m in CALLS.values())]
        for name, server in SERVERS.items()
    ]
    return table(f"System calls an echo, {PANELS['syscalls'][panel]}", ["", *CALLS], rows)


def ends_table(found: dict[str, str], panel: str) -> dict:
    """Few and many idle connections side by side."""
    heads, cells = [""], {name: [] for name in SERVERS}
    for metric, head in (("rate", "rate"), ("p99", "p99"), ("cpu_per_echo", "CPU an echo")):
        for place in ("least", "most"):
            heads.append(f"{head}, {found[f'idle.{panel}.{place}.x']} idle")
            for name in SERVERS:
                cells[name].append(found[f"idle.{panel}.{place}.{name}.{metric}"].replace(MISSING, "–"))
    rows = [[short(server), *cells[name]] for name, server in SERVERS.items()]
    return table(f"{panel} active: with the fewest and the most idle connections", heads, rows)


def edge_against_level(run: Run) -> dict:
    """Every comparison of the two that this run allows, said or withheld."""
    rows = []
    for question in ratios.QUESTIONS:
        found = ratios.ask(run, question, ET) if question.experiment in run.experiments else None
        if found:
            band = f"{factor(found.band_low)} to {factor(found.band_high)}" if found.band else "unknown"
            rows.append([found.question, factor(found.value), reaches(found.interval), band])
    rows = rows or [[MISSING, "", "", ""]]
    return table("Epoll ET to epoll LT", ["", "ratio", "interval", "A/A band"], rows)


def all_tables(run: Run, found: dict[str, str]) -> dict[str, dict]:
    made = {"experiments": experiment_table(), "ratios.epoll_et": edge_against_level(run)}
    for panel in PANELS["syscalls"]:
        made[f"syscalls.{panel}"] = calls_table(found, panel)
    for panel in PANELS["idle"]:
        made[f"idle.{panel}"] = ends_table(found, panel)
    return made


# --- All of it.


def read(folder: Path) -> tuple[Run, dict[str, list]]:
    run = figures.read_run(folder) if any(folder.glob("trials.ndjson*")) else None
    if run is None or not run.trials:
        raise Problem(f"docs/results.py: {folder}: no run of bench/run is in there", 1)
    return run, figures.make_figures(run)


def gather(run: Run, made: dict[str, list]) -> dict:
    found = all_figures(run, made)
    asked = {e.name: {"asks": e.asks, "fixed": e.fixed, "expects": e.expects} for e in EXPERIMENTS}
    said = {
        name: findings.seen(run, made, name) if name in run.experiments else [] for name in NAMES
    }
    reasons = {name: why(run, made, name) if name in run.experiments else [] for name in NAMES}
    return {
        "figures": found, "findings": in_micro(said), "reasons": in_micro(reasons),
        "tables": all_tables(run, found), "experiments": asked,
    }


def in_micro(said: dict[str, list[str]]) -> dict[str, list[str]]:
    """The letter for it, as in the report."""
    return {name: [re.sub(r"(?<=\d) us\b", " µs", text) for text in lines] for name, lines in said.items()}


def draw(folder: Path, run: Run, made: dict[str, list], wanted: list[str]) -> dict[str, bool]:
    """Each chart that is wanted, for screens and for phones.  Says which could be drawn."""
    if shutil.which("gnuplot") is None:
        raise Problem("docs/results.py: there is no gnuplot here: apt-get install gnuplot-nox", 1)
    figures.write_tables(folder, made)
    charts.results.write(folder / "charts.gp", charts.settings(run, made, folder))
    jobs = [(name, layout) for name in charts.drawable(folder) if name in wanted for layout in charts.LAYOUTS]

    def one(job: tuple[str, str]) -> None:
        done = charts.gnuplot(job[0], folder, kind="svg", layout=job[1])
        if done.returncode != 0:
            raise Problem(f"docs/results.py: {job[0]}: gnuplot says: {charts.said_by(done)}", 1)

    with ThreadPoolExecutor(2) as at_once:
        list(at_once.map(one, jobs))
    return {name: (folder / f"{name}.svg").is_file() for name in charts.CHARTS}


def listing(made: dict) -> str:
    lines = [f"figure:{key}[]  {text}" for key, text in made["figures"].items()]
    lines += [f"findings::{key}[]  {len(said)} sentences" for key, said in made["findings"].items()]
    lines += [f"reasons::{key}[]  {len(said)} sentences" for key, said in made["reasons"].items()]
    lines += [f"table::{key}[]  {table['title']}" for key, table in made["tables"].items()]
    lines += [f"chart::{name}[alt=\"...\"]" for name in charts.CHARTS]
    return "\n".join(lines)


def main() -> int:
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("folder", type=Path, nargs="?", default=ROOT / "plots" / "gallery", metavar="DIR")
    words.add_argument("--output", type=Path, metavar="OUT")
    words.add_argument("--charts", metavar="NAMES", help="draw only these, separated by commas")
    words.add_argument("--list", action="store_true")
    asked = words.parse_args()
    if not asked.list and asked.output is None:
        words.error("one of --output OUT and --list is needed")
    try:
        run, rows = read(asked.folder)
        made = gather(run, rows)
        if asked.list:
            print(listing(made))
            return 0
        asked.output.mkdir(parents=True, exist_ok=True)
        wanted = list(charts.CHARTS) if asked.charts is None else asked.charts.split(",")
        made["charts"] = draw(asked.output, run, rows, wanted)
        (asked.output / "results.json").write_text(json.dumps(made, indent=1, ensure_ascii=False))
    except (Problem, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
