"""Run `meson test` in build folders, and sum up what came of it.

    python3 tests/summary.py FOLDER... [OPTION-OF-MESON-TEST...]

Meson prints a line for each program.  Here are added: the cases of each line of the
contract, what failed, what was skipped and why, what was left out, and at last
`N passed, N failed, N skipped`.  A program that reports its cases (in TAP, or as
Python's unittest) counts once for each case, any other program once.
"""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import NamedTuple

# Most tests wait most of the time, so there are more of them at once than CPUs.
AT_ONCE = 6
SERVERS = {
    "select_server": "select", "poll_server": "poll",
    "epoll_lt_server": "epoll LT", "epoll_et_server": "epoll ET",
}
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
OUTCOMES = {"OK": PASSED, "EXPECTEDFAIL": PASSED, "SKIP": SKIPPED}  # meson's words for it
TAP_LINES = re.compile(r"^(?:(?:not )?ok\b.*(?:\n#.*)?|1\.\.0.*|Bail out!.*)", re.M)
TAP = re.compile(
    r"(not )?ok\b *\d* *(?:- )?(.*?)(?: *# *(SKIP|TODO)\b *(.*))?(?:\n# (?:saw: )?(.*))?$", re.I | re.M
)
# What unittest prints of a failure: name, traceback, and the error on its last lines.
UNITTEST = re.compile(
    r"^={70}\n(?:FAIL|ERROR): (\S+).*\n(?:.*\n)?-{70}\n((?:.*\n)*?)(?=\n?={70}\n|\n?-{70}\nRan )", re.M
)
LINE = re.compile(r"(\d\d) ")  # of the contract, before the name of a case of conformance
ROOT = Path(__file__).resolve().parents[1]
WIDTH = 79
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Case(NamedTuple):
    program: str
    name: str
    outcome: str
    reason: str = ""


class Interrupted(Exception):
    pass


def interrupt(*_):
    raise Interrupted


def run_meson(folder: str, options: list[str]) -> tuple[int, bool]:
    """Its status, and whether it was interrupted.  It is a process group of its own,
    so that an interrupt ends the compiler and all tests as well."""
    for log in Path(folder, "meson-logs").glob("testlog*.json"):
        log.unlink()
    options = ["--print-errorlogs", f"--num-processes={AT_ONCE}", *options]
    meson = subprocess.Popen(["meson", "test", "-C", folder, *options], preexec_fn=os.setpgrp)
    interrupted = False
    while True:
        try:
            return meson.wait(), interrupted
        except Interrupted:
            interrupted = True
            os.killpg(meson.pid, signal.SIGTERM)


def read_log(folder: str) -> list[dict]:
    """A record for each program that has ended."""
    records = []
    for log in Path(folder, "meson-logs").glob("testlog*.json"):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                pass  # torn: there was no room for it
    return records


def tap_cases(program: str, output: str) -> list[Case]:
    found = []
    for line in TAP_LINES.findall(output):
        if empty := re.match(r"1\.\.0 *# *SKIP *(.*)", line, re.I):
            found.append(Case(program, "", SKIPPED, empty[1]))
        elif line.startswith("Bail out!"):
            found.append(Case(program, "", FAILED, line))
        elif case := TAP.match(line):
            skipped = case[3] and case[3].upper() == "SKIP"
            outcome = SKIPPED if skipped else FAILED if case[1] and not case[3] else PASSED
            found.append(Case(program, case[2], outcome, case[4] or case[5] or ""))
    return found


def why(traceback: str) -> str:
    """Where the test was, and the error."""
    places = re.findall(r'File ".*/(test_\w+\.py)", line (\d+)', traceback)
    errors = re.findall(r"^[A-Za-z][\w.]*(?:: .*)?$", traceback, re.M)
    error = errors[-1] if errors else traceback.strip()
    return ":".join(places[-1]) + ": " + error if places else error


def unittest_cases(program: str, output: str) -> list[Case]:
    ran = re.search(r"^Ran (\d+) tests? in .*\n\n\w+(?: \((.*)\))?$", output, re.M)
    if not ran:
        return []
    counts = {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", ran[2] or "")}
    failed = sum(counts.get(name, 0) for name in ("failures", "errors", "unexpectedSuccesses"))
    skipped = counts.get("skipped", 0)
    found = [Case(program, name, FAILED, why(text)) for name, text in UNITTEST.findall(output)]
    found += [Case(program, "", FAILED)] * (failed - len(found))
    found += [Case(program, "", SKIPPED)] * skipped  # only with -v is each named
    return found + [Case(program, "", PASSED)] * (int(ran[1]) - failed - skipped)


def cases_of(record: dict) -> list[Case]:
    program = record["name"].rpartition(" / ")[2]
    outcome = OUTCOMES.get(record["result"], FAILED)
    found = tap_cases(program, record.get("stdout") or "")
    found = found or unittest_cases(program, record.get("stderr") or "")
    if record["result"] == "INTERRUPT":
        return found
    # One that was ended for its time, say, or that died before a case could fail.
    if not found or outcome == FAILED and all(case.outcome != FAILED for case in found):
        found.append(Case(program, "", outcome, record["result"]))
    return found


def print_contract(cases: list[Case]):
    counts = {program: Counter() for program in SERVERS}
    for case in cases:
        line = LINE.match(case.name)
        if case.program in SERVERS and line:
            counts[case.program][int(line[1]), case.outcome] += 1
    if not any(counts.values()):
        return
    # The same words as conformance's own, which has them.
    source = (ROOT / "tests/conformance/report.c").read_text(encoding="utf-8")
    titles = re.findall(r'"(.*)"', re.search(r"titles\[.*?\{(.*?)\}", source, re.S)[1])
    columns = "".join(f"{server:>9}" for server in SERVERS.values())
    print("\n" + "The contract: passed/failed/skipped".ljust(42) + columns)
    for number, title in enumerate(titles[1:], 1):
        line = f"{number:2} {title}".ljust(42)
        for count in counts.values():
            cell = "/".join(str(count[number, outcome]) for outcome in (PASSED, FAILED, SKIPPED))
            line += f"{cell:>9}"
        print(line)


def wrap(words: str, indent: str = "") -> str:
    return textwrap.fill(words, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def print_cases(cases: list[Case], outcome: str):
    """What failed or was skipped, and why; what is the same of several programs, once."""
    programs: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        if case.outcome == outcome:
            programs.setdefault((case.name, case.reason), []).append(case.program)
    if programs:
        print(f"\n{outcome.capitalize()}:")
    for (name, reason), where in programs.items():
        times = Counter(where).items()
        who = ", ".join(f"{program} ({n} times)" if n > 1 else program for program, n in times)
        words = ": ".join(filter(None, [who, name, reason]))
        print(wrap("  " + textwrap.shorten(words, 4 * WIDTH, placeholder=" ..."), "      "))


def left_out(folder: str, records: list[dict]) -> str:
    """The suites of the tests that were not run, in words."""
    ran = {record["name"].rpartition(" / ")[2] for record in records}
    all_of, missing = Counter(), Counter()
    for test in json.loads(Path(folder, "meson-info/intro-tests.json").read_text()):
        suite = test["suite"][0].rpartition(":")[2]
        all_of[suite] += 1
        missing[suite] += test["name"] not in ran
    parts = [s if n == all_of[s] else f"{n} of {all_of[s]} of {s}" for s, n in missing.items() if n]
    return ", ".join(parts)


def print_left_out(folder: str, options: list[str]):
    """Those that were chosen by name leave out nothing."""
    if not options:
        suites = left_out(folder, read_log(folder))
        print(wrap(f"Left out: {suites}, and the sanitizers.  tests/run --all runs all of it but"
                   " chroot."))
    elif options == ["--setup=all"]:
        print("Left out: chroot.  tests/run chroot runs it.")


def main():
    folders = [word for word in sys.argv[1:] if not word.startswith("-")]
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    # What our parent has blocked or ignored is no part of the tests, except by nohup or `&`.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    on_purpose = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN and number not in on_purpose:
            signal.signal(number, signal.SIG_DFL)
    for number in ENDINGS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    cases, whole, status, interrupted = [], 0, 0, False
    for folder in folders:
        if interrupted:
            break
        print(f"== The tests in {folder}", flush=True)
        ended, interrupted = run_meson(folder, options)
        status = status or ended
        for record in read_log(folder):
            cases += cases_of(record)
            whole += record["result"] != "INTERRUPT"
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)

    print_contract(cases)
    print_cases(cases, FAILED)
    print_cases(cases, SKIPPED)
    counts = Counter(case.outcome for case in cases)
    print()
    if interrupted:
        print(f"Interrupted when {whole} programs had run to their end.")
    elif status and not counts[FAILED]:
        print(f"Not all was built or run: meson ended with status {status}, see above.")
        counts[FAILED] = 1  # for those that read the last line alone
    elif status:
        logs = " and ".join(f"{folder}/meson-logs/testlog*.txt" for folder in folders)
        print(f"The whole output of what failed is in {logs}.")
    if not interrupted:
        print_left_out(folders[0], options)
    print(", ".join(f"{counts[name]} {name}" for name in (PASSED, FAILED, SKIPPED)), flush=True)
    sys.exit(1 if status or interrupted or counts[FAILED] or not counts[PASSED] else 0)


if __name__ == "__main__":
    main()
