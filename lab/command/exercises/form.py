"""The form that takes a student's answers: answers.txt.

A line is `key: answer`.  Empty lines and lines that begin with # are for the reader.
The keys are those of the form that was handed out; each occurs once.
"""

import re
from pathlib import Path

NAME = "answers.txt"
MOST_BYTES = 1 << 16
LINE = re.compile(r"([a-z][a-z0-9-]*)\s*:(.*)")
COUNT = re.compile(r"[0-9]+|[0-9]{1,3}(,[0-9]{3})+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")


class Wrong(Exception):
    """What is wrong with an answer, in lines for the student."""


class BadForm(Wrong):
    """The form can't be read."""


def text_of(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadForm(f"saw: {NAME}: {error.strerror}\nexpected: the form, filled in") from None
    if len(data) > MOST_BYTES:
        raise BadForm(f"saw: {NAME} has more than {MOST_BYTES:,} bytes\nexpected: short answers")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadForm(f"saw: {NAME}, line {line} is not UTF-8\nexpected: plain text") from None


def lines_of(text: str) -> list[tuple[int, str]]:
    """Those that hold an answer, with their numbers.  Some editors end lines with CR LF, or CR."""
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1)
    return [(n, line.strip()) for n, line in lines if line.strip() and line.strip()[0] != "#"]


def parse(text: str) -> dict[str, str]:
    answers: dict[str, str] = {}
    for number, line in lines_of(text):
        line = line.replace("\t", " ")
        found = None if CONTROL.search(line) else LINE.fullmatch(line)
        if not found:
            raise BadForm(f"saw: {NAME}, line {number}: {line[:60]!r}\nexpected: key: answer")
        key, answer = found[1], found[2].strip()
        if key in answers:
            raise BadForm(
                f"saw: {NAME}, line {number}: a second answer for '{key}'\nexpected: one answer"
            )
        answers[key] = answer
    return answers


def read(path: Path, blank: Path) -> dict[str, str]:
    """The answers in `path`, a copy of the form `blank` that was filled in."""
    answers, keys = parse(text_of(path)), list(parse(text_of(blank)))
    unknown = [key for key in answers if key not in keys]
    if unknown:
        raise BadForm(
            f"saw: {NAME}: '{unknown[0]}' is no line of the form\nexpected: {', '.join(keys)}"
        )
    missing = [key for key in keys if key not in answers]
    if missing:
        raise BadForm(
            f"saw: {NAME}: the line '{missing[0]}:' is missing\nexpected: a line for each of"
            f" {', '.join(keys)}"
        )
    return answers


# --- One answer.


def filled_in(answers: dict[str, str], key: str) -> str:
    if not answers.get(key):
        raise Wrong(f"saw: {NAME}: nothing after '{key}:'\nexpected: your answer")
    return answers[key]


def wrong_kind(key: str, answer: str, kind: str) -> Wrong:
    return Wrong(f"saw: {NAME}: {key}: {answer[:60]!r}\nexpected: {kind}")


def count(answers: dict[str, str], key: str) -> int:
    """A whole number; 65536 and 65,536 are the same."""
    answer = filled_in(answers, key)
    if len(answer) > 20 or not COUNT.fullmatch(answer):
        raise wrong_kind(key, answer, "a whole number, such as 1024")
    return int(answer.replace(",", ""))


def number(answers: dict[str, str], key: str) -> float:
    answer = filled_in(answers, key)
    if COUNT.fullmatch(answer) and len(answer) <= 20:
        return float(count(answers, key))
    if not DECIMAL.fullmatch(answer):
        raise wrong_kind(key, answer, "a number, such as 3 or 2.5")
    return float(answer)


def choice(answers: dict[str, str], key: str, known) -> str:
    answer = filled_in(answers, key)
    if answer not in known:
        raise wrong_kind(key, answer, "one of " + ", ".join(known))
    return answer


def names(answers: dict[str, str], key: str, known) -> list[str]:
    """Several of the known names, with blanks or commas between them."""
    found = re.split(r"[\s,]+", filled_in(answers, key).strip(" ,"))
    strange = [name for name in found if name not in known]
    if strange:
        raise wrong_kind(key, strange[0], "some of " + ", ".join(known))
    return list(dict.fromkeys(found))
