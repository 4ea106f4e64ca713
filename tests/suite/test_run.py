"""The whole benchmark, on tiny settings and with what can go wrong.

The programs are those in the folder that FOUR_WAYS_BUILD names.  Most runs get
a PATH without gnuplot: what matters here is what is measured and kept.
"""

import ctypes
import importlib.util
import io
import json
import os
import platform
import pty
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from made_up import FOUR, ROOT, whole_run, write

from figures import histogram
import results
from measure.experiments import EXPERIMENTS
from measure import server
from measure.server import is_listening
from options import parse_options
from problem import Problem

# The file that is run as the program bench/suite: it has no name to import it by.
SPEC = importlib.util.spec_from_file_location("suite_main", ROOT / "bench/suite/__main__.py")
suite_main = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(suite_main)

BUILD = os.environ.get("FOUR_WAYS_BUILD", str(ROOT / "build"))
SUITE = [sys.executable, str(ROOT / "bench" / "suite"), f"--build={BUILD}"]
TINY = ["--rounds=1", "--seconds=0.2", "--warm-up=0.1", "--seed=1"]
IDLE = ["idle", "--idle=0,20", "--active=1,5"]
ODD = f"{sys.executable} {ROOT}/tests/suite/odd_servers.py"
DEADLINE = 120
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
PARTS = {"p50": 50000, "p90": 90000, "p99": 99000, "p999": 99900}


def odd(kind: str, *mark) -> str:
    return " ".join([f"--server=odd={ODD} {kind} {{port}}", *map(str, mark)])


def read_trials(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "trials.ndjson").read_text().splitlines()]


def whole_lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def processes_with(*marks: str) -> list[int]:
    """Those that have all of these words on their command line."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if set(marks) <= set(words):
            found.append(int(name))
    return found


def is_stopped(pid: int) -> bool:
    """By SIGSTOP: state T in proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Run(unittest.TestCase):
    def setUp(self):
        self.base = Path(tempfile.mkdtemp(prefix="suite-test-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.output = self.base / "results"
        self.tools = self.base / "bin"
        self.tools.mkdir()

    def variables(self, draw: bool) -> dict[str, str]:
        more = {} if draw else {"PATH": str(self.tools)}
        return {**os.environ, "TMPDIR": str(self.base), **more}

    def words(self, *arguments: str) -> list[str]:
        return [*SUITE, *TINY, f"--output={self.output}", *arguments]

    def run_suite(self, *arguments: str, draw: bool = False, before=None):
        """`before` is done in the new process before the suite begins."""
        done = subprocess.run(
            self.words(*arguments),
            env=self.variables(draw),
            capture_output=True,
            timeout=DEADLINE,
            preexec_fn=before,
        )
        # Not text=True: that would make plain line ends of a bar's returns.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def complaints(self, stderr: str) -> list[str]:
        """Without those about the gnuplot that we took away."""
        lines = stderr.splitlines()
        return [line for line in lines if "gnuplot" not in line and "--report" not in line]

    def assert_good(self, done):
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (0, []))

    def outcomes(self, name: str) -> list[str]:
        return [t["outcome"] for t in read_trials(self.output) if t["server_name"] == name]

    def assert_charts(self, *charts: str):
        for chart in charts:
            for kind in ("svg", "png"):
                size = (self.output / f"{chart}.{kind}").stat().st_size
                self.assertGreater(size, 1000, chart)

    def record(self) -> dict:
        return json.loads((self.output / "environment.json").read_text())

    def wait_until(self, condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))


def very_few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


class Everything(Run):
    """All ten experiments in miniature, on a machine with few descriptors."""

    def test_every_experiment_leaves_its_figures_its_charts_and_the_report(self):
        done = self.run_suite("--quick", "--seconds=0.08", draw=True, before=few_files)
        self.assert_good(done)
        trials = read_trials(self.output)
        self.check_trials(trials)
        self.check_loads(trials)
        self.check_files()
        self.check_record(done.stdout)
        self.assertIsNone(CONTROL.search(done.stdout), done.stdout)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()))

    def check_trials(self, trials: list[dict]):
        self.assertEqual({t["outcome"] for t in trials}, {"measured"})
        for experiment in EXPERIMENTS:
            names = {t["server_name"] for t in trials if t["experiment"] == experiment.name}
            more = {"epoll_lt_again"} if experiment.twin else set()
            more |= {"floor"} if experiment.floor else set()
            self.assertEqual(names, {*FOUR, *more}, experiment.name)
            own = [t for t in trials if t["experiment"] == experiment.name]
            self.assertGreater(sum(t.get("echoes", t["held"]) for t in own), 100)
        for trial in trials:
            self.assertTrue(trial["valid"])
            self.assertIsInstance(trial["doubts"], list)
            self.assertTrue(trial["held"] > 0 or trial["mode"] == "churn")
            self.assertLessEqual(trial["held"], 300)
            self.check_quantiles(trial.get("latency") or {})

    def check_quantiles(self, latency: dict):
        """The suite computes what loadgen computes from the same histogram."""
        for name, parts in PARTS.items():
            if latency.get(name) is not None:
                self.assertEqual(histogram.quantile(latency, parts), latency[name])

    def check_loads(self, trials: list[dict]):
        """Every share of a capacity is one of the capacity found just before."""
        shares = [t for t in trials if t["load"] is not None]
        self.assertEqual({t["experiment"] for t in shares}, {"rate", "percentiles"})
        for trial in shares:
            self.assertEqual(trial["rate_planned"], round(trial["load"] * trial["capacity"]))
            (found,) = [
                t for t in trials
                if t["role"] == "capacity" and t["rate"] == trial["capacity"]
                and t["experiment"] == trial["experiment"]
            ]
            self.assertEqual(found["server_name"], trial["server_name"])
            self.assertEqual(found["mode"], "closed")
        frozen = [t for t in trials if t["experiment"] == "freeze"]
        self.assertEqual({t["mode"] for t in frozen}, {"closed", "open"})
        self.assertTrue(all(t["freeze"]["seconds"] > 0 for t in frozen))

    def check_files(self):
        for experiment in EXPERIMENTS:
            table = (self.output / f"{experiment.name}.tsv").read_text().splitlines()
            self.assertGreater(len(table), 4, experiment.name)
            self.assert_charts(experiment.name)
        report = (self.output / "report.html").read_text()
        self.assertGreater(report.count("<svg"), 10)
        self.assertEqual(list(self.output.glob("*.half")), [])

    def check_record(self, said: str):
        record = self.record()
        self.assertEqual(record["plan"]["servers"]["floor"], "floor")
        self.assertEqual(record["plan"]["mode"], "quick")
        self.assertIn("The limit of open files is 300", " ".join(record["remarks"]))
        self.assertIn("The limit of open files is 300", " ".join(said.split()))
        text = json.dumps(record)
        self.assertNotIn(str(ROOT), text)
        self.assertNotRegex(text, rf"\b{re.escape(os.uname().nodename)}\b")
        self.assertRegex(record["build"]["compiler"], r"\d+\.\d+")
        self.assertIn("-D_GNU_SOURCE", record["build"]["flags"])
        self.assertEqual([flag for flag in record["build"]["flags"] if "/" in flag], [])


def refuse_affinity():
    """Let sched_setaffinity(2) fail with EPERM, as in some containers: seccomp(2)."""
    number = {"x86_64": 203, "aarch64": 122}[platform.machine()]
    load, jump, answer = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    allow, error = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, _ERRNO with EPERM
    program = struct.pack("HBBI", load, 0, 0, 0) + struct.pack("HBBI", jump, 0, 1, number)
    program += struct.pack("HBBI", answer, 0, 0, error) + struct.pack("HBBI", answer, 0, 0, allow)
    code = ctypes.create_string_buffer(program)
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, filter_, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        os._exit(99)


class Machines(Run):
    """Machines that lack something still give a run, and say what follows."""

    def check(self, remark: str, before):
        done = self.run_suite(*IDLE, "--only=poll_server", before=before)
        if done.returncode == 99:
            self.skipTest("this kernel has no seccomp filters")
        self.assert_good(done)
        self.assertIn(remark, " ".join(done.stdout.split()))
        self.assertIn(remark, " ".join(self.record()["remarks"]))
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 4)

    def test_one_cpu(self):
        cpu = min(os.sched_getaffinity(0))
        self.check("There is one CPU for both", lambda: os.sched_setaffinity(0, {cpu}))
        record = self.record()
        self.assertEqual(record["cpu_of_server"], record["cpu_of_generator"])

    @unittest.skipIf(len(os.sched_getaffinity(0)) == 1, "with one CPU nothing is kept on it")
    def test_no_permission_to_keep_a_process_on_a_cpu(self):
        self.check("Processes can't be kept on a CPU here", refuse_affinity)
        self.assertIsNone(self.record()["cpu_of_server"])

    def test_a_limit_of_open_files_that_is_lower_than_the_sweep(self):
        done = self.run_suite("idle", "--only=epoll_et_server", before=very_few_files)
        self.assert_good(done)
        self.assertIn("too few for 100, 900, 5,000 connections", " ".join(done.stdout.split()))
        held = {t["held"] for t in read_trials(self.output)}
        self.assertTrue(max(held) <= 44, held)

    def test_a_limit_that_leaves_nothing_to_measure(self):
        few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (31, 31))  # noqa: E731
        done = self.run_suite("churn", before=few)
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("bench/run: the limit of open files is 31: too few", done.stderr)
        self.assertFalse(self.output.exists())

    def test_a_busy_neighbour(self):
        spinning = [sys.executable, "-c", "while True: pass"]
        neighbours = [subprocess.Popen(spinning) for _ in range(os.cpu_count())]
        for process in neighbours:
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        done = self.run_suite("churn", "--only=poll_server")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Other programs used \d+ % of the CPUs' time just before")
        during = " ".join(self.record()["remarks"])
        self.assertRegex(during, r"Other programs used \d+ % of the CPUs' time during the run")

    def test_a_language_with_decimal_commas(self):
        names = self.base / "de_DE.UTF-8"
        made = subprocess.run(
            ["localedef", "-i", "de_DE", "-f", "UTF-8", str(names)], capture_output=True
        ) if shutil.which("localedef") else None
        if made is None or made.returncode != 0:
            self.skipTest("no language to be had here: Debian's package locales")
        german = {"LOCPATH": str(self.base), "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"}
        with mock.patch.dict(os.environ, german):
            self.assert_good(self.run_suite("churn", "--only=poll_server", draw=True))
        for row in (self.output / "churn.tsv").read_text().splitlines()[1:]:
            float(row.split("\t")[5])
        self.assert_charts("churn")


class Ways(Run):
    def test_on_a_terminal_there_is_a_bar_of_80_columns_at_most(self):
        words = self.words(*IDLE, "--only=poll_server")
        try:
            master, slave = pty.openpty()
        except OSError as error:  # a chroot without /dev/pts, say
            self.skipTest(f"no pseudo-terminal here: {error.strerror}")
        process = subprocess.Popen(
            words, stdout=slave, stderr=subprocess.DEVNULL, env=self.variables(False)
        )
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

    def test_a_server_of_ones_own_stands_beside_the_four_everywhere(self):
        few = [e.name for e in EXPERIMENTS if e.name not in ("idle", "memory")]
        done = self.run_suite(*few, "--only=odd", odd("echo"), before=very_few_files)
        self.assert_good(done)
        own = [t for t in read_trials(self.output) if t["server_name"] == "odd"]
        self.assertEqual({t["experiment"] for t in own}, set(few))
        self.assertEqual({(t["kind"], t["outcome"]) for t in own}, {("mine", "measured")})

    def test_select_ends_at_fd_setsize_and_that_is_no_failure(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1400:
            self.skipTest("the limit of open files is too low to get there")
        done = self.run_suite("idle", "--only=select_server", "--idle=0,900,1200", "--active=1")
        self.assert_good(done)
        self.assertEqual(self.outcomes("select_server"), ["measured", "measured", "limit"])
        held = max(t["held"] for t in read_trials(self.output) if t["outcome"] == "limit")
        self.assertTrue(900 < held < 1024)
        self.assertIn("FD_SETSIZE", done.stdout)

    def test_who_was_found_full_is_not_asked_for_more_where_that_is_not_the_question(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1400:
            self.skipTest("the limit of open files is too low to get there")
        done = self.run_suite("percentiles", "--only=select_server", "--rounds=2")
        self.assert_good(done)
        outcomes = [
            (t["round"], t["idle"]) for t in read_trials(self.output) if t["outcome"] == "limit"
        ]
        self.assertEqual(len(outcomes), 1)
        self.assertEqual(outcomes[0][0], 1)

    def test_a_missing_peer_is_named_and_left_out(self):
        done = self.run_suite("churn", "--peers", "--only=poll_server,nopeer", odd("echo"))
        self.assertEqual(done.returncode, 64)
        empty = self.base / "build"
        (empty / "bench" / "peers").mkdir(parents=True)
        for name in ("poll_server", "bench/loadgen", "bench/floor"):
            (empty / name).symlink_to(Path(BUILD) / name)
        done = self.run_suite("churn", "--peers", "--only=poll_server,libuv", f"--build={empty}")
        self.assert_good(done)
        self.assertIn("Not built, because a library is missing: libuv.", done.stdout)
        self.assertEqual(self.outcomes("libuv"), [])


def read_chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # EIO: the other side of the terminal is closed
        return b""


class BadServers(Run):
    """Each spoils its own trials, in one clear line, and no others."""

    def check(self, kind: str, *expected: str):
        done = self.run_suite(*IDLE, "--only=odd,poll_server", odd(kind))
        self.assertEqual(done.returncode, 1)
        lines = self.complaints(done.stderr)
        self.assertEqual(len(lines), 2, done.stderr)
        for text in ("bench/run: odd, round 1, idle,", *expected):
            self.assertIn(text, lines[0])
        self.assertIn("tests/conformance/conformance '", lines[1])
        self.assertIn(f"odd_servers.py {kind} {{port}}", lines[1])
        self.assertEqual(self.outcomes("odd")[-1], "failed")
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 4)
        return done

    def test_one_that_refuses_to_start(self):
        self.check("refuses", "ended with status 1: no, not today")

    def test_one_that_is_not_there(self):
        done = self.run_suite(*IDLE, "--only=odd,poll_server", "--server=odd=/no/server {port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("'/no/server' can't be run: No such file", done.stderr)
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 4)

    def test_one_that_never_listens(self):
        options = parse_options([odd("deaf"), f"--build={BUILD}"])
        with mock.patch.object(server, "READY_SECONDS", 1), \
                self.assertRaises(server.NotServing) as caught, \
                server.running(options, "odd", 1, None):
            pass
        said = r"^nobody listens on 127\.0\.0\.1 port \d+ after 1 s$"
        self.assertRegex(str(caught.exception), said)

    def test_listening_is_where_the_load_generator_will_connect(self):
        cases = [
            (socket.AF_INET, "127.0.0.1", True),
            (socket.AF_INET, "0.0.0.0", True),
            (socket.AF_INET, "127.0.0.9", False),
        ]
        if socket.has_dualstack_ipv6():
            cases += [(socket.AF_INET6, "::", True), (socket.AF_INET6, "::1", False)]
        for family, address, expected in cases:
            both = address == "::"
            with socket.create_server((address, 0), family=family, dualstack_ipv6=both) as listener:
                self.assertEqual(is_listening(listener.getsockname()[1]), expected, address)
        if not socket.has_dualstack_ipv6():
            return
        with socket.socket(socket.AF_INET6) as listener:  # as Java does
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("::ffff:127.0.0.1", 0))
            listener.listen()
            self.assertTrue(is_listening(listener.getsockname()[1]))
        with socket.create_server(("::", 0), family=socket.AF_INET6) as listener:  # IPv6 alone
            self.assertFalse(is_listening(listener.getsockname()[1]))

    def test_a_peer_that_this_system_does_not_allow_is_left_out(self):
        build = self.base / "build"
        (build / "bench" / "peers").mkdir(parents=True)
        for program in ("poll_server", "bench/floor", "bench/loadgen"):
            (build / program).symlink_to(Path(BUILD) / program)
        peer = build / "bench" / "peers" / "io_uring"
        peer.write_text("#!/bin/sh\necho 'io_uring: not here' >&2\nexit 69\n")
        peer.chmod(0o755)
        words = ["churn", "--peers", "--only=io_uring,poll_server", "--rounds=2"]
        done = self.run_suite(*words, f"--build={build}")
        said = "bench/run: io_uring is left out: ended with status 69: io_uring: not here"
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (0, [said]))
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 2)

    def test_one_that_goes_to_the_background(self):
        shell = "--server=odd=/bin/sh -c 'exit 0' {port}"
        done = self.run_suite(*IDLE, "--only=odd", shell)
        self.assertIn("ended with status 0; it must stay in the foreground", done.stderr)

    def test_one_that_never_answers(self):
        self.check("silent", "served 0 of 1 connections")

    def test_one_that_answers_wrong_bytes(self):
        self.check("wrong", "wrong byte", "contract 1: every byte comes back")

    def test_one_that_closes_early(self):
        self.check("closes", "contract 2: the server closes when")

    def test_one_that_dies_in_the_midst_of_a_trial(self):
        self.check("dies", "ended with status 3: out of sorts")

    def test_one_whose_command_starts_another_process(self):
        program = f"{BUILD}/poll_server --port=$0 --counters={self.base}/mark"
        command = f"sh -c '{program} & wait' {{port}}"
        (self.tools / "sh").symlink_to("/bin/sh")
        done = self.run_suite(*IDLE, "--only=odd", "--server=odd=" + command, "--seconds=0.3")
        self.assert_good(done)
        used = [t["server"]["cpu_seconds"] for t in read_trials(self.output)
                if t["server_name"] == "odd"]
        self.assertTrue(all(seconds > 0 for seconds in used), used)
        self.assertEqual(processes_with(f"--counters={self.base}/mark"), [])

    def test_one_that_does_not_start_is_not_started_again(self):
        self.run_suite(*IDLE, "--only=odd,poll_server", odd("refuses"), "--rounds=3")
        self.assertEqual(self.outcomes("odd"), ["failed"])
        self.assertEqual(self.outcomes("poll_server"), ["measured"] * 12)

    def test_one_that_fails_again_and_again_is_told_once_in_each_experiment(self):
        done = self.run_suite("churn", "size", "--only=odd", odd("silent"), "--rounds=2")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.outcomes("odd"), ["failed"] * 4)
        told = [line for line in done.stderr.splitlines() if "failed" in line]
        self.assertEqual(len(told), 2, done.stderr)


class Interruptions(Run):
    """At any moment: what was measured is kept, no process stays behind."""

    def start(self, *arguments: str, draw: bool = False) -> subprocess.Popen:
        """Its server has our folder as a mark, by which to find it.  Under nohup it is as without."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.words(*arguments), stdout=pipe, stderr=pipe, text=True, env=self.variables(draw),
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )

    def trials(self) -> int:
        return whole_lines(self.output / "trials.ndjson")

    def finish(self, process: subprocess.Popen, number: int) -> tuple[str, str]:
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 128 + number, err)
        told = [line for line in self.complaints(err) if "stopped" in line]
        self.assertEqual(len(told), 1, err)
        self.assertNotIn("Traceback", err)
        self.assertEqual(processes_with(str(self.base)), [])
        if self.output.exists():
            json.loads((self.output / "environment.json").read_text())
            read_trials(self.output)  # all lines are whole
        return out, err

    def check_measuring(self, number: int, draw: bool = False):
        mark = odd("echo", self.base)
        process = self.start(*IDLE, "--only=odd", mark, "--rounds=200", draw=draw)
        self.wait_until(lambda: self.trials() > 5)
        process.send_signal(number)
        out, err = self.finish(process, number)
        self.assertRegex(err, r"stopped; \d+ trials kept")
        self.assertGreater(len(read_trials(self.output)), 5)
        self.assertIn("1 active", out)
        self.assertGreater(whole_lines(self.output / "idle.tsv"), 1)

    def test_ctrl_c_keeps_what_was_measured_and_draws_it(self):
        self.check_measuring(signal.SIGINT, draw=True)
        self.assert_charts("idle")
        self.assertIn("</html>", (self.output / "report.html").read_text())

    def test_sigterm_does_the_same(self):
        self.check_measuring(signal.SIGTERM)

    def test_a_closed_terminal_does_the_same(self):
        self.check_measuring(signal.SIGHUP)

    def test_before_the_first_trial(self):
        process = self.start(*IDLE, "--only=odd", odd("echo", self.base))
        self.wait_until(lambda: self.output.exists() or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, _ = self.finish(process, signal.SIGINT)
        self.assertEqual(self.trials(), 0)
        self.assertNotIn("1 active", out)

    def test_while_connections_are_opened(self):
        few = ["idle", "--idle=0,1000", "--active=1", "--only=odd", odd("slow", self.base)]
        process = self.start(*few, "--rounds=9")
        self.wait_until(lambda: self.trials() and self.outcomes("odd"))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        self.finish(process, signal.SIGTERM)
        self.assertEqual(self.outcomes("odd"), ["measured"])

    def test_at_any_moment_between_two_loads_of_a_server(self):
        for delay in (0.0, 0.1, 0.2, 0.35):
            with self.subTest(delay):
                shutil.rmtree(self.output, ignore_errors=True)
                process = self.start("rate", "--only=odd", odd("echo", self.base), "--rounds=50")
                self.wait_until(lambda: self.trials() > 0)
                time.sleep(delay)
                process.send_signal(signal.SIGINT)
                self.finish(process, signal.SIGINT)

    def test_while_charts_are_drawn(self):
        (self.tools / "gnuplot").write_text("#!/bin/sh\nexec /bin/sleep 1\n")
        (self.tools / "gnuplot").chmod(0o755)
        process = self.start("churn", "--only=poll_server")
        self.wait_until(lambda: (self.output / "charts.gp").exists())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(f"stopped; again: bench/run --report {self.output}", err)
        self.assertGreater(len(read_trials(self.output)), 0)

    def test_while_the_server_is_frozen(self):
        mark = ["freeze", "--only=odd", odd("echo", self.base), "--seconds=1"]
        process = self.start(*mark)
        self.wait_until(lambda: any(map(is_stopped, processes_with(str(self.base)))))
        process.send_signal(signal.SIGINT)
        self.finish(process, signal.SIGINT)

    def test_a_generator_that_dies_leaves_no_server_frozen(self):
        process = self.start("freeze", "--only=odd", odd("echo", self.base), "--seconds=1")
        self.wait_until(lambda: any(map(is_stopped, processes_with(str(self.base)))))
        (server,) = processes_with(str(self.base))
        for generator in processes_with(f"--pid={server}", "--json=-"):
            os.kill(generator, signal.SIGKILL)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("loadgen was ended by SIGKILL", err)
        self.assertEqual(processes_with(str(self.base)), [])

    def test_no_process_is_left_behind_by_a_run_that_is_killed(self):
        process = self.start("freeze", "--only=odd", odd("echo", self.base), "--seconds=1")
        self.wait_until(lambda: any(map(is_stopped, processes_with(str(self.base)))))
        process.kill()  # not even a chance to tidy up: the kernel must
        process.communicate()
        self.wait_until(lambda: not processes_with(str(self.base)))


class Files(Run):
    """Results folders and disks that don't do what one hopes."""

    def test_output_that_nobody_can_write_loses_no_results(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                self.words("churn", "--only=poll_server"),
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE,
                env=self.variables(False),
            )
        said = "bench/run: standard output: No space left on device"
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (74, [said]))
        self.assertTrue((self.output / "report.html").exists())

    def test_output_that_is_lost_is_said_unless_its_reader_has_left(self):
        for option in ("--help", "--list"):
            with self.subTest(option), open("/dev/full", "w") as full:
                done = subprocess.run([*SUITE, option], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 74)
                said = b"bench/run: standard output: No space left on device\n"
                self.assertEqual(done.stderr, said)
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run([*SUITE, option], stdout=writer, stderr=subprocess.PIPE)
            os.close(writer)
            self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_streams_that_are_closed_and_signals_that_nobody_wants(self):
        """As a parent process may leave them."""

        def before():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
            os.closerange(0, 3)

        words = self.words("churn", "--only=odd", odd("dies"))
        done = subprocess.run(
            words, env=self.variables(False), preexec_fn=before, timeout=DEADLINE
        )
        self.assertEqual(done.returncode, 1)
        reasons = [t["reason"] for t in read_trials(self.output) if t["outcome"] == "failed"]
        self.assertIn("ended with status 3: out of sorts", reasons[0])

    def test_a_signal_that_was_blocked_ends_it_all_the_same(self):
        block = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # noqa: E731
        process = subprocess.Popen(
            self.words("churn", "--only=poll_server", "--rounds=500"),
            env=self.variables(False), preexec_fn=block,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.wait_until(lambda: whole_lines(self.output / "trials.ndjson") > 0)
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 128 + signal.SIGTERM)

    def test_without_gnuplot_it_measures_and_says_how_to_draw_later(self):
        done = self.run_suite("churn", "--only=poll_server")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bench/run --report ", done.stderr)
        self.assertFalse((self.output / "churn.svg").exists())
        again = subprocess.run(
            [*SUITE, f"--report={self.output}"], capture_output=True, text=True, timeout=DEADLINE
        )
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assert_charts("churn")

    def test_where_nothing_is_built_it_says_so_and_leaves_nothing(self):
        done = self.run_suite("churn", f"--build={self.base}")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^bench/run: \S+: there is nothing built in there\n$")
        self.assertFalse(self.output.exists())

    def test_a_load_generator_that_can_not_run_ends_it_in_a_clear_line(self):
        build = self.base / "build"
        (build / "bench").mkdir(parents=True)
        for program in ("poll_server", "bench/floor"):
            (build / program).symlink_to(Path(BUILD) / program)
        (build / "bench" / "loadgen").write_text("")
        done = self.run_suite("churn", "--only=poll_server", f"--build={build}")
        self.assertEqual(done.returncode, 1)
        said = f"bench/run: {build}/bench/loadgen: Permission denied: stopped; 0 trials kept"
        self.assertEqual(self.complaints(done.stderr), [said])

    def test_a_results_folder_that_can_not_be_written_is_told_first(self):
        in_the_way = self.base / "file"
        in_the_way.write_text("")
        self.output = in_the_way / "results"
        done = self.run_suite()
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn(f"--output={in_the_way}/results: can't be written", done.stderr)

    def test_a_folder_with_another_run_in_it_is_left_alone(self):
        self.output.mkdir()
        (self.output / "trials.ndjson").write_text("precious\n")
        done = self.run_suite()
        self.assertEqual(done.returncode, 64)
        self.assertIn(f"--output={self.output}: there is a run in it already", done.stderr)
        self.assertEqual((self.output / "trials.ndjson").read_text(), "precious\n")

    def test_a_folder_with_a_packed_run_in_it_is_left_alone(self):
        self.output.mkdir()
        (self.output / "trials.ndjson.gz").write_bytes(b"precious")
        done = self.run_suite()
        self.assertEqual(done.returncode, 64)
        self.assertIn(f"--output={self.output}: there is a run in it already", done.stderr)
        self.assertEqual([file.name for file in self.output.iterdir()], ["trials.ndjson.gz"])

    def test_runs_that_begin_in_the_same_second_get_folders_of_their_own(self):
        with mock.patch.object(results, "ROOT", self.base), \
                mock.patch.object(results.time, "strftime", return_value="now"):
            folders = [results.create(None) for _ in range(3)]
        self.assertEqual([folder.name for folder in folders], ["now", "now-2", "now-3"])

    def test_a_file_that_does_not_fit_leaves_the_one_that_was_there(self):
        path = self.base / "environment.json"
        results.write(path, "short")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with self.assertRaises(Problem) as caught:
            results.write(path, "long" * 1000)
        self.assertIn(f"{path}: File too large", str(caught.exception))
        self.assertEqual([file.name for file in self.base.glob("env*")], ["environment.json"])
        self.assertEqual(path.read_text(), "short")

    def test_a_full_disk_ends_it_in_a_clear_line_and_loses_nothing(self):
        disk = self.base / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(disk)], capture_output=True
        )
        if mounted.returncode != 0:
            self.skipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", str(disk)])
        self.output = disk / "results"
        done = self.run_suite(*IDLE, "--rounds=50", "--only=poll_server")
        self.assertEqual(done.returncode, 74)
        self.assertIn("trials.ndjson: No space left on device", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertIn("1 active", done.stdout)  # the summary all the same
        self.assertEqual(self.record()["plan"]["rounds"], 50)
        whole = (self.output / "trials.ndjson").read_text().split("\n")[:-1]
        self.assertGreater(len([json.loads(line) for line in whole]), 1)


class Again(Run):
    """bench/run --report, on a run that nobody measured."""

    def made_up(self, **changes):
        write(self.output, whole_run(3, experiments=("idle", "churn"), **changes))

    def draw(self, charts: bool = False):
        """Most tests do without the charts: to draw them takes many times as long."""
        words = [*SUITE, f"--report={self.output}"]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=DEADLINE, env=self.variables(charts)
        )
        if not charts:
            done.stderr = "".join(line + "\n" for line in self.complaints(done.stderr))
        return done

    def written(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}

    def test_it_draws_again_and_the_same(self):
        self.made_up()
        self.assertEqual(self.draw(charts=True).returncode, 0)
        self.assert_charts("idle", "churn", "comparison")
        first = self.written()
        self.assertEqual(self.draw(charts=True).returncode, 0)
        self.assertEqual(first, self.written())

    def test_trials_that_are_packed_are_read_as_well(self):
        self.made_up()
        self.draw()
        plain = self.written()
        subprocess.run(["gzip", "-n", str(self.output / "trials.ndjson")], check=True)
        done = self.draw()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.written()["idle.tsv"], plain["idle.tsv"])
        (self.output / "trials.ndjson.gz").write_bytes(b"\x1f\x8b torn")
        done = self.draw()
        self.assertEqual(done.returncode, 64)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_of_the_floor_alone_the_report_says_that_no_server_was_measured(self):
        self.made_up()
        path = self.output / "trials.ndjson"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if '"floor"' in line))
        done = self.draw()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("No server was measured", done.stdout)
        self.assertTrue((self.output / "report.html").is_file())

    def test_what_somebody_else_or_an_older_version_wrote_is_refused_in_a_line(self):
        self.made_up()
        path = self.output / "trials.ndjson"
        old = path.read_text().replace('"schema":2', '"schema":1')
        for text in ("5\n", "[]\n", '{"hello":"world"}\n', old):
            with self.subTest(text[:20]):
                path.write_text(text)
                done = self.draw()
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                said = f"bench/run: {path}: not written by this version of bench/run\n"
                self.assertEqual(done.stderr, said)

    def test_a_field_that_is_missing_or_strange_ends_in_a_line_or_nothing(self):
        """Each field of the trials and of the environment, in --report and --compare."""
        trials = whole_run(1, experiments=("idle", "rate", "memory", "freeze"))
        write(self.output, trials)
        machine = self.record()
        fields = [("trials", key) for key in {key for trial in trials for key in trial}]
        for kind, key in fields + [("machine", key) for key in machine]:
            for strange in (None, "missing"):
                with self.subTest(f"{kind} {key} {strange}"):
                    self.check_strange(trials, machine, kind, key, strange)

    def check_strange(self, trials: list, machine: dict, kind: str, key: str, strange):
        def changed(record: dict) -> dict:
            rest = {k: v for k, v in record.items() if k != key}
            return rest if strange == "missing" or key not in record else {**record, key: strange}

        lines = [json.dumps(changed(t) if kind == "trials" else t) + "\n" for t in trials]
        (self.output / "trials.ndjson").write_text("".join(lines))
        record = changed(machine) if kind == "machine" else machine
        (self.output / "environment.json").write_text(json.dumps(record))
        folder = str(self.output)
        both = [[f"--report={folder}"], ["--compare", folder, folder]]
        for words in both if strange == "missing" else both[:1]:
            out, err = io.StringIO(), io.StringIO()
            with mock.patch.dict(os.environ, {"PATH": str(self.tools)}), \
                    mock.patch.object(suite_main, "inherit_nothing"), \
                    mock.patch.object(suite_main, "watch_signals"), \
                    redirect_stdout(out), redirect_stderr(err):
                status = suite_main.main(words)
            self.assertIn(status, (0, 64))
            if status == 64:
                self.assertEqual(len(err.getvalue().splitlines()), 1, err.getvalue())

    def test_files_of_somebody_else_are_not_listed(self):
        self.made_up()
        for name in ("mine.png", "notes/plan.tsv", "churn.tsv.bak", "other.svg"):
            (self.output / name).parent.mkdir(exist_ok=True)
            (self.output / name).write_text("")
        self.assertEqual(self.draw().returncode, 0)
        links = set(re.findall(r'href="([^"#]+)"', (self.output / "report.html").read_text()))
        self.assertFalse({link for link in links if "mine" in link or "notes" in link}, links)
        self.assertNotIn("other.svg", links)
        self.assertLessEqual({"churn.tsv", "trials.ndjson", "charts.gp"}, links)

    def test_an_environment_that_can_not_be_read_is_as_none(self):
        self.made_up()
        for record in (b"[1]", b'{"kernel":"\xfc"}', b'{"kern'):
            with self.subTest(record):
                (self.output / "environment.json").write_bytes(record)
                done = self.draw()
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_letters_that_the_terminal_has_not_end_nothing(self):
        self.output = self.base / "größe"
        self.made_up()
        words = [*SUITE, f"--report={self.output}"]
        poor = {**self.variables(draw=False), "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, env=poor)
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (0, []))
        self.assertIn("gr??e/report.html", done.stdout)

    def test_a_torn_last_line_is_left_out_and_said(self):
        self.made_up()
        with open(self.output / "trials.ndjson", "a") as file:
            file.write('{"round":9,"serv')
        done = self.draw()
        self.assertEqual(done.returncode, 0)
        self.assertIn("is not whole and is left out", done.stderr)

    def test_two_runs_can_be_put_side_by_side(self):
        self.made_up()
        words = [*SUITE, "--compare", str(self.output), str(self.output)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(len(done.stdout.splitlines()), 5)


if __name__ == "__main__":
    unittest.main()
