"""What is printed: 80 columns at most, and colour on a terminal only."""

import errno
import os
import re
import shlex
import shutil
import sys
import textwrap
from pathlib import Path

from course import Item
from results import ERROR, FAILED, NOT_RUN, PASSED, Report, Result

WIDTH = 79
LABELLED = re.compile(r"(?:((?:saw|expected|server|stderr|printed|also):) ?)?(.*)")
COLOURS = {PASSED: "32", FAILED: "31", ERROR: "35"}
lost: list[OSError] = []  # why nothing more can be printed


def begin() -> None:
    """Standard output may be closed, or know no more than ASCII."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        getattr(sys, name).reconfigure(errors="replace")


def say(text: str = "", end: str = "\n") -> None:
    """A reader that has gone away, or a full disk, must not end a check halfway."""
    try:
        if not lost:
            print(text, end=end, flush=True)
    except OSError as error:
        lost.append(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def lost_output() -> OSError | None:
    """A reader that has gone away wanted no more: that is no problem."""
    return next((error for error in lost if error.errno != errno.EPIPE), None)


def complain(line: str) -> None:
    try:
        print(f"lab: {line}", file=sys.stderr, flush=True)
    except OSError:
        pass


def has_colour() -> bool:
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
    )


def coloured(text: str, outcome: str) -> str:
    code = COLOURS.get(outcome)
    return f"\033[{code}m{text}\033[m" if code and has_colour() else text


def wrapped(text: str, first: str = "", then: str | None = None) -> str:
    then = " " * len(first) if then is None else then
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False
    ) or first.rstrip()


def lab(inside: Path | None = None) -> str:
    """The command as it can be typed in that folder."""
    command = Path(__file__).resolve().parent
    script = next(one for one in (up / "lab" for up in command.parents) if one.is_file())
    found = shutil.which("lab")
    if found and Path(found).resolve() == script:
        return "lab"
    try:
        relative = os.path.relpath(script, (inside or Path.cwd()).resolve())
    except FileNotFoundError:  # the folder that we are in has been deleted
        relative = str(script)
    shorter = min(relative, str(script), key=len)
    return shlex.quote(shorter if "/" in shorter else f"./{shorter}")


def say_next(advice: str, inside: Path | None = None) -> None:
    say(f"Next: {advice.replace('{lab}', lab(inside))}")


def progress(done: int, of: int) -> None:
    if sys.stdout.isatty():
        say(f"\r  {done} of {of} cases\033[K" if done < of else "\r\033[K", end="")


def report(found: Report) -> None:
    if found.compile:
        say("The compiler says:\n" + textwrap.indent(found.compile, "  ") + "\n")
    for remark in found.remarks:
        say(wrapped(remark))
    kept = [result for result in found.results if result.kept]
    outcomes = {result.outcome for result in kept}
    if outcomes in ({PASSED}, {NOT_RUN}):  # usually: a line for all of them
        some = "a promise" if len(kept) == 1 else f"{len(kept)} promises"
        say(line_of(outcomes.pop(), f"{some} of earlier steps", ""))
        kept = []
    shown = kept + [result for result in found.results if not result.kept]
    for result, after in zip(shown, [*shown[1:], None]):
        say_result(result)
        is_reason = result.outcome == NOT_RUN and result.message and not result.person
        if is_reason and (after is None or after.message != result.message):
            say(wrapped(result.message, " " * 11 + "because: "))
        if result.outcome == PASSED and result.message:  # what an exercise's live run has seen
            say(wrapped(result.message, " " * 11))
    failure = found.first_failure
    if failure:
        say_failure(failure)
    if not found.complete:
        say("\nTime was up before all cases had run.")
    say(f"\n{found.earned} of {found.possible} points")


def line_of(outcome: str, text: str, points: str) -> str:
    lines = textwrap.wrap(text, WIDTH - 20)
    first = f"  {coloured(f'{outcome:<8}', outcome)} {lines[0]:<{WIDTH - 19}} {points}"
    return "\n".join([first.rstrip(), *(" " * 11 + line for line in lines[1:])])


def say_result(result: Result) -> None:
    outcome = result.outcome.upper() if result.outcome in (FAILED, ERROR) else result.outcome
    points = f"{result.earned}/{result.points}" if result.points else ""
    if result.person:
        outcome, points = "teacher", f"-/{result.points}"
    text = f"{result.promise} (an earlier step)" if result.kept else result.promise
    say(line_of(outcome, text, points))


def say_failure(failure: Result) -> None:
    wrong = "could not be checked" if failure.outcome == ERROR else "does not hold"
    say("\n" + wrapped(f"The first that {wrong}: {failure.promise}") + "\n")
    seen = set()
    for line in failure.message.splitlines():
        label, text = LABELLED.fullmatch(line).groups()
        text = "".join(one if one.isprintable() else "?" for one in text)
        head = label if label not in seen else ""
        if text.strip():
            margin = " " * (15 + len(text) - len(text.lstrip()))
            say(wrapped(text, f"  {head or '':<10} ", margin if text[0] == " " else " " * 13))
        seen.add(label)
    if failure.outcome == ERROR:  # neither is about the student's program
        return
    if failure.read:
        say(wrapped("; ".join(failure.read), "  read:      "))
    if failure.hint:
        say(wrapped(failure.hint, "  hint:      "))
    if failure.repeat:
        say("\nTo repeat this case alone:\n" + command_lines(failure.repeat))


def quoted(word: str) -> str:
    """A server's command has quotes of its own: this is easier to read than shlex.quote()."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def command_lines(command: str) -> str:
    """A command in lines that a shell takes as one."""
    lines = ["  "]
    for word in map(quoted, shlex.split(command)):
        if len(lines[-1]) + len(word) > WIDTH - 2 and lines[-1].strip():
            lines[-1] += "\\"
            lines.append("    ")
        lines[-1] += word + " "
    return "\n".join(lines).rstrip()


def task_of(item: Item) -> None:
    say(wrapped(f"{item.name.capitalize()}: {item.title}"))
    if item.minutes:
        say(f"  about {item.minutes} minutes, {item.points} points")
    if item.read:
        say(wrapped("; ".join(item.read), "  read: "))


def listing(items: list[Item], records: dict) -> None:
    for kind in dict.fromkeys(item.kind for item in items):
        say(f"\n{kind}s")
        for item in [one for one in items if one.kind == kind]:
            known = records.get(item.key, {})
            points = f"{known.get('points', '-')}/{item.points}"
            state = known.get("state", "")
            start = f"  {item.key:<12} {points:>6}  "
            say(wrapped(f"{item.title}{f' ({state})' if state else ''}", start))
