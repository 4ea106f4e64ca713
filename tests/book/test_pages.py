"""The book as it is read: every page of it, built from scratch.

    tests/book/test_pages.py [-v] [CASE]

No link leads nowhere and nothing is loaded from elsewhere; on a wide screen and on a
phone, in the dark, on paper, without script and by keyboard.  Without Chromium the
half that needs a browser is left out.

BOOK_PICTURES=DIR writes screenshots there, to be looked at.
"""

import html
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import book

sys.dont_write_bytecode = True
sys.path.insert(0, str(book.ROOT / "tests" / "report"))

import browser  # noqa: E402  (the path comes first)

MACRO = r"\b(claim|case|break|src|man|figure|result|explanation|experiments|published|table|chart|picture|include)::?[\w./-]+\["

TAB, ENTER, ESCAPE = "\ue004", "\ue007", "\ue00c"  # as WebDriver has them

folders = tempfile.TemporaryDirectory(prefix="four-ways-book-")
made = Path(folders.name) / "the book"  # with a blank, as people's folders have
pages: dict[str, book.Page] = {}


def setUpModule():
    done = book.build(made)
    if done.returncode:
        raise RuntimeError(f"docs/build: status {done.returncode}\n{done.stdout}")
    for path in sorted(made.rglob("*.html")):
        pages[str(path.relative_to(made))] = book.Page(path)


def tearDownModule():
    folders.cleanup()


def text_pages() -> list[str]:
    """Those that people wrote: without the source files."""
    return [name for name in pages if not name.startswith("source/")]


def chapters() -> list[str]:
    """In the order of book.adoc."""
    order = (book.DOCS / "book" / "book.adoc").read_text()
    return [f"{name}.html" for name in re.findall(r"^include::([\w-]+)\.adoc", order, re.M)]


def text_of(name: str) -> str:
    return words_of((made / name).read_text(encoding="utf-8"))


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        broken = []
        for name, page in pages.items():
            for address in page.addresses():
                if address.startswith(("https:", "http:", "data:")):
                    continue
                target, anchor = book.resolve(page.path, address)
                if not target.is_file():
                    broken.append(f"{name}: {address}")
                elif anchor and anchor not in pages[str(target.relative_to(made.resolve()))].ids():
                    broken.append(f"{name}: no {anchor} at {address}")
        self.assertEqual(broken, [])

    def test_every_page_can_be_reached_from_the_first(self):
        found, new = set(), {"index.html"}
        while new:
            found |= new
            new = {
                str(book.resolve(pages[name].path, link["href"])[0].relative_to(made.resolve()))
                for name in new for link in pages[name].links()
                if not link["href"].startswith("http") and ".pdf" not in link["href"]
            } - found
        self.assertEqual(set(pages) - found, set())

    def test_the_chapters_follow_each_other(self):
        walked, name = [], "index.html"
        while name:
            following = [a["href"] for a in pages[name].links() if a.get("rel") == "next"]
            name = following[0] if following else None
            walked += following
        self.assertEqual(walked, chapters())

    def test_the_contents_are_on_every_page(self):
        for name in text_pages():
            links = [Path(a["href"]).name for a in pages[name].links()]
            if name != "book.html":
                self.assertEqual([c for c in chapters() if c not in links], [], name)
            current = [a["href"] for a in pages[name].links() if a.get("aria-current")]
            self.assertEqual(current, [name] if name in chapters() else [], name)

    def test_nothing_is_loaded_from_elsewhere(self):
        for name, page in pages.items():
            for tag, attributes in page.tags:
                if tag != "a":
                    for key in ("src", "srcset", "href"):
                        self.assertNotRegex(attributes.get(key, ""), r"^(https?:)?//", name)
        for style in made.glob("style/*"):
            self.assertNotRegex(style.read_text(), r"url\(|@import|https?://", style.name)


class Structure(unittest.TestCase):
    def test_one_heading_a_language_and_names_that_are_unique(self):
        for name, page in pages.items():
            with self.subTest(page=name):
                self.assertEqual(len(page.all("h1")), 1)
                self.assertEqual(page.all("html")[0].get("lang"), "en")
                self.assertEqual(len(page.all("main")), 1)
                twice = {id for id in page.ids() if page.ids().count(id) > 1} if name != "book.html" else set()
                self.assertEqual(twice, set())

    def test_headings_leave_out_no_level(self):
        for name in text_pages():
            levels = [int(tag[1]) for tag, _ in pages[name].tags if re.fullmatch("h[1-6]", tag)]
            jumps = [(a, b) for a, b in itertools.pairwise(levels) if b > a + 1]
            self.assertEqual(jumps, [], name)

    def test_pictures_say_in_words_what_they_show(self):
        count = 0
        for name in text_pages():
            for image in pages[name].all("img"):
                count += 1
                self.assertGreater(len(image.get("alt", "")), 20, f"{name}: {image['src']}")
        self.assertGreater(count, 30)

    def test_tables_say_what_their_headers_are_of(self):
        for name in text_pages():
            for header in pages[name].all("th"):
                self.assertIn(header.get("scope"), ("col", "row"), name)

    def test_no_macro_was_left_as_it_is(self):
        for name in text_pages():
            self.assertNotRegex(text_of(name), MACRO, name)

    def test_it_says_nothing_of_the_machine_that_built_it(self):
        for name in text_pages():
            for place in (str(book.ROOT), tempfile.gettempdir() + "/tmp", str(Path.home()) + "/"):
                self.assertNotIn(place, text_of(name), name)

    def test_one_page_has_all_that_the_chapters_have(self):
        single = set(pages["book.html"].ids())
        for name in chapters():
            self.assertEqual(set(pages[name].ids()) - single, set(), name)

    def test_answers_are_on_a_page_of_their_own(self):
        exercises, answers = text_of("teaching/exercises.html"), text_of("teaching/answers.html")
        self.assertNotIn("A good answer", exercises)
        self.assertEqual(answers.count("A good answer"), 12)
        for wanted in ("Hand in", "Checked by"):
            self.assertEqual(exercises.count(wanted), 12, wanted)

    def test_the_pdf_is_a_book(self):
        paper = self.paper()
        self.assertGreater(len(paper), 60)
        self.assertLess(len(paper), 200)
        for number in range(12):
            self.assertTrue(any(p.startswith(f"Chapter {number}. ") for p in paper), number)

    def test_the_reference_card_is_one_page(self):
        card = [page for page in self.paper() if page.startswith("Appendix B: Reference card")]
        self.assertEqual(len(card), 1)
        self.assertIn("The four rules of edge-triggering", card[0])
        self.assertIn("To ask again", card[0])

    def paper(self) -> list[str]:
        """The text of each page of the PDF."""
        text = subprocess.run(
            ["pdftotext", "-layout", made / "four-ways-to-wait.pdf", "-"],
            stdout=subprocess.PIPE, encoding="utf-8", check=True,
        ).stdout
        return [page.strip() for page in text.split("\f")]


class ForStudents(unittest.TestCase):
    """The book of a handout, from a tree without the answers."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(folders.name) / "students"
        tree = Path(folders.name) / "tree"
        shutil.copytree(book.ROOT, tree, symlinks=True, ignore=without_answers)
        done = book.build(cls.folder, "--for-students", script=tree / "docs/build")
        if done.returncode:
            raise RuntimeError(f"docs/build: status {done.returncode}\n{done.stdout}")
        cls.pages = {path: book.Page(path) for path in sorted(cls.folder.rglob("*.html"))}

    def test_it_has_all_chapters_and_the_exercises(self):
        for name in [*chapters(), "book.html", "teaching/exercises.html"]:
            self.assertIn(self.folder / name, self.pages)

    def test_it_has_no_answers(self):
        for path in self.pages:
            self.assertNotIn("A good answer", path.read_text(), path)
        self.assertEqual([one.name for one in self.folder.glob("teaching/*")], ["exercises.html"])
        self.assertEqual(list(self.folder.glob("*.pdf")), [])

    def test_it_names_no_bug(self):
        names = {patch.stem for patch in (book.ROOT / "tests/breaks").glob("*.patch")}
        self.assertGreater(len(names), 40)
        for path in self.pages:
            text = path.read_text()
            self.assertEqual({name for name in names if name in text}, set(), path)
            self.assertEqual({name for name in names if name in words_of(text)}, set(), path)
        self.assertFalse((self.folder / "source/tests/breaks").exists())

    def test_every_link_leads_somewhere(self):
        for path, page in self.pages.items():
            for address in page.addresses():
                if not address.startswith(("https:", "http:", "data:")):
                    self.assertTrue(book.resolve(path, address)[0].is_file(), f"{path}: {address}")


def without_answers(folder: str, names: list[str]) -> list[str]:
    here = Path(folder)
    if here == book.ROOT:
        return [name for name in names if name.startswith((".git", "build", "results"))]
    if here.parent == book.ROOT / "lab/steps":
        return [name for name in names if name.startswith(("solution", "wrong"))]
    return ["answers"] if here == book.DOCS / "teaching" else []


def words_of(page: str) -> str:
    """What stands on a page, however it is coloured."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


class Reader(browser.Browser):
    """Reads by keyboard, with script or without."""

    def show(self, page: Path, width: str = "wide", scheme: str = "light", script: bool = True):
        self.command("Emulation.setScriptExecutionDisabled", value=not script)
        super().show(page, width, scheme)

    def press(self, *keys: str) -> str:
        """Returns what has the focus then, in words."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)
        return self.ask("return words(document.activeElement)")


@unittest.skipUnless(browser.available(), "no chromium, chromedriver or python3-selenium here")
class InABrowser(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.tab = Reader()
        cls.addClassCleanup(cls.tab.close)

    def test_every_page_looks_right(self):
        sources = [name for name in pages if name.startswith("source/")]
        of_each_kind = {Path(name).suffixes[0]: name for name in sources}
        names = [*text_pages(), *of_each_kind.values()]
        for look in itertools.product(names, browser.WIDTHS, ("light", "dark")):
            with self.subTest(look=look):
                self.look(*look)

    def look(self, name: str, width: str, scheme: str) -> None:
        """As this reader sees it."""
        self.tab.show(made / name, width, scheme)
        self.assertEqual(self.tab.complaints(), [])
        wide = self.tab.ask("return [document.documentElement.scrollWidth, innerWidth]")
        self.assertLessEqual(*wide)
        blank = "return [...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
        self.assertEqual(self.tab.ask(blank), [])
        self.assertEqual(self.tab.ask(browser.CONTRAST), [])
        if "BOOK_PICTURES" in os.environ and name != "book.html":  # which is too long for one
            file = f"{name[:-5].replace('/', '-')}-{width}-{scheme}.png"
            self.tab.picture(Path(os.environ["BOOK_PICTURES"]) / file)

    def test_dark_is_dark(self):
        grounds = set()
        for scheme in ("light", "dark"):
            self.tab.show(made / chapters()[0], "wide", scheme)
            grounds.add(self.tab.ask(browser.GROUND))
        self.assertEqual(len(grounds), 2)

    def test_the_contents_open_by_keyboard_without_script(self):
        for script in (True, False):
            with self.subTest(script=script):
                self.tab.show(made / chapters()[3], "phone", script=script)
                self.addCleanup(self.tab.show, made / chapters()[3])
                opened = "return seen(document.querySelector('#contents'))"
                self.assertFalse(self.tab.ask(opened))
                self.assertEqual(self.tab.press(TAB), "Skip to the text")
                self.assertEqual(self.tab.press(TAB), "Contents")
                self.tab.press(ENTER)
                self.assertTrue(self.tab.ask(opened))
                self.assertIn("How to read", self.tab.press(TAB))
                self.tab.press(ESCAPE)
                self.assertFalse(self.tab.ask(opened))

    def test_on_a_wide_screen_the_contents_stay(self):
        self.tab.show(made / chapters()[3], "wide")
        self.tab.ask("scrollTo(0, document.body.scrollHeight)")
        box = self.tab.ask("return document.querySelector('#contents').getBoundingClientRect().toJSON()")
        self.assertGreaterEqual(box["top"], 0)
        self.assertTrue(self.tab.ask("return seen(document.querySelector('#contents'))"))

    def test_without_script_all_text_is_there(self):
        said = []
        for script in (True, False):
            self.tab.show(made / chapters()[3], script=script)
            self.addCleanup(self.tab.show, made / chapters()[3])
            self.tab.ask("document.querySelectorAll('button.copy').forEach(one => one.remove())")
            said.append(self.tab.ask("return document.querySelector('main').innerText"))
        self.assertEqual(said[0], said[1])

    def test_code_can_be_copied_without_its_callouts(self):
        self.tab.show(made / "04-poll.html")
        copied = self.tab.ask(
            "return [...document.querySelectorAll('.listingblock:not(.session) pre.rouge')].map(textOf)"
        )
        source = "\n".join(line.rstrip() for line in
                           (book.ROOT / "poll_server" / "poll_server.c").read_text().splitlines())
        functions = [text for text in copied if "static" in text and "\n-" not in text]
        self.assertGreater(len(functions), 2)
        for text in functions:
            for part in text.strip().split("\n\n"):
                self.assertIn(part.strip(), source)

    def test_of_a_session_the_commands_are_copied(self):
        self.tab.show(made / "01-the-problem.html")
        copied = self.tab.ask("return [...document.querySelectorAll('.session pre')].map(textOf)")
        self.assertTrue(copied)
        self.assertIn("cc -o blocking_server docs/examples/blocking_server.c", copied[0])
        for text in copied:
            self.assertNotRegex(text, r"(?m)^\$ ")

    def test_on_paper_it_is_light_and_whole(self):
        for name in ("03-select.html", "07-side-by-side.html", "teaching/exercises.html"):
            with self.subTest(page=name):
                self.tab.show(made / name, scheme="dark")
                self.addCleanup(self.tab.medium, "screen")
                self.tab.medium("print", "dark")
                self.assertEqual(self.tab.ask(browser.GROUND), "rgb(255, 255, 255)")
                cut = ("return [...document.querySelectorAll('main pre, main .scroll')]"
                       ".filter(e => e.scrollWidth > e.clientWidth + 1).map(words)")
                self.assertEqual(self.tab.ask(cut), [])
                self.assertEqual(self.tab.ask(browser.CONTRAST), [])
                self.assertFalse(self.tab.ask("return seen(document.querySelector('header'))"))


if __name__ == "__main__":
    if book.missing():
        print(f"not here: {', '.join(book.missing())}", file=sys.stderr)
        sys.exit(book.SKIPPED)
    unittest.main()
