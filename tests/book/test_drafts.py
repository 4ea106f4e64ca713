"""docs/extension: what the book asks for is put in its place, and what doesn't exist is reported.

    tests/book/test_drafts.py [-v] [CASE]

A draft is a chapter of a few lines, built as authors build theirs.
"""

import html
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import book

sys.dont_write_bytecode = True
sys.path.insert(0, str(book.ROOT / "tests" / "suite"))

import made_up  # noqa: E402  (the path comes first)

# What can be asked for in vain, and the words of the complaint.
WRONG = {
    "include::code:poll_server/poll_server.c[no_such_function]":
        "poll_server/poll_server.c: there is nothing named 'no_such_function' in it",
    "include::code:poll_server/no_such_file.c[main]":
        "poll_server/no_such_file.c: no such file in the repository",
    "include::code:bench/baseline/peers/libuv.c[haven]": # a word in a comment
        "bench/baseline/peers/libuv.c: there is nothing named 'haven' in it",
    'include::code:poll_server/poll_server.c[main,marks="listener"]':
        "poll_server/poll_server.c: there is no marks here",
    'include::code:poll_server/poll_server.c[main,from="no such words"]':
        "poll_server/poll_server.c: no line with 'no such words' is in what is to be shown",
    "include::diff:poll_server/poll_server.c[]":
        "diff:poll_server/poll_server.c[]: which other file?",
    'include::code:poll_server/poll_server.c[main,mark="no such words"]':
        "the mark 'no such words' must be in one of the lines shown; it is in 0",
    'include::code:poll_server/poll_server.c[main,mark="listener"]':
        "the mark 'listener' must be in one of the lines shown; it is in 6",
    'include::diff:poll_server/poll_server.c[select_server/select_server.c,functions="no_such_part"]':
        "there is nothing named 'no_such_part' in it",
    "See claim:no_such_claim[].": "claim:no_such_claim[]: there is no such claim",
    "It is so. claim:no_such_proof[]": "claim:no_such_proof[]: there is no such claim",
    "See case:no-such-case[].": "case:no-such-case[]: there is no such case",
    "See break:no-such-break[].": "break:no-such-break[]: there is no such break",
    "See src:poll_server/poll_server.c[no_such_name].": "there is nothing named 'no_such_name' in it",
    "See man:poll[9].": "man:poll[9]: that is no section of the manual",
    "It was figure:no.such.figure[].": "figures: 'no.such.figure' is no such key",
    "result::no_such_experiment[]": "result: 'no_such_experiment' is no such key",
    "table::no_such_table[]": "tables: 'no_such_table' is no such key",
    'chart::no_such_chart[alt="A chart."]': "chart: 'no_such_chart' is no such key",
    'picture::no-such-picture[alt="A picture."]': "docs/pictures has no no-such-picture.svg",
    "picture::loop-poll[]": "picture::loop-poll[]: it has no alt text",
    "[session]\n----\n$ echo never run\n----": "there is no record of this session: docs/record.py",
    "That is {no-such-attribute}.": "no-such-attribute",
}

RIGHT = """= A draft

== Code

include::code:poll_server/poll_server.c[main,mark="listener_announce|return EXIT"]

<1> The first.
<2> The second.

include::code:docs/examples/bridge.py[handle_readable]

include::code:docs/results.py[of_run]

include::code:echo/idle.c[idle_expired,mark="== 0 \\|\\| quietest"]

<1> A line with a bar in it.

include::diff:select_server/select_server.c[poll_server/poll_server.c,functions="handle_readable"]

== Proof

See claim:select_changes_its_sets[], case:echo-sizes[], break:close-at-fin[], man:poll[2].

Sets change. claim:select_changes_its_sets[] case:echo-sizes[]
The next sentence goes on (with `code`.) break:close-at-fin[]

* An item without a full stop claim:select_changes_its_sets[]
* _Caught by:_ break:close-at-fin[], case:echo-sizes[]

== A run

A rate: figure:churn.poll.rate[]. None: figure:idle.1.most.poll.rate[].
A ratio: figure:ratio.churn.poll.cpu[].
It was figure:command[].

result::churn[]

result::idle[]

explanation::churn[]

published::all[]

chart::churn[alt="Connections per second."]

chart::idle[alt="Echoes per second."]

== A session

[session]
----
% word=sunny
$ echo "a $word day"
? sunny
$ echo "two \\
>   lines"
----

|===
a|
[session]
----
$ echo "printed; \\$ is no prompt"
? \\|
----
|===
"""

# What its sessions have printed, as docs/record.py writes it.
RECORD = """[session]
% word=sunny
$ echo "a $word day"
| a sunny day
? sunny
$ echo "two \\
>   lines"
| two   lines

[session]
$ echo "printed; \\$ is no prompt"
| printed; $ is no prompt
| no number: <1>
|
| | a bar
? |
"""

folders = tempfile.TemporaryDirectory(prefix="four-ways-drafts-")


def tearDownModule():
    folders.cleanup()


def small_run() -> str:
    """A results folder with little in it: all charts of the gallery take long to draw."""
    folder = Path(folders.name) / "small run"
    if not folder.exists():
        made_up.write(folder, made_up.lines(["churn"]))
    return str(folder)


def draft(name: str, text: str, *options: str, **variables: str) -> tuple[int, str, Path]:
    """The draft's status, what was said, and its page, if there is one."""
    folder = Path(folders.name) / name
    folder.mkdir(exist_ok=True)
    source = folder / f"{name}.adoc"
    source.write_text(text, encoding="utf-8")
    if "--results" not in options:
        options = ("--results", small_run(), *options)
    done = book.build(folder / "out", "--chapter", str(source), *options, **variables)
    return done.returncode, done.stdout, folder / "out" / "index.html"


ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def hear_signals():
    """Although a parent such as nohup ignores them."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)


def text_of(page: Path) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


class WrongDraft(unittest.TestCase):
    def test_each_mistake_is_told_and_nothing_is_published(self):
        status, said, page = draft("wrong", "= A draft\n\n" + "\n\n".join(WRONG) + "\n")
        self.assertEqual(status, 1)
        self.assertFalse(page.exists())
        for asked, words in WRONG.items():
            with self.subTest(asked=asked):
                self.assertIn(words, said)
        self.assertIn(f"these {len(WRONG)} are to be mended first", said)
        self.assertRegex(said, r"wrong\.adoc: line 3: ")

    def test_options_that_are_wrong(self):
        folder = Path(folders.name)
        empty = folder / "empty"
        empty.mkdir()
        for options, status, words in [
            (["--no-such-option"], 64, "--no-such-option: no such option"),
            (["--results"], 64, "--results: it needs a value"),
            (["--results", str(folder / "none")], 64, "no such folder"),
            (["--results", str(empty)], 1, "no run of bench/run is in there"),
            (["--chapter", str(folder / "none.adoc")], 64, "no such file"),
        ]:
            with self.subTest(options=options):
                done = book.build(folder / "unused", *options)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(words, done.stdout)


class RightDraft(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run = Path(folders.name) / "run"
        made_up.write(run, made_up.lines(["churn"]), with_waits=False, command="bench/run <a> & b")
        records = Path(folders.name) / "sessions"
        records.mkdir()
        (records / "right.txt").write_text(RECORD)
        status, said, cls.page = draft("right", RIGHT, "--results", str(run))
        if status:
            raise AssertionError(f"status {status}: {said}")
        cls.text = text_of(cls.page)

    def test_code_is_the_file_s_own(self):
        source = (book.ROOT / "poll_server/poll_server.c").read_text()
        main = source[source.index("int main(") :].rstrip("\n")
        shown = re.sub(r" *\(\d\)$", "", self.text, flags=re.M)  # the numbers of callouts
        self.assertIn(main, shown)
        bridge = (book.DOCS / "examples/bridge.py").read_text()
        self.assertIn(bridge[bridge.index("def handle_readable") :].split("\n\n\n")[0], self.text)

    def test_a_function_ends_where_it_ends(self):
        """In Python too, where a line that ends with a brace begins no body."""
        self.assertIn("def of_run(", self.text)
        self.assertNotIn("def held(", self.text)

    def test_callouts_stand_behind_their_lines(self):
        self.assertRegex(self.text, r"listener_announce\(.*\(1\)\n")
        self.assertRegex(self.text, r"return EXIT.*\(2\)\n")

    def test_a_callout_may_stand_behind_a_line_with_a_bar_in_it(self):
        self.assertRegex(self.text, r"== 0 \|\| quietest == NULL\) \(1\)\n")

    def test_a_difference_is_what_diff_says(self):
        self.assertIn(
            "-    /* One recv is enough: the next select reports any bytes that are left. */\n"
            "+    /* One recv is enough: the next poll reports any bytes that are left. */\n",
            self.text,
        )

    def test_proofs_are_links_to_their_lines(self):
        links = {a["class"]: a["href"] for a in book.Page(self.page).links() if "class" in a}
        self.assertEqual(links["man"], "https://man7.org/linux/man-pages/man2/poll.2.html")
        for macro, line in [
            ("claim", "START_TEST(select_changes_its_sets)"),
            ("case", "START_TEST(sizes)"),
            ("break", "--- a/"),
            ("proof claim", "START_TEST(select_changes_its_sets)"),
            ("proof case", "START_TEST(sizes)"),
            ("proof break", "--- a/"),
        ]:
            with self.subTest(macro=macro):
                target, anchor = book.resolve(self.page, links[macro])
                text = target.read_text(encoding="utf-8")
                start = text.index(f'id="{anchor}"') if anchor else 0
                self.assertIn(line, html.unescape(re.sub("<[^>]*>", "", text[start:][:4000])))

    def test_proofs_behind_a_sentence_are_marks_with_a_name(self):
        page = self.page.read_text(encoding="utf-8")
        places = re.findall(r'(\S+)<span class="proofs">(.*?)</span>', page)
        before = [re.sub(r"<[^>]*>", "", words) for words, _ in places]
        self.assertEqual(before, ["change.", "code.)", "stop"])
        names = [re.findall(r'aria-label="(.*?)"', marks) for _, marks in places]
        claim = "Proof: kernel test select_changes_its_sets"
        case = "Proof: conformance case echo-sizes"
        self.assertEqual(names, [[claim, case], ["Proof: broken server close-at-fin"], [claim]])
        self.assertIn("Caught by: close-at-fin, echo-sizes", self.text)
        self.assertIn("Sets change.\N{WORD JOINER}\nThe next sentence goes on", self.text)

    def test_numbers_are_those_of_the_run(self):
        self.assertRegex(self.text, r"A rate: \d[\d,.]*/s")
        self.assertRegex(self.text, r"A ratio: \d\.\d+ \(\d\.\d+ to \d\.\d+\)")
        self.assertIn("None: (not measured in this run).", self.text)
        self.assertIn("between epoll LT and", self.text)
        self.assertIn("system calls per connection: ", self.text)
        self.assertIn("Nothing can be said here: this run has not measured it.", self.text)
        self.assertIn("not decided by this run", self.text)
        self.assertIn("It was bench/run <a> & b.", self.text)
        self.assertTrue((self.page.parent / "charts" / "churn.svg").is_file())

    def test_a_chart_that_cannot_be_drawn_says_so(self):
        self.assertIn("There is no chart idle: this run has not measured it.", self.text)
        self.assertEqual(len(book.Page(self.page).all("img")), 1)

    def test_sessions_show_what_was_recorded(self):
        self.assertIn('$ echo "a $word day"\na sunny day\n', self.text)
        self.assertIn('$ echo "two \\\n>   lines"\ntwo   lines\n', self.text)
        self.assertIn("no number: <1>\n\n| a bar", self.text)
        self.assertNotIn("% word", self.text)

    def test_what_was_printed_is_never_taken_for_a_command(self):
        page = self.page.read_text(encoding="utf-8")
        self.assertIn('<span class="go">printed; $ is no prompt</span>', page)
        self.assertIn('<span class="go">no number: &lt;1&gt;</span>', page)


class Keys(unittest.TestCase):
    """docs/results.py: what a chapter may name, of a run that was made up."""

    def listed(self, name: str, trials: list[dict]) -> str:
        folder = made_up.write(Path(folders.name) / name, trials)
        done = subprocess.run(
            [book.DOCS / "results.py", "--list", folder],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=book.SECONDS,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_every_server_has_its_figure_at_both_ends_of_a_panel(self):
        said = self.listed("ends", made_up.lines(["idle"]))
        for server in ("poll", "epoll_lt", "epoll_et"):
            for place in ("least", "most"):
                self.assertRegex(said, rf"figure:idle\.1\.{place}\.{server}\.cpu\[\]  \d[\d.]* .?s\n")
        self.assertIn("figure:idle.1.least.x[]  0\n", said)
        self.assertRegex(said, r"figure:ratio\.idle\.1\.most\.poll\.cpu\[\]  \d[\d.,]* \(\d.* to .*\)\n")
        self.assertIn("figure:held.select[]  1,0", said)

    def test_what_this_run_lacks_has_its_key_all_the_same(self):
        said = self.listed("lacks", made_up.lines(["churn"]))
        for key in ("idle.1.most.poll.cpu", "ratio.active.most.libuv.rate", "held.select"):
            self.assertIn(f"figure:{key}[]  (not measured in this run)\n", said)

    def test_suspect_figures_are_marked(self):
        trials = made_up.lines(["active"])
        self.assertNotIn("○", self.listed("sound", trials))
        for line in trials:
            line["steal_seconds"] = line["seconds"]
        said = self.listed("suspect", trials)
        self.assertRegex(said, r"figure:active\.most\.poll\.rate\[\]  ○ \d")
        self.assertRegex(said, r"figure:active\.most\.poll\.receives_per_echo\[\]  \d")
        self.assertNotIn("figure:trials.suspect[]  0\n", said)

    def test_published_waits_stand_beside_the_runs(self):
        """With the numbers of descriptors that are in both; a run without waits says so."""
        for with_waits, rows in [
            (True, [["10", "1.28", "0.276", "1.12", "0.276", "0.65", "0.136"],
                    ["100", "7.1", "1.54", "6.8", "1.54", "0.68", "0.136"],
                    ["1,000", "151", "14.1", "157", "14.1", "0.89", "0.136"]]),
            (False, [["(not measured in this run)", *[""] * 6]]),
        ]:
            with self.subTest(with_waits=with_waits):
                name = f"waits {with_waits}"
                folder = made_up.write(Path(folders.name) / name, made_up.lines(["churn"]), with_waits)
                subprocess.run(
                    [book.DOCS / "results.py", folder, "--output", folder / "out", "--charts="],
                    check=True, timeout=book.SECONDS,
                )
                made = json.loads((folder / "out/results.json").read_text())
                self.assertEqual(made["tables"]["waits"]["rows"], rows)

    def test_rounds_are_in_words(self):
        self.assertIn("figure:rounds[]  1 round\n", self.listed("one", made_up.lines(["churn"], rounds=1)))


class Publishing(unittest.TestCase):
    def test_any_locale_will_do(self):
        for name in ("C", "POSIX", ""):
            with self.subTest(locale=name):
                text = "= A draft\n\nA dash – and more.\n\nresult::idle[]\n"
                status, said, page = draft("locale", text, LC_ALL=name, LANG="", LC_CTYPE="")
                self.assertEqual(status, 0, said)
                self.assertIn("A dash – and", text_of(page))

    def test_what_is_no_longer_made_goes_and_what_is_yours_stays(self):
        _, _, page = draft("again", "= First\n\nSee src:poll_server/poll_server.c[].\n")
        made = page.parent / "source/poll_server/poll_server.c.html"
        yours = page.parent / "notes.txt"
        self.assertTrue(made.is_file())
        yours.write_text("mine")
        status, said, page = draft("again", "= Second\n\nNo link.\n")
        self.assertEqual(status, 0, said)
        self.assertIn("Second", text_of(page))
        self.assertFalse(made.exists())
        self.assertTrue(yours.exists())

    def test_a_title_with_marks_in_it_stands_as_it_is(self):
        _, _, page = draft("title", "= Less <than> & more\n\nText.\n")
        text = page.read_text(encoding="utf-8")
        self.assertIn("<title>Less &lt;than&gt; &amp; more – Four Ways to Wait</title>", text)
        self.assertEqual(len(book.Page(page).all("h1")), 1)

    def test_a_signal_ends_it_and_no_folder_stays(self):
        folder = Path(folders.name) / "ended"
        temporary = folder / "tmp dir"
        temporary.mkdir(parents=True)
        source = folder / "ended.adoc"
        source.write_text("= A draft\n\nText.\n")
        for number in ENDING:
            with self.subTest(signal=number):
                process = subprocess.Popen(
                    [book.DOCS / "build", "--output", folder / "out",
                     "--results", small_run(), "--chapter", source],
                    env={**book.HERE, "TMPDIR": str(temporary)}, text=True, start_new_session=True,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=hear_signals,
                )
                while not list(temporary.glob("*/results/results.json")):
                    self.assertIsNone(process.poll())
                    time.sleep(0.01)
                process.send_signal(number)
                said, _ = process.communicate(timeout=book.SECONDS)
                self.assertNotEqual(process.returncode, 0)
                self.assertLess(said.count("\n"), 4, said)
                self.assertEqual(list(temporary.iterdir()), [])


if __name__ == "__main__":
    if book.missing():
        print(f"not here: {', '.join(book.missing())}", file=sys.stderr)
        sys.exit(book.SKIPPED)
    unittest.main()
