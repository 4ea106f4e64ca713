"""The book's shell sessions do what their lines say, and a session that doesn't is found out.

    tests/book/test_sessions.py [-v] [CASE]

Needs the programs that `ninja -C build` makes, and the servers' own port.
"""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import book

sys.dont_write_bytecode = True
sys.path.insert(0, str(book.DOCS))

import record  # noqa: E402  (the path comes first)

NEEDED = ("bash", "cc", "nc", "patch")

# Sessions that are wrong, and the words of the complaint.
WRONG = {
    "$ echo printed\n? not this": "`echo printed` printed nothing with 'not this' in it, but:\nprinted",
    "$ sh -c 'exit 3'": "`sh -c 'exit 3'` ended with status 3, not 0",
    "$ true\n! 3": "`true` ended with status 0, not 3",
    "$ exit": "`exit` ended the shell",
    "$ if true": "syntax error",
    "$ false\n$ echo never run": "`false` ended with status 1",
    "echo without a prompt": "a session begins with a command, and not with: echo without",
    "$ true\necho without a prompt": "and this one doesn't: echo without a prompt",
    "? printed": "a session begins with a command, and not with: ? printed",
}

RIGHT = """= A draft

[session,one]
----
% word=sunny
$ echo "a $word day"
? sunny
$ (exit 3)
! 3
----

The shell goes on:

[session,one]
----
$ echo "still $word
> and dry"; printf 'no UTF-8: \\351\\n'
----

|===
|
[session]
----
$ echo "one \\| word:$word"; sleep 1000 &
? one \\|
----
|===
"""

RECORD = """[session,one]
% word=sunny
$ echo "a $word day"
| a sunny day
? sunny
$ (exit 3)
! 3

[session,one]
$ echo "still $word
> and dry"; printf 'no UTF-8: \\351\\n'
| still sunny
| and dry
| no UTF-8: \N{REPLACEMENT CHARACTER}

[session]
$ echo "one | word:$word"; sleep 1000 &
| one | word:
? one |
"""


class InAFolder(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="four-ways-sessions-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Made(InAFolder):
    def test_what_a_session_prints_is_recorded_behind_its_commands(self):
        draft = self.folder / "draft.adoc"
        draft.write_text(RIGHT)
        self.assertEqual(record.record(draft, self.folder), RECORD)

    def test_each_mistake_is_reported(self):
        for text, words in WRONG.items():
            with self.subTest(text=text), self.assertRaises(record.Problem) as told:
                record.run(record.steps(text), self.folder)
            self.assertIn(words, str(told.exception))

    def test_what_a_session_leaves_running_ends_with_it(self):
        record.run(record.steps("$ sleep 1000 & echo $! >started"), self.folder)
        left = Path("/proc") / (self.folder / "started").read_text().strip() / "stat"
        self.assertTrue(not left.exists() or left.read_text().split(") ")[1][0] in "ZX")


class OfTheBook(InAFolder):
    def test_each_does_what_its_lines_say(self):
        done = subprocess.run(
            [book.DOCS / "record.py", "--check"], env=book.HERE, encoding="utf-8", timeout=book.SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertGreater(done.stdout.count("are as they say"), 5)


if __name__ == "__main__":
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print(f"not here: {', '.join(missing)}", file=sys.stderr)
        sys.exit(book.SKIPPED)
    unittest.main()
