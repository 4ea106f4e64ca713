"""Who else uses the CPUs?  Other programs here, other guests on the same host.

A neighbour makes a run slower and its rounds unequal.  It is no reason to stop:
the comparison within a round still holds, only with wider intervals.  So it is
said in words, before the run and after it.
"""

import contextlib
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.5
BUSY_LEAST = 0.05  # of all CPUs' time: less is nothing to tell
STOLEN_LEAST = 0.01
THROTTLED_LEAST = 0.1  # seconds
CGROUPS = "/sys/fs/cgroup"


@dataclass
class Times:
    """CPU time in seconds, all CPUs together: proc(5), the first line of /proc/stat."""

    busy: float  # programs, their system calls included
    stolen: float  # wanted by us, given to another guest by the hypervisor
    all: float
    ours: float  # of `busy`: this program and those that it started and that ended
    throttled: float = 0.0  # wanted by us beyond the quota of a container

    def since(self, before: "Times") -> "Times":
        return Times(
            self.busy - before.busy,
            self.stolen - before.stolen,
            self.all - before.all,
            self.ours - before.ours,
            self.throttled - before.throttled,
        )

    def others_share(self) -> float:
        return max(self.busy - self.ours, 0) / self.all if self.all > 0 else 0

    def stolen_share(self) -> float:
        return self.stolen / self.all if self.all > 0 else 0


def our_time() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def throttled_in(text: str) -> float:
    """Seconds in the text of a cpu.stat: microseconds in version 2 of cgroups, ns in version 1."""
    units = {"throttled_usec": 1e-6, "throttled_time": 1e-9}
    pairs = [line.split() for line in text.splitlines()]
    return sum(int(pair[1]) * units[pair[0]] for pair in pairs if pair[0] in units)


def throttled_time() -> float:
    """How long a quota of CPU time kept this control group from running: cgroups(7)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            for place in (CGROUPS + path, f"{CGROUPS}/cpu{path}", CGROUPS, f"{CGROUPS}/cpu"):
                with contextlib.suppress(OSError):
                    return throttled_in(Path(f"{place}/cpu.stat").read_text())
    return 0.0


def times() -> Times | None:
    """As they are now, or None where /proc doesn't tell."""
    try:
        fields = Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        ticks = [int(field) for field in fields]
    except (OSError, ValueError):
        return None
    if len(ticks) < 8:
        return None
    a_second = os.sysconf("SC_CLK_TCK")
    user, nice, system, stolen = ticks[0], ticks[1], ticks[2], ticks[7]
    return Times(
        (user + nice + system) / a_second, stolen / a_second, sum(ticks) / a_second, our_time(),
        throttled_time(),
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def sentences(used: Times, when: str) -> list[str]:
    """What the neighbours did, if it was worth mentioning."""
    said = []
    if used.others_share() > BUSY_LEAST:
        said.append(
            f"Other programs used {percent(used.others_share())} of the CPUs' time {when}: figures"
            " are worse than on a quiet machine, and spread more."
        )
    if used.stolen_share() > STOLEN_LEAST:
        said.append(
            f"The hypervisor gave {percent(used.stolen_share())} of the CPUs' time to other guests"
            f" {when}: trials that suffered from it are marked."
        )
    if used.throttled > THROTTLED_LEAST:
        said.append(
            f"A quota of CPU time (of a container) kept the programs from running for"
            f" {used.throttled:.1f} s {when}: rates and latencies hold these pauses."
        )
    return said


def remarks() -> list[str]:
    """Look around for a moment, while nothing of ours runs."""
    before = times()
    time.sleep(LOOK_SECONDS)
    after = times()
    if before is None or after is None:
        return []
    return sentences(after.since(before), "just before the run")


def remarks_since(before: Times | None) -> list[str]:
    """The same about the whole run."""
    now = times()
    return [] if before is None or now is None else sentences(now.since(before), "during the run")
