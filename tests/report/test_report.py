"""report.html in a real browser: Chromium, headless, from disk.

The run is made up (tests/suite/made_up.py), so it holds what a real run rarely does
at once: peers, a server of one's own with a long name, a failure, and a reason full
of characters that mean something in HTML.  What is tested is what a reader meets: it
loads without a complaint, no text lies on another, nothing runs out of the page, on a
wide screen and on a phone, in the dark, on paper, and for somebody who listens.

    tests/report/test_report.py [-v] [CASE]

REPORT_PICTURES=DIR writes screenshots there, to be looked at.
"""

import contextlib
import itertools
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import browser

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "suite"))

import made_up  # noqa: E402  (the path comes first)
from experiments import EXPERIMENTS  # noqa: E402

SUITE = made_up.ROOT / "bench" / "suite"
SKIPPED = 77  # meson's word for it
LONG = "Mine.with_24_letters-Wide"[:24]  # the longest name that --server takes
NASTY = "</td><script>window.harmed = 1</script><b onclick='x'>\"&amp;' \x1b[31m"
LEAST_MARKS = 6  # in a chart; one of axes alone has none
OPEN = "document.querySelectorAll('details').forEach(d => d.open = true)"

folder = tempfile.TemporaryDirectory(prefix="four-ways-report-")
tab: browser.Browser
pages: dict[str, Path] = {}


def make_page(name: str, lines: list[dict]) -> Path:
    """A run that was never measured, concluded as bench/run concludes a real one."""
    place = made_up.write(Path(folder.name) / name, lines, remarks=["There is one CPU."])
    done = subprocess.run(
        [sys.executable, str(SUITE), f"--report={place}"], capture_output=True, text=True,
        timeout=300,
    )
    if done.returncode or not (place / "report.html").exists():
        raise RuntimeError(f"{name}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return place / "report.html"


def setUpModule():
    global tab
    everyone = (*made_up.FOUR, made_up.TWIN, *made_up.PEERS, LONG, made_up.FLOOR)
    lines = made_up.lines(servers=everyone)
    lines[0]["trials"][0] |= {"valid": False, "reason": NASTY, "errors": {"wrong_bytes": 1}}
    pages["everything"] = make_page("everything", lines)
    pages["the four"] = make_page("four", made_up.lines())
    tab = browser.Browser()
    unittest.addModuleCleanup(tab.close)


def tearDownModule():
    folder.cleanup()


class Case(unittest.TestCase):
    maxDiff = None

    @contextlib.contextmanager
    def looking(self, name: str, width: str, scheme: str):
        """A page as one reader sees it; each failure names the page and the reader."""
        with self.subTest(page=name, width=width, scheme=scheme):
            tab.show(pages[name], width, scheme)
            yield


def looks() -> list[tuple[str, str, str]]:
    return list(itertools.product(pages, browser.WIDTHS, ("light", "dark")))


class Loading(Case):
    def test_nothing_is_complained_about_or_fetched(self):
        for look in looks():
            with self.looking(*look):
                self.assertEqual(tab.complaints(), [])
                loaded = "return performance.getEntriesByType('resource').map(r => r.name)"
                self.assertEqual(tab.ask(loaded), [])

    def test_what_servers_say_stays_text(self):
        tab.show(pages["everything"])
        self.assertIsNone(tab.ask("return window.harmed || null"))
        self.assertEqual(tab.ask("return document.querySelectorAll('[onclick], script').length"), 0)
        said = tab.ask("return words(document.querySelector('#missing'))")
        self.assertIn(NASTY.replace("\x1b", "\ufffd"), said)


class Looks(Case):
    def test_every_experiment_has_its_chart(self):
        for look in looks():
            with self.looking(*look):
                counts = tab.ask(browser.MARKS)
                self.assertEqual(set(counts), {experiment.name for experiment in EXPERIMENTS})
                for chart, marks in counts.items():
                    self.assertGreaterEqual(marks, LEAST_MARKS, chart)

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
                for opening in ("", OPEN):
                    tab.ask(opening)
                    wide = tab.ask("return [document.documentElement.scrollWidth, innerWidth]")
                    self.assertLessEqual(*wide, f"details open: {bool(opening)}")

    def test_text_can_be_read(self):
        for look in looks():
            with self.looking(*look):
                tab.ask(OPEN)
                self.assertEqual(tab.ask(browser.CONTRAST), [])

    def test_dark_is_dark(self):
        tab.show(pages["everything"], "wide", "dark")
        self.assertNotEqual(tab.ask(browser.GROUND), "rgb(255, 255, 255)")
        self.assertEqual(tab.ask(browser.BRIGHT), [])


class Folded(Case):
    def test_figures_open_on_demand(self):
        tab.show(pages["everything"])
        shown = "return seen(document.querySelector('#idle table'))"
        self.assertFalse(tab.ask(shown))
        tab.driver.find_element("css selector", "#idle summary").click()
        self.assertTrue(tab.ask(shown))

    def test_on_paper_it_is_light_and_opened(self):
        tab.show(pages["everything"], scheme="dark")
        self.addCleanup(tab.medium, "screen")
        tab.medium("print", "dark")
        self.assertEqual(tab.ask(browser.GROUND), "rgb(255, 255, 255)")
        self.assertTrue(tab.ask("return seen(document.querySelector('#idle table'))"))

    def test_it_prints_on_some_pages(self):
        tab.show(pages["the four"])
        count = len(re.findall(rb"/Type\s*/Page\b", tab.printed()))
        self.assertGreater(count, 8)
        self.assertLess(count, 40)


class ForAll(Case):
    def test_its_structure_can_be_heard(self):
        for name in pages:
            with self.subTest(page=name):
                tab.show(pages[name])
                self.assertEqual(tab.ask(browser.STRUCTURE), [])


if __name__ == "__main__":
    if not browser.available():
        print("no chromium, chromedriver or python3-selenium here", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
