"""May a trial's figures be believed?  The rules, and what follows from them.

loadgen itself fails a trial in which a byte was wrong or a connection was lost:
such figures are never used.  Here are the doubts about trials that went well: the
server answered, but what was measured may be the machine or the generator instead.

A doubtful trial is kept, and never mixed with the others: a figure is made from
the trials without a doubt about it, if they are more than half; otherwise from
the doubtful ones, and then it is drawn hollow.  Not every doubt spoils every figure: a
generator that can't go faster hides how fast the server is, but the CPU time
that the server needed for each echo is right all the same.
"""

import os

GENERATOR_MOST = 0.95  # of one CPU; beyond, the generator measures itself
RATE_MOST = 0.10  # achieved rate off the plan (Lancet has the same tenth)
LAG_MOST = 0.10  # mean send lag, as a part of the mean response time
STEAL_MOST = 0.02  # of all CPUs' time in the window
PAUSE_LEAST = 0.5  # seconds in which the generator could not run at all
TICK = 0.01  # seconds: steal time is counted in such steps

# What a doubt spoils.  Kinds of figures: rate, latency, cpu, count (system calls,
# ready events, descriptors scanned), memory.
TAINTS = {
    "generator": {"rate", "latency"},
    "rate": {"latency"},
    "lag": {"latency"},
    "steal": {"rate", "latency", "cpu"},
    "pause": {"rate", "latency"},
}

WORDS = {
    "generator": "the load generator's CPU was the limit: the server could do more",
    "rate": "the load was not what was planned: more than 10 % off",
    "lag": "the generator itself sent too late: more than a tenth of the response time is its own",
    "steal": "the hypervisor gave the CPUs to other guests: more than 2 % of the time",
    "pause": "for half a second or more the generator could not run: stopped, or the whole machine",
}

# What a server promised (README.md, "The contract") and didn't do.
BROKEN = {
    "wrong_bytes": "contract 1: every byte comes back, unchanged and in order",
    "lost": "contract 1: every byte comes back; the last reply never came",
    "unserved": "contract 6: nobody is starved; some connections had no reply at all",
    "closed": "contract 2: the server closes when the client's end has come, not before",
}


def generator_share(trial: dict) -> float:
    """Part of one CPU that the generator worked, without its waiting by spinning."""
    used = trial.get("generator") or {}
    seconds = trial.get("seconds") or 0
    if not seconds or used.get("cpu_seconds") is None:
        return 0
    return (used["cpu_seconds"] - (used.get("spin_seconds") or 0)) / seconds


def rate_error(trial: dict) -> float:
    """How far the load is off its plan, as a part of that.

    Counted against the messages planned for this window: at random gaps their
    number differs from the rate that was asked for, and that is no error.
    """
    planned = trial.get("planned") if trial.get("rate_planned") else None
    return abs(trial["echoes"] - planned) / planned if planned else 0


def lag_share(trial: dict) -> float:
    """Part of all the time measured that is the generator's own delay; 0 if unknown.

    Sums, which are exact, and like with like: a response time is a send lag, the
    wait for one's turn and the service.  Percentiles don't add up like that.
    """
    late = (trial.get("lag") or {}).get("sum")
    response = (trial.get("latency") or {}).get("sum")
    return late / response if late and response else 0


def steal_share(trial: dict, cpus: int) -> float:
    """Part of all CPUs' time that was stolen.  One tick alone proves nothing."""
    stolen, seconds = trial.get("steal_seconds") or 0, trial.get("seconds") or 0
    return stolen / (seconds * cpus) if seconds and stolen > 1.5 * TICK else 0


def paused_seconds(trial: dict) -> float:
    """What the server sent in that time was received later: that is not its latency."""
    return (trial.get("generator") or {}).get("paused_seconds") or 0


def doubts(trial: dict, cpus: int | None = None) -> list[str]:
    """The codes of all that speaks against a measured trial; [] = it is valid."""
    if trial.get("mode") == "hold":
        return []
    found = {
        "generator": generator_share(trial) > GENERATOR_MOST,
        "rate": rate_error(trial) > RATE_MOST,
        "lag": lag_share(trial) > LAG_MOST,
        "steal": steal_share(trial, cpus or os.cpu_count() or 1) > STEAL_MOST,
        "pause": paused_seconds(trial) >= PAUSE_LEAST,
    }
    return [code for code, present in found.items() if present]


def spoils(trial: dict, kind: str) -> bool:
    """Is there a doubt about this trial's figures of that kind?"""
    return any(kind in TAINTS[code] for code in trial.get("doubts") or [])


def broken_promises(trial: dict) -> list[str]:
    """Which lines of the contract a failed trial shows to be broken.

    When nobody at all had a reply, nobody was preferred either: then the server
    may just not have had a CPU in that time.
    """
    errors = dict(trial.get("errors") or {})
    if errors.get("unserved") == trial.get("active"):
        errors["unserved"] = 0
    return [words for name, words in BROKEN.items() if errors.get(name)]
