"""What the book and the course hand out is run as readers run it, and does what is said of it.

    tests/book/test_examples.py [-v] [CASE]

Needs the programs that `ninja -C build` makes.
"""

import ctypes
import errno
import platform
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import tomllib
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote

import book

BUILD = Path(book.HERE["MESON_BUILD_ROOT"])
CONFORMANCE = BUILD / "tests/conformance/conformance"
SERVERS = ("select_server", "poll_server", "epoll_lt_server", "epoll_et_server")
ANSWERS = book.DOCS / "teaching/answers"
EXERCISES = book.sources()["teaching/exercises.adoc"] + (ANSWERS / "exercises.adoc").read_text()
THREE_CLIENTS = book.DOCS / "sessions/three-clients"
ACCEPT4 = {"x86_64": 288, "aarch64": 242}  # the number of the system call
OURS = "{} --port={{port}} {{options}}"  # the command of a server with our options


def run(*command, cwd: Path = book.ROOT, **more) -> subprocess.CompletedProcess:
    """What it printed is on one stream, as in a terminal."""
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, timeout=book.SECONDS, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more,
    )


def block_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])


def forbid_accept():
    """accept4 fails with EPERM in this process from now on: seccomp(2)."""
    program = struct.pack(
        "HBBIHBBIHBBIHBBI",
        0x20, 0, 0, 0,  # the number of the system call
        0x15, 0, 1, ACCEPT4[platform.machine()],  # another one: skip the next line
        0x06, 0, 0, 0x00050000 | errno.EPERM,
        0x06, 0, 0, 0x7FFF0000,  # allowed
    )
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, header):
        raise OSError("no seccomp here")


def hold(command: str, case: str = "") -> subprocess.CompletedProcess:
    """The contract's cases with that in their name, on a server that is started so."""
    return run(CONFORMANCE, f"--case={case}", command)


def connect(port: int) -> socket.socket:
    """To a server that has just been started, as soon as it listens."""
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=book.SECONDS)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError(f"no server listens on port {port}")


def compile_edited(folder: Path, server: str, path: str, old: str, new: str) -> Path:
    """A copy of a server in which one place of a file is another, built."""
    for part in ("echo", server):
        shutil.copytree(book.ROOT / part, folder / part, ignore=shutil.ignore_patterns(server))
    file = folder / path
    text = file.read_text()
    if text.count(old) != 1:
        raise AssertionError(f"{path}: '{old}' is there {text.count(old)} times")
    file.write_text(text.replace(old, new))
    built = run("sh", "-c", f"cc -D_GNU_SOURCE -Iecho -o server {server}/*.c echo/*.c", cwd=folder)
    if built.returncode:
        raise AssertionError(built.stdout)
    return folder / "server"


class InAFolder(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="four-ways-examples-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Bridge(InAFolder):
    program = book.DOCS / "examples/bridge.py"

    def test_it_echoes_in_all_four_ways(self):
        for way in ("select", "poll", "epoll_lt", "epoll_et"):
            with self.subTest(way=way):
                done = hold(f"{quote(str(self.program))} {way} {{port}}", "echo-")
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_one_client_that_does_not_read_stops_it(self):
        """As chapter 7 says; else it has learned backpressure, and the chapter is wrong."""
        done = hold(f"{quote(str(self.program))} epoll_lt {{port}}", "backpressure-one-stalled")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("bridge: listening on", done.stdout)  # it did start

    def test_a_wrong_call_is_told_how_to_call(self):
        done = run(self.program, "epol", 10001)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bridge.py select|poll|epoll_lt|epoll_et PORT", done.stdout)


class FirstServers(InAFolder):
    """The small servers of chapter 1."""

    # What is still wrong with the first event loop: each case that chapter 1 names there.
    FAULTS = (
        "backpressure-one-stalled", "failure-reset-found-with-data", "full-no-descriptors",
        "full-beyond-fd-setsize", "signals-sigterm-busy", "urgent-alone",
    )

    def compile(self, name: str, *options: str, change: tuple[str, str] = ("", "")) -> Path:
        source, program = self.folder / f"{name}.c", self.folder / name
        text = (book.DOCS / "examples" / f"{name}.c").read_text()
        self.assertIn(change[0], text)
        source.write_text(text.replace(*change))
        done = run("cc", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *options, "-o", program, source)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        return program

    def test_they_compile_without_a_warning(self):
        for name in ("blocking_server", "first_server"):
            self.compile(name, "-std=c11", "-D_GNU_SOURCE", "-O2")

    def test_the_first_event_loop_serves_several_clients(self):
        c, python = self.compile("first_server"), book.DOCS / "examples/first_server.py"
        for server in (c, python):
            with self.subTest(server=server.name):
                done = hold(f"{quote(str(server))} {{port}}", "echo-")
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, r"passed +echo-two-hundred-interleaved")

    def test_it_still_has_the_faults_that_the_chapter_shows(self):
        server = f"{quote(str(self.compile('first_server')))} {{port}}"
        chapter = book.sources()["book/01-the-problem.adoc"]
        with ThreadPoolExecutor(3) as at_once:  # they mostly wait for a server that hangs
            held = at_once.map(lambda case: hold(server, case), self.FAULTS)
            for case, done in zip(self.FAULTS, held):
                with self.subTest(case=case):
                    self.assertIn(f"case:{case}[]", chapter)
                    self.assertRegex(done.stdout, rf"(?m)^FAILED +{case} ")

    def test_a_send_that_does_not_wait_loses_bytes(self):
        server = self.compile("first_server", change=("length, 0);", "length, MSG_DONTWAIT);"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen([server, str(port)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with connect(port) as client:
            client.sendall(bytes(20_000_000))
            client.shutdown(socket.SHUT_WR)
            received = 0
            while part := client.recv(1 << 16):
                received += len(part)
        self.assertGreater(received, 0)
        self.assertLess(received, 20_000_000)


class Answers(InAFolder):
    def test_the_missing_server_keeps_the_contract(self):
        done = hold(f"{quote(str(ANSWERS / 'selectors_server.py'))} {{port}}")
        self.assertEqual(done.returncode, 0, done.stdout)

    def start(self, **more) -> tuple[subprocess.Popen, int]:
        """The missing server on a free port, which is returned."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [ANSWERS / "selectors_server.py", str(port)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.assertIn("listening on", process.stdout.readline())
        return process, port

    @unittest.skipUnless(platform.machine() in ACCEPT4, "the number of accept4 is not known here")
    def test_the_missing_server_waits_when_accept_is_refused(self):
        process, port = self.start(preexec_fn=forbid_accept)
        with socket.create_connection(("127.0.0.1", port)):
            self.assertTrue(select.select([process.stderr], [], [], 60)[0], "it says nothing")
            said = process.stderr.readline()
        self.assertEqual(said, "selectors_server: full: Operation not permitted\n")

    def test_the_missing_server_ends_well_though_signals_were_blocked_and_its_reader_has_left(self):
        process, port = self.start(preexec_fn=block_signals)
        process.stdout.close()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"still here")
            self.assertEqual(client.recv(100), b"still here")
        process.terminate()
        self.assertEqual((process.wait(book.SECONDS), process.stderr.read()), (0, ""))
        process.stdout = None

    def test_the_missing_server_notices_a_full_disk(self):
        server = quote(str(ANSWERS / "selectors_server.py"))
        done = run("sh", "-c", f"exec {server} 0 >/dev/full")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "selectors_server: standard output: No space left on device\n")

    def test_no_server_is_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = str(taken.getsockname()[1])
            for words in [
                (ANSWERS / "stalled_client.py", "1", "0"),
                (book.DOCS / "examples/bridge.py", "poll", busy),
            ]:
                with self.subTest(words=words):
                    done = run(*words)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stdout.count("\n"), 1, done.stdout)

    def test_the_missing_server_starts_badly_in_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            busy = str(taken.getsockname()[1])
            for words, said in [([], "usage: "), (["x"], "usage: "), (["99999"], "99999"), ([busy], busy)]:
                with self.subTest(words=words):
                    done = run(ANSWERS / "selectors_server.py", *words)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
                    self.assertIn(said, done.stdout)

    def stall(self, server: Path) -> tuple[int, int]:
        """The bytes that a client which never reads gets rid of, and the server's KiB then."""
        log = self.folder / "log"
        with log.open("w") as out, subprocess.Popen([server, "--port=0"], stdout=out) as process:
            try:
                while not (port := re.search(r":(\d+)$", log.read_text(), re.M)):
                    self.assertIsNone(process.poll())
                    time.sleep(0.02)
                done = run(ANSWERS / "stalled_client.py", port[1], "0")
                self.assertEqual(done.returncode, 0, done.stdout)
                sent = re.fullmatch(r"(\d+) bytes were taken, and then no more\n", done.stdout)
                status = Path(f"/proc/{process.pid}/status").read_text()
                return int(sent[1]), int(re.search(r"VmHWM:\s+(\d+)", status)[1])
            finally:
                process.terminate()

    def test_a_client_that_does_not_read_is_held(self):
        sent, memory = self.stall(BUILD / "poll_server")
        self.assertGreater(sent, 64 * 1024)
        self.assertLess(memory, 16 * 1024)

    def test_the_sample_claim_holds_and_can_fail(self):
        sample = re.search(r"\[source,c\]\n----\n(/\* The reading end.*?)\n----", EXERCISES, re.S)[1]
        name = re.search(r"START_TEST\((\w+)\)", sample)[1]
        for expected, status in (("POLLHUP", 0), ("POLLIN", 1)):
            with self.subTest(expected=expected):
                folder = self.folder / expected
                shutil.copytree(book.ROOT / "tests/kernel", folder)
                file = folder / "poll_claims.c"
                text = file.read_text().replace(
                    "TCase *poll_claims(void)", sample.replace("POLLHUP", expected) + "\n\nTCase *poll_claims(void)"
                ).replace("    return claims;", f"    tcase_add_test(claims, {name});\n    return claims;")
                file.write_text(text)
                built = run("sh", "-c", "cc -D_GNU_SOURCE -o claims *.c $(pkg-config --cflags --libs check)", cwd=folder)
                self.assertEqual(built.returncode, 0, built.stdout)
                done = run(folder / "claims", env={**book.HERE, "CK_RUN_CASE": "poll"})
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertRegex(done.stdout, rf"(?m)^{'not ' if status else ''}ok .*{name}")

    def test_the_removed_line_fails_the_cases_that_are_named(self):
        """Without it short messages pass, and these cases don't, but for a rare stroke of luck."""
        line = re.search(r"for instance, removes `(.*?)`", EXERCISES)[1]
        server = OURS.format(quote(str(compile_edited(
            self.folder, "epoll_et_server", "epoll_et_server/epoll_et_server.c", f" {line}\n", " ;\n"
        ))))
        named = re.split(", | and ", re.search(r"These fail nearly always: (.*?)\.", EXERCISES)[1])
        failed = [case for case in named if hold(server, case).returncode == 1]
        self.assertGreaterEqual(len(named), 4)
        self.assertTrue(failed)  # each has its luck now and then
        self.assertEqual(hold(server, "echo-one-byte-and-wait").returncode, 0)


class Exercises(InAFolder):
    checked = re.findall(r"^Checked by:: (.*)$", EXERCISES, re.M)

    def commands(self, program: str) -> list[str]:
        found = [c.strip("+") for c in re.findall(r"`(.*?)`", EXERCISES)]
        return [command for command in found if command.startswith(program)]

    def test_there_are_twelve_and_each_is_checked_by_the_lab(self):
        """The items that are named exist, with the titles and times that stand here."""
        self.assertEqual(len(self.checked), 12)
        for number, text in enumerate(self.checked, 1):
            with self.subTest(exercise=number):
                self.assertIn("`lab check`", text)
                self.assertIn(f"lab start exercise-{number} DIR", text)
                folder = next((book.ROOT / "lab/exercises").glob(f"{number:02}-*"))
                title = tomllib.loads((folder / "exercise.toml").read_text())["title"]
                self.assertIn(f"\n== {number}. {title} (", EXERCISES)

    def test_bench_run_takes_the_options_that_are_named(self):
        commands = self.commands("bench/run")
        self.assertGreater(len(commands), 3)
        for command in commands:
            with self.subTest(command=command):
                asked = command.replace("NUMBER", "100").replace("COMMAND", "true")
                done = run("sh", "-c", f"{asked} --list")
                self.assertEqual(done.returncode, 0, done.stdout)


class ThreeClients(InAFolder):
    def test_the_story_is_the_same_each_time(self):
        for server in SERVERS:
            with self.subTest(server=server):
                first, second = (run(THREE_CLIENTS, BUILD / server) for _ in range(2))
                self.assertEqual(first.returncode, 0, first.stdout)
                self.assertEqual(first.stdout, second.stdout)
                self.assertEqual(len(re.findall(r"(?m)^-- ", first.stdout)), 6)

    def test_a_server_that_changes_bytes_is_found_out(self):
        server = compile_edited(
            self.folder, "poll_server", "echo/connection.c",
            "send(connection->fd, bytes,", 'send(connection->fd, "######",',
        )
        done = run(THREE_CLIENTS, server)
        self.assertEqual(done.returncode, 1)
        self.assertIn("three-clients: A received b'####' for b'one\\n'", done.stdout)

    def test_calls_that_are_wrong(self):
        for words, status, said in [
            ([], 64, "three-clients SERVER"),
            (["--help"], 0, "three-clients SERVER"),
            ([self.folder / "none"], 1, "No such file or directory"),
            (["true"], 1, "the server has ended"),
        ]:
            with self.subTest(words=words):
                done = run(THREE_CLIENTS, *words)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(said, done.stdout)


if __name__ == "__main__":
    unittest.main()
