"""The charts: what gnuplot is given, and that every script draws it."""

import os
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import made_up
import charts
from conclude import CHART_LINES
from experiments import EXPERIMENTS
from problem import Problem

LONG = "Mine.with_24_letters-Wide"[:24]  # the longest name that --server takes
EVERYONE = (*made_up.FOUR, made_up.TWIN, *made_up.PEERS, LONG, made_up.FLOOR)
folder = tempfile.TemporaryDirectory(prefix="four-ways-charts-")


def setUpModule():
    global run, few
    run = made_up.whole_run(Path(folder.name) / "all", servers=EVERYONE)
    few = made_up.whole_run(Path(folder.name) / "few", ("churn",), servers=made_up.FOUR)


def tearDownModule():
    folder.cleanup()


class Rows(unittest.TestCase):
    def test_a_line_is_what_common_gp_says(self):
        row = charts.Row(2, "poll_server", 900, 1.25e-5, 1.2e-5, 1.3e-5, True, "12.5 µs")
        self.assertEqual(row.line(), '2 "poll_server" 900 1.25e-05 1.2e-05 1.3e-05 1 "12.5 µs"')

    def test_the_same_server_again_is_in_no_chart(self):
        for experiment in EXPERIMENTS:
            servers = {row.server for row in charts.rows(run, experiment.name)}
            self.assertNotIn(made_up.TWIN, servers)
            self.assertLessEqual({"poll_server", "epoll_lt_server"}, servers, experiment.name)

    def test_a_panel_shows_its_own_points_only(self):
        rows = charts.rows(run, "idle")
        self.assertEqual({row.panel for row in rows}, {1, 2, 3, 4})
        poll = [row for row in rows if (row.panel, row.server) == (1, "poll_server")]
        self.assertEqual([row.x for row in poll], [0, 900, 5000, 19000])
        self.assertLess(poll[0].value, poll[-1].value)

    def test_what_is_suspect_is_marked(self):
        rows = charts.rows(run, "latency")
        marked = {(row.server, row.x) for row in rows if row.suspect}
        self.assertEqual(marked, {("poll_server", 50000)})

    def test_a_bar_is_of_the_largest_load(self):
        rows = [row for row in charts.rows(run, "memory") if row.panel == 1]
        self.assertEqual(len(rows), len({row.server for row in rows}))
        self.assertEqual([row.words for row in rows if row.server == "poll_server"], ["62 B"])

    def test_names_stay_names(self):
        self.assertEqual(charts.quoted('a"b\\`c\n'), '"abc"')


@unittest.skipUnless(charts.has_gnuplot(), "no gnuplot here")
class Drawing(unittest.TestCase):
    def test_every_experiment_has_a_script_that_draws_it(self):
        drawn, problems = charts.draw_all(run)
        self.assertEqual(problems, [])
        self.assertEqual(list(drawn), [e.name for e in EXPERIMENTS])
        for name, svg in drawn.items():
            with self.subTest(chart=name):
                self.assertTrue(svg.startswith("<svg") and svg.rstrip().endswith("</svg>"))
                marks = len(re.findall(r"<use |<polygon |<path ", svg))
                self.assertGreater(marks, 7)

    def test_a_chart_can_stand_beside_others(self):
        svg = charts.draw_svg(few, "churn")
        ids = re.findall(r"\bid=['\"]([^'\"]+)", svg)
        self.assertTrue(all(name.startswith("churn-") for name in ids))
        self.assertIn("viewBox", svg)
        self.assertNotIn("rgb(", svg)
        for colour, name in charts.COLOURS.items():
            self.assertEqual(svg.count(colour), svg.count(f"var(--{name}, {colour})"))

    def test_the_same_data_draw_the_same_chart(self):
        self.assertEqual(charts.draw_svg(few, "churn"), charts.draw_svg(few, "churn"))

    def test_one_server_alone_is_drawn(self):
        alone = made_up.whole_run(Path(folder.name) / "one", servers=("epoll_lt_server",))
        drawn, problems = charts.draw_all(alone)
        self.assertEqual((len(drawn), problems), (len(EXPERIMENTS), []))

    def test_a_point_alone_is_drawn(self):
        """As with --active or --idle: a panel has a single x, 0 perhaps, or none at all."""
        points = {}
        for line in made_up.lines(("idle", "active", "size", "fairness", "turns", "freeze")):
            loads = ("experiment", "mode", "idle", "active", "size", "firehoses", "turn")
            points.setdefault(tuple(line[name] for name in loads), []).append(line)
        for number, (point, lines) in enumerate(points.items()):
            with self.subTest(point=point):
                place = made_up.write(Path(folder.name) / f"point-{number}", lines, False)
                drawn, problems = charts.draw_all(made_up.load_run(place))
                self.assertEqual((list(drawn), problems), ([point[0]], []))

    def test_panels_without_figures_take_no_room(self):
        lines = [one for one in made_up.lines(("idle",)) if one["active"] == 1]
        run = made_up.load_run(made_up.write(Path(folder.name) / "column", lines, False))
        svg = charts.draw_svg(run, "idle")
        self.assertEqual(svg.count("1 active connection"), 2)
        self.assertNotIn("100 active connections", svg)

    def test_pixels_for_the_readme(self):
        drawn = charts.gnuplot(charts.script(few, "churn", "png"))
        self.assertTrue(drawn.startswith(b"\x89PNG") and b"IEND" in drawn)

    def test_the_one_in_characters_fits_the_terminal(self):
        lines = charts.draw_in_text(run, 79, CHART_LINES, False).splitlines()
        self.assertLessEqual(len(lines), CHART_LINES)
        self.assertLessEqual(max(map(len, lines)), 79)
        self.assertNotIn("\x1b", "".join(lines))
        self.assertIn("\x1b", charts.draw_in_text(run, 79, CHART_LINES, True))


class Failing(unittest.TestCase):
    def gnuplot(self, script: str | None) -> dict:
        """A PATH with this gnuplot only, or with none."""
        place = Path(tempfile.mkdtemp(dir=folder.name))
        if script is not None:
            (place / "gnuplot").write_text(f"#!/bin/sh\n{script}\n")
            (place / "gnuplot").chmod(0o755)
        return mock.patch.dict(os.environ, {"PATH": f"{place}"})

    def test_without_gnuplot_it_says_what_to_install(self):
        with self.gnuplot(None):
            drawn, problems = charts.draw_all(few)
            self.assertEqual(charts.draw_in_text(few, 79, 18, False), "")
        self.assertEqual(drawn, {})
        self.assertEqual(len(problems), 1)
        self.assertIn("gnuplot-nox", problems[0])

    def test_a_gnuplot_that_fails_costs_its_chart_only(self):
        with self.gnuplot("echo no such terminal >&2; exit 3"):
            drawn, problems = charts.draw_all(few)
        self.assertEqual(drawn, {})
        self.assertIn("no such terminal", problems[0])

    def test_a_torn_drawing_is_none(self):
        with self.gnuplot("echo '<svg'"):
            with self.assertRaises(Problem):
                charts.draw_svg(few, "churn")


if __name__ == "__main__":
    unittest.main()
