"""conformance itself: the verdict on servers that are known, and what it prints.

    FOUR_WAYS_BUILD=build python3 tests/conformance_tool/test_tool.py
"""

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

BUILD = Path(os.environ.get("FOUR_WAYS_BUILD", "build")).absolute()
CONFORMANCE = str(BUILD / "tests/conformance/conformance")
FAKE = str(Path(__file__).with_name("fake_server.py").absolute())
QUIET = "backpressure-quiet-afterwards"  # a case that looks at the CPU time
DEADLINE = int(os.environ.get("TOOL_DEADLINE", 120))


def fake(fault: str = "good", mark: str = "") -> str:
    return f"{shlex.join([sys.executable, FAKE])} {{port}} {fault} {mark}"


def wrapped(fault: str = "good", mark: str = "") -> str:
    return f"sh -c {shlex.quote(fake(fault, mark) + '; true')}"


def run(*arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [CONFORMANCE, *arguments], text=True, timeout=DEADLINE, check=False,
        **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more),
    )


def processes_with(word: str) -> list[int]:
    """The processes that have this word in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def await_processes(word: str, wanted: bool) -> bool:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if bool(processes_with(word)) == wanted:
            return True
        time.sleep(0.05)
    return False


class Tool(unittest.TestCase):
    def assert_passes(self, command: str, case: str, **more) -> None:
        done = run(f"--case={case}", command, **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\n[1-9]\d* passed, 0 failed, \d+ skipped\n$")

    def assert_fails(self, command: str, case: str, why: str, **more) -> str:
        done = run(f"--case={case}", command, **more)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(why, done.stdout + done.stderr)
        return done.stdout

    def assert_refused(self, *arguments: str, status: int, why: str, **more) -> None:
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, rf"^conformance: .*{why}.*\n$")


class Wrappers(Tool):
    """The server is the process that holds the listening socket."""

    def test_a_good_one_passes(self):
        for case in (QUIET, "half-close-found-together", "signals-sigterm-idle"):
            self.assert_passes(wrapped(), case)

    def test_a_spinning_one_fails(self):
        self.assert_fails(wrapped("spin"), QUIET, "had nothing to do, but used")

    def test_a_daemon_is_found(self):
        for case in (QUIET, "signals-sigterm-idle"):
            self.assert_passes(fake("daemon"), case)

    def test_workers_are_found(self):
        for case in (QUIET, "half-close-with-data-at-once", "signals-sigterm-idle"):
            self.assert_passes(fake("workers"), case)

    def test_how_it_ended_is_passed_on(self):
        """A shell and a sandbox end with 128 + N when signal N has ended the server."""
        for fault, how in (("crash", "killed by SIGSEGV "), ("exit", "ended with status 3\n")):
            command = f"sh -c {shlex.quote(fake(fault) + '; exit $?')}"
            done = run("--tap", "--case=lab-one-line", "--patience=1", command)
            self.assertIn(f"# server: {how}", done.stdout)

    def test_nothing_is_left(self):
        mark = f"mark-{os.getpid()}-left"
        self.assert_passes(wrapped("good", mark), "echo-all-byte-values")
        self.assertEqual(processes_with(mark), [])

    def test_nothing_is_left_when_it_is_ended(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            mark = f"mark-{os.getpid()}-{number}"
            command = [CONFORMANCE, "--case=timeouts-never", wrapped("good", mark)]
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, start_new_session=True
            ) as conformance:
                self.assertTrue(await_processes(mark, True))
                conformance.send_signal(number)
                self.assertEqual(conformance.wait(DEADLINE), -number)
            self.assertTrue(await_processes(mark, False))


class Memory(Tool):
    def test_a_leak_of_a_kibibyte_fails(self):
        self.assert_fails(wrapped("leak"), "failure-reset-before", "the server's memory grew all along")

    def test_growth_that_ends_passes(self):
        self.assert_passes(fake("grow"), "failure-reset-before")


class Listening(Tool):
    def test_on_the_other_loopback_or_late(self):
        for fault in ("ipv6-only", "dual-stack", "slow"):
            self.assert_passes(fake(fault), "backpressure-quiet-when-half-closed")

    def test_not_at_all(self):
        start = time.monotonic()
        self.assert_fails("false {port}", "", "the server was gone: ended with status 1")
        self.assertLess(time.monotonic() - start, DEADLINE / 2)


class Surroundings(Tool):
    """What the process that starts conformance has done to itself."""

    def test_signals(self):
        def spoil():
            every = range(1, signal.NSIG)
            signal.pthread_sigmask(signal.SIG_BLOCK, every)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
                signal.signal(number, signal.SIG_IGN)
            signal.alarm(1)

        self.assert_passes(fake("good"), "signals-sig", preexec_fn=spoil)

    def test_libcheck_variables(self):
        for name in ("CK_RUN_CASE", "CK_RUN_SUITE", "CK_INCLUDE_TAGS"):
            self.assert_fails(
                "false {port}", "", "the server was gone", env=os.environ | {name: "x"}
            )
        self.assert_passes(fake(), "echo-sizes", env=os.environ | {"CK_FORK": "no", "IFS": "p"})

    def test_descriptors(self):
        with open(os.devnull, "rb") as file:
            os.set_inheritable(file.fileno(), True)
            self.assert_passes(fake(), "echo-sizes", close_fds=False)

    def test_limits(self):
        def limit(kind, value):
            return lambda: resource.setrlimit(kind, (value, value))

        done = run(
            "--case=echo-two-hundred", fake(), preexec_fn=limit(resource.RLIMIT_NOFILE, 220)
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("skipped echo-two-hundred-interleaved: only 220 desc", done.stdout)
        self.assert_refused(
            fake(), status=1, why="ulimit -Hf", preexec_fn=limit(resource.RLIMIT_FSIZE, 0)
        )


class Output(Tool):
    def test_a_command_that_is_none(self):
        for command, why in (
            ("python3 'x {port}", "not closed"),
            ("a {port}; b", "outside quotes"),
            ("a $FOUR_WAYS_UNSET {port}", "not set"),
            ("/no/such/program {port}", "No such file"),
            ("no-such-program {port}", "No such file"),
            ("/etc/passwd {port}", "Permission denied"),
        ):
            self.assert_refused(command, status=64, why=why)

    def test_output_that_is_lost(self):
        with open("/dev/full", "wb") as full:
            for arguments in (["--list"], [fake()], ["--tap", fake()], ["--help"]):
                self.assert_refused(
                    *arguments, status=1, why="No space left", stdout=full, stderr=-1
                )
        self.assert_refused("--tap=/dev/full", fake(), status=1, why="/dev/full")
        self.assert_refused("--list", status=1, why="standard output", preexec_fn=lambda: os.close(1))

    def test_a_reader_that_is_gone(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            done = run("--case=echo-sizes", fake(), stdout=gone)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_reader_that_is_slow_and_a_pipe_that_does_not_block(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with subprocess.Popen(
            [CONFORMANCE, "--case=echo-", "--jobs=8", fake("noisy")], stdout=writer
        ) as conformance:
            os.close(writer)
            time.sleep(1)
            with os.fdopen(reader) as pipe:
                text = pipe.read()
            self.assertEqual(conformance.wait(DEADLINE), 1)
        self.assertRegex(text, r"\n\d+ passed, \d+ failed, 0 skipped\n$")

    def test_a_failure_can_be_repeated(self):
        script = fake("noisy") + """; echo "it's $HOME" """
        command = f"sh -c {shlex.quote(script)}"
        text = self.assert_fails(command, "echo-each-byte-value", "byte 1 of 1 came back as")
        repeat = text[text.index("To repeat") :].splitlines()[1]
        self.assertEqual(shlex.split(repeat)[-1], command)
        again = subprocess.run(repeat, shell=True, capture_output=True, text=True, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("FAILED  echo-each-byte-value", again.stdout)

    def test_only_the_first_and_last_lines_are_shown(self):
        text = self.assert_fails(fake("noisy"), "echo-each-byte-value", "line 999")
        self.assertIn("... 980 lines left out ...", text)
        self.assertLess(len(text.splitlines()), 50)

    def test_output_without_end_has_no_room(self):
        self.assert_passes(fake("endless"), "echo-each-byte-value")

    def test_tap(self):
        done = run("--case=echo-", "--jobs=8", "--tap", fake("noisy"))
        lines = done.stdout.splitlines()
        results = [line for line in lines[1:] if not line.startswith("# ")]
        labels = {line.split(":")[0] for line in lines if line.startswith("# ")}
        self.assertEqual(labels, {"# saw", "# expected", "# stderr", "# at"})
        self.assertEqual(lines[0], f"1..{len(results)}")
        for number, line in enumerate(results, 1):
            self.assertRegex(line, rf"^(not )?ok {number} - 01 echo-[a-z-]+$")



class Learner(Tool):
    """What a failed case says: what the client saw and expected, how the server ended."""

    def facts(self, fault: str, case: str) -> dict[str, list[str]]:
        """Of the first case that failed: the comments with each label.  People see the same."""
        done = run("--tap", f"--case={case}", "--patience=1", fake(fault))
        self.assertEqual(done.returncode, 1, done.stdout)
        found: dict[str, list[str]] = {}
        for line in done.stdout[done.stdout.index("\nnot ok") + 1 :].splitlines()[1:]:
            if not line.startswith("# "):
                break
            label, fact = line[2:].split(": ", 1)
            found.setdefault(label, []).append(fact)
            self.assertIn(f"    {label}: {fact}\n", done.stderr)
        return found

    def assert_saw(self, fault: str, case: str, saw: str, expected: str) -> dict[str, list[str]]:
        facts = self.facts(fault, case)
        self.assertRegex(facts["saw"][0], f"^{saw}$")
        self.assertRegex(facts["expected"][0], f"^{expected}$")
        self.assertRegex(facts["at"][0], r"^[a-z_]+\.c:\d+$")
        return facts

    def test_a_hang_and_how_far_it_came(self):
        facts = self.assert_saw(
            "hang", "echo-sizes", "no byte for 1 s after 4 of 1,024 bytes", "all 1,024 bytes,.*"
        )
        self.assertEqual(set(facts), {"saw", "expected", "at"})
        self.assert_saw(
            "hang", "echo-sixteen", "no byte for 1 s after 4,096 .*, which the client had all sent, and its FIN",
            "all 16,777,216 bytes, unchanged and in order",
        )
        self.assert_saw(
            "hang", "lab-short-messages",
            r"connection \d+ of 20: no byte for 1 s after 4,096 of [\d,]+ bytes", "all .*",
        )

    def test_an_end_that_does_not_come(self):
        self.assert_saw(
            "open", "echo-one-byte-a-send",
            "all 20,000 bytes came back, but the connection was still open 1 s later, while .*",
            "the server closes it after the client's FIN, .*",
        )

    def test_which_bytes_came_instead(self):
        sixteen = "all 16,777,216 bytes, unchanged and in order"
        for fault, case, found, expected in (
            ("lost", "echo-sixteen", "those from byte 16 on: 8 were missing", sixteen),
            ("again", "echo-sixteen", "those from byte 0 on a second time", sixteen),
            ("noisy", "echo-sixteen", "bytes that this client never sent", sixteen),
            ("foreign", "echo-two-hundred", "bytes that belong to another connection", "all .*"),
        ):
            with self.subTest(fault=fault):
                self.assert_saw(fault, case, rf".* bytes came back right, then {found}", expected)

    def test_a_server_that_is_gone(self):
        for fault, server, line in (
            ("crash", "killed by SIGSEGV (Segmentation fault)", None),
            ("exit", "ended with status 3", "no memory left"),
        ):
            with self.subTest(fault=fault):
                facts = self.facts(fault, "lab-one-line")
                self.assertEqual(facts["server"], [server])
                self.assertEqual(facts.get("stderr"), line and [line])

    def test_a_server_for_one_client(self):
        """The first one is ours, which only looks whether the server answers."""
        done = run("--tap", "--case=lab-one-line", "--patience=1", fake("once"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("ended with status 0", done.stdout)

    def test_a_sanitizer_s_report_comes_first(self):
        facts = self.facts("sanitizer", "lab-one-line")
        self.assertEqual(facts["server"], ["ended with status 1"])
        self.assertEqual(facts["stderr"][0], "... 100 lines left out ...")
        self.assertIn("ERROR: AddressSanitizer: heap-buffer-overflow", facts["stderr"][1])
        self.assertEqual(facts["stderr"][2:], [str(number) for number in range(19)])

    def test_no_server_at_all(self):
        done = run("--tap", "--patience=1", "sleep 100{port}")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stdout,
            r"^1\.\.\d+\n# saw: no connection to port \d+ in 6 s\n"
            r"# expected: .*\n# at: .*\nBail out! no connection to port \d+ in 6 s\n$",
        )


class Choice(Tool):
    """--case and --list."""

    def listed(self, *arguments: str) -> list[str]:
        done = run("--list", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_a_whole_name_is_one_case(self):
        name = "failure-reset-half-closed"
        self.assertEqual(self.listed(f"--case={name}"), [name])
        self.assertEqual(self.listed("--case=echo-s"), ["echo-sizes", "echo-sixteen-mebibytes"])

    def test_names_between_commas(self):
        asked = "--case=urgent-al,echo-sizes,failure-reset-half-closed"
        found = ["echo-sizes", "failure-reset-half-closed", "urgent-alone"]
        self.assertEqual(self.listed(asked), found)
        done = run("--tap", asked.replace("urgent-al,", "echo-sizes,"), fake())
        self.assertEqual(done.stdout.splitlines()[0], "1..2")

    def test_each_name_must_be_one(self):
        for cases, wrong in (
            ("echo-sizes,none", "none"),
            ("echo-sizes,", ""),
            ("full-max-connections,echo-sizes", "full-max-connections"),
        ):
            self.assert_refused(f"--case={cases}", fake(), status=64, why=f"--case={wrong}: no case")

    def test_the_lab_s_cases_run_only_when_named(self):
        named = self.listed("--case=lab-")
        self.assertIn("lab-one-line", named)
        self.assertEqual(self.listed("--case="), [c for c in self.listed() if c not in named])
        self.assertEqual(self.listed()[-len(named) :], named)
        self.assertNotIn("lab-one-line", self.listed("--case=one"))
        self.assert_passes(fake(), "lab-")


if __name__ == "__main__":
    unittest.main()
