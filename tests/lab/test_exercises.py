"""The twelve exercises: right answers pass, an empty form and typical wrong answers don't.

    FOUR_WAYS_BUILD=build python3 tests/lab/test_exercises.py [TEST]

Nothing here depends on how fast the machine is, but for the two exercises that are about it:
they get figures that are made up, or differences that no noise could hide.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.setdefault("FOUR_WAYS_BUILD", str(ROOT / "build"))).absolute()
os.environ.setdefault("LAB_CONFORMANCE", str(BUILD / "tests/conformance/conformance"))
sys.path.insert(0, str(ROOT / "lab/command"))

import course  # noqa: E402
import exercises  # noqa: E402
from check import Check  # noqa: E402
from exercises import live, predict_chart, where_poll_loses, which_server  # noqa: E402
from folder import NOT_HANDED_OUT  # noqa: E402
from results import ERROR, FAILED, NOT_RUN, PASSED  # noqa: E402

ANSWERS = ROOT / "docs/teaching/answers"
LAB = ROOT / "lab/lab"
LOADGEN = BUILD / "bench/loadgen/loadgen"


class InAFolder(unittest.TestCase):
    """A folder of an exercise, as `lab start` makes it."""

    number = 0

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="four-ways-exercise-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        if self.number:
            self.item = course.find(f"exercise-{self.number}")
            self.hand_out()

    def hand_out(self):
        for source in self.item.folder.iterdir():
            if source.is_file() and not source.name.startswith(NOT_HANDED_OUT):
                shutil.copy(source, self.folder)
        exercises.start(self.item, self.folder, seed=1)

    def fill_in(self, **answers: str):
        """Python's names have no `-`, so `_` stands for it."""
        form = self.folder / "answers.txt"
        lines = form.read_text().splitlines()
        for name, answer in answers.items():
            key = name.replace("_", "-")
            where = [n for n, line in enumerate(lines) if line.startswith(f"{key}:")]
            lines[where[0]] = f"{key}: {answer}"
        form.write_text("\n".join(lines) + "\n")

    def check(self, **answers: str) -> dict:
        """What became of each promise that a person need not judge."""
        self.fill_in(**answers)
        found = [one for one in exercises.check(self.item, self.folder) if not one.person]
        for one in found:
            self.assertEqual(one.earned, one.points if one.outcome == PASSED else 0, one)
            self.assertNotEqual(one.outcome, ERROR, one)
        return {one.name: one for one in found}

    def assert_passed(self, found: dict, *names: str):
        for name in names or found:
            self.assertEqual(found[name].outcome, PASSED, found[name])

    def assert_failed(self, found: dict, name: str, said: str):
        self.assertEqual(found[name].outcome, FAILED, found[name])
        self.assertIn(said, found[name].message)
        self.assertIn("expected: ", found[name].message)


class Forms(InAFolder):
    """Whatever stands in answers.txt, the answer is a clear message."""

    number = 4

    def first(self, data: bytes) -> str:
        (self.folder / "answers.txt").write_bytes(data)
        results = [one for one in exercises.check(self.item, self.folder) if not one.person]
        for one in results:
            self.assertEqual(one.outcome, FAILED, one)
        return results[0].message

    def form(self, **answers: str) -> bytes:
        for name in live.FOUR:
            self.fill_in(**{f"calls_{name}": "1", f"scanned_{name}": "1"})
        self.fill_in(**answers)
        return (self.folder / "answers.txt").read_bytes()

    def test_a_form_that_cannot_be_read(self):
        good = self.form()
        without = b"\n".join(line for line in good.split(b"\n") if not line.startswith(b"calls-lt"))
        for data, said in [
            (without, "the line 'calls-lt:' is missing"),
            (good + b"calls-lt: 4\n", "a second answer for 'calls-lt'"),
            (good + b"calls-lx: 4\n", "'calls-lx' is no line of the form"),
            (good + b"three\n", "'three'"),
            (good + b"\xff\xfe\n", "not UTF-8"),
            (good + b"#" * 70000, "65,536 bytes"),
            (b"", "the line 'calls-select:' is missing"),
            (good + b"\0: 1\n", "expected: key: answer"),
        ]:
            with self.subTest(said=said):
                self.assertIn(said, self.first(data))

    def test_an_answer_that_is_no_number(self):
        for answer in ("three", "3 calls", "-3", "1e1", "nan", "3,5", "9" * 30, "٣", "0x3"):
            with self.subTest(answer=answer):
                message = self.first(self.form(calls_select=answer, scanned_select="many"))
                self.assertIn("calls-select", message)
                self.assertIn("expected: a ", message)

    def test_no_form(self):
        (self.folder / "answers.txt").unlink()
        found = self.check_as_it_is()
        self.assertIn("No such file", found[0].message)
        (self.folder / "answers.txt").mkdir()
        self.assertIn("Is a directory", self.check_as_it_is()[0].message)

    def check_as_it_is(self):
        return exercises.check(self.item, self.folder)

    def test_an_editor_may_end_lines_in_its_own_way(self):
        plain = self.form(why="because")
        for data in (
            plain.replace(b"\n", b"\r\n"), plain.replace(b"\n", b"\r"), plain.rstrip(b"\n"),
            b"\xef\xbb\xbf" + plain, plain.replace(b": ", b" :   "),
        ):
            with self.subTest(data=data[:20]):
                path = self.folder / "answers.txt"
                path.write_bytes(data)
                read = exercises.form.read(path, self.item.folder / "answers.txt")
                self.assertEqual((read["calls-et"], read["why"]), ("1", "because"))

    def test_numbers_may_have_commas(self):
        for text, value in (("1,024", 1024), ("12", 12), ("0", 0), ("1024", 1024)):
            self.assertEqual(exercises.form.count({"n": text}, "n"), value)
        self.assertEqual(exercises.form.number({"n": "2.5"}, "n"), 2.5)

    def test_the_command_prints_no_traceback(self):
        folder = self.folder / "mine"
        self.lab("start", "exercise-4", str(folder), cwd=self.folder, status=0)
        (folder / "answers.txt").write_bytes(b"calls-select: 3\ncalls-select: 3")
        said = self.lab("check", cwd=folder, status=1)
        self.assertIn("a second answer for 'calls-select'", said)
        self.assertNotIn("Traceback", said)

    def lab(self, *words: str, cwd: Path, status: int) -> str:
        done = subprocess.run(
            [LAB, *words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120,
        )
        self.assertEqual(done.returncode, status, done.stdout)
        return " ".join(done.stdout.split())  # it wraps its lines


class AllOfThem(unittest.TestCase):
    def test_an_empty_form_fails_with_a_clear_message(self):
        for item in course.items():
            if item.kind != "exercise" or not item.module:
                continue
            with self.subTest(exercise=item.number), tempfile.TemporaryDirectory() as folder:
                shutil.copy(item.folder / "answers.txt", folder)
                exercises.start(item, Path(folder), seed=1)
                judged = [one for one in exercises.check(item, Path(folder)) if not one.person]
                self.assertEqual(judged[0].outcome, FAILED, judged[0])
                self.assertTrue(judged[0].message.startswith("saw: "), judged[0])
                for one in judged:
                    self.assertIn(one.outcome, (FAILED, NOT_RUN), one)

    def test_there_are_twelve_and_each_is_complete(self):
        items = [item for item in course.items() if item.kind == "exercise"]
        self.assertEqual([item.number for item in items], list(range(1, 13)))
        for item in items:
            with self.subTest(exercise=item.number):
                self.assertTrue((item.folder / "task.md").is_file())
                self.assertTrue(item.hints and item.read and item.minutes)
                self.assertTrue(any(one.person for one in item.promises))
                for promise in item.promises:
                    self.assertTrue(promise.person or (promise.hint and promise.read), promise.name)

    def test_a_task_fits_a_page(self):
        for task in (ROOT / "lab/exercises").glob("*/task.md"):
            lines = task.read_text().splitlines()
            self.assertLessEqual(len(lines), 60, task)
            self.assertLessEqual(max(map(len, lines)), 120, task)

    def test_every_case_that_is_named_exists(self):
        words = [os.environ["LAB_CONFORMANCE"], "--list", "x {port}"]  # of a server without options
        known = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        for promise in course.find("exercise-11").promises:
            self.assertEqual([case for case in promise.cases if case not in known], [])


class WhichServer(InAFolder):
    number = 1
    evidence = {  # neighbours in one story alone
        "select": ("-- A connects", "descriptor 3: readable"),
        "poll": ("-- A connects", "descriptor 3: POLLIN"),
        "lt": ("-- A sends a line", "descriptor 6: EPOLLIN"),
        "et": ("connection 6 is accepted", "descriptor 6: EPOLLOUT"),
    }

    def tell(self, name: str):
        (self.folder / "story.txt").write_text("\n".join(which_server.told_by(name)) + "\n")

    def test_each_of_the_four(self):
        for name, (first, second) in self.evidence.items():
            with self.subTest(server=name):
                self.tell(name)
                self.assert_passed(self.check(server=name, line_1=first, line_2=second))

    def test_the_seed_chooses(self):
        tellers = set()
        for seed in range(12):
            exercises.start(self.item, self.folder, seed)
            tellers.add(which_server.teller_of(self.folder))
        self.assertEqual(tellers, set(live.FOUR))

    def test_another_server(self):
        self.tell("lt")
        first, second = self.evidence["et"]
        found = self.check(server="et", line_1=first, line_2=second)
        self.assert_failed(found, "server", "saw: et")
        self.assert_failed(found, "lines", "aren't neighbours")

    def test_lines_that_others_tell_as_well(self):
        self.tell("poll")
        found = self.check(
            server="poll", line_1="connection 5: received 4 bytes: \"one.\"",
            line_2="connection 5: sent 4 bytes",
        )
        self.assert_passed(found, "server")
        self.assert_failed(found, "lines", "4 of the four servers")

    def test_a_story_that_was_changed(self):
        self.tell("poll")
        with open(self.folder / "story.txt", "a") as story:
            story.write("more\n")
        self.assert_failed(self.check(server="poll"), "server", "was changed")


class HalfClose(InAFolder):
    number = 2
    right = {
        "line": "connection 5 is closed: the client has ended its stream", "segment": "FIN",
        "returned": "0", "later": "without -N",
    }

    def test_right(self):
        self.assert_passed(self.check(**self.right))

    def test_wrong(self):
        found = self.check(
            line="connection 5: sent 6 bytes", segment="RST", returned="-1", later="with -N"
        )
        self.assert_failed(found, "line", "says nothing about the end")
        self.assert_failed(found, "segment", "saw: RST")
        self.assert_failed(found, "returned", "returned: '-1'")
        self.assert_failed(found, "later", "saw: with -N")
        self.assert_failed(self.check(returned="1"), "returned", "saw: 1")


class FullServer(InAFolder):
    number = 3
    lines = {
        "full_line": "server: 9 connections open, new clients have to wait: Too many open files",
        "client_line": "echo_client: 127.0.0.1:1 waited 3 s, and the server was silent",
    }

    def test_right(self):
        for server, before in (("select", 5), ("et", 6)):
            with self.subTest(server=server):
                full = self.lines["full_line"].replace("server:", f"{live.FOUR[server]}:")
                found = self.check(
                    server=server, open_before=str(before), held=str(20 - before), served="30",
                    full_line=full, client_line=self.lines["client_line"],
                )
                self.assert_passed(found)

    def test_wrong(self):
        found = self.check(open_before="5", held="20", served="15", **self.lines)
        self.assert_failed(found, "held", "held: 20 is too many")
        self.assert_failed(found, "lines", "full-line: 'server:")
        self.assert_failed(found, "served", "served: 15 is too few")


@unittest.skipUnless(LOADGEN.exists(), "loadgen was not built: it needs jansson")
class CountCalls(InAFolder):
    number = 4
    right = {
        **{f"calls_{name}": "3" for name in live.FOUR},
        "scanned_select": "450", "scanned_poll": "450", "scanned_lt": "1", "scanned_et": "1",
    }

    def test_right(self):
        self.assert_passed(self.check(**self.right))

    def test_wrong(self):
        found = self.check(**self.right | {"scanned_poll": "901", "calls_et": "4"})
        self.assert_failed(found, "scanned", "scanned-poll: 901 is too many")
        self.assert_failed(found, "calls", "calls-et: 4 is too many")
        self.assertNotIn("calls-lt", found["calls"].message)

    def test_few_open_files(self):
        """Then fewer are idle, and what was predicted for 900 is scaled."""
        with mock.patch.object(live, "room", lambda servers: 301):
            self.assert_passed(self.check(**self.right))


@unittest.skipUnless(LOADGEN.exists(), "loadgen was not built: it needs jansson")
class PredictChart(InAFolder):
    number = 5
    right = {"order": "select = poll > lt = et", "rises": "poll, select", "ends": "select"}

    def ends_at(self) -> str:
        """Descriptors below 1,024, but for those that are open already."""
        return "1019"

    def test_right(self):
        self.assert_passed(self.check(**self.right, ends_at=self.ends_at()))

    def test_wrong(self):
        found = self.check(
            order="lt > et > select > poll", rises="select", ends="poll", ends_at="1024"
        )
        self.assert_failed(found, "order", "lt > poll, but lt isn't higher")
        self.assert_failed(found, "rises", "poll rises as well")
        self.assert_failed(found, "ends", "poll held all 1,200")

    def test_a_wrong_end(self):
        with mock.patch.object(predict_chart, "measure", side_effect=predict_chart.NotRun("no")):
            found = self.check(**self.right, ends_at="512")
        self.assert_failed(found, "ends", "fewer than select held")

    def test_an_order_that_is_none(self):
        with mock.patch.object(predict_chart, "measure", side_effect=AssertionError):
            for order in ("lt > et > poll", "lt", "lt > et > poll > select > lt", "a > b > c > d"):
                with self.subTest(order=order):
                    found = self.check(order=order)
                    self.assert_failed(found, "order", "order: ")


class FiveBuffers(InAFolder):
    number = 6

    def client(self, source: str) -> str:
        (self.folder / "client.py").write_text("import socket, sys, time\n" + source)
        return f"{shlex.quote(sys.executable)} client.py {{port}}"

    def test_right(self):
        shutil.copy(ANSWERS / "stalled_client.py", self.folder)
        found = self.check(client="python3 stalled_client.py {port} 60", broken_ends="SIGSEGV")
        self.assert_passed(found)

    def test_the_end_of_the_broken_server(self):
        shutil.copy(ANSWERS / "stalled_client.py", self.folder)
        found = self.check(client="python3 stalled_client.py {port} 60", broken_ends="none")
        self.assert_passed(found, "stalls", "sum")
        self.assert_failed(found, "broken", "saw: NONE")

    def test_a_client_that_counts_what_it_asked_for(self):
        found = self.check(client=self.client(
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "s.settimeout(0.5)\n"
            "sent = 0\n"
            "try:\n"
            "    while True:\n"
            "        sent += 65536\n"
            "        s.send(b'x' * 65536)\n"
            "except TimeoutError:\n"
            "    print(sent, flush=True)\n"
            "time.sleep(60)\n"
        ))
        self.assert_passed(found, "stalls")
        self.assert_failed(found, "sum", "the five buffers hold")

    def test_a_client_that_stops_early(self):
        found = self.check(client=self.client(
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "print(s.send(b'x' * 100), flush=True)\n"
            "time.sleep(60)\n"
        ))
        self.assert_failed(found, "stalls", "nothing in the buffers client sending and server received")

    def test_a_client_that_leaves(self):
        found = self.check(client=self.client("print(1)\n"))
        self.assert_failed(found, "stalls", "the client ended with status 0")

    def test_a_command_that_is_none(self):
        for client, said in (
            ("python3 client.py 10001", "with {port} in it"), ("'x {port}", "No closing quotation"),
            ("/no/such {port}", "No such file"),
        ):
            with self.subTest(client=client):
                self.assert_failed(self.check(client=client), "stalls", said)


class OneLine(InAFolder):
    number = 7
    source = "epoll_et_server/epoll_et_server.c"

    def remove(self, *lines: str):
        path = self.folder / self.source
        kept = path.read_text().splitlines(keepends=True)
        for line in lines:
            kept.remove(next(one for one in kept if one.strip() == line))
        path.write_text("".join(kept))

    def test_right(self):
        self.remove("append_ready(connection, edges);")
        found = self.check(breaks="backpressure, half-close-megabytes-in-flight")
        self.assert_passed(found)
        self.assertIn("append_ready(connection, edges);", found["line"].message)

    def test_a_prediction_that_is_wrong(self):
        self.remove("append_ready(connection, edges);")
        found = self.check(breaks="signals-sigterm-idle")
        self.assert_failed(found, "prediction", "a failure in signals-sigterm-idle")

    def test_none_though_it_breaks(self):
        self.remove("append_ready(connection, edges);")
        self.assert_failed(self.check(breaks="none"), "prediction", "expected: none")

    def test_what_was_removed(self):
        for lines, said in (
            ((), "0 lines removed"),
            (("append_ready(connection, edges);", "last_ready = connection;"), "2 lines removed"),
            (("static struct listener listener;",), "no longer compiles"),
        ):
            with self.subTest(said=said):
                shutil.copy(ROOT / self.source, self.folder / self.source)
                self.remove(*lines)
                self.assertEqual(self.check(breaks="none")["prediction"].outcome, NOT_RUN)
                self.assertIn(said, self.check()["line"].message)

    def test_a_comment_is_no_line_of_code(self):
        self.remove("* The ready list: connections whose `edges` are not 0, the longest waiting")
        self.assert_failed(self.check(breaks="none"), "line", "expected: a line of code")

    def test_a_case_that_is_none(self):
        self.remove("append_ready(connection, edges);")
        self.assert_failed(self.check(breaks="everything"), "prediction", "breaks: 'everything'")


@unittest.skipUnless(LOADGEN.exists(), "loadgen was not built: it needs jansson")
class WherePollLoses(InAFolder):
    number = 8

    def measured(self, *rounds: list[float]):
        """poll as given, in five rounds of four turns; equals that differ by up to 1 %."""
        again = [[x + y for x in (1.0, 1.01, 0.99, 1.0)] for y in (0.0, 0.01, -0.01, 0.005, -0.005)]
        found = []
        for ratio in rounds:
            poll = [[ratio * x for x in cycles] for cycles in again]
            found.append({"poll": poll, where_poll_loses.AGAIN: again})
        return mock.patch.object(where_poll_loses, "measure", return_value=found)

    def test_right(self):
        with self.measured(1.0, 1.2):
            self.assert_passed(self.check(idle="24"))

    def test_too_small(self):
        with self.measured(1.0, 1.005):
            found = self.check(idle="4")
        self.assert_failed(found, "shown", "a larger number")
        self.assert_passed(found, "not-before")

    def test_too_large(self):
        with self.measured(2.0, 3.0):
            found = self.check(idle="1,000")
        self.assert_passed(found, "shown")
        self.assert_failed(found, "not-before", "with only 500 idle")

    def test_poll_that_needs_less_is_no_answer(self):
        with self.measured(1.0, 0.8):
            self.assert_failed(self.check(idle="10"), "shown", "times the CPU time")

    def test_a_live_run(self):
        """Beside 500 idle connections no noise hides the difference."""
        found = self.check(idle="1000")
        self.assert_passed(found, "shown")
        self.assert_failed(found, "not-before", "with only 500 idle")

    def test_numbers_that_cannot_be_measured(self):
        for idle in ("0", "1", "100,000"):
            self.assert_failed(self.check(idle=idle), "shown", "expected: a number from 2")


CLAIM = """
#include <poll.h>
#include <unistd.h>

int main(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        return 2;
    close(ends[1]);
    struct pollfd entry = {.fd = ends[0], .events = POLLIN};
    return poll(&entry, 1, 0) == 1 && entry.revents == POLLHUP ? 0 : 1;
}
"""


class OwnClaim(InAFolder):
    number = 9
    right = {
        "sentence": "POLLHUP: Hang up (only returned in revents)", "page": "poll(2)",
        "expected": "revents == POLLHUP", "instead": "revents == POLLIN",
    }

    def claim(self, text: str = CLAIM, **answers: str) -> dict:
        (self.folder / "claim.c").write_text(text)
        return self.check(**self.right | answers)

    def test_right(self):
        self.assert_passed(self.claim())

    def test_a_claim_that_does_not_hold(self):
        found = self.claim(CLAIM.replace("== POLLHUP", "== POLLERR"), expected="revents == POLLERR")
        self.assert_failed(found, "holds", "ended with status 1")
        self.assertEqual(found["can-fail"].outcome, NOT_RUN)

    def test_a_claim_that_cannot_fail(self):
        text = "int main(void)\n{\n    return 0 * 1;\n}\n"
        found = self.claim(text, expected="* 1", instead="* 2")
        self.assert_passed(found, "holds")
        self.assert_failed(found, "can-fail", "passes with the other expectation as well")

    def test_a_change_that_merely_breaks_it(self):
        for instead, said in (
            ("revents == NO_SUCH_FLAG", "doesn't compile"),
            ("revents == *(volatile short *)0", "killed by SIGSEGV"),
        ):
            with self.subTest(said=said):
                self.assert_failed(self.claim(instead=instead), "can-fail", said)

    def test_an_expectation_that_does_not_stand_there_once(self):
        for expected, times in (("POLLPRI", 0), ("ends", 4)):
            self.assert_failed(self.claim(expected=expected), "can-fail", f"{times} times")

    def test_a_program_that_hangs(self):
        found = self.claim("int main(void)\n{\n    for (;;)\n        ;\n}\n")
        self.assert_failed(found, "holds", "")

    def test_a_sentence_without_its_page(self):
        self.assert_failed(self.claim(page="poll"), "sentence", "page: 'poll'")
        self.assert_failed(self.claim(sentence="Hang up"), "sentence", "a whole sentence")


class FromTheSymptom(InAFolder):
    number = 10

    def hunt(self) -> Path:
        """A hunt of our own, in a folder as `lab start` would make it."""
        folder = self.folder / "hunt"
        folder.mkdir()
        programs = shutil.ignore_patterns("poll_server")
        for name in ("echo", "poll_server"):
            shutil.copytree(ROOT / name, folder / name, ignore=programs)
        state = {"format": 1, "item": "hunt-1", "seed": 1, "items": {}}
        (folder / ".lab.json").write_text(json.dumps(state))
        promise = course.Promise("bytes", "Every byte comes back", cases=["echo-sizes"])
        item = course.Item(
            "hunt", 1, "A hunt", folder, promises=[promise],
            build="cc -D_GNU_SOURCE -Iecho -o server poll_server/*.c echo/*.c",
            server="--port={port} {options}",
        )
        everything = [*(one for one in course.items() if one.kind != "hunt"), item]
        patch = mock.patch.object(course, "items", lambda: everything)
        patch.start()
        self.addCleanup(patch.stop)
        return folder

    def test_a_server_that_is_repaired(self):
        self.hunt()
        self.assert_passed(self.check(hunt="hunt"))

    def test_a_server_that_is_not(self):
        file = self.hunt() / "echo/connection.c"
        text = file.read_text()
        call = "send(connection->fd, bytes"
        self.assertEqual(text.count(call), 1)
        file.write_text(text.replace(call, f"{call} + 1"))
        found = self.check(hunt="hunt")
        self.assertEqual(found["hunt"].outcome, FAILED)
        self.assertIn("hunt 1 isn't repaired yet: Every byte comes back", found["hunt"].message)

    def test_a_folder_that_is_no_hunt(self):
        self.hunt()
        (self.folder / "step").mkdir()
        state = {"format": 1, "item": "exercise-4", "seed": 1, "items": {}}
        (self.folder / "step/.lab.json").write_text(json.dumps(state))
        self.assert_failed(self.check(hunt="nowhere"), "hunt", "hunt: 'nowhere'")
        self.assert_failed(self.check(hunt="step"), "hunt", "this is exercise 4")


class MissingServer(InAFolder):
    number = 11

    def hold(self, command: str) -> dict:
        report = Check(self.item, self.folder, command).run()
        return {one.name: one for one in report.judged}

    def test_right(self):
        found = self.hold(f"{shlex.quote(str(ANSWERS / 'selectors_server.py'))} {{port}}")
        self.assert_passed(found)

    def test_a_server_without_backpressure(self):
        bridge = shlex.quote(str(ROOT / "docs/examples/bridge.py"))
        found = self.hold(f"{bridge} epoll_lt {{port}}")
        self.assertEqual(found["backpressure"].outcome, FAILED, found["backpressure"])
        self.assertIn("saw: ", found["backpressure"].message)


class BesideTheFour(InAFolder):
    number = 12
    head = ("experiment metric unit server mode idle active size firehoses rate turn value low high"
            " suspect").split()

    def run_left(self, *rows: tuple[str, str, float]):
        """A results folder with these figures at one active and no idle connection."""
        table = [self.head]
        for metric, server, value in rows:
            numbers = [f"{value}", f"{value * 0.99}", f"{value * 1.01}"]
            place = ["idle", metric, "", server, "closed", "0", "1", "64", "0", "", ""]
            table.append([*place, *numbers, "0"])
        results = self.folder / "results"
        results.mkdir(exist_ok=True)
        text = "\n".join("\t".join(row) for row in table) + "\n"
        (results / "figures.tsv").write_text(text)

    def four(self) -> list[tuple[str, str, float]]:
        return [("cpu", program, 4e-5) for program in live.FOUR.values()]

    right = {"results": "results", "server": "mine", "cheaper": "select poll lt et", "calls": "5"}

    def test_right(self):
        self.run_left(*self.four(), ("cpu", "mine", 6e-5), ("calls_per_echo", "mine", 5.01))
        self.assert_passed(self.check(**self.right))

    def test_wrong(self):
        self.run_left(*self.four(), ("cpu", "mine", 6e-5), ("calls_per_echo", "mine", 5.01))
        found = self.check(**self.right | {"cheaper": "lt et", "calls": "3"})
        self.assert_failed(found, "place", "select needs less CPU time")
        self.assert_failed(found, "calls", "3 calls per echo is too few")

    def test_a_run_without_this_server(self):
        self.run_left(*self.four(), ("cpu", "other", 6e-5))
        found = self.check(**self.right)
        self.assert_failed(found, "run", "besides the four, it has other")
        self.assertEqual(found["calls"].outcome, NOT_RUN)

    def test_a_run_of_this_server_alone(self):
        self.run_left(("cpu", "mine", 6e-5))
        self.assert_failed(self.check(**self.right), "run", "all four and yours")

    def test_no_run_at_all(self):
        self.assert_failed(self.check(**self.right), "run", "No such file")
        self.run_left()
        self.assert_failed(self.check(**self.right), "run", "no figures for 1 active")
        (self.folder / "results/figures.tsv").write_bytes(b"\xff\xfe\0")
        self.assert_failed(self.check(**self.right), "run", "isn't a table")

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_calls_are_counted_where_the_run_has_no_counters(self):
        self.run_left(*self.four(), ("cpu", "mine", 6e-5))
        command = f"{shlex.quote(str(ANSWERS / 'selectors_server.py'))} {{port}}"
        found = self.check(**self.right | {"calls": "3", "command": command})
        if found["calls"].outcome == NOT_RUN:
            self.skipTest(found["calls"].message)
        self.assert_passed(found)
        self.assert_failed(self.check(calls="6"), "calls", "6 calls per echo is too many")


if __name__ == "__main__":
    unittest.main()
