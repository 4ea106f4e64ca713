"""What the book says and what the suite proves: neither without the other.

    tests/book/test_chapters.py [-v] [CASE]

Reads the sources only; nothing is built.
"""

import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

import book

sys.dont_write_bytecode = True
sys.path.insert(0, str(book.DOCS))

import record  # noqa: E402  (the path comes first)

CHAPTERS = {name: text for name, text in book.sources().items() if re.match(r"book/\d", name)}
MECHANISMS = [name for name in CHAPTERS if re.match(r"book/0[1-6]", name)]
PROOF = re.compile(r"(claim|man):[\w.]+\[|<<(bib|ch)-")
MARKS = re.compile(r"\s*(?:(?:claim|case|break):[\w-]+\[\]\s*)+")
SENTENCE_END = re.compile(r"""[.!?:](\)|"|_|\*+|”)?$""")
# The kernel as the subject of a sentence: a statement of what it does.
STATEMENT = re.compile(r"\b[Tt]he kernel('s \w+)? (?!the\b)([a-z]+s|always|never|will|may|can)\b")


def defined(folder: str, pattern: str) -> set[str]:
    text = "\n".join(f.read_text() for f in sorted((book.ROOT / "tests" / folder).glob("*.c")))
    return set(re.findall(pattern, text))


def paragraphs(text: str) -> list[str]:
    """Blocks of prose: also an item of a list, the text of a callout, a cell.

    No headings, titles and pictures, and not the sentence that says what a chapter is for.
    """
    prose = re.sub(r"(?m)^(=+ |\.[A-Z]|(?:include|picture|chart|table|result|explanation|experiments|published)::|(?:At|By) the end of this chapter).*$", "", text)
    return [b.strip() for b in re.split(r"\n\s*\n|\n\+\n|\n(?=[*.|] |<[\d.]+> )", prose)]


class Claims(unittest.TestCase):
    claims = defined("kernel", r"(?m)^START_TEST\((\w+)\)")

    def test_every_claim_has_its_test(self):
        self.assertGreater(len(self.claims), 50)
        self.assertEqual(sorted(book.cited("claim") - self.claims), [])

    def test_every_test_of_the_kernel_has_its_sentence(self):
        self.assertEqual(sorted(self.claims - book.cited("claim")), [])

    maxDiff = None

    def test_every_statement_about_the_kernel_names_its_proof(self):
        bare = [
            f"{name}: {block[:200]}"
            for name in MECHANISMS for block in paragraphs(CHAPTERS[name])
            if STATEMENT.search(block) and not PROOF.search(block)
        ]
        self.assertEqual(bare, [])

    def test_every_mark_is_behind_a_sentence(self):
        """Or at the end of a block or a cell.  The lists of "Caught by" aren't marks."""
        inside = [
            f"{name}: {block[found.start():][:80]}"
            for name, text in book.sources().items()
            for block in paragraphs(re.sub(r"(?m)^_Caught by:_.*$", "", text))
            for found in MARKS.finditer(block)
            if not SENTENCE_END.search(block[: found.start()]) and block[found.end() :][:1] not in ("", "|")
        ]
        self.assertEqual(inside, [])

    def test_every_broken_server_has_its_pitfall(self):
        patches = {f.stem for f in (book.ROOT / "tests" / "breaks").glob("*.patch")}
        self.assertGreater(len(patches), 20)
        self.assertEqual(sorted(patches - book.cited("break")), [])
        self.assertEqual(sorted(book.cited("break") - patches), [])

    def test_every_pitfall_has_its_symptom_cause_cure_and_test(self):
        entry = re.compile(
            r"_Symptom:_ .+ \+\n_Cause:_ .+ \+\n_Cure:_ .*man:.+ \+\n"
            r"(_Caught by:_ (break:.* case:|src:tests/)|_(Avoided|Accepted):_ )"
        )
        entries = self.pitfalls()
        self.assertGreater(len(entries), 50)
        self.assertEqual([name for name, text in entries.items() if not entry.match(text)], [])

    def test_every_pitfall_is_found_by_its_symptom(self):
        chapter = CHAPTERS["book/10-pitfalls.adoc"]
        table = chapter[chapter.index("|what you see") : chapter.rindex("\n|===\n")]
        self.assertEqual(set(re.findall(r"<<(pit-[\w-]+),", table)), set(self.pitfalls()))

    def pitfalls(self) -> dict[str, str]:
        """What the chapter says of each pitfall, by its anchor."""
        chapter = CHAPTERS["book/10-pitfalls.adoc"]
        return dict(re.findall(r"(?m)^\[\[(pit-[\w-]+)\]\].*::\n((?:_.*\n)+)", chapter))

    def test_every_question_has_its_answer(self):
        asked = [
            len(re.findall(r"(?m)^\. ", text[text.index("=== Check yourself") :]))
            for text in CHAPTERS.values()
        ]
        answers = book.sources()["book/answers.adoc"]
        given = [len(re.findall(r"(?m)^\. ", part)) for part in re.split(r"(?m)^=== ", answers)[1:]]
        self.assertEqual(given, asked)
        self.assertGreater(min(given), 2)

    def test_every_case_has_that_name(self):
        cases = defined("conformance", r'"([a-z0-9-]+)",\s*\w+')
        self.assertEqual(sorted(book.cited("case") - cases), [])


class Sessions(unittest.TestCase):
    def test_each_is_recorded_as_it_stands_and_says_what_it_must(self):
        for chapter in sorted(book.DOCS.glob("book/*.adoc")):
            found = record.sessions(chapter)
            if not found:
                continue
            with self.subTest(chapter=chapter.name):
                parts = re.split(r"(?m)^\[session.*\]\n", record.record_of(chapter).read_text())[1:]
                kept = [[line for line in part.splitlines() if line and line[0] != "|"] for part in parts]
                self.assertEqual(kept, [[line for step in todo for line in step.lines] for _, todo in found])
                for text, (_, todo) in zip(parts, found):
                    printed = re.sub(r"(?m)^\| ?", "", "\n".join(re.findall(r"(?m)^\|.*", text)))
                    self.assertEqual([t for step in todo for t in step.texts if t not in printed], [])


class Pictures(unittest.TestCase):
    drawn = sorted((book.DOCS / "pictures").glob("*.svg"))

    def test_each_is_a_picture_with_a_name(self):
        self.assertTrue(self.drawn)
        for file in self.drawn:
            with self.subTest(picture=file.name):
                root = ElementTree.parse(file).getroot()
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                self.assertIn("viewBox", root.attrib)
                self.assertTrue(root.findtext("{http://www.w3.org/2000/svg}title"))

    def test_each_is_in_the_book(self):
        self.assertEqual({file.stem for file in self.drawn} - book.cited("picture"), set())


class Lab(unittest.TestCase):
    def test_what_the_steps_say_to_read_is_there(self):
        """The sections of the book that the lab names, in quotes: chapter 2 of the book: "...\""""
        steps = sorted((book.ROOT / "lab").glob("*/*/*.toml"))
        named = [
            (file.parent.name, int(number), title)
            for file in steps for line in re.findall(r'"chapter (?:\\"|[^"])*"', file.read_text())
            for number in re.findall(r"^.chapter (\d+) of the book:", line)
            for title in re.findall(r'\\"(.+?)\\"', line)
        ]
        self.assertGreater(len(named), 30)
        gone = [one for one in named if one[2] not in headings(one[1])]
        self.assertEqual(gone, [])


def headings(chapter: int) -> set[str]:
    text = next(t for name, t in CHAPTERS.items() if name.startswith(f"book/{chapter:02}-"))
    return set(re.findall(r"(?m)^=+ (.*)", text))


class Words(unittest.TestCase):
    def test_each_server_names_its_chapter(self):
        chapters = {"select": "03", "poll": "04", "epoll_lt": "05", "epoll_et": "06"}
        for server, number in chapters.items():
            source = (book.ROOT / f"{server}_server" / f"{server}_server.c").read_text()
            header = source[: source.index("*/")]
            named = re.search(r"docs/book/([\w-]+\.adoc)", header)
            self.assertTrue(named, f"{server}: no chapter in its header")
            self.assertTrue((book.DOCS / "book" / named[1]).is_file(), named[1])
            self.assertTrue(named[1].startswith(number), named[1])

    def test_numbers_of_a_run_come_from_a_run(self):
        """A rate, a latency or a factor typed by hand is wrong on the next machine."""
        unit = r"\d[\d,.]*( (echoes|connections) a second| ?[µmu]s\b| times (as|the|faster|slower)|x\b)"
        typed = [
            f"{name}: {found[0]}"
            for name in CHAPTERS if re.match(r"book/09", name)
            for found in re.finditer(unit, CHAPTERS[name])
        ]
        self.assertEqual(typed, [])

    def test_the_readers_are_never_told_of_what_is_not_there(self):
        for name, text in book.sources().items():
            self.assertNotRegex(text, r"\b(TODO|FIXME|XXX|TBD|lorem)\b", name)


if __name__ == "__main__":
    unittest.main()
