"""Other names for the functions, variables, fields and constants of a program.

A name is made of words, and each word has synonyms.  A seed chooses one of them for
the whole program, so that names that belong together still do: owed and owed_sent
become, say, unsent and unsent_delivered."""

import re
from pathlib import Path
from random import Random

from c_text import COMMENT, ctags, mask, unmask

IDENTIFIER = r"\b[A-Za-z_]\w*\b"

# Functions, prototypes, structs, fields, enumerators, variables of all kinds, parameters.
KINDS = "fpsmegvxlz"

# A struct of the system has a field of this name, or it means something to the compiler.
FIXED = {"main", "argc", "argv", "fd", "name", "format"}

SYNONYMS = """
    accept: admit welcome receive_caller
    accepted: admitted welcomed let_in
    add: insert enroll include
    announce: introduce present proclaim
    append: enqueue push attach
    batch: group bunch round
    budget: quota allowance share
    busier: newer livelier fresher
    busiest: newest liveliest freshest
    capacity: allocated room space
    client: visitor caller customer
    close: drop release discard
    connection: conn peer channel
    control: set_events subscribe adjust_watch
    count: tally reckon enumerate
    counters: stats metrics records
    deadline: due_time target_time alarm_time
    descriptor: fdnum sock_number fileno_of
    earlier: sooner smaller_of lesser
    edges: changes news happenings
    event: notice report occurrence
    events: notices reports occurrences
    expired: overdue lapsed outdated
    first: head front leading
    full: crowded at_capacity no_room
    gap: hole vacancy freed_place
    gone: lost missing departed
    grow: enlarge extend expand
    grown: enlarged extended expanded
    handle: process serve treat
    idle: inactive dormant resting
    interest: watchlist wanted monitored
    larger: bigger new_size wider
    last: latest final rearmost
    length: amount nbytes extent
    listener: acceptor doorway inlet
    max: highest topmost greatest
    more: unfinished remaining work_remains
    narrate: explain describe recount
    narrating: explaining describing recounting
    new: create make allocate
    next: following successor subsequent
    nready: nfound nactive hits
    other: second alternative spare
    owed: unsent leftover outstanding
    pause: suspend halt deactivate
    paused: suspended halted deactivated
    put: hand give pass
    quieter: older former_active staler
    quietest: oldest least_active stalest
    readable: arriving incoming inflow
    ready: hot runnable ripe
    reason: cause ground motive
    receive: fetch collect obtain
    received: fetched collected obtained
    remove: forget detach erase
    reply: answer respond echo_back
    resume: reactivate reopen revive
    retry: reattempt another_try second_try
    ring: carousel circle wheel
    said: mentioned stated declared
    say: mention declare notify
    scanned: examined inspected visited
    send: transmit deliver emit
    sending: transmitting delivering emitting
    sent: transmitted delivered emitted
    slot: place position seat
    start: activate launch begin
    step: turn pass iteration
    stop: finish terminate shut_off
    take: pull pop_off remove_from
    timeout: patience max_delay time_allowed
    touch: renew bump freshen
    update: refresh revise adapt
    used: filled occupied taken
    wait: sleep block linger
    watch: observe monitor follow
    whose: owner subject belongs_to
    why: because explanation justification
    writable: outgoing outflow departing
    written: progress put_out copied
"""


def synonyms() -> dict[str, list[str]]:
    lines = [line.split(":") for line in SYNONYMS.strip().splitlines()]
    return {word.strip(): others.split() for word, others in lines}


def words_of(name: str) -> list[str]:
    return name.lower().split("_")


def code_of(files: list[Path]) -> str:
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return mask(re.sub(COMMENT, " ", text, flags=re.S))[0]


def choose_words(random: Random, known: set[str]) -> dict[str, str]:
    """A new word for each that has synonyms; none that the program uses already."""
    chosen: dict[str, str] = {}
    for word, others in synonyms().items():
        free = [one for one in others if not known & set(words_of(one))]
        if word in known and free:
            chosen[word] = random.choice(free)
            known |= set(words_of(chosen[word]))
    return {plural(word): plural(new) for word, new in chosen.items()} | chosen


def plural(word: str) -> str:
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def renamed(name: str, chosen: dict[str, str]) -> str:
    new = "_".join(chosen.get(word, word) for word in words_of(name))
    return new.upper() if name.isupper() else new


def choose_names(files: list[Path], random: Random) -> dict[str, str]:
    """The new name of each that the program defines and that gets one."""
    code = code_of(files)
    used = set(re.findall(IDENTIFIER, code))
    known = {word for name in used for word in words_of(name)}
    chosen = choose_words(random, known)

    fields = set(ctags(files, "m", "%{name}"))
    fields_of_system = set(re.findall(r"(?:\.|->)(\w+)", code)) - fields
    own = set(ctags(files, KINDS, "%{name}")) - fields_of_system - FIXED
    names = {name: renamed(name, chosen) for name in sorted(own & used)}
    return {old: new for old, new in names.items() if new != old and new not in used}


def rename(text: str, names: dict[str, str]) -> str:
    """Code gets the new names; comments too, where a name can't be a plain word."""
    parts = re.split(f"({COMMENT})", text, flags=re.S)
    for i, part in enumerate(parts):
        parts[i] = rename_in_comment(part, names) if i % 2 else rename_in_code(part, names)
    return "".join(parts)


def rename_in_code(code: str, names: dict[str, str]) -> str:
    masked, strings = mask(code)
    return unmask(re.sub(IDENTIFIER, lambda match: names.get(match[0], match[0]), masked), strings)


def rename_in_comment(comment: str, names: dict[str, str]) -> str:
    parts = re.split(r"(`\w+`|\b\w+_\w+\b|\b[A-Z]{4,}\b)", comment)
    for i in range(1, len(parts), 2):
        bare = parts[i].strip("`")
        parts[i] = parts[i].replace(bare, names.get(bare, bare))
    return "".join(parts)
