"""The end of a run: report.html, the summary, and what may go wrong on the way."""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up
import conclude
import report
from experiments import EXPERIMENTS
from problem import CANNOT_WRITE, Problem

SUITE = made_up.ROOT / "bench" / "suite"
NASTY = "</td><script>harmed()</script><b onclick='x'>\"&' \x1b[31m"
EVERYONE = (*made_up.FOUR, made_up.TWIN, *made_up.PEERS, made_up.MINE, made_up.FLOOR)
SUMMARY_LINES, COLUMNS = 40, 80
folder = tempfile.TemporaryDirectory(prefix="four-ways-report-")


def setUpModule():
    global run, page
    lines = made_up.lines(servers=EVERYONE)
    lines[0]["trials"][0] |= {"valid": False, "reason": NASTY, "errors": {"wrong_bytes": 1}}
    run = made_up.load_run(made_up.write(Path(folder.name) / "all", lines, remarks=["One & only."]))
    page = report.page(run, {"idle": "<svg id='drawn'></svg>"})


def tearDownModule():
    folder.cleanup()


def section(name: str) -> str:
    return re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL).group()


class Page(unittest.TestCase):
    def test_pictures_come_first(self):
        order = re.findall(r'<section id="([^"]+)"', page)
        names = [experiment.name for experiment in EXPERIMENTS]
        self.assertEqual(order, [*names, "missing", "claims", "particulars"])
        self.assertLess(section("idle").index("id='drawn'"), section("idle").index("times ("))
        self.assertIn("no chart", section("active"))

    def test_it_is_one_small_file(self):
        self.assertLess(len(page), 300_000)  # without charts
        self.assertNotRegex(page, r"(?:src|href)=[\"'](?!#)|@import|url\(|<script")

    def test_what_servers_say_stays_text(self):
        self.assertNotIn("harmed()<", page.replace("harmed()&lt;", ""))
        self.assertIn("&lt;script&gt;harmed()", section("missing"))
        self.assertNotIn("\x1b", page)
        self.assertIn("One &amp; only.", page)

    def test_what_is_suspect_is_marked_and_counted(self):
        self.assertIn(report.HOLLOW, section("latency"))
        self.assertRegex(page, r"trials: 1 failed, 3 suspect")

    def test_each_published_result_has_a_verdict(self):
        found = re.findall(r'class="verdict">([^<]+)', section("claims"))
        self.assertEqual(len(found), len(report.published.CLAIMS))
        self.assertIn("reproduced", found)
        self.assertIn("contradicted", found)

    def test_a_run_of_nothing_much_is_a_page_too(self):
        for names in (("waits",), ("freeze",), ("memory",), ("churn",)):
            with self.subTest(experiments=names):
                small = made_up.whole_run(Path(folder.name) / names[0], names)
                made = report.page(small, {})
                self.assertEqual(len(re.findall(r"<figure>|no chart", made)), 1)


class End(unittest.TestCase):
    def end(self, place: Path) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = conclude.conclude(place)
        return status, out.getvalue(), err.getvalue()

    def test_the_summary_fits_a_terminal(self):
        status, said, complaints = self.end(run.folder)
        self.assertEqual((status, complaints), (0, ""))
        lines = said.strip("\n").splitlines()
        self.assertLessEqual(len(lines), SUMMARY_LINES)
        self.assertLessEqual(max(map(len, lines)), COLUMNS)
        self.assertRegex(said, r"CPU: 1 active, 19,000 idle +- +43\d\*")
        self.assertRegex(lines[-1], r"^Report: .*report\.html$")

    def test_all_that_went_wrong_is_one_line_each(self):
        with mock.patch("charts.has_gnuplot", return_value=False):
            status, said, complaints = self.end(run.folder)
        self.assertEqual((status, complaints.count("\n")), (0, 1))
        self.assertIn("gnuplot", complaints)
        self.assertIn("no chart", (run.folder / "report.html").read_text())

    def test_a_full_disk_costs_the_files_and_not_the_summary(self):
        full = Problem("bench/run: No space left on device", CANNOT_WRITE)
        with mock.patch("results.write", side_effect=full):
            status, said, complaints = self.end(run.folder)
        self.assertEqual(status, CANNOT_WRITE)
        self.assertIn("trials: 1 failed", said)
        self.assertIn("No space left", complaints)

    def test_without_jinja_there_are_still_figures(self):
        place = made_up.write(Path(folder.name) / "plain", made_up.lines(("churn",)))
        with mock.patch.dict(sys.modules, {"jinja2": None}):
            status, said, complaints = self.end(place)
        self.assertEqual(status, 1)
        self.assertIn("python3-jinja2", complaints)
        self.assertIn("CPU: churn", said)
        self.assertTrue((place / "comparison.tsv").is_file())

    def test_nothing_measured_is_said(self):
        status, said, _ = self.end(made_up.write(Path(folder.name) / "none", [], False))
        self.assertEqual(status, 0)
        self.assertIn("Nothing was measured", said)

    def test_a_reader_that_leaves_costs_nothing(self):
        place = made_up.write(Path(folder.name) / "left", made_up.lines(("churn",)))
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "w") as gone:
            done = subprocess.run(
                [sys.executable, "-EB", str(SUITE), f"--report={place}"], stdout=gone,
                stderr=subprocess.PIPE, timeout=300,
            )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertTrue((place / "report.html").is_file())


if __name__ == "__main__":
    unittest.main()
