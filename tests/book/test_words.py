"""The book's words: no term is used before its chapter, and none of the phrases that we avoid.

    tests/book/test_words.py [-v] [CASE]

The glossary is the list of terms; each entry ends with the chapter that introduces it.
"""

import re
import unittest

import book

ENTRY = re.compile(r"^\[\[term-[\w-]+\]\](.+?):: .*?((?:<<ch-[\w-]+>>(?:, )?)+)$", re.M)

# Also words of everyday English, which prose may use in their everyday sense.
EVERYDAY = {"budget", "completion", "connection", "cycle", "drain", "edge", "floor", "interval", "reset",
            "round", "suspect", "trial", "turn"}

# The tour of the first pages names what the book is about, and promises to explain it.
TOUR = "00-how-to-read"

# What a translation sounds like, and a few words for which we have better ones.
AVOIDED = {
    r"\b(CPU time|bytes|descriptors \w+) an? (echo|connection|message)\b": "per echo, per connection",
    r"\bfor ever\b": "forever",
    r"(?i)\bwhoever\b": "say what: you, the server, a client",
    r"\b([Nn]obody|somebody) (is |are |was )?(told|tells|asked|keeps?)\b": "say which part of the system",
    r"\bkernel (tells|looks|is asked|knows)\b": "the kernel reports, scans, returns",
    r"\b(un)?told (again|of)\b": "reported",
    r"\bso that anybody could\b": "no measurable difference",
    r"\b[Ww]hat is seen\b": "result",
    r"\b(doubtful|doubted) trials?\b": "suspect trials",
    r"\b[Ww]ho (forgets|registers|waits|sends|reads|needs|leaves)\b": "If you forget, ...",
    r"\bfor the rest of (the )?time\b": "forever",
}


def chapters() -> dict[str, str]:
    """By file, in their order: the prose, a line for each sentence."""
    return {name.removeprefix("book/").removesuffix(".adoc"): prose(text)
            for name, text in book.sources().items() if re.match(r"book/\d", name)}


def prose(text: str) -> str:
    """Without listings, headings, titles, the names of macros, and code."""
    text = re.sub(r"(?ms)^(----+|\.\.\.\.+)$.*?^\1$", "", text)
    text = re.sub(r"(?m)^(=+ |\.[A-Z]|\[|(include|picture|chart|table|result|explanation)::).*$", "", text)
    return re.sub(r"\b(claim|case|break|src|man|figure):[\w./-]+\[.*?\]|`[^`]*`", "", text)


def homes() -> dict[str, str]:
    """The file of each chapter, by its anchor."""
    texts = book.sources().items()
    return {found[1]: name.removeprefix("book/").removesuffix(".adoc")
            for name, text in texts for found in re.finditer(r"^\[\[(ch-[\w-]+)\]\]", text, re.M)}


def terms() -> dict[str, str]:
    """Each term, and the chapter that introduces it."""
    entries = ENTRY.findall(book.sources()["book/glossary.adoc"])
    return {term: homes()[re.search(r"ch-[\w-]+", chapters)[0]] for term, chapters in entries}


def use_of(term: str) -> re.Pattern:
    """One or many, with a hyphen or without; what has capitals has them everywhere."""
    words = r"[\s-]".join(re.escape(word) for word in re.split(r"[\s-]", term))
    end = "" if term[-1].isupper() else "(s|es|ed|ing)?"
    return re.compile(rf"(?<![A-Za-z0-9-]){words}{end}(?![A-Za-z0-9-])", 0 if term != term.lower() else re.I)


class Terms(unittest.TestCase):
    maxDiff = None

    def test_each_entry_of_the_glossary_names_its_chapter(self):
        entries = re.findall(r"(?m)^.+?:: ", book.sources()["book/glossary.adoc"])
        self.assertGreater(len(entries), 40)
        self.assertEqual(len(terms()), len(entries))

    def test_none_is_used_earlier(self):
        """But where the sentence says in which chapter it is explained."""
        early = []
        for term, home in terms().items():
            if term in EVERYDAY:
                continue
            for name, text in chapters().items():
                if name >= home or name == TOUR:
                    continue
                uses = [line for line in text.splitlines() if use_of(term).search(line) and "<<" not in line]
                early += [f"{term} (chapter {home[:2]}) in chapter {name[:2]}: {line[:150]}" for line in uses]
        self.assertEqual(early, [])

    def test_everyday_words_are_terms(self):
        self.assertEqual(EVERYDAY - set(terms()), set())


class Phrases(unittest.TestCase):
    maxDiff = None

    def test_none_is_one_that_we_avoid(self):
        found = [
            f"{name}: '{match[0]}'; better: {instead}"
            for name, text in book.sources().items() for pattern, instead in AVOIDED.items()
            for match in re.finditer(pattern, text)
        ]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
