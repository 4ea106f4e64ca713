"""Which trials can be believed: all the rules, and the words for them.

loadgen itself fails a trial in which a byte was wrong or a connection was lost:
such figures are never used.  A trial is *suspect* when the server answered, but
the figures may be those of the machine or of the generator instead.

A suspect trial is kept.  A figure is made from the trials that are not suspect,
if they are more than half; otherwise from all, and then it is drawn hollow.  Not
every suspicion spoils every figure: a generator that can't go faster hides how
fast a server is, but the server's CPU time per echo is right all the same.
"""

from dataclasses import dataclass
from typing import Callable

BUSY = 0.95  # of one CPU: the generator can't do more
NOT_BUSY = 0.90  # of one CPU: the server could do more
RATE_MOST = 0.10  # achieved rate off the plan (Lancet has the same tenth)
LAG_MOST = 0.10  # median send lag, as a part of the median response time
STEAL_MOST = 0.02  # of the CPUs' time while the point was measured
PAUSE_LEAST = 0.5  # seconds in which the generator could not run at all
AWAKE_MOST = 0.02  # of the time that belonged to other servers
TICK = 0.01  # seconds: steal time is counted in such steps

# What a server promised (README.md, "The contract") and didn't do.
BROKEN = {
    "wrong_bytes": "contract 1: every byte comes back, unchanged and in order",
    "lost": "contract 1: every byte comes back; the last reply never came",
    "unserved": "contract 6: no connection starves; some got no reply at all",
    "closed": "contract 2: the server closes when the client's end has come, not before",
}


def of_turns(trial: dict, name: str) -> float | None:
    """The sum over the counted turns; None where one is unknown."""
    values = (trial.get("turns") or {}).get(name)
    return None if not values or None in values else sum(values)


def generator_share(line: dict, trial: dict) -> float | None:
    """Part of one CPU that the generator worked, without its waiting by spinning."""
    used, seconds = of_turns(trial, "generator_cpu"), of_turns(trial, "seconds")
    return (used - (of_turns(trial, "spin") or 0)) / seconds if used and seconds else None


def server_share(line: dict, trial: dict) -> float | None:
    used, seconds = of_turns(trial, "cpu"), of_turns(trial, "seconds")
    return used / seconds if used is not None and seconds else None


def is_generator_limited(line: dict, trial: dict) -> bool:
    """On loopback both ends cost about the same, so a busy generator alone proves nothing.

    A server that was ready to run while other programs had its CPU was not idle.  `waited`
    has the generator's part too, but one that ran for 95 % of the time hardly waited.
    """
    used, seconds = of_turns(trial, "cpu"), of_turns(trial, "seconds")
    if used is None or not seconds:
        return False
    server = (used + (of_turns(trial, "waited") or 0)) / seconds
    return (generator_share(line, trial) or 0) > BUSY and server < NOT_BUSY


def is_off_plan(line: dict, trial: dict) -> bool:
    """Counted against the messages planned for these turns, not against the rate asked for."""
    planned = trial.get("planned") if line.get("rate_planned") else None
    return bool(planned) and abs(trial["echoes"] - planned) / planned > RATE_MOST


def is_late(line: dict, trial: dict) -> bool:
    """By the medians, because medians are what is compared; what other programs did to a few
    messages shows in the sums, but not there."""
    late = (trial.get("lag") or {}).get("p50") or 0
    return late > LAG_MOST * ((trial.get("latency") or {}).get("p50") or float("inf"))


def is_stolen(line: dict, trial: dict) -> bool:
    """One tick alone proves nothing."""
    stolen, seconds = line.get("steal_seconds") or 0, line.get("seconds") or 0
    return stolen > 1.5 * TICK and stolen > STEAL_MOST * seconds * (line.get("cpus") or 1)


def is_paused(line: dict, trial: dict) -> bool:
    """What the server sent in that time was received late: that is not its latency."""
    return ((trial.get("generator") or {}).get("paused_seconds") or 0) >= PAUSE_LEAST


def is_awake(line: dict, trial: dict) -> bool:
    """The last scan of select and poll goes on after the last reply, into the uncounted start
    of the next turn."""
    used = trial.get("server_use") or {}
    awake, outside = used.get("awake_seconds") or 0, used.get("outside_seconds") or 0
    uncounted = (line.get("start") or 0) * (line.get("cycles") or 0)
    return awake > max(AWAKE_MOST * outside, uncounted)


@dataclass(frozen=True)
class Rule:
    """One suspicion, and which kinds of figures it spoils: rate, latency, cpu, count, memory."""

    name: str
    spoils: frozenset[str]
    words: str
    holds: Callable[[dict, dict], bool]  # of a line of trials.ndjson and one of its trials


def rule(name: str, spoils: str, words: str, holds) -> Rule:
    return Rule(name, frozenset(spoils.split()), words, holds)


RULES = (
    rule("generator", "rate", "the generator was the limit: it was busy and the server was not",
         is_generator_limited),
    rule("rate", "latency", "the load was more than 10 % off its plan", is_off_plan),
    rule("lag", "latency", "the generator sent late: more than a tenth of the latency is its own",
         is_late),
    rule("steal", "rate latency cpu", "the hypervisor gave over 2 % of the CPU time to others",
         is_stolen),
    rule("pause", "rate latency", "the generator could not run for half a second or more",
         is_paused),
    rule("awake", "rate latency cpu", "the server used CPU time when it was not its turn",
         is_awake),
)
WORDS = {rule.name: rule.words for rule in RULES}


def suspicions(line: dict, trial: dict) -> list[Rule]:
    """All that speaks against a measured trial."""
    if line["mode"] == "hold" or trial.get("freeze"):
        return []
    return [rule for rule in RULES if rule.holds(line, trial)]


def outcome(trial: dict) -> str:
    """measured; limit: the server held fewer connections and serves those; or failed."""
    if trial["valid"]:
        return "measured"
    full = trial.get("limited_by") == "server" and trial.get("held", 0) > 0
    return "limit" if full and not any((trial.get("errors") or {}).values()) else "failed"


def broken_promises(line: dict, trial: dict) -> list[str]:
    """Which lines of the contract a failed trial shows to be broken.

    When no connection at all got a reply, none was preferred either: the server
    may just not have had a CPU in that time.
    """
    errors = dict(trial.get("errors") or {})
    if errors.get("unserved") == line.get("active"):
        errors["unserved"] = 0
    return [words for name, words in BROKEN.items() if errors.get(name)]
