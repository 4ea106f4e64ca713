"""docs/extension: what the book asks for is put in its place, and what isn't there is told.

    tests/book/test_drafts.py [-v] [CASE]

A draft is a chapter of a few lines, built as authors build theirs.
"""

import html
import re
import sys
import tempfile
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
    'include::code:poll_server/poll_server.c[main,mark="no such words"]':
        "the mark 'no such words' must be in one of the lines shown; it is in 0",
    'include::code:poll_server/poll_server.c[main,mark="listener"]':
        "the mark 'listener' must be in one of the lines shown; it is in 6",
    'include::diff:poll_server/poll_server.c[select_server/select_server.c,functions="no_such_part"]':
        "there is nothing named 'no_such_part' in it",
    "See claim:no_such_claim[].": "claim:no_such_claim[]: there is no such claim",
    "See case:no-such-case[].": "case:no-such-case[]: there is no such case",
    "See break:no-such-break[].": "break:no-such-break[]: there is no such break",
    "See src:poll_server/poll_server.c[no_such_name].": "there is nothing named 'no_such_name' in it",
    "See man:poll[9].": "man:poll[9]: that is no section of the manual",
    "It was figure:no.such.figure[].": "figures: 'no.such.figure' is no such key",
    "findings::no_such_experiment[]": "findings: 'no_such_experiment' is no such key",
    "table::no_such_table[]": "tables: 'no_such_table' is no such key",
    'chart::no_such_chart[alt="A chart."]': "charts: 'no_such_chart' is no such key",
    'picture::no-such-picture[alt="A picture."]': "docs/pictures has no no-such-picture.svg",
    "picture::loop-poll[]": "picture::loop-poll[]: it has no alt text",
    "[session]\n----\n$ echo printed\n? not this\n----":
        "`echo printed` printed nothing with 'not this' in it, but:\nprinted",
    "[session]\n----\n$ sh -c 'exit 3'\n----": "`sh -c 'exit 3'` ended with status 3, not 0",
    "[session]\n----\n$ exit\n----": "`exit` ended the shell",
    "[session]\n----\necho without a prompt\n----": "and this one doesn't: echo without a prompt",
    "That is {no-such-attribute}.": "no-such-attribute",
}

RIGHT = """= A draft

== Code

include::code:poll_server/poll_server.c[main,mark="listener_announce|return EXIT"]

<1> The first.
<2> The second.

include::code:docs/examples/bridge.py[handle_readable]

include::code:echo/idle.c[idle_expired,mark="== 0 \\|\\| quietest"]

<1> A line with a bar in it.

include::diff:select_server/select_server.c[poll_server/poll_server.c,functions="handle_readable"]

== Proof

See claim:select_changes_its_sets[], case:echo-sizes[], break:close-at-fin[], man:poll[2].

== A run

A rate: figure:churn.least.poll.rate[]. None: figure:idle.1.most.poll.rate[].

findings::idle[]

chart::churn[alt="Connections a second."]

== A session

[session,one]
----
% word=sunny
$ echo "a $word day"
? sunny
$ (exit 3)
! 3
$ echo "two \\
>   lines"
$ echo "printed; \$ is no prompt"
----

The shell goes on:

[session,one]
----
$ echo "still $word"
----
"""

folders = tempfile.TemporaryDirectory(prefix="four-ways-drafts-")


def tearDownModule():
    folders.cleanup()


def draft(name: str, text: str, *options: str) -> tuple[int, str, Path]:
    """The draft's status, what was said, and the page: text without tags, if there is one."""
    folder = Path(folders.name) / name
    folder.mkdir(exist_ok=True)
    source = folder / f"{name}.adoc"
    source.write_text(text)
    done = book.build(folder / "out", "--chapter", str(source), *options)
    return done.returncode, done.stdout, folder / "out" / "index.html"


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
        made_up.write(run, made_up.whole_run(4, experiments=("churn",)))
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

    def test_callouts_stand_behind_their_lines(self):
        self.assertRegex(self.text, r"listener_announce\(.*\(1\)\n")
        self.assertRegex(self.text, r"return EXIT.*\(2\)\n")

    def test_a_callout_may_stand_behind_a_line_with_a_bar_in_it(self):
        self.assertRegex(self.text, r"== 0 \|\| quietest == NULL\) \(1\)\n")

    def test_a_difference_is_what_diff_says(self):
        self.assertIn(
            "-    /* One recv is enough: if bytes are left, the next select says so again. */\n"
            "+    /* One recv is enough: if bytes are left, the next poll says so again. */\n",
            self.text,
        )

    def test_proofs_are_links_to_their_lines(self):
        links = {a["class"]: a["href"] for a in book.Page(self.page).links() if "class" in a}
        self.assertEqual(links["man"], "https://man7.org/linux/man-pages/man2/poll.2.html")
        for macro, line in [
            ("claim", "START_TEST(select_changes_its_sets)"),
            ("case", "START_TEST(sizes)"),
            ("break", "--- a/"),
        ]:
            with self.subTest(macro=macro):
                target, anchor = book.resolve(self.page, links[macro])
                text = target.read_text(encoding="utf-8")
                start = text.index(f'id="{anchor}"') if anchor else 0
                self.assertIn(line, html.unescape(re.sub("<[^>]*>", "", text[start:][:4000])))

    def test_numbers_are_those_of_the_run(self):
        self.assertRegex(self.text, r"A rate: \d[\d,.]* connections/s")
        self.assertIn("None: (not measured in this run).", self.text)
        self.assertIn("Nothing can be said: it was not measured", self.text)
        self.assertTrue((self.page.parent / "charts" / "churn.svg").is_file())

    def test_sessions_show_what_was_printed(self):
        self.assertIn('$ echo "a $word day"\na sunny day\n', self.text)
        self.assertIn('$ echo "two \\\n>   lines"\ntwo   lines\n', self.text)
        self.assertIn('$ echo "still $word"\nstill sunny', self.text)
        self.assertNotIn("% word", self.text)

    def test_what_was_printed_is_never_taken_for_a_command(self):
        page = self.page.read_text(encoding="utf-8")
        self.assertIn('<span class="go">printed; $ is no prompt</span>', page)


if __name__ == "__main__":
    if book.missing():
        print(f"not here: {', '.join(book.missing())}", file=sys.stderr)
        sys.exit(book.SKIPPED)
    unittest.main()
