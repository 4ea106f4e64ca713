"""docs/teaching/lecture-*.adoc: the slides build, fit, and take what they show by its name.

    tests/book/test_slides.py [-v] [CASE]
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import book

LECTURES = {name: text for name, text in book.sources().items() if "lecture-" in name}
MINUTES = 90


def slides(text: str) -> dict[str, str]:
    parts = [part.partition("\n") for part in re.split(r"(?m)^== ", text)[1:]]
    return {title: rest for title, _, rest in parts}


def pdf(tool: str, file: Path, *options: str) -> str:
    return subprocess.run([tool, *options, file] + (["-"] if tool == "pdftotext" else []),
                          capture_output=True, encoding="utf-8", check=True).stdout


class Sources(unittest.TestCase):
    def test_there_are_two_lectures(self):
        self.assertEqual(len(LECTURES), 2)

    def test_each_is_as_long_as_a_lecture(self):
        for name, text in LECTURES.items():
            with self.subTest(lecture=name):
                minutes = re.findall(r"(?m)^\[notes,(\d+)\]\n--$", text)
                self.assertEqual(len(minutes), len(slides(text)))
                self.assertEqual(sum(map(int, minutes)), MINUTES)

    def test_code_and_figures_come_by_name(self):
        """What is typed is a command for a shell; anything else is included."""
        for name, text in LECTURES.items():
            with self.subTest(lecture=name):
                self.assertEqual(set(re.findall(r"(?m)^\[source,?(.*)\]", text)), {"shell"})
                self.assertEqual(text.count("\n----\n"), 2 * text.count("[source,shell]"))
                self.assertNotRegex(text, r"image:|\d (?:µs|ns|ms)\b|\d times\b")

    def test_each_asks_the_room(self):
        for name, text in LECTURES.items():
            with self.subTest(lecture=name):
                self.assertGreaterEqual(text.count("[.ask]"), 8)


class Built(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = Path(cls.scratch.name) / "slides"
        done = book.build(cls.folder, "--slides")
        if done.returncode != 0:
            raise AssertionError(done.stdout)

    def test_a_pdf_to_show_and_one_with_notes(self):
        names = {Path(name).stem for name in LECTURES}
        wanted = {f"{name}{kind}.pdf" for name in names for kind in ("", "-notes")}
        self.assertEqual({file.name for file in self.folder.glob("[!.]*")}, wanted)

    def test_each_slide_is_one_page_of_16_to_9(self):
        for name, text in LECTURES.items():
            with self.subTest(lecture=name):
                said = pdf("pdfinfo", self.folder / f"{Path(name).stem}.pdf")
                self.assertEqual(int(re.search(r"Pages: +(\d+)", said)[1]), 1 + len(slides(text)))
                width, height = re.search(r"Page size: +([\d.]+) x ([\d.]+)", said).groups()
                self.assertAlmostEqual(float(width) / float(height), 16 / 9, places=2)

    def test_notes_are_not_on_the_slides(self):
        for name in LECTURES:
            with self.subTest(lecture=name):
                shown = pdf("pdftotext", self.folder / f"{Path(name).stem}.pdf")
                held = pdf("pdftotext", self.folder / f"{Path(name).stem}-notes.pdf")
                self.assertNotIn("The answer:", shown)
                self.assertIn("The answer:", held)


class Wrong(unittest.TestCase):
    """A slide that doesn't fit isn't published."""

    def complaint(self, slide: str) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            lecture, output = Path(scratch) / "lecture-9.adoc", Path(scratch) / "slides"
            lecture.write_text(f"= A lecture\n\n== A slide\n\n{slide}\n")
            done = book.build(output, "--slides", "--chapter", str(lecture))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertFalse(list(output.glob("*.pdf")))
            return done.stdout

    def test_too_much_code(self):
        code = "include::code:select_server/select_server.c[main]"
        said = self.complaint(f"{code}\n\n[notes,1]\n--\nSay it.\n--")
        self.assertRegex(said, r'the slide "A slide" has \d+ lines of code; \d+ fit')

    def test_no_notes(self):
        self.assertIn('the slide "A slide" has no notes', self.complaint("Some words."))


if __name__ == "__main__":
    if book.missing():
        print(f"not here: {', '.join(book.missing())}", file=sys.stderr)
        sys.exit(book.SKIPPED)
    unittest.main()
