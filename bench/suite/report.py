"""report.html: what a run found, pictures first, in one file that opens from disk.

It needs nothing but itself, runs no script and fetches nothing.  This module
gathers what stands in it; report.html.jinja is the page, report.css how it looks.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import published
import results
import sentences
from experiments import BY_NAME, Experiment
from figures import Figure, Point, Ratio, Run
from problem import Problem
from suspect import WORDS
from words import amount, interval, noun, short, some

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
HOLLOW = "○ "  # before a figure that is suspect
NONE = "–"


@dataclass(frozen=True)
class Table:
    """Loads down, servers across."""

    caption: str
    servers: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Section:
    """An experiment: the picture, what it shows, and what is behind it."""

    experiment: Experiment
    chart: str | None
    result: list[str]
    explanation: str
    context: str
    tables: list[Table]


# --- Tables


def table(run: Run, caption: str, cells: dict[tuple[Point, str], str]) -> Table:
    points = sorted({point for point, _ in cells}, key=sentences.load)
    servers = [server for server in run.servers if any(server == s for _, s in cells)]
    rows = [(point.words(), [cells.get((point, s), NONE) for s in servers]) for point in points]
    return Table(caption, [short(server) for server in servers], rows)


def figure_cell(one: Figure) -> str:
    if one.value is None:
        return "failed"
    text = amount(one.value, noun(one.metric).unit)
    return (HOLLOW if one.suspect else "") + text


def figure_tables(run: Run, name: str) -> list[Table]:
    """One for each metric of the experiment."""
    own = [one for one in run.figures if one.experiment == name]
    made = []
    for metric in dict.fromkeys(one.metric for one in own):
        cells = {(o.point, o.server): figure_cell(o) for o in own if o.metric == metric}
        made.append(table(run, noun(metric, own[0].point.mode).words, cells))
    return made


def ratio_cell(one: Ratio) -> str:
    text = interval(one.value, one.low, one.high)
    return (HOLLOW if one.suspect else "") + text + (" *" if one.claim else "")


def ratio_tables(run: Run) -> list[Table]:
    made = []
    for name, metric in dict.fromkeys((one.experiment, one.metric) for one in run.ratios):
        own = [one for one in run.ratios if (one.experiment, one.metric) == (name, metric)]
        cells = {(one.point, one.server): ratio_cell(one) for one in own}
        made.append(table(run, f"{name}: {noun(metric, own[0].point.mode).words}", cells))
    return made


def wait_table(run: Run) -> list[Table]:
    """CPU time per wait: descriptors watched and ready down, mechanisms across."""
    found = published.wait_figures(run)
    mechanisms = [m for m in published.MECHANISMS if any(m in key for key in found)]
    loads = sorted({key[1:] for key in found})
    cells = {key: amount(value[0], "s") for key, value in found.items()}
    rows = [
        (f"{watched:,} watched, {ready:,} ready",
         [cells.get((m, watched, ready), NONE) for m in mechanisms])
        for watched, ready in loads
    ]
    return [Table("CPU time per wait", [short(m) for m in mechanisms], rows)] if rows else []


def trial_counts(run: Run) -> list[tuple[str, list[str]]]:
    """Experiments down, servers across: how many trials, and how many were not sound."""
    rows = []
    for name in dict.fromkeys(trial["experiment"] for trial in run.trials):
        cells = []
        for server in run.servers:
            own = [t for t in run.trials if (t["experiment"], t["server"]) == (name, server)]
            failed = sum(t["outcome"] == "failed" for t in own)
            unsure = sum(bool(t["suspicions"]) for t in own)
            notes = [f"{failed} failed"] * bool(failed) + [f"{unsure} suspect"] * bool(unsure)
            cells.append(", ".join([str(len(own) or NONE), *notes]))
        rows.append((name, cells))
    return rows


# --- The run as a whole


def suspects(run: Run) -> str:
    """272 trials: none failed, 11 suspect."""
    failed = sum(trial["outcome"] == "failed" for trial in run.trials)
    unsure = sum(bool(trial["suspicions"]) for trial in run.trials)
    counts = f"{failed or 'none'} failed, {unsure or 'none'} suspect"
    return f"{some(len(run.trials), 'trial')}: {counts}"


def when(run: Run) -> str:
    times = sorted(trial["time"] for trial in run.trials if trial.get("time"))
    return f"{times[0][:10]}, {times[0][11:16]} UTC" if times else "At an unknown time"


def flat(record: dict, above: str = "") -> list[tuple[str, str]]:
    """The environment as lines: build.compiler, plan.rounds."""
    lines = []
    for name, value in record.items():
        if isinstance(value, dict):
            lines += flat(value, f"{above}{name}.")
        elif value not in (None, [], ""):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append((above + name, text))
    return lines


def sections(run: Run, charts: dict[str, str]) -> list[Section]:
    made = []
    for name in run.experiments:
        tables = wait_table(run) if name == "waits" else figure_tables(run, name)
        said = (sentences.findings(run, name), sentences.explanation(run, name))
        context = sentences.context(run, name)
        made.append(Section(BY_NAME[name], charts.get(name), *said, context, tables))
    return made


def verdicts(run: Run) -> list[tuple]:
    """Each published result with what this run has to say, those that it decides first."""
    found = [(claim, claim.decide(run)) for claim in published.CLAIMS]
    return sorted(found, key=lambda pair: pair[1].verdict == published.OPEN)


# --- The page


def printable(text: object) -> str:
    """What can't be shown, as a control character in a server's last words, is U+FFFD."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in str(text))


def micro(text: str) -> str:
    """No line break between a number and its unit."""
    return re.sub(r"(?<=\d) (?=[nµm]?s\b|[KM]?i?B\b|%)", "\u00a0", text)


def page(run: Run, charts: dict[str, str]) -> str:
    """All of report.html."""
    try:
        import jinja2
    except ImportError:
        raise Problem("No report, because there is no Jinja2: bench/need python3-jinja2") from None
    setting = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if hasattr(value, "__html__") else micro(printable(value)),
    )
    command = run.environment.get("command") or "bench/run"
    return setting.get_template("report.html.jinja").render(
        policy=POLICY, style=(HERE / "report.css").read_text("utf-8"),
        machine=sentences.machine(run.environment), when=when(run),
        rounds=some(run.rounds, "round"), suspects=suspects(run), trust=sentences.trust(run),
        remarks=run.environment.get("remarks") or [], sections=sections(run, charts),
        missing=run.missing, verdicts=verdicts(run), ratios=ratio_tables(run),
        trials=trial_counts(run), servers=[short(server) for server in run.servers],
        rules=WORDS, environment=flat(run.environment), command=command,
    ) + "\n"


def write(run: Run, charts: dict[str, str]) -> None:
    """Beside the data that it was made from."""
    results.write(run.folder / "report.html", page(run, charts))
