"""The whole benchmark, on tiny settings and with everything that can go wrong.

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
import shlex
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

from made_up import FOUR, ROOT, lines, write

import measure
import results
import servers
from experiments import EXPERIMENTS, WAITS
from options import TWIN, parse_options
from problem import Problem

# The file that is run as the program bench/suite: it has no name to import it by.
SPEC = importlib.util.spec_from_file_location("suite_main", ROOT / "bench/suite/__main__.py")
suite_main = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(suite_main)

BUILD = os.environ.get("FOUR_WAYS_BUILD", str(ROOT / "build"))
SUITE = [sys.executable, str(ROOT / "bench" / "suite"), f"--build={BUILD}"]
TINY = ["--rounds=1", "--cycles=2", "--turn=0.01", "--seed=1"]
IDLE = ["idle", "--idle=0,20", "--active=1,5"]
ODD = shlex.join([sys.executable, f"{ROOT}/tests/suite/odd_servers.py"])
DEADLINE = 180
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def odd(kind: str, *mark) -> str:
    return " ".join([f"--server=odd={ODD} {kind} {{port}}", *map(str, mark)])


def read_trials(folder: Path) -> list[dict]:
    """Every trial, with what its line says of all."""
    made = [json.loads(text) for text in (folder / "trials.ndjson").read_text().splitlines()]
    return [{**line, **trial} for line in made for trial in line["trials"]]


def whole_lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def processes(has) -> list[int]:
    """Those of whose words on the command line one satisfies `has`."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if any(map(has, words)):
            found.append(int(name))
    return sorted(found)


def processes_with(mark: str) -> list[int]:
    return processes(lambda word: word == mark)


def generators_of(server: int) -> list[int]:
    """loadgen's processes, the conductor first."""
    return processes(lambda word: re.search(rf"(^|,)pid={server}(,|$)", word))


def is_stopped(pid: int) -> bool:
    """By SIGSTOP: state T in proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def limit_files(number: int):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


class Run(unittest.TestCase):
    def setUp(self):
        self.base = Path(tempfile.mkdtemp(prefix="suite-test-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.output = self.base / "results"
        self.tools = self.base / "bin"
        self.tools.mkdir()

    def variables(self, draw: bool = False) -> dict[str, str]:
        more = {} if draw else {"PATH": str(self.tools)}
        return {**os.environ, "TMPDIR": str(self.base), **more}

    def words(self, *arguments: str) -> list[str]:
        return [*SUITE, *TINY, f"--output={self.output}", *arguments]

    def run_suite(self, *arguments: str, draw: bool = False, before=None):
        """`before` is done in the new process before the suite begins."""
        done = subprocess.run(
            self.words(*arguments), env=self.variables(draw), capture_output=True,
            timeout=DEADLINE, preexec_fn=before,
        )
        # Not text=True: that would make plain line ends of a bar's returns.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def complaints(self, stderr: str) -> list[str]:
        """Without those about the gnuplot that we took away."""
        return [line for line in stderr.splitlines()
                if "gnuplot" not in line and "--report" not in line]

    def assert_good(self, done):
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (0, []))

    def valid(self, name: str) -> list[bool]:
        """Of each of its trials."""
        return [t["valid"] for t in read_trials(self.output) if t["server"] == name]

    def record(self) -> dict:
        return json.loads((self.output / "environment.json").read_text())

    def wait_until(self, condition):
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)

    def build_of(self, *programs: str) -> Path:
        """A build folder with only these."""
        build = self.base / "build"
        for program in programs:
            (build / program).parent.mkdir(parents=True, exist_ok=True)
            (build / program).symlink_to(Path(BUILD) / program)
        return build


class Everything(Run):
    """All experiments in miniature, on a machine with few descriptors."""

    def test_every_experiment_leaves_its_trials_and_the_tables(self):
        done = self.run_suite("--quick", before=limit_files(300))
        self.assert_good(done)
        trials = read_trials(self.output)
        self.assertTrue(all(trial["valid"] for trial in trials))
        for experiment in EXPERIMENTS:
            if experiment.name == WAITS:
                continue
            own = [t for t in trials if t["experiment"] == experiment.name]
            twin = set() if experiment.name == "freeze" else {TWIN}
            floor = {"floor"} if experiment.floor else set()
            self.assertEqual({t["server"] for t in own}, {*FOUR, *twin, *floor}, experiment.name)
            self.assertTrue(all(0 < t["held"] <= 300 or t["mode"] == "churn" for t in own))
        frozen = [t for t in trials if t["experiment"] == "freeze"]
        self.assertEqual({t["mode"] for t in frozen}, {"closed", "open"})
        self.assertTrue(all(t["freeze"]["seconds"] > 0 for t in frozen))
        self.check_turns(trials)
        self.check_files()
        self.check_record(done.stdout)
        self.assertIsNone(CONTROL.search(done.stdout), done.stdout)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()))

    def check_turns(self, trials: list[dict]):
        """A figure for each cycle, and every server had one place in it."""
        for trial in trials:
            if trial["mode"] != "hold":
                self.assertEqual({len(x) for x in trial["turns"].values() if x is not None},
                                 {trial["cycles"]})
                self.assertEqual(sum(trial["turns"]["echoes"]), trial["echoes"])

    def check_files(self):
        for name in ("comparison.tsv", "figures.tsv", "waits.ndjson"):
            self.assertGreater(whole_lines(self.output / name), 20, name)
        self.assertEqual(list(self.output.glob("*.half")), [])
        self.assertGreater(len(list(self.output.glob("hgrm/latency-1/*.hgrm"))), 4)

    def check_record(self, said: str):
        record = self.record()
        self.assertEqual(record["plan"]["servers"]["floor"], "floor")
        self.assertEqual(record["plan"]["mode"], "quick")
        for text in (" ".join(record["remarks"]), " ".join(said.split())):
            self.assertIn("The limit of open files is 300", text)
        text = json.dumps(record)
        self.assertNotIn(str(ROOT), text)
        self.assertNotRegex(text, rf"\b{re.escape(os.uname().nodename)}\b")


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
    """Machines that lack something still give a run, and the run says what follows."""

    def check(self, remark: str, before):
        done = self.run_suite(*IDLE, "--only=poll_server", before=before)
        if done.returncode == 99:
            self.skipTest("this kernel has no seccomp filters")
        self.assert_good(done)
        self.assertIn(remark, " ".join(done.stdout.split()))
        self.assertIn(remark, " ".join(self.record()["remarks"]))
        self.assertEqual(self.valid("poll_server"), [True] * 4)

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
        done = self.run_suite("idle", "--only=epoll_et_server", before=limit_files(64))
        self.assert_good(done)
        self.assertIn("too few for 100, 900, 5,000 connections", " ".join(done.stdout.split()))
        self.assertLessEqual(max(t["held"] for t in read_trials(self.output)), 44)

    def test_a_limit_that_leaves_nothing_to_measure(self):
        done = self.run_suite("churn", before=limit_files(31))
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("bench/run: the limit of open files is 31: too few", done.stderr)
        self.assertFalse(self.output.exists())

    def test_an_infinite_limit_is_cut_to_what_experiments_need(self):
        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        with mock.patch.object(servers.resource, "getrlimit", return_value=infinite), \
                mock.patch.object(servers.resource, "setrlimit") as set_limit:
            self.assertEqual(servers.raise_limit(), servers.MOST_FILES)
        self.assertEqual(set_limit.call_args.args[1], (servers.MOST_FILES, infinite[1]))

    def test_a_busy_neighbour_is_reported(self):
        for _ in range(os.cpu_count()):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        done = self.run_suite("churn", "--only=poll_server")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Other programs used \d+% of the CPUs' time just before")
        during = " ".join(self.record()["remarks"])
        self.assertRegex(during, r"Other programs used \d+% of the CPUs' time during the run")


def read_chunk(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # EIO: the other side of the terminal is closed
        return b""


class Ways(Run):
    def test_on_a_terminal_there_is_a_bar_of_80_columns_at_most(self):
        try:
            master, slave = pty.openpty()
        except OSError as error:  # a chroot without /dev/pts, say
            self.skipTest(f"no pseudo-terminal here: {error.strerror}")
        process = subprocess.Popen(
            self.words(*IDLE, "--only=poll_server", "--rounds=3"), stdout=slave,
            stderr=subprocess.DEVNULL, env=self.variables(),
        )
        os.close(slave)
        seen = b""
        while chunk := read_chunk(master):
            seen += chunk
        os.close(master)
        self.assertEqual(process.wait(DEADLINE), 0)
        bars = [part for part in re.split(r"[\r\n]", seen.decode()) if "to go" in part]
        self.assertGreater(len(bars), 1)
        self.assertTrue(any("round 3/3 idle" in bar for bar in bars))
        for bar in bars:
            self.assertLessEqual(len(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", bar)), 80)

    def test_a_server_of_ones_own_takes_turns_with_the_four_everywhere(self):
        few = [e.name for e in EXPERIMENTS if e.name not in ("idle", "memory", "freeze", WAITS)]
        # In ten milliseconds a server in Python may not come to all beside streams.
        done = self.run_suite(*few, "--only=odd,epoll_lt_server", odd("echo"), "--turn=0.05",
                              before=limit_files(64))
        self.assert_good(done)
        own = [t for t in read_trials(self.output) if t["server"] == "odd"]
        self.assertEqual({t["experiment"] for t in own}, set(few))
        self.assertTrue(all(t["valid"] and t["server_use"]["cpu_seconds"] > 0 for t in own))
        self.assertEqual(self.record()["plan"]["servers"]["odd"], "mine")

    def test_select_ends_at_fd_setsize_and_is_not_asked_for_more(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 5200:
            self.skipTest("the limit of open files is too low to get there")
        few = ["idle", "--idle=5000", "--active=1", "--only=select_server,epoll_lt_server"]
        done = self.run_suite(*few, "--rounds=2")
        self.assert_good(done)
        (full,) = [t for t in read_trials(self.output) if t["limited_by"] == "server"]
        self.assertEqual((full["server"], full["round"], full["idle"]), ("select_server", 1, 5000))
        self.assertTrue(900 < full["held"] < 1024)

    def test_a_missing_peer_is_named_and_left_out(self):
        build = self.build_of("poll_server", "bench/loadgen/loadgen")
        done = self.run_suite("churn", "--peers", "--only=poll_server,libuv", f"--build={build}")
        self.assert_good(done)
        self.assertIn("Not built, because a library is missing: libuv.", done.stdout)
        self.assertEqual(self.valid("libuv"), [])

    def test_a_peer_that_this_system_does_not_allow_is_left_out(self):
        build = self.build_of("poll_server", "bench/loadgen/loadgen")
        peer = build / "bench" / "baseline" / "peers" / "io_uring"
        peer.parent.mkdir(parents=True)
        peer.write_text("#!/bin/sh\necho 'io_uring: not here' >&2\nexit 69\n")
        peer.chmod(0o755)
        words = ["churn", "--peers", "--only=io_uring,poll_server", "--rounds=2"]
        done = self.run_suite(*words, f"--build={build}")
        said = "bench/run: io_uring is left out: ended with status 69: io_uring: not here"
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (0, [said]))
        self.assertEqual(self.valid("poll_server"), [True] * 2)
        self.assertEqual(self.valid("io_uring"), [])


KINDS = {
    "refuses": ("ended with status 1: no, not today",),
    "silent": ("served 0 of 1 connections",),
    "wrong": ("wrong byte", "contract 1: every byte comes back"),
    "closes": ("contract 2: the server closes when",),
    "dies": ("ended with status 3: out of sorts",),
}


class BadServers(Run):
    """Each spoils its own trials, in one clear line, and no others."""

    def check(self, command: str, *expected: str):
        done = self.run_suite(*IDLE, "--only=odd,poll_server", command)
        self.assertEqual(done.returncode, 1)
        complaints = self.complaints(done.stderr)
        self.assertEqual(len(complaints), 2, done.stderr)
        for text in ("bench/run: odd, round 1, idle,", *expected):
            self.assertIn(text, complaints[0])
        self.assertIn("tests/conformance/conformance '", complaints[1])
        self.assertFalse(self.valid("odd")[-1])
        self.assertEqual(self.valid("poll_server"), [True] * 4)

    def test_each_kind(self):
        for kind, expected in KINDS.items():
            with self.subTest(kind):
                shutil.rmtree(self.output, ignore_errors=True)
                self.check(odd(kind), *expected)

    def test_one_that_is_not_there(self):
        self.check("--server=odd=/no/server {port}", "'/no/server' can't be run: No such file")

    def test_one_that_goes_to_the_background(self):
        command = "--server=odd=/bin/sh -c 'exit 0' {port}"
        self.check(command, "ended with status 0; it must stay in the foreground")

    def test_one_that_never_listens(self):
        options = parse_options([odd("deaf"), f"--build={BUILD}"])
        with mock.patch.object(servers, "READY_SECONDS", 1), \
                servers.running(options, ["odd"], 1, None) as (listening, failed):
            pass
        self.assertEqual(listening, [])
        said = r"^nothing listens on 127\.0\.0\.1 port \d+ after 1 s$"
        self.assertRegex(str(failed["odd"]), said)

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
                port = listener.getsockname()[1]
                self.assertEqual(servers.is_listening(port), expected, address)
        if not socket.has_dualstack_ipv6():
            return
        with socket.socket(socket.AF_INET6) as listener:  # as Java does
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("::ffff:127.0.0.1", 0))
            listener.listen()
            self.assertTrue(servers.is_listening(listener.getsockname()[1]))
        with socket.create_server(("::", 0), family=socket.AF_INET6) as listener:  # IPv6 alone
            self.assertFalse(servers.is_listening(listener.getsockname()[1]))

    def test_one_whose_command_starts_another_process(self):
        program = f"{BUILD}/poll_server --port=$0 --counters={self.base}/mark"
        command = f"sh -c '{program} & wait' {{port}}"
        (self.tools / "sh").symlink_to("/bin/sh")
        self.assert_good(self.run_suite(*IDLE, "--only=odd", "--server=odd=" + command))
        used = [t["server_use"]["cpu_seconds"] for t in read_trials(self.output)]
        self.assertTrue(all(seconds > 0 for seconds in used), used)
        self.assertEqual(processes_with(f"--counters={self.base}/mark"), [])

    def test_a_process_that_slept_while_another_one_answered(self):
        for cpu, woken, expected in ((1e-6, 0, False), (1e-6, 3, True), (0.01, 0, True)):
            use = {"cpu_seconds": cpu, "context_switches": {"voluntary": woken}}
            trial = {"valid": True, "echoes": 400, "server_use": use}
            measure.check_process(trial)
            self.assertEqual(trial["valid"], expected, (cpu, woken))

    def test_one_that_does_not_start_is_not_started_again(self):
        self.run_suite(*IDLE, "--only=odd,poll_server", odd("refuses"), "--rounds=3")
        self.assertEqual(self.valid("odd"), [False])
        self.assertEqual(self.valid("poll_server"), [True] * 12)

    def test_one_that_fails_again_and_again_is_reported_once_per_experiment(self):
        done = self.run_suite("churn", "fairness", "--only=odd", odd("silent"), "--rounds=2")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.valid("odd"), [False] * 4)
        told = [line for line in done.stderr.splitlines() if "failed" in line]
        self.assertEqual(len(told), 2, done.stderr)


class Interruptions(Run):
    """At any moment: what was measured is kept, no process stays behind."""

    def start(self, *arguments: str) -> subprocess.Popen:
        """Its server has our folder as a mark, by which to find it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.words(*arguments, "--only=odd"), stdout=pipe, stderr=pipe, text=True,
            env=self.variables(),
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also under nohup
        )

    def lines(self) -> int:
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

    def check_measuring(self, number: int):
        process = self.start(*IDLE, odd("echo", self.base), "--rounds=200")
        self.wait_until(lambda: self.lines() > 5)
        process.send_signal(number)
        _, err = self.finish(process, number)
        self.assertRegex(err, r"stopped; \d+ trials kept")
        self.assertGreater(len(read_trials(self.output)), 5)
        self.assertGreater(whole_lines(self.output / "figures.tsv"), 1)

    def test_ctrl_c_sigterm_and_a_closed_terminal_keep_what_was_measured_and_draw_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal.strsignal(number)):
                shutil.rmtree(self.output, ignore_errors=True)
                self.check_measuring(number)

    def test_before_the_first_trial(self):
        process = self.start(*IDLE, odd("echo", self.base))
        self.wait_until(lambda: self.output.exists() or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        self.finish(process, signal.SIGINT)
        self.assertEqual(self.lines(), 0)

    def test_while_connections_are_opened(self):
        few = ["idle", "--idle=0,1000", "--active=1", odd("slow", self.base)]
        process = self.start(*few, "--rounds=9")
        self.wait_until(lambda: self.lines() == 1)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        self.finish(process, signal.SIGTERM)
        self.assertEqual(self.valid("odd"), [True])

    def test_at_any_moment_between_two_loads(self):
        for delay in (0.0, 0.1, 0.2, 0.35):
            with self.subTest(delay):
                shutil.rmtree(self.output, ignore_errors=True)
                process = self.start("churn", odd("echo", self.base), "--rounds=50")
                self.wait_until(lambda: self.lines() > 0)
                time.sleep(delay)
                process.send_signal(signal.SIGINT)
                self.finish(process, signal.SIGINT)

    def freeze(self) -> subprocess.Popen:
        """It lasts for a moment only, so look at the server alone, once it is known."""
        process = self.start("freeze", odd("echo", self.base))
        servers = []

        def is_frozen() -> bool:
            if not any(Path(f"/proc/{pid}").exists() for pid in servers):
                servers[:] = processes_with(str(self.base))
            return any(map(is_stopped, servers))

        self.wait_until(lambda: is_frozen() or process.poll() is not None)
        self.assertIsNone(process.poll())
        return process

    def test_while_the_server_is_frozen(self):
        process = self.freeze()
        process.send_signal(signal.SIGINT)
        self.finish(process, signal.SIGINT)

    def test_a_generator_that_dies_leaves_no_server_frozen(self):
        process = self.freeze()
        (server,) = processes_with(str(self.base))
        os.kill(generators_of(server)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 1)
        self.assertIn("loadgen was ended by SIGKILL", err)
        self.assertEqual(processes_with(str(self.base)), [])
        self.assertEqual(generators_of(server), [])

    def test_no_process_is_left_behind_by_a_run_that_is_killed(self):
        process = self.freeze()
        process.kill()  # not even a chance to tidy up: the kernel must
        process.communicate()
        self.wait_until(lambda: not processes_with(str(self.base)))


class Files(Run):
    """Results folders and disks that don't do what one hopes."""

    def test_output_that_can_not_be_written_loses_no_results(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                self.words("churn", "--only=poll_server"), stdout=full, stderr=subprocess.PIPE,
                text=True, timeout=DEADLINE, env=self.variables(),
            )
        said = "bench/run: standard output: No space left on device"
        self.assertEqual((done.returncode, self.complaints(done.stderr)), (74, [said]))
        self.assertGreater(whole_lines(self.output / "figures.tsv"), 1)

    def test_output_that_is_lost_is_reported_unless_its_reader_has_left(self):
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

    def test_streams_that_are_closed_and_signals_that_are_ignored(self):
        """As a parent process may leave them."""

        def before():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
            os.closerange(0, 3)

        words = self.words("churn", "--only=odd", odd("dies"))
        done = subprocess.run(words, env=self.variables(), preexec_fn=before, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        reasons = [t["reason"] for t in read_trials(self.output) if not t["valid"]]
        self.assertIn("ended with status 3: out of sorts", reasons[0])

    def test_a_signal_that_was_blocked_ends_it_all_the_same(self):
        block = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # noqa: E731
        process = subprocess.Popen(
            self.words("churn", "--only=poll_server", "--rounds=500"), env=self.variables(),
            preexec_fn=block, **quiet,
        )
        self.wait_until(lambda: whole_lines(self.output / "trials.ndjson") > 0)
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 128 + signal.SIGTERM)

    def test_where_nothing_is_built_it_says_so_and_leaves_nothing(self):
        done = self.run_suite("churn", f"--build={self.base}")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^bench/run: \S+: there is nothing built in there\n$")
        self.assertFalse(self.output.exists())

    def test_a_load_generator_that_can_not_run_ends_it_in_a_clear_line(self):
        build = self.build_of("poll_server")
        loadgen = build / "bench" / "loadgen" / "loadgen"
        loadgen.parent.mkdir(parents=True)
        loadgen.write_text("")
        done = self.run_suite("churn", "--only=poll_server", f"--build={build}")
        self.assertEqual(done.returncode, 1)
        said = f"bench/run: {loadgen}: Permission denied: stopped; no trials kept"
        self.assertEqual(self.complaints(done.stderr), [said])

    def test_a_results_folder_that_can_not_be_written_is_reported_first(self):
        (self.base / "file").write_text("")
        self.output = self.base / "file" / "results"
        done = self.run_suite()
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn(f"--output={self.output}: can't be written", done.stderr)

    def test_a_folder_with_another_run_in_it_is_left_alone(self):
        self.output.mkdir()
        for name in ("trials.ndjson", "trials.ndjson.gz"):
            with self.subTest(name):
                (self.output / name).write_text("precious\n")
                done = self.run_suite()
                self.assertEqual(done.returncode, 64)
                said = f"--output={self.output}: there is a run in it already"
                self.assertIn(said, done.stderr)
                self.assertEqual([file.name for file in self.output.iterdir()], [name])
                (self.output / name).unlink()

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
        mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(disk)]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            self.skipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", str(disk)])
        self.output = disk / "results"
        done = self.run_suite(*IDLE, "--rounds=50", "--only=poll_server")
        self.assertEqual(done.returncode, 74)
        self.assertIn("trials.ndjson: No space left on device", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(self.record()["plan"]["rounds"], 50)
        whole = (self.output / "trials.ndjson").read_text().split("\n")[:-1]
        self.assertGreater(len([json.loads(line) for line in whole]), 1)


class Again(Run):
    """bench/run --report and --compare, on a run that was never measured."""

    def made_up(self):
        write(self.output, lines(["idle", "churn"]))

    def draw(self, **variables: str):
        done = subprocess.run(
            [*SUITE, f"--report={self.output}"], capture_output=True, text=True, timeout=DEADLINE,
            env=self.variables() | variables,
        )
        done.stderr = "".join(line + "\n" for line in self.complaints(done.stderr))
        return done

    def written(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}

    def test_it_draws_again_and_the_same_also_from_packed_trials(self):
        self.made_up()
        self.assertEqual(self.draw().returncode, 0)
        first = self.written()
        subprocess.run(["gzip", "-n", str(self.output / "trials.ndjson")], check=True)
        self.assertEqual(self.draw().returncode, 0)
        self.assertEqual(self.written()["figures.tsv"], first["figures.tsv"])
        (self.output / "trials.ndjson.gz").write_bytes(b"\x1f\x8b torn")
        done = self.draw()
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (64, 1))

    def test_a_field_that_is_missing_or_strange_ends_in_a_line_or_nothing(self):
        """Each field of the trials and of the environment."""
        trials = lines(["idle", "latency", "memory", "freeze"], rounds=1)
        write(self.output, trials)
        machine = self.record()
        parts = {"line": trials[0], "trial": trials[0]["trials"][0], "machine": machine}
        for kind, record in parts.items():
            for key in record:
                for strange in (None, "missing"):
                    with self.subTest(f"{kind} {key} {strange}"):
                        self.check_strange(trials, machine, kind, key, strange)

    def check_strange(self, trials: list, machine: dict, kind: str, key: str, strange):
        def changed(record: dict) -> dict:
            rest = {k: v for k, v in record.items() if k != key}
            return rest if strange == "missing" else {**record, key: strange}

        if kind == "trial":
            made = [{**line, "trials": [changed(t) for t in line["trials"]]} for line in trials]
        else:
            made = [changed(line) if kind == "line" else line for line in trials]
        text = "".join(json.dumps(line) + "\n" for line in made)
        (self.output / "trials.ndjson").write_text(text)
        record = changed(machine) if kind == "machine" else machine
        (self.output / "environment.json").write_text(json.dumps(record))
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.dict(os.environ, {"PATH": str(self.tools)}), \
                mock.patch.object(suite_main, "inherit_nothing"), \
                mock.patch.object(suite_main, "watch_signals"), \
                redirect_stdout(out), redirect_stderr(err):
            status = suite_main.main([f"--report={self.output}"])
        self.assertIn(status, (0, 64))
        if status == 64:
            self.assertEqual(len(err.getvalue().splitlines()), 1, err.getvalue())

    def test_an_environment_that_can_not_be_read_is_as_none(self):
        self.made_up()
        for record in (b"[1]", b'{"kernel":"\xfc"}', b'{"kern'):
            with self.subTest(record):
                (self.output / "environment.json").write_bytes(record)
                done = self.draw()
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_letters_that_the_terminal_does_not_have_end_nothing(self):
        self.output = self.base / "größe"
        self.made_up()
        done = self.draw(PYTHONIOENCODING="ascii")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_torn_last_line_is_left_out_and_reported(self):
        self.made_up()
        with open(self.output / "trials.ndjson", "a") as file:
            file.write('{"round":9,"serv')
        done = self.draw()
        self.assertEqual(done.returncode, 0)
        self.assertIn("is not whole and is left out", done.stderr)

    def test_two_runs_can_be_put_side_by_side_also_of_another_version(self):
        self.made_up()
        words = [*SUITE, "--compare", str(self.output), str(self.output)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(len(done.stdout.splitlines()), 5)
        trials = self.output / "trials.ndjson"
        trials.write_text(trials.read_text().replace('"schema": 3', '"schema": 2'))
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
        said = f"bench/run: {trials}: not written by this version of bench/run\n"
        self.assertEqual((done.returncode, done.stderr), (64, said))


if __name__ == "__main__":
    unittest.main()
