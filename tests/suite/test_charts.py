"""The charts, drawn from made-up runs whose figures are known."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml
from functools import lru_cache
from pathlib import Path
from unittest import mock

import made_up
from made_up import MINE, PEERS, make_doubtful, make_failed, whole_run

from charts import axes as chart_axes
from charts import svg as chart_svg
from charts import charts
from figures import figures
from charts.axes import Axis, spread_labels
from charts.rows import Ratio, numbers
from charts.settings import LINES, NO_BREAK, Settings, add_lines, read_table

ROOT = Path(__file__).resolve().parents[2]
NO_GNUPLOT = shutil.which("gnuplot") is None
FOLDER = tempfile.TemporaryDirectory(prefix="charts-")


def made(name: str, trials: list[dict]) -> Path:
    """A results folder with tables and charts.gp, but no chart yet."""
    folder = Path(FOLDER.name) / name
    made_up.write(folder, trials)
    run = figures.read_run(folder)
    text = charts.settings(run, figures.make_figures(run), folder)
    (folder / "charts.gp").write_text(text)
    return folder


@lru_cache
def plain() -> Path:
    return made("plain", whole_run(2))


@lru_cache
def rich() -> Path:
    """With peers and a server of one's own, doubtful trials and failed ones."""
    return made("rich", make_failed(make_doubtful(whole_run(2, peers=True, mine=True))))


@lru_cache(maxsize=None)
def drawn(folder: Path, chart: str, kind: str, layout: str) -> bytes:
    """A chart's file, or for the report what gnuplot says."""
    done = charts.gnuplot(chart, folder, kind=kind, layout=layout)
    words = [line for line in done.stderr.splitlines() if line and "no valid points" not in line]
    if done.returncode or words:
        raise AssertionError(f"{chart}, {kind}, {layout}: {done.returncode} {words}")
    if kind == "report":
        return done.stdout.encode()
    path = folder / f"{chart}{'' if layout == 'wide' else '-narrow'}.{kind}"
    return path.read_bytes()


def texts(svg: bytes) -> list[str]:
    """All words in a chart."""
    found = xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(e.itertext()).replace(NO_BREAK, " ").strip() for e in found]


def marks(svg: bytes, colour: str) -> int:
    """Lines, points and bars in that colour."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    shown = r"rgb\( *{}, *{}, *{}\)".format(*parts)
    return len(re.findall(rf"<(?:path|use|polygon|rect)[^>]*{shown}", svg.decode()))


COLOURS = {"select": "#d55e00", "poll": "#cc79a7", "epoll LT": "#009e73", "epoll ET": "#0072b2"}
OF_MINE, OF_PEERS = "#56b4e9", "#999999"
BY_CALL = {"syscalls"}  # its bars have the colours of system calls
NOT_LT = {"comparison"}  # epoll LT is what the others are compared with


@unittest.skipIf(NO_GNUPLOT, "no gnuplot")
class Drawing(unittest.TestCase):
    def test_every_chart_has_marks_of_every_server_in_both_layouts(self):
        for chart in charts.CHARTS:
            for layout in charts.LAYOUTS:
                svg = drawn(plain(), chart, "svg", layout)
                for name, colour in COLOURS.items():
                    if chart in BY_CALL:
                        colour = "#8496a5"
                    if chart in NOT_LT and name == "epoll LT":
                        continue
                    with self.subTest(chart=chart, layout=layout, server=name):
                        self.assertGreater(marks(svg, colour), 0)
                        self.assertTrue([t for t in texts(svg) if t.startswith(name)])

    def test_a_chart_is_as_wide_as_its_layout(self):
        for chart in charts.CHARTS:
            for layout, width in (("wide", 960), ("narrow", 390)):
                tree = xml.fromstring(drawn(plain(), chart, "svg", layout))
                with self.subTest(chart=chart, layout=layout):
                    self.assertEqual(float(tree.get("width")), width)

    def test_no_text_is_smaller_than_11_pixels(self):
        for chart in charts.CHARTS:
            for layout in charts.LAYOUTS:
                svg = drawn(rich(), chart, "svg", layout).decode()
                sizes = [float(size) for size in re.findall(r'font-size="([0-9.]+)"', svg)]
                with self.subTest(chart=chart, layout=layout):
                    self.assertGreaterEqual(min(sizes), 11)

    def test_png_charts_are_pictures(self):
        for chart in ("idle", "rate", "syscalls", "freeze", "comparison"):
            png = drawn(plain(), chart, "png", "wide")
            with self.subTest(chart=chart):
                self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
                self.assertEqual(int.from_bytes(png[16:20], "big"), 1920)

    def test_the_same_figures_give_the_same_bytes(self):
        for chart in charts.CHARTS:
            kind = "png" if chart in ("churn", "fairness") else "svg"
            with self.subTest(chart=chart, kind=kind):
                first = drawn(rich(), chart, kind, "wide")
                drawn.cache_clear()
                self.assertEqual(first, drawn(rich(), chart, kind, "wide"))

    def test_peers_and_own_servers_are_drawn_beside_the_four(self):
        for chart in charts.CHARTS:
            if chart in BY_CALL | {"freeze"}:
                continue
            svg = drawn(rich(), chart, "svg", "wide")
            with self.subTest(chart=chart):
                self.assertGreater(marks(svg, OF_MINE), 0)
                self.assertGreater(marks(svg, OF_PEERS), 0)
                for name in [MINE, *PEERS]:
                    self.assertTrue([t for t in texts(svg) if t.startswith(name)], name)

    def test_a_doubtful_point_is_hollow(self):
        def white(svg: bytes) -> int:
            return len(re.findall(r"<use[^>]*rgb\(255, 255, 255\)", svg.decode()))

        sound = made("sound", whole_run(1, experiments=("active",)))
        doubtful = made("doubtful", make_doubtful(whole_run(1, experiments=("active",))))
        before, after = (drawn(f, "active", "svg", "wide") for f in (sound, doubtful))
        self.assertEqual(white(after), white(before) + 2)  # a rate and a p99
        self.assertIn("generator's CPU was the limit", " ".join(texts(after)))

    def test_a_point_that_failed_in_every_round_has_a_cross(self):
        self.assertIn("×", texts(drawn(rich(), "size", "svg", "wide")))
        self.assertNotIn("×", texts(drawn(plain(), "size", "svg", "wide")))

    def test_a_server_that_always_failed_is_named(self):
        trials = whole_run(1, experiments=("active", "churn"))
        for t in trials:
            if t["server_name"] == "poll_server":
                t |= {"outcome": "failed", "valid": False, "reason": "it died"}
        folder = made("dead", trials)
        self.assertIn("poll: no valid trial", texts(drawn(folder, "active", "svg", "wide")))
        self.assertIn("no valid trial", texts(drawn(folder, "churn", "svg", "narrow")))

    def test_charts_of_what_was_measured_only(self):
        folder = made("little", whole_run(1, experiments=("idle",), servers=("poll_server",)))
        self.assertEqual(charts.drawable(folder), ["idle", "idle-cpu", "comparison"])
        for chart in charts.drawable(folder):
            for layout in charts.LAYOUTS:
                drawn(folder, chart, "svg", layout)

    def test_one_point_is_enough(self):
        for chart, experiment in (("idle", "idle"), ("size", "size"), ("rate", "rate")):
            one = [t for t in whole_run(1, experiments=(experiment,)) if t["role"] == "figure"]
            folder = made(f"one-{chart}", [t for t in one if t["server_name"] == "poll_server"][:1])
            svg = drawn(folder, chart, "svg", "narrow")
            with self.subTest(chart=chart):
                self.assertGreater(marks(svg, COLOURS["poll"]), 0)

    def test_what_somebody_has_set_for_gnuplot_changes_nothing(self):
        before = drawn(plain(), "idle", "svg", "wide")
        with tempfile.TemporaryDirectory() as home:
            (Path(home) / ".gnuplot").write_text("set terminal dumb\nset label 'mine'\nexit\n")
            with mock.patch.dict(os.environ, {"HOME": home, "GNUTERM": "nonsense"}):
                drawn.cache_clear()
                self.assertEqual(drawn(plain(), "idle", "svg", "wide"), before)

    def test_a_folder_may_have_any_name(self):
        name = "it's `a` name\nof\ttwo \u00ad\\ \"lines\""
        folder = made(name, whole_run(1, experiments=("churn",)))
        for kind in ("svg", "png"):
            self.assertGreater(len(drawn(folder, "churn", kind, "wide")), 1000)

    def test_by_hand_from_the_top_folder(self):
        given = f"run='{plain()}'; kind='png'; layout='narrow'"
        command = ["gnuplot", "-d", "-e", given, "plots/idle.gp"]
        self.assertEqual(subprocess.run(command, cwd=ROOT, timeout=60).returncode, 0)
        self.assertTrue((plain() / "idle-narrow.png").is_file())

    def test_without_a_folder_a_script_says_what_it_wants(self):
        for chart in [*charts.CHARTS, "terminal"]:
            command = ["gnuplot", "-d", f"plots/{chart}.gp"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
            with self.subTest(chart=chart):
                self.assertEqual(done.returncode, 64)
                self.assertIn("Say which results", done.stderr)

    def test_the_chart_in_characters_fits_the_terminal(self):
        for columns in (60, 80):
            page = charts.draw_in_text(rich(), columns)
            self.assertIn("poll_server", page)
            self.assertLessEqual(max(map(len, page.splitlines())), columns)

    def test_a_hostile_name_stays_text(self):
        settings = Settings()
        settings.set("idle", "remark", charts.text("it's `touch /tmp/x` \n\\\" {"))
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "t.gp"
            path.write_text("\n".join(settings.lines) + "\nprint idle_remark\n")
            done = subprocess.run(["gnuplot", "-d", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr.rstrip("\n"), "it's `touch /tmp/x`  \\\" {")


@unittest.skipIf(NO_GNUPLOT, "no gnuplot")
class Report(unittest.TestCase):
    @staticmethod
    @lru_cache
    def svgs():
        return [
            (chart, layout, charts.report_svg(rich(), chart, layout))
            for chart in charts.CHARTS for layout in charts.LAYOUTS
        ]

    def test_marks_tell_their_values_without_any_script(self):
        for chart, layout, svg in self.svgs():
            with self.subTest(chart=chart, layout=layout):
                self.assertGreater(svg.count('<g class="value"><title>'), 10)
                self.assertNotIn("gnuplot_svg", svg)
                self.assertNotIn("<script", svg)
                self.assertNotRegex(svg, r"(?:href|src)=['\"](?!#)")
                xml.fromstring(svg)

    def test_a_value_names_server_place_interval_and_rounds(self):
        svg = charts.report_svg(plain(), "idle", "wide")
        number = r"[\d.,]+"
        told = rf"{number} echoes/s \({number} to {number} in 2 rounds\)"
        pattern = rf"poll_server\n19,000 idle connections\n{told}"
        self.assertTrue(re.search(pattern, svg))

    def test_names_are_unique_among_all_charts(self):
        pattern = r"\bid=['\"]([^'\"]+)"
        names = [name for _, _, svg in self.svgs() for name in re.findall(pattern, svg)]
        self.assertEqual(len(names), len(set(names)))
        for chart, layout, svg in self.svgs():
            for used in re.findall(r"(?:href=['\"]|url\()#([^'\")]+)", svg):
                self.assertIn(used, names)
                self.assertTrue(used.startswith(f"{chart}-{layout}-"), used)

    def test_the_colours_of_the_paper_are_left_to_the_page(self):
        for chart, layout, svg in self.svgs():
            fixed = re.findall(r"(?:fill|stroke|color)=['\"](#[0-9a-f]{6})", svg)
            with self.subTest(chart=chart, layout=layout):
                self.assertFalse(set(fixed) & (set(chart_svg.PAGE) | set(chart_svg.TEXTS)))
                self.assertIn("var(--ink, #222222)", svg)

    def test_both_lists_of_colours_agree(self):
        common = (ROOT / "plots" / "common.gp").read_text()
        for colour, name in chart_svg.PAGE.items():
            self.assertIn(f'\n{name} = "{colour}"', common)
        texts_of = re.findall(r'text_colors = (?:\\\n\s*)?"([^"]+)"', common)
        self.assertEqual(set(" ".join(texts_of).split()), set(chart_svg.TEXTS))

    def test_no_chart_without_its_table(self):
        folder = made("no-table", whole_run(1, experiments=("idle",), servers=("poll_server",)))
        self.assertIsNone(charts.report_svg(folder, "churn", "wide"))


class Without(unittest.TestCase):
    def draw(self, folder: Path) -> list[str]:
        run = figures.read_run(folder)
        return charts.draw(folder, run, figures.make_figures(run))

    def test_without_gnuplot_a_line_says_so(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
            problems = self.draw(plain())
            self.assertIsNone(charts.report_svg(plain(), "idle", "wide"))
            self.assertEqual(charts.draw_in_text(plain(), 80), "")
        self.assertIn("no gnuplot", problems[0])
        self.assertIn("--report", problems[1])

    @unittest.skipIf(NO_GNUPLOT, "no gnuplot")
    def test_without_fonts_a_line_says_so_and_charts_are_drawn(self):
        folder = made("no-fonts", whole_run(1, experiments=("churn",)))
        with mock.patch.object(charts, "has_fonts", return_value=False):
            problems = self.draw(folder)
        self.assertEqual(len(problems), 1)
        self.assertIn("No font found", problems[0])
        self.assertTrue((folder / "churn.svg").is_file())

    @unittest.skipIf(NO_GNUPLOT, "no gnuplot")
    def test_a_chart_that_fails_is_one_line_and_the_others_are_drawn(self):
        folder = made("broken", whole_run(1, experiments=("churn", "active")))
        (folder / "churn.svg").mkdir()
        problems = self.draw(folder)
        self.assertEqual(len(problems), 1)
        self.assertIn("churn.svg", problems[0])
        self.assertTrue((folder / "active.svg").is_file())


    @unittest.skipIf(NO_GNUPLOT, "no gnuplot")
    def test_on_a_full_disk_a_line_says_so(self):
        folder = made("full", whole_run(1, experiments=("churn",)))
        (folder / "churn.png").symlink_to("/dev/full")
        problems = self.draw(folder)
        self.assertEqual(len(problems), 1)
        self.assertIn("churn.png: not written to its end; is the disk full?", problems[0])


class Ratios(unittest.TestCase):
    def test_a_mark_is_full_only_where_a_difference_may_be_claimed(self):
        for low, rounds, full in ((1.5, 6, 1), (1.5, 1, 0), (0.9, 6, 0), (1.05, 6, 1), (1.05, 3, 0)):
            ratio = Ratio("question", "poll_server", 2.0, low, 3.0, rounds, 0.9, 1.1, "panel")
            self.assertEqual(numbers(ratio)[-1], full, (low, rounds))


class Labels(unittest.TestCase):
    def test_labels_keep_their_distance_and_their_order(self):
        for wanted in ([0.5] * 6, [0, 0.01, 0.99, 1], [0.2, 0.21, 0.22, 0.8]):
            moved = spread_labels(wanted, 0.06)
            steps = [b - a for a, b in zip(moved, moved[1:])]
            self.assertGreaterEqual(min(steps) + 1e-9, 0.06)
            self.assertTrue(0 <= min(moved) and max(moved) <= 1)

    def test_labels_of_a_chart_do_not_cover_each_other(self):
        for layout, column in (("wide", 4), ("narrow", 5)):
            for chart in LINES:
                made_settings = Settings()
                add_lines(made_settings, chart, read_table(rich() / f"{chart.table}.tsv"))
                self.check(made_settings, chart.name, layout, column)

    def check(self, settings: Settings, chart: str, layout: str, column: int) -> None:
        said = dict(line.split(" = ", 1) for line in settings.lines)
        name = chart.replace("-", "_")
        pixels = float(said[f"{name}_height_{layout}"])
        rows = [line.split("\t") for line in settings.blocks["labels"]]
        for panel in {row[1] for row in rows}:
            axis = Axis(*(float(said[f"{name}_{end}_{panel}"]) for end in ("low", "high")),
                        said[f"{name}_log_y_{panel}"] == "1")
            edge = [float(r[column]) for r in rows if r[1] == panel and r[7] == "edge"]
            places = sorted(axis.place(value) * pixels for value in edge)
            for below, above in zip(places, places[1:]):
                self.assertGreaterEqual(above - below, 12, (chart, panel, layout))

    def test_ticks_are_round_numbers_and_enough(self):
        for low, high in ((0.5, 9000), (42, 57), (9.8, 13), (1, 3), (0.001, 0.0012)):
            ticks = chart_axes.y_ticks(chart_axes.y_axis([low, high], True), "us")
            self.assertTrue(3 <= len(ticks) <= 8, (low, high, ticks))
            names = [name for name, _ in ticks]
            self.assertEqual(len(names), len(set(names)))
        for high in (0.3, 7, 190000, 21000):
            ticks = chart_axes.y_ticks(chart_axes.y_axis([high], False), "echoes/s")
            self.assertTrue(4 <= len(ticks) <= 12, ticks)


if __name__ == "__main__":
    unittest.main()
