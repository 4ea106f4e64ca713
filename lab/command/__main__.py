"""The commands of the lab.

    __main__     the commands                    course       what there is to do
    folder       the student's folder and state  compiler     the compiler's message
    processes    children, the server's start    conformance  our test program and its TAP
    mechanism    how a server waits              check        a check, from all of these
    results      what it found                   show         printing;  watch: each save
    problem      what ends a command early       exercises/   modules for what needs code
    sockets      those of this machine           limits       of time
    build        our own programs                hunts        the files of a hunt
"""

import argparse
import importlib
import random
import shlex
import sys
import traceback
from pathlib import Path

import course
import folder as folders
import hunts
import processes
import show
import watch
from build import build_programs
from check import Check
from conformance import program
from course import Item
from folder import Folder
from problem import (
    BROKEN, FAULT, HOLDS, UNCHECKED, USAGE, Interrupted, Problem, of_system, watch_signals,
)
from show import say, say_next

TEACHER = Path(__file__).resolve().parents[1] / "teacher"  # not in what students receive
# After a check, by its exit status.
ADVICE = {
    HOLDS: "{lab} list shows what else there is",
    BROKEN: "change {what} and run {lab} check; {lab} hint gives a hint",
    UNCHECKED: f"run {{lab}} check again; if nothing changes, {FAULT}",
}


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Problem(message, f"{{lab}} {self.prog.partition(' ')[2]} --help", USAGE)


def server_command(text: str) -> str:
    """What --server gives, if it is a command that a port can be put into."""
    try:
        if any("{port}" in word for word in shlex.split(text)):
            return text
        reason = "has no {port} in it"
    except ValueError as error:  # such as a quotation that isn't closed
        reason = str(error)
    raise Problem(f"--server '{text}': {reason}", "--server 'COMMAND {port}'", USAGE)


def start(options) -> int:
    item, path = course.find(options.item), Path(options.folder)
    if item.kind == "hunt" and any(path.glob("*.[ch]")):
        raise Problem(f"{path}: has C files in it", "choose a new folder for the hunt", USAGE)
    folder = folders.make(path, item, options.server)
    with folder.locked(say):
        folder.state["seed"] = random.randrange(1 << 32)
        if (folder.path / "server.c").exists():
            say("Your server.c stays as it is.")
        elif not folder.put_starter(item) and item.kind == "step" and not folder.server:
            say(f"There is no starter for {item.name} here: copy your server.c into this folder.")
        hand_out(folder, item)
        folder.save()
    show.task_of(item)
    say_next(f"cd {shlex.quote(options.folder)}, read TASK.md, then {{lab}} check", folder.path)
    return 0


def hand_out(folder: Folder, item: Item) -> None:
    """The task and the files of an item, those that its module makes included."""
    folder.hand_out(item)
    if item.kind == "hunt":
        hunts.put(item, folder)
    elif item.module:
        exercises = importlib.import_module("exercises")
        if item.kind == "exercise":
            build_programs(say)
        exercises.start(item, folder.path, folder.state["seed"])


def check(options) -> int:
    folder = folders.here()
    item = course.find(options.item or folder.item)
    return check_once(folder, item, options.server or folder.server)


def check_once(folder: Folder, item: Item, server: str | None) -> int:
    program(say)
    if item.kind == "exercise":
        build_programs(say)
    with folder.locked(say):
        say(show.wrapped(f"Checking {item.name}: {item.title}") + "\n")
        report = Check(item, folder.path, server, show.progress).run()
        show.report(report)
        following = record(folder, item, report)
    if following:
        say(f"Passed.  {following.name.capitalize()}: {following.title}")
        say_next("read TASK.md, then {lab} check")
    else:
        has_form = (item.folder / "answers.txt").exists()
        what = "answers.txt" if has_form else "your program"
        say_next(ADVICE[report.status].replace("{what}", what))
    return report.status


def record(folder: Folder, item: Item, report) -> Item | None:
    """Keep what was earned.  Returns the next step, if this one has just been passed."""
    entry, following = folder.record(item.key), None
    entry["points"] = max(entry.get("points", 0), report.earned)
    if report.holds:
        entry["state"] = "passed"
        following = course.following(item) if folder.item == item.key else None
    if following:
        hand_out(folder, following)
        folder.state["item"] = following.key
    folder.save()
    return following


def watch_folder(_options) -> int:
    folder = folders.here()
    for _ in watch.saves(folder.path):
        try:
            folder = folders.here()
            check_once(folder, course.find(folder.item), folder.server)
        except Problem as problem:
            show.complain(str(problem))
        if show.lost:
            return 0
        say("\nWatching: save a file to check again; Ctrl-C ends this.\n")
    return 0


def hint(_options) -> int:
    folder = folders.here()
    with folder.locked(say):
        item = course.find(folder.item)
        given = folder.record(item.key).get("hints", 0)
        if given < len(item.hints):
            folder.record(item.key)["hints"] = given + 1
            folder.save()
            say(show.wrapped(item.hints[given], f"Hint {given + 1} of {len(item.hints)}: ", "  "))
        else:
            say(f"There are no more hints for {item.name}: you have seen all {given}.")
    say_next("try it, then {lab} check")
    return 0


def reset(_options) -> int:
    folder = folders.here()
    with folder.locked(say):
        item = course.find(folder.item)
        if folder.server:
            raise Problem("your server is a program of your own: nothing to reset", "{lab} check")
        if item.kind == "hunt":
            copy = folder.keep_all("*.[ch]")
        else:
            need_starter(item, folder)
            copy = folder.keep("server.c")
            folder.put_starter(item)
        hand_out(folder, item)
    say(f"{item.name.capitalize()} is back at its start."
        + (f"  What you had is kept as {copy}." if copy else ""))
    say_next("read TASK.md, then {lab} check")
    return 0


def need_starter(item: Item, folder: Folder) -> None:
    """A handout may leave them out: each has the solution of an earlier step in it."""
    if item.kind == "step" and not (folder.server or item.starter.exists()):
        advice = "go on in your server.c, or ask your teacher"
        raise Problem(f"there is no starter for {item.name} here; nothing was changed", advice)


def skip(_options) -> int:
    folder = folders.here()
    with folder.locked(say):
        item = course.find(folder.item)
        following = course.following(item)
        if following is None:
            raise Problem(f"nothing follows {item.name}", "{lab} list", USAGE)
        need_starter(following, folder)
        copy = folder.keep("server.c")
        folder.record(item.key).setdefault("state", "skipped")
        folder.put_starter(following)
        hand_out(folder, following)
        folder.state["item"] = following.key
        folder.save()
    say(f"Skipped {item.name}." + (f"  Your program is kept as {copy}." if copy else ""))
    show.task_of(following)
    say_next("read TASK.md, then {lab} check")
    return 0


def list_all(_options) -> int:
    folder = folders.find()
    if folder:
        say(f"You are at {folder.item}, in {folder.path}.")
    show.listing(course.items(), folder.state["items"] if folder else {})
    say()
    say_next("{lab} check" if folder else "{lab} start 1 DIR")
    return 0


def make_parser() -> Parser:
    parser = Parser(prog="lab", description="Build a server step by step, and know within "
                    "seconds whether it is right.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name, function, text, *arguments):
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.set_defaults(function=function)
        for argument, more in arguments:
            command.add_argument(argument, **more)

    server = ("--server", {
        "metavar": "COMMAND", "type": server_command,
        "help": "what starts a server in another language, with {port} where its port belongs",
    })
    item = {"metavar": "STEP", "help": "3, step-3, hunt-1 or exercise-4"}
    add("list", list_all, "Show all steps, hunts and exercises, with your points.")
    add("start", start, "Make a folder for a step, a hunt or an exercise.",
        ("item", item), ("folder", {"metavar": "DIR", "help": "the folder, a new one"}), server)
    add("check", check, "Compile and run your program, and say which promises hold.",
        ("item", item | {"nargs": "?", "help": item["help"] + "; without it, the present one"}), server)
    add("hint", hint, "Give the next hint for the present step.")
    add("watch", watch_folder, "Check now and after each save.  Ctrl-C ends it.")
    add("reset", reset, "Begin the present step again.  Your program is kept.")
    add("skip", skip, "Go on to the next step, with its starter.  Your program is kept.")
    if TEACHER.is_dir():
        sys.path.append(str(TEACHER))
        importlib.import_module("commands").add_commands(add)
    return parser


def main() -> int:
    show.begin()
    watch_signals()
    processes.adopt_orphans()
    sys.path.insert(0, str(course.root() / "command"))  # a test's exercises
    try:
        options = make_parser().parse_args()
        status = options.function(options)
        if not show.lost_output():
            return status
        problem = of_system(show.lost_output())
        problem = Problem(f"standard output: {problem}", problem.advice)
    except Interrupted as interrupted:
        problem = interrupted
        problem.advice = "run the same command again"
    except OSError as error:
        problem = of_system(error)
    except Problem as error:
        problem = error
    except Exception as error:
        traceback.print_exc()
        problem = Problem(f"this is a fault of the lab: {error!r}", FAULT)
    finally:
        processes.end_all()
    advice = problem.advice or "{lab} --help"
    show.complain(str(problem))
    say_next(advice)
    return problem.status


sys.exit(main())
