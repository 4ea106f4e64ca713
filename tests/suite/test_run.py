"""The whole benchmark, on tiny settings and with what can go wrong.

The programs are those in the folder that FOUR_WAYS_BUILD names.
"""

import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from made_up import ROOT, THE_FOUR, environment, plausible_run

import histogram
from table import QUANTILES

BUILD = os.environ.get("FOUR_WAYS_BUILD", str(ROOT / "build"))
SUITE = [sys.executable, str(ROOT / "bench" / "suite"), f"--build={BUILD}"]
TINY = ["--rounds=1", "--seconds=0.2", "--warm-up=0.1", "--idle=0,20", "--active=1,5", "--seed=1"]
ODD = f"{sys.executable} {ROOT}/tests/suite/odd_servers.py"
DEADLINE = 120
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
CHARTS = [f"{c}.{k}" for c in ("throughput", "latency", "cpu", "held") for k in ("svg", "png")]


def odd(kind: str) -> str:
    return f"--server=odd={ODD} {kind} {{port}}"


def read_trials(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "trials.ndjson").read_text().splitlines()]


def servers_of(mark: str) -> list[str]:
    """Command lines of odd servers that were started with this mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if mark in words:
            found.append(" ".join(words))
    return found


class Run(unittest.TestCase):
    def setUp(self):
        self.base = Path(tempfile.mkdtemp(prefix="suite-test-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.output = self.base / "results"

    def run_suite(self, *arguments: str, path: str | None = None, output: Path | None = None):
        variables = {**os.environ, "TMPDIR": str(self.base)}
        if path is not None:
            variables["PATH"] = path
        words = [*SUITE, *TINY, f"--output={output or self.output}", *arguments]
        done = subprocess.run(words, env=variables, capture_output=True, timeout=DEADLINE)
        # Not text=True: that would make plain line ends of a bar's returns.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def outcomes(self, name: str) -> list[str]:
        return [t["outcome"] for t in read_trials(self.output) if t["server_name"] == name]

    def assert_same_quantiles(self, trials: list[dict]):
        """The suite computes what loadgen computes from the same histogram."""
        for trial in trials:
            for name, parts in QUANTILES.items():
                if trial["latency"][name] is not None:
                    answer = histogram.quantile(trial["latency"], parts)
                    self.assertEqual(answer, trial["latency"][name])

    def assert_charts(self):
        for chart in CHARTS:
            self.assertGreater((self.output / chart).stat().st_size, 1000, chart)


class GoodRuns(Run):
    def test_the_four_come_out_with_table_environment_and_charts(self):
        done = self.run_suite()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        trials = read_trials(self.output)
        # Four servers with four steps each, and the floor twice.
        self.assertEqual(len(trials), 4 * 4 + 2)
        self.assertEqual({t["outcome"] for t in trials}, {"measured"})
        self.assertTrue(all(t["echoes"] > 0 and t["server"]["cpu_seconds"] > 0 for t in trials))
        self.assert_same_quantiles(trials)
        self.assert_charts()
        record = (self.output / "environment.json").read_text()
        self.assertNotIn(str(ROOT), record)
        self.assertNotRegex(record, rf"\b{re.escape(os.uname().nodename)}\b")
        build = json.loads(record)["build"]
        self.assertRegex(build["compiler"], r"\d+\.\d+")
        self.assertIn("-D_GNU_SOURCE", build["flags"])
        self.assertEqual([flag for flag in build["flags"] if "/" in flag], [])
        self.assertIn("1 active connection", done.stdout)
        self.assertIn("Echoes a second", done.stdout)  # the chart in characters

    def test_without_a_terminal_the_lines_are_plain(self):
        done = self.run_suite("--only=epoll_lt_server")
        self.assertIsNone(CONTROL.search(done.stdout), done.stdout)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()))

    def test_on_a_terminal_there_is_a_bar_of_80_columns_at_most(self):
        words = [*SUITE, *TINY, "--only=poll_server", f"--output={self.output}"]
        master, slave = pty.openpty()
        process = subprocess.Popen(words, stdout=slave, stderr=slave)
        os.close(slave)
        seen = b""
        while chunk := read_chunk(master):
            seen += chunk
        os.close(master)
        self.assertEqual(process.wait(DEADLINE), 0)
        bars = [part for part in re.split(r"[\r\n]", seen.decode()) if "to go" in part]
        self.assertGreater(len(bars), 2)
        self.assertTrue(any("poll_server" in bar for bar in bars))
        for bar in bars:
            self.assertLessEqual(len(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", bar)), 80)

    def test_a_server_of_ones_own_is_measured_beside_them(self):
        done = self.run_suite("--only=odd,epoll_et_server", odd("echo"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.outcomes("odd"), ["measured"] * 4)
        self.assertIn("\nodd ", done.stdout)
        self.assertIn("odd", (self.output / "throughput.svg").read_text())

    def test_select_ends_at_fd_setsize_and_that_is_no_failure(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1400:
            self.skipTest("the limit of open files is too low to get there")
        done = self.run_suite("--only=select_server", "--idle=0,900,1200", "--active=1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.outcomes("select_server"), ["measured", "measured", "limit"])
        held = max(t["held"] for t in read_trials(self.output) if t["outcome"] == "limit")
        self.assertTrue(900 < held < 1024)
        self.assertIn(f"select held {held:,} connections and no more", done.stdout)
        self.assertIn("FD_SETSIZE", (self.output / "throughput.svg").read_text())

    def test_with_one_cpu_it_goes_on_and_says_what_follows(self):
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        self.addCleanup(os.sched_setaffinity, 0, cpus)
        done = self.run_suite("--only=poll_server", "--active=1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("There is one CPU for both server and generator", done.stdout)
        record = json.loads((self.output / "environment.json").read_text())
        self.assertEqual(record["cpu_of_server"], record["cpu_of_generator"])

    def test_a_sweep_past_the_limit_is_cut_and_the_cut_is_said(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        done = self.run_suite("--only=epoll_lt_server", "--idle=0,999999")
        if most > 1000100:
            self.skipTest("this machine has no such limit")
        self.assertEqual(done.returncode, 0)
        self.assertIn("too few for 999,999", done.stdout)
        self.assertIn(f"{most:,}", done.stdout)


def read_chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # EIO: the other side of the terminal is closed
        return b""


class BadServers(Run):
    """Each spoils its own trials, in one clear line, and no others."""

    def check(self, kind: str, *expected: str):
        done = self.run_suite("--only=odd,poll_server", odd(kind))
        self.assertEqual(done.returncode, 1)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for text in ("bench/run: odd, round 1,", *expected):
            self.assertIn(text, lines[0])
        self.assertEqual(self.outcomes("odd")[-1], "failed")
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 4)
        self.assert_charts()
        return done

    def test_one_that_refuses_to_start(self):
        self.check("refuses", "ended with status 1: no, not today")

    def test_one_that_is_not_there(self):
        done = self.run_suite("--only=odd,poll_server", "--server=odd=/no/such/server {port}")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("'/no/such/server' can't be run: No such file", done.stderr)
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 4)

    def test_one_that_never_listens(self):
        self.check("deaf", "nobody listens on port", "after 10 s")

    def test_one_that_never_answers(self):
        self.check("silent", "served 0 of 1 connections")

    def test_one_that_answers_wrong_bytes(self):
        self.check("wrong", "wrong byte")

    def test_one_that_dies_in_the_midst_of_a_trial(self):
        self.check("dies", "ended with status 3: out of sorts")

    def test_one_whose_command_starts_another_process(self):
        command = f"sh -c '{BUILD}/poll_server --port=$0 --counters={self.base}/mark & wait' {{port}}"
        done = self.run_suite("--only=odd", "--server=odd=" + command, "--seconds=0.3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the process used no CPU time", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertNotIn("gnuplot", done.stderr)
        self.assertEqual(servers_of(f"--counters={self.base}/mark"), [])

    def test_one_that_does_not_start_is_not_started_again(self):
        self.run_suite("--only=odd,poll_server", odd("refuses"), "--rounds=3")
        self.assertEqual(self.outcomes("odd"), ["failed"])
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 12)


class Endings(Run):
    """However it ends, what was measured is there."""

    def start(self) -> subprocess.Popen:
        """A run that would take long; its server has our folder as a mark."""
        server = f"--server=odd={ODD} echo {{port}} {self.base}"
        words = [*SUITE, *TINY, "--rounds=200", "--only=odd", server, f"--output={self.output}"]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until(self, condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def check_interrupted(self, number: int):
        process = self.start()
        trials = self.output / "trials.ndjson"
        self.wait_until(lambda: trials.exists() and trials.read_text().count("\n") > 5)
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertRegex(err, r"stopped; \d+ trials kept")
        self.assertGreater(len(read_trials(self.output)), 5)
        self.assert_charts()
        self.assertIn("1 active connection", out)
        self.assertEqual(servers_of(str(self.base)), [])

    def test_ctrl_c_keeps_what_was_measured_and_draws_it(self):
        self.check_interrupted(signal.SIGINT)

    def test_sigterm_does_the_same(self):
        self.check_interrupted(signal.SIGTERM)

    def test_a_closed_terminal_does_the_same(self):
        self.check_interrupted(signal.SIGHUP)

    def test_output_that_nobody_can_write_loses_no_results(self):
        with open("/dev/full", "w") as full:
            words = [*SUITE, *TINY, "--only=poll_server", f"--output={self.output}"]
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assert_charts()

    def test_no_process_is_left_behind_by_a_run_that_is_killed(self):
        process = self.start()
        self.wait_until(lambda: servers_of(str(self.base)))
        process.kill()  # not even a chance to tidy up: the kernel must
        process.communicate()
        self.wait_until(lambda: not servers_of(str(self.base)))

    def test_without_gnuplot_it_measures_and_says_how_to_draw_later(self):
        tools = self.base / "bin"
        tools.mkdir()
        for name in ("git", "meson", "lscpu"):
            if found := shutil.which(name):
                (tools / name).symlink_to(found)
        done = self.run_suite("--only=poll_server", path=str(tools))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bench/run --draw ", done.stderr)
        self.assertFalse((self.output / "throughput.svg").exists())
        again = subprocess.run(
            [*SUITE, f"--draw={self.output}"], capture_output=True, text=True, timeout=DEADLINE
        )
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assert_charts()

    def test_a_results_folder_that_can_not_be_written_is_told_first(self):
        in_the_way = self.base / "file"
        in_the_way.write_text("")
        done = self.run_suite(output=in_the_way / "results")
        self.assertEqual(done.returncode, 64)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn(f"--output={in_the_way}/results: can't be written", done.stderr)

    def test_a_folder_with_another_run_in_it_is_left_alone(self):
        self.output.mkdir()
        (self.output / "trials.ndjson").write_text("precious\n")
        done = self.run_suite()
        self.assertEqual(done.returncode, 64)
        self.assertIn(f"--output={self.output}: there is a run in it already", done.stderr)
        self.assertEqual((self.output / "trials.ndjson").read_text(), "precious\n")

    def test_a_full_disk_ends_it_in_a_clear_line_and_loses_nothing(self):
        disk = self.base / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48k", "none", str(disk)], capture_output=True
        )
        if mounted.returncode != 0:
            self.skipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", str(disk)])
        self.output = disk / "results"
        done = self.run_suite("--rounds=50", "--only=poll_server")
        self.assertEqual(done.returncode, 74)
        self.assertIn("trials.ndjson: No space left on device", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertIn("1 active connection", done.stdout)  # the summary all the same
        whole = (self.output / "trials.ndjson").read_text().split("\n")[:-1]
        self.assertGreater(len([json.loads(line) for line in whole]), 1)


class Drawing(Run):
    def made_up(self, *more: str):
        self.output.mkdir()
        lines = [json.dumps(trial) for trial in plausible_run(3, more)]
        (self.output / "trials.ndjson").write_text("\n".join(lines) + "\n")
        record = environment([*THE_FOUR, *more])
        (self.output / "environment.json").write_text(json.dumps(record))

    def draw(self):
        words = [*SUITE, f"--draw={self.output}"]
        return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)

    def test_it_draws_again_and_the_same(self):
        self.made_up()
        self.assertEqual(self.draw().returncode, 0)
        self.assert_charts()
        first = {name: (self.output / name).read_bytes() for name in CHARTS}
        self.assertEqual(self.draw().returncode, 0)
        self.assertEqual(first, {name: (self.output / name).read_bytes() for name in CHARTS})

    def test_every_server_has_its_label_in_every_chart(self):
        self.made_up("mine", "yours")
        self.draw()
        for chart in ("throughput", "latency", "cpu", "held"):
            text = (self.output / f"{chart}.svg").read_text()
            for name in ("select", "poll", "epoll_lt", "epoll_et", "mine", "yours"):
                self.assertRegex(text, rf">(<tspan[^>]*>)?{name}", f"{name} in {chart}")

    def test_of_the_floor_alone_there_is_nothing_to_draw(self):
        self.made_up()
        path = self.output / "trials.ndjson"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if '"floor"' in line))
        done = self.draw()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("nothing to show", done.stdout)

    def test_a_torn_last_line_is_left_out_and_said(self):
        self.made_up()
        with open(self.output / "trials.ndjson", "a") as file:
            file.write('{"round":9,"serv')
        done = self.draw()
        self.assertEqual(done.returncode, 0)
        self.assertIn("is not whole and is left out", done.stdout)

    def test_each_script_can_be_run_by_hand(self):
        self.made_up()
        self.draw()
        for chart in ("throughput", "latency", "cpu", "held"):
            (self.output / f"{chart}.svg").unlink()
            words = ["gnuplot", "-e", f"run='{self.output}'", f"plots/{chart}.gp"]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_charts()
        done = subprocess.run(
            ["gnuplot", "plots/cpu.gp"], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Say which results", done.stderr)


if __name__ == "__main__":
    unittest.main()
