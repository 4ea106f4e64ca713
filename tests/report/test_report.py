"""report.html in a real browser: Chromium, headless, from disk.

The runs are made up (tests/suite/made_up.py), so that they hold what a real run
rarely does at once: peers, a server of one's own with a long name, failures,
doubts, reasons full of characters that mean something in HTML.  What is tested is
what a reader meets: it loads without a complaint, every chart has marks, no text
lies on another, nothing runs out of the page, on a wide screen and on a phone, in
the dark, on paper, without script, and for somebody who listens.

    tests/report/test_report.py [-v] [CASE]

REPORT_PICTURES=DIR writes screenshots there, to be looked at.
"""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

import browser

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "suite"))

import made_up  # noqa: E402  (the path comes first)

SUITE = made_up.ROOT / "bench" / "suite"
SKIPPED = 77  # meson's word for it
LONG = "Mine.with_24_letters-Wide"[:24]  # the longest name that --server takes
NASTY = "</td><script>window.harmed = 1</script><b onclick='x'>\"&amp;' \x1b[31m"
REMARK = "There is one CPU for both server & generator."
LEAST_MARKS = {"everything": 8}  # in a chart; a chart of axes alone has none

folders = tempfile.TemporaryDirectory(prefix="four-ways-report-")
tab: browser.Browser
pages: dict[str, Path] = {}


def make_page(name: str, trials: list[dict], **changes) -> Path:
    """A run that nobody measured, concluded as bench/run concludes a real one."""
    folder = Path(folders.name) / name
    made_up.write(folder, trials)
    record = json.loads((folder / "environment.json").read_text()) | changes
    (folder / "environment.json").write_text(json.dumps(record))
    done = subprocess.run(
        [sys.executable, str(SUITE), f"--report={folder}"],
        capture_output=True, text=True, timeout=300,
    )
    if done.returncode or not (folder / "report.html").exists():
        raise RuntimeError(f"{name}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return folder / "report.html"


def everything() -> list[dict]:
    """Peers, a server of one's own, failures and doubts; two of them say nasty things."""
    trials = made_up.whole_run(6, peers=True, mine=True)
    trials = made_up.make_failed(made_up.make_doubtful(trials))
    for trial in trials:
        if trial["server_name"] == made_up.MINE:
            trial["server_name"] = LONG
            if trial["outcome"] == "failed":
                trial["reason"] = NASTY
    return trials


def all_equal() -> list[dict]:
    """The four are one server under four names: nothing may be said to differ."""
    one = made_up.whole_run(6, experiments=("active", "churn"), servers=("epoll_lt_server",))
    trials = []
    for trial in one:
        names = made_up.FOUR if trial["kind"] == "four" else [trial["server_name"]]
        trials += [trial | {"server_name": name} for name in names]
    return trials


def setUpModule():
    global tab
    pages["everything"] = make_page(
        "everything", everything(),
        command=f"bench/run --seed=7 --server='{LONG}=python3 <mine> {{port}}'",
        remarks=[REMARK],
    )
    pages["one experiment"] = make_page("one", made_up.whole_run(2, experiments=("churn",)))
    pages["all equal"] = make_page("equal", all_equal())
    pages["all clear"] = make_page("clear", made_up.whole_run(6, experiments=("memory",)))
    tab = browser.Browser()
    unittest.addModuleCleanup(tab.close)


def tearDownModule():
    folders.cleanup()


class Case(unittest.TestCase):
    maxDiff = None

    @contextlib.contextmanager
    def looking(self, name: str, width: str, scheme: str):
        """A page as one reader sees it; each failure names the page and the reader."""
        with self.subTest(page=name, width=width, scheme=scheme):
            tab.show(pages[name], width, scheme)
            yield


def looks(*names: str) -> list[tuple[str, str, str]]:
    """Every page, or these, in every width and scheme."""
    return list(itertools.product(names or pages, browser.WIDTHS, ("light", "dark")))


class Loading(Case):
    def test_nothing_is_complained_about(self):
        for look in looks():
            with self.looking(*look):
                self.assertEqual(tab.complaints(), [])

    def test_nothing_is_fetched(self):
        tab.show(pages["everything"])
        loaded = "return performance.getEntriesByType('resource').map(r => r.name)"
        self.assertEqual(tab.ask(loaded), [])
        text = pages["everything"].read_text(encoding="utf-8")
        outside = re.findall(r"(?:src|href|url|@import)[=( ]*[\"']?(?:https?:)?//[^\"') ]*", text)
        self.assertEqual(outside, [])

    def test_what_servers_say_stays_text(self):
        tab.show(pages["everything"])
        self.assertIsNone(tab.ask("return window.harmed || null"))
        made = "return document.querySelectorAll('[onclick], td script').length"
        self.assertEqual(tab.ask(made), 0)
        said = tab.ask("return words(document.querySelector('#trials'))")
        self.assertIn(NASTY.replace("\x1b", "\ufffd"), said)
        command = tab.ask("return words(document.querySelector('#repeat pre'))")
        self.assertIn("python3 <mine> {port}", command)


class Looks(Case):
    def test_every_chart_has_marks(self):
        for look in looks():
            with self.looking(*look):
                counts = tab.ask(browser.MARKS)
                least = LEAST_MARKS.get(look[0], 3)
                self.assertTrue(counts)
                for chart, (marks, values) in counts.items():
                    self.assertGreaterEqual(marks, least, chart)
                    self.assertGreaterEqual(values, least, chart)

    def test_every_experiment_has_its_chart(self):
        tab.show(pages["everything"])
        charts = set(tab.ask("return charts().map(nameOf)"))
        wanted = {f"chart-{name}" for name in [*made_up.EXPERIMENTS, "idle-cpu", "comparison"]}
        self.assertEqual(charts, wanted)

    def test_no_text_lies_on_another(self):
        for look in looks():
            with self.looking(*look):
                self.assertEqual(tab.ask(browser.OVERLAPS), [])

    def test_the_page_is_as_wide_as_the_window(self):
        for look in looks():
            with self.looking(*look):
                if "REPORT_PICTURES" in os.environ:
                    name = "-".join(look).replace(" ", "-")
                    tab.picture(Path(os.environ["REPORT_PICTURES"]) / f"{name}.png")
                for opened in ("false", "true"):
                    tab.ask(f"document.querySelectorAll('details').forEach(d => d.open = {opened})")
                    wide = tab.ask("return [document.documentElement.scrollWidth, innerWidth]")
                    self.assertLessEqual(*wide, f"details open: {opened}")

    def test_text_can_be_read(self):
        for look in looks("everything"):
            with self.looking(*look):
                tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
                self.assertEqual(tab.ask(browser.CONTRAST), [])

    def test_dark_is_dark(self):
        grounds = set()
        for scheme in ("light", "dark"):
            tab.show(pages["everything"], "wide", scheme)
            grounds.add(tab.ask(browser.GROUND))
        self.assertEqual(len(grounds), 2)
        self.assertEqual(tab.ask(browser.BRIGHT), [])


class Values(Case):
    def values_in(self, chart: str):
        found = f"#{chart} .wide .value"
        return tab.driver.find_elements("css selector", found)

    def test_the_pointer_is_told_the_value(self):
        tab.show(pages["everything"])
        for chart in tab.ask("return charts().map(nameOf)"):
            with self.subTest(chart=chart):
                tab.point_at(self.values_in(chart)[0])
                self.assertTrue(tab.ask("return seen(document.getElementById('value'))"))
                said = tab.ask("return words(document.getElementById('value'))")
                self.assertRegex(said, r"[a-z].*\d|\d.*[a-z]")
                self.assertNotRegex(said, r"\de[+-]\d|\bus\b|\.\d*,")

    def test_away_from_the_charts_nothing_is_told(self):
        tab.show(pages["everything"])
        tab.point_at(self.values_in("chart-idle")[0])
        self.assertTrue(tab.ask("return seen(document.getElementById('value'))"))
        tab.point_at(tab.driver.find_element("css selector", "nav a"))
        self.assertFalse(tab.ask("return seen(document.getElementById('value'))"))


class WithoutScript(Case):
    def test_all_is_there(self):
        tab.show(pages["everything"], script=False)
        self.addCleanup(tab.show, pages["everything"])
        self.assertEqual(tab.complaints(), [])
        self.assertEqual(len(tab.ask("return charts()")), len(made_up.EXPERIMENTS) + 2)
        titles = tab.ask("return document.querySelectorAll('.value > title').length")
        self.assertGreater(titles, 100)  # what browsers show by themselves
        tab.driver.find_element("css selector", "#idle summary").click()
        self.assertTrue(tab.ask("return seen(document.querySelector('#idle table'))"))


class Paper(Case):
    def test_it_prints_on_some_pages(self):
        tab.show(pages["everything"], scheme="dark")
        pdf = tab.printed()
        self.assertTrue(pdf.startswith(b"%PDF"))
        count = len(re.findall(rb"/Type\s*/Page\b", pdf))
        self.assertGreater(count, 20)  # two for each experiment, with its tables
        self.assertLess(count, 80)

    def test_on_paper_it_is_light_and_opened(self):
        for script in (True, False):
            with self.subTest(script=script):
                tab.show(pages["everything"], scheme="dark", script=script)
                self.addCleanup(tab.medium, "screen")
                tab.medium("print", "dark")
                self.assertEqual(tab.ask(browser.GROUND), "rgb(255, 255, 255)")
                self.assertTrue(tab.ask("return seen(document.querySelector('#idle table'))"))
                self.assertEqual(tab.ask("return charts().length"), len(made_up.EXPERIMENTS) + 2)

    def test_what_was_closed_is_closed_after_printing(self):
        tab.show(pages["everything"])
        closed = "return document.querySelectorAll('details:not([open])').length"
        before = tab.ask(closed)
        tab.printed()
        self.assertGreater(before, 0)
        self.assertEqual(tab.ask(closed), before)


class ForAll(Case):
    def test_its_structure_can_be_heard(self):
        for name in pages:
            with self.subTest(page=name):
                tab.show(pages[name])
                self.assertEqual(tab.ask(browser.STRUCTURE), [])

    def test_the_keyboard_skips_to_the_conclusions(self):
        tab.show(pages["everything"])
        tab.driver.find_element("css selector", "body").send_keys(browser.TAB)
        focused = tab.ask("return document.activeElement.getAttribute('href')")
        self.assertEqual(focused, "#conclusions")
        box = tab.ask("return document.activeElement.getBoundingClientRect().toJSON()")
        self.assertGreaterEqual(box["left"], 0)

    def test_every_link_to_a_file_leads_to_one(self):
        for name, page in pages.items():
            links = Links()
            links.feed(page.read_text(encoding="utf-8"))
            files = [link for link in links.found if not link.startswith("#")]
            self.assertIn("trials.ndjson", files, name)
            for link in files:
                self.assertTrue((page.parent / link).is_file(), f"{name}: {link}")


class Links(HTMLParser):
    """Where the links of a page lead."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs)["href"])


class Contents(Case):
    """Made from made-up data: that the right sentences stand in the right place."""

    def sentences(self, name: str, selector: str) -> list[str]:
        tab.show(pages[name])
        return tab.ask(f"return [...document.querySelectorAll('{selector} li')].map(words)")

    def test_conclusions_come_first(self):
        tab.show(pages["everything"])
        order = tab.ask("return [...document.querySelectorAll('main > section')].map(s => s.id)")
        wanted = ["conclusions", "how", "comparison", "experiments", "context", "machine",
                  "trials", "repeat", "files"]
        self.assertEqual(order, wanted)

    def test_what_may_be_noise_is_withheld_and_stands_apart(self):
        said = self.sentences("everything", "#conclusions > .prose > dl")
        withheld = self.sentences("everything", "#withheld")
        self.assertTrue(said)
        self.assertTrue(withheld)
        noise = "no difference that this run can show"
        self.assertEqual([s for s in said if noise in s], [])
        self.assertEqual([s for s in withheld if noise not in s], [])

    def test_of_equal_servers_nothing_is_said(self):
        withheld = self.sentences("all equal", "#withheld")
        said = [s for s in self.sentences("all equal", "#conclusions") if s not in withheld]
        self.assertGreater(len(withheld), 3)
        self.assertEqual([s for s in said if " has " in s], [])

    def test_where_all_is_clear_nothing_is_withheld(self):
        self.assertEqual(self.sentences("all clear", "#withheld"), [])
        self.assertTrue([s for s in self.sentences("all clear", "#conclusions") if " has " in s])

    def test_peers_are_told_of_for_context_only(self):
        found = self.sentences("everything", "main > section:not(#context)")
        told = self.sentences("everything", "#context")
        self.assertTrue(any("libuv" in sentence for sentence in told))
        peers = re.compile(r"\b(libuv|libevent|io_uring)\b")
        self.assertEqual([s for s in found if " has " in s and peers.search(s)], [])
        self.assertEqual(self.sentences("all clear", "#context"), [])

    def test_an_experiment_tells_what_was_asked_fixed_and_expected(self):
        tab.show(pages["everything"])
        for name in made_up.EXPERIMENTS:
            here = f"document.getElementById('{name}')"
            heads = tab.ask(f"return [...{here}.querySelectorAll('dt, h4')].map(words)")
            self.assertEqual(heads, ["Held fixed", "Expected", "What is seen", "Why"], name)
            self.assertIn("?", tab.ask(f"return words({here}.querySelector('h3'))"))
            self.assertTrue(tab.ask(f"return {here}.querySelectorAll('tbody tr').length"), name)

    def test_every_bad_trial_is_there_with_its_reason(self):
        lines = (pages["everything"].parent / "trials.ndjson").read_text().splitlines()
        trials = [json.loads(line) for line in lines]
        bad = [t for t in trials if t["outcome"] == "failed" or t["doubts"]]
        tab.show(pages["everything"])
        rounds = tab.ask(
            "return [...document.querySelectorAll('#trials tbody td:last-child')].map(words)"
        )
        self.assertEqual(sum(len(told.split(",")) for told in rounds), len(bad))
        reasons = tab.ask("return [...document.querySelectorAll('#trials .reason')].map(words)")
        for words in ("Failed: 1 connection answered", "more than 10 % off"):
            self.assertTrue(any(words in reason for reason in reasons), reasons)

    def test_remarks_on_the_machine_are_told(self):
        self.assertIn(REMARK, self.sentences("everything", "#machine"))

    def test_hollow_figures_are_marked(self):
        tab.show(pages["everything"])
        marks = tab.ask("return document.querySelectorAll('#active td .hollow').length")
        self.assertGreater(marks, 0)

    def test_a_first_look_says_what_it_is(self):
        said = self.sentences("one experiment", "#conclusions")
        self.assertTrue([s for s in said if "first look" in s], said)


if __name__ == "__main__":
    if not browser.available():
        print("no chromium, chromedriver or python3-selenium here", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
