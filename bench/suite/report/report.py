"""report.html: all that a run found, in one file that opens from disk.

It needs nothing but itself: style, script and charts are within, and a content
security policy forbids the browser to fetch or to run anything else.  Without
the script it loses only the little box with values.

    report         the page, from the conclusions to the files
    tables         its tables;  markup: HTML, escaped
    report.css     how it looks;  report.js: values under the pointer
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

from charts import svg as chart_svg
from figures.points import Run
from figures.ratios import Ratio, comparison
from measure.experiments import EXPERIMENTS, Experiment
from report.markup import Markup, el
from report.tables import (
    doubted,
    environment_tables,
    figure_tables,
    invalid_table,
    limit_list,
    ratio_table,
    remarks,
)
import results
from sentences.claims import WITHHELD, Sentence
from sentences.findings import conclusions, seen, why
from sentences.words import some

HERE = Path(__file__).parent
TITLE = "Four ways to wait, measured"
ALT = "The figures of this chart stand in the table below it."

TERMS = [
    (
        "Median",
        "A value is the median of its rounds. In each round every server was started afresh, in "
        "random order; a round is one observation, however many echoes it holds.",
    ),
    (
        "Interval",
        "Bars and the small figures below a value are the exact order-statistic interval of that "
        "median: with six rounds from the least to the greatest, which covers the true median in "
        "96.9 % of cases.",
    ),
    (
        "Ratio",
        "Two servers are compared within each round, where they were measured seconds apart; what "
        "is reported is the median of these ratios, with its interval.",
    ),
    (
        "A/A band",
        "The same server entered twice, under two names. How far the two lie apart is the smallest "
        "difference that this machine can claim. A conclusion is drawn only when its whole "
        "interval lies on one side of 1 and its median outside of this band; with fewer than six "
        "rounds, all of the interval.",
    ),
    (
        "Hollow",
        "A hollow mark (○ in a table) stands on doubtful trials, or on too few samples for its "
        "percentile. It is shown, and no conclusion is drawn from it.",
    ),
    (
        "Closed, open",
        "Closed loop: a connection sends when its reply is there; this measures capacity. Open "
        "loop: messages are due at planned times, and the response time counts from the intended "
        "send, so that a server that stalls can't hide it.",
    ),
]

CHARTS = {"idle": ["idle", "idle-cpu"]}  # of other experiments: the one of their name

# What lies in the folder of a run, by the ends of the names.
FILES = {
    "trials.ndjson": "Every trial as it was measured, one a line, with its histograms",
    "trials.ndjson.gz": "The same, packed with gzip",
    "environment.json": "The machine, its limits, the compiler, the commit, the plan",
    ".tsv": "The figures behind each experiment, one a line; comparison.tsv has the ratios",
    ".hgrm": "Latency distributions, for HdrHistogram's plotter",
    ".svg": "The charts",
    ".png": "The charts, as pixels",
    "charts.gp": "What the scripts in plots/ read beside the figures",
}


def section(name: str, title: object, *inside: object, level: int = 2, class_: str = "") -> Markup:
    """A landmark with a heading, which the contents link to."""
    heading = el(f"h{level}", title, id=f"{name}-title")
    return el(
        "section", heading, inside, id=name, class_=class_ or None, aria_labelledby=f"{name}-title"
    )


def prose(*inside: object) -> Markup:
    return el("div", inside, class_="prose")


def terms(pairs: Iterable[tuple], class_: str) -> Markup:
    return el("dl", [(el("dt", name), el("dd", words)) for name, words in pairs], class_=class_)


def in_micro(sentence: str) -> str:
    """On a page there is a letter for it."""
    return re.sub(r"(?<=\d) us\b", " µs", sentence)


def sentence_list(sentences: list[str]) -> Markup:
    """Those that say `no difference that this run can show' are hollow."""
    items = [
        el("li", in_micro(said), class_="withheld" if WITHHELD in said else None)
        for said in sentences
    ]
    return el("ul", items, class_="sentences")


# --- The chart


def drawing(charts: ModuleType, folder: Path, name: str, layout: str) -> Markup | None:
    """The inline SVG, or None where nothing could be drawn: no gnuplot, say."""
    svg = charts.report_svg(folder, name, layout)
    return el("div", Markup(svg), class_=layout) if svg else None


def figure(charts: ModuleType, folder: Path, name: str) -> Markup:
    """One chart twice, wide and narrow; the style sheet shows the one that fits."""
    drawn = [drawing(charts, folder, name, layout) for layout in ("wide", "narrow")]
    if None in drawn:
        return el("p", f"The chart {name} could not be drawn.", class_="missing")
    caption = el("figcaption", ALT, class_="unseen")
    return el("figure", drawn, caption, id=f"chart-{name}", class_="chart")


# --- The sections, in the order of the page


def opening(run: Run, charts: ModuleType) -> Markup:
    """What this is, where and when, and whether all went well."""
    trials, machine = run.trials, charts.caption(run)
    times = sorted(trial["time"] for trial in trials if trial.get("time"))
    when = f"{times[0][:10]}, {times[0][11:16]} UTC" if times else "At an unknown time"
    how = f"{when}. {some(run.rounds, 'round')}, {len(trials):,} trials."
    return el(
        "header",
        el("h1", TITLE),
        el("p", machine and [machine, ".", el("br")], how, class_="about"),
        state(trials),
    )


def state(trials: list[dict]) -> Markup:
    """One line that says how much of the run failed or is in doubt."""
    failed = sum(trial["outcome"] == "failed" for trial in trials)
    doubtful = sum(doubted(trial) for trial in trials)
    if not failed and not doubtful:
        return el("p", "Every trial was valid.", class_="state good")
    words = f"{some(failed, 'trial')} failed, {some(doubtful, 'trial')} can be doubted: "
    link = el("a", "which ones, and why", href="#trials")
    return el("p", words, link, ".", class_="state bad")


def by_experiment(sentences: list[Sentence]) -> Markup:
    """Each group behind the name of what it is about, in the order of the first ones."""
    groups: dict[str, list[str]] = {}
    for sentence in sentences:
        groups.setdefault(sentence.experiment, []).append(sentence.text)
    parts = [
        (el("a", name, href=f"#{name}") if name else "this run", sentence_list(texts))
        for name, texts in groups.items()
    ]
    return terms(parts, "terms said")


def conclusion_section(said: list[Sentence]) -> Markup:
    """What the data support, then what they don't, so that nobody mixes them up."""
    shown = [s for s in said if s.shown and not s.context]
    withheld = [s for s in said if not s.shown and not s.context]
    nothing = el("p", "Nothing in this run is clear enough for a conclusion.")
    parts = [by_experiment(shown) if shown else nothing]
    if withheld:
        about = "Differences that may be noise. Nobody should repeat them without more rounds."
        inside = [el("p", about), by_experiment(withheld)]
        parts.append(section("withheld", "Withheld", inside, level=3))
    return section("conclusions", "Conclusions", prose(parts))


def comparison_section(charts: ModuleType, folder: Path, ratios: list[Ratio]) -> Markup | None:
    """The forest plot of all ratios among the servers that are compared."""
    if not ratios:
        return None
    asked = "Every server against level-triggered epoll, pair by pair within each round."
    table = el("details", el("summary", "The ratios as a table"), ratio_table(ratios))
    return section(
        "comparison", "All ratios", prose(el("p", asked)),
        figure(charts, folder, "comparison"), table,
    )


def experiment_section(
    run: Run, figures: dict[str, list], charts: ModuleType, experiment: Experiment
) -> Markup:
    """Asked, fixed, expected; the chart; seen and why; the table behind it."""
    name, rows = experiment.name, figures[experiment.name]
    before = [("Held fixed", experiment.fixed), ("Expected", experiment.expects)]
    drawn = [figure(charts, run.folder, chart) for chart in CHARTS.get(name, [name])]
    after = [("What is seen", seen(run, figures, name)), ("Why", why(run, figures, name))]
    told = [(el("h4", title), sentence_list(lines)) for title, lines in after if lines]
    table = el("details", el("summary", "The figures behind it"), figure_tables(name, rows))
    title = [el("span", name, class_="kicker"), " ", experiment.asks]
    inside = [prose(terms(before, "facts")), drawn, prose(told), table]
    return section(name, title, inside, level=3, class_="experiment")


def context_section(said: list[Sentence], ratios: list[Ratio]) -> Markup | None:
    """Peers: other people's ways, beside the four and never among them."""
    lines = [s.text for s in said if s.context]
    if not lines and not ratios:
        return None
    about = (
        "Other ways to write such a server, as reference lines in the charts. They are no part "
        "of the comparison of the four."
    )
    told = sentence_list(lines) if lines else None
    summary = el("summary", "Their ratios to level-triggered epoll")
    table = el("details", summary, ratio_table(ratios)) if ratios else None
    return section("context", "For context: the peers", prose(el("p", about), told), table)


def machine_section(run: Run) -> Markup:
    said = remarks(run.environment)
    return section(
        "machine", "The machine", prose(sentence_list(said)) if said else None,
        environment_tables(run.environment),
    )


def trial_section(run: Run) -> Markup:
    limits = limit_list(run.trials)
    ended = [el("h3", "Where a server had enough"), sentence_list(limits)] if limits else None
    return section(
        "trials", "Failed and doubtful trials", invalid_table(run.trials), prose(ended)
    )


def repeat_section(environment: dict) -> Markup:
    """The command; an old record without one still has the seed."""
    words = "The same trials in the same order; the figures will differ as moments do."
    seed = (environment.get("plan") or {}).get("seed", 0)
    command = environment.get("command") or f"bench/run --seed={seed}"
    return section(
        "repeat", "How to repeat this run", prose(el("p", words), el("pre", el("code", command)))
    )


def files_of_run(folder: Path, charts: ModuleType) -> list[str]:
    """What a run leaves beside the report.  Other files in the folder are none of its business."""
    experiments = [e.name for e in EXPERIMENTS]
    names = {"trials.ndjson", "trials.ndjson.gz", "environment.json", "charts.gp"}
    names |= {f"{name}.tsv" for name in [*experiments, "comparison"]}
    names |= {f"{chart}.{kind}" for chart in charts.CHARTS for kind in ("svg", "png")}
    names |= {f"hgrm/{path.name}" for path in (folder / "hgrm").glob("*.hgrm")}
    return sorted(name for name in names if (folder / name).is_file())


def file_section(folder: Path, charts: ModuleType) -> Markup:
    """Links to what lies beside the report; relative, so that the folder can move."""
    names = files_of_run(folder, charts)
    entries = []
    for end, words in FILES.items():
        links = [el("a", name, href=quote(name)) for name in names if name.endswith(end)]
        if links:
            entries.append((words, [el("ul", [el("li", link) for link in links], class_="names")]))
    about = "This page holds all that it shows. The data behind it lie in the same folder:"
    return section("files", "Files", prose(el("p", about), terms(entries, "terms files")))


def contents(sections: list[tuple[str, str, list]]) -> Markup:
    """A list of links; the parts of a section form a list within."""

    def entry(name: str, title: str, parts: list) -> Markup:
        within = el("ol", [entry(*part) for part in parts]) if parts else None
        return el("li", el("a", title, href=f"#{name}"), within)

    heading = el("h2", "Contents", id="contents-title")
    return el(
        "nav", heading, el("ol", [entry(*s) for s in sections]),
        class_="contents", aria_labelledby="contents-title",
    )


# --- The page


def policy(style: str, script: str) -> str:
    """Only this style and this script may work, and nothing is fetched."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def head(title: str) -> Markup:
    style = (HERE / "report.css").read_text(encoding="utf-8") + chart_svg.css()
    script = (HERE / "report.js").read_text(encoding="utf-8")
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("title", title),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        el("style", Markup(style)),
        el("script", Markup(script)),
    )


def main_sections(run: Run, figures: dict[str, list], charts: ModuleType) -> list[tuple]:
    """Each section with its place in the contents: name, title, parts."""
    said = conclusions(run, figures)
    done = [e for e in EXPERIMENTS if figures.get(e.name)]
    parts = [experiment_section(run, figures, charts, e) for e in done]
    how = section("how", "How to read this", prose(terms(TERMS, "terms")))
    ratios = figures.get("comparison") or comparison(run)
    peers = [ratio for ratio in ratios if ratio.server in run.peers]
    others = [ratio for ratio in ratios if ratio.server not in run.peers]
    compared = comparison_section(charts, run.folder, others)
    measured = section("experiments", "The experiments", parts, class_="experiments")
    return [
        (conclusion_section(said), "conclusions", "Conclusions", []),
        (how, "how", "How to read this", []),
        (compared, "comparison", "All ratios", []),
        (measured, "experiments", "The experiments", [(e.name, e.name, []) for e in done]),
        (context_section(said, peers), "context", "The peers", []),
        (machine_section(run), "machine", "The machine", []),
        (trial_section(run), "trials", "Failed and doubtful trials", []),
        (repeat_section(run.environment), "repeat", "Repeat it", []),
        (file_section(run.folder, charts), "files", "Files", []),
    ]


def page(run: Run, figures: dict[str, list], charts: ModuleType) -> str:
    """All of report.html."""
    sections = [s for s in main_sections(run, figures, charts) if s[0] is not None]
    body = el(
        "body",
        el("a", "Skip to the conclusions", class_="skip", href="#conclusions"),
        el(
            "div",
            opening(run, charts),
            contents([place for _, *place in sections]),
            el("main", [made for made, *_ in sections]),
            el("footer", "Made by bench/run from the trials beside this file."),
            class_="page",
        ),
        el("div", id="value", hidden=True, aria_hidden="true"),
    )
    return f"<!DOCTYPE html>\n{el('html', head(TITLE), body, lang='en')}\n"


def write(folder: Path, run: Run, figures: dict[str, list], charts: ModuleType) -> None:
    """Beside the data that it was made from; `charts` draws what stands in it."""
    results.write(folder / "report.html", page(run, figures, charts))
