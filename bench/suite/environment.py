"""The machine and the programs, written down beside the figures.

A figure without its machine means little.  Anything that identifies a person is
left out: no names of users or hosts, no paths.  What other programs do to the
CPUs is no reason to stop, since servers that take turns suffer alike; it is
reported before the run and after it.
"""

import contextlib
import json
import os
import platform
import re
import resource
import subprocess
import time
from dataclasses import astuple, dataclass
from pathlib import Path

import results
from experiments import EXPERIMENTS
from measure import Cpus
from options import ROOT, ROUNDS, THE_FOUR, Options, kind_of
from plan import left_out

SYSCTLS = [
    "fs.file-max",
    "fs.nr_open",
    "kernel.sched_autogroup_enabled",
    "net.core.busy_poll",
    "net.core.busy_read",
    "net.core.default_qdisc",
    "net.core.rmem_default",
    "net.core.somaxconn",
    "net.core.wmem_default",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
]


def read(path: str) -> str | None:
    """The text of a small file of the kernel's, or None when it isn't there."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def output(words: list[str]) -> str | None:
    """What a program prints, or None when it isn't there or fails."""
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def cpu_model() -> str:
    found = re.search(r"^(?:model name|Model|uarch)\s*: (.+)$", read("/proc/cpuinfo") or "", re.M)
    return found.group(1).strip() if found else platform.machine()


def hypervisor() -> str | None:
    """Its name, or None on bare metal or where that is unknown."""
    if output(["systemd-detect-virt", "--vm"]):
        return output(["systemd-detect-virt", "--vm"])
    named = re.search(r"^Hypervisor vendor:\s*(.+)$", output(["lscpu"]) or "", re.M)
    if named:
        return named.group(1)
    return "yes" if " hypervisor" in (read("/proc/cpuinfo") or "") else None


def mitigations() -> dict[str, str | None]:
    folder = Path("/sys/devices/system/cpu/vulnerabilities")
    return {path.name: read(str(path)) for path in sorted(folder.glob("*"))}


def cpus_of_one_core(cpu: int) -> set[int]:
    """The CPUs that share a core with this one, itself included."""
    text = read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    cpus = {cpu}
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit():
            cpus |= set(range(int(first), int(last or first) + 1))
    return cpus


def can_pin(cpus: list[int]) -> bool:
    """May processes be kept on a CPU?  Some containers forbid it."""
    try:
        os.sched_setaffinity(0, set(cpus))
    except OSError:
        return False
    return True


def choose_cpus() -> tuple[Cpus, str | None]:
    """One for the server, one for the generator, on two cores if there are.

    The second value says in words what follows when that can't be had.
    """
    allowed = sorted(os.sched_getaffinity(0))
    server = allowed[0]
    others = [cpu for cpu in allowed if cpu not in cpus_of_one_core(server)]
    if len(allowed) == 1:
        return Cpus(server, server), (
            "There is one CPU for both server and generator: rates and latencies include the"
            " cost of both. The server's CPU time per echo is still its own."
        )
    if not can_pin(allowed):
        return Cpus(None, None), (
            "Processes can't be kept on a CPU here: they move about, so the figures spread more"
            " than they should."
        )
    if others:
        return Cpus(server, others[0]), None
    return Cpus(server, allowed[1]), (
        "Server and generator share a core, each on one thread of it: they slow each other"
        " down. Compare servers with each other, not with other machines."
    )


# --- Other programs here, and other guests of the same host.

LOOK_SECONDS = 0.5
BUSY_LEAST = 0.05  # of all CPUs' time: less is not worth a remark
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
    throttled: float  # wanted by us beyond the quota of a container

    def since(self, before: "Times") -> "Times":
        return Times(*(now - then for now, then in zip(astuple(self), astuple(before))))

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
    """As they are now, or None where /proc doesn't show them."""
    try:
        fields = Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        user, nice, system, *_, stolen = ticks = [int(field) for field in fields]
    except (OSError, ValueError):
        return None
    rate = os.sysconf("SC_CLK_TCK")
    busy = user + nice + system
    return Times(busy / rate, stolen / rate, sum(ticks) / rate, our_time(), throttled_time())


def sentences(used: Times, when: str) -> list[str]:
    """What the neighbours did, if it was worth mentioning."""
    said = []
    if used.others_share() > BUSY_LEAST:
        said.append(
            f"Other programs used {used.others_share():.0%} of the CPUs' time {when}: intervals"
            " are wider than on a quiet machine."
        )
    if used.stolen_share() > STOLEN_LEAST:
        said.append(
            f"The hypervisor gave {used.stolen_share():.0%} of the CPUs' time to other guests"
            f" {when}: trials that suffered from it are marked."
        )
    if used.throttled > THROTTLED_LEAST:
        said.append(
            f"A quota of CPU time (of a container) kept the programs from running for"
            f" {used.throttled:.1f} s {when}: rates and latencies include these pauses."
        )
    return said


def remarks_just_before() -> list[str]:
    """Look around for a moment, while nothing of ours runs."""
    before = times()
    time.sleep(LOOK_SECONDS)
    return remarks_since(before, "just before the run")


def remarks_since(before: Times | None, when: str = "during the run") -> list[str]:
    now = times()
    return [] if before is None or now is None else sentences(now.since(before), when)


# --- What follows from the machine, and the record of it.


def limit_remark(options: Options, limit: int) -> str | None:
    """What a low limit of open files changes."""
    too_many = left_out(options, limit)
    if not too_many:
        return None
    numbers = ", ".join(f"{number:,}" for number in too_many)
    return (
        f"The limit of open files is {limit:,} (ulimit -Hn), too few for {numbers} connections:"
        " where that was planned, the most that fits is measured."
    )


def remarks_before(options: Options, limit: int, pinning: str | None) -> list[str]:
    """What follows from this machine, known before anything is measured."""
    said = [pinning, limit_remark(options, limit), *remarks_just_before()]
    return [sentence for sentence in said if sentence]


def repeat_command(options: Options) -> str:
    """What to type to get the same plan; commands of servers hold paths, so not those."""
    every = len(options.experiments) == len(EXPERIMENTS)
    words = ["bench/run", *([] if every else options.experiments)]
    if options.pace != "default":
        words.append(f"--{options.pace}")
    if options.rounds != ROUNDS[options.pace]:
        words.append(f"--rounds={options.rounds}")
    for name in ("turn", "cycles"):
        if getattr(options, name) is not None:
            words.append(f"--{name}={getattr(options, name):g}")
    for name in ("idle", "active"):
        if getattr(options, name) is not None:
            words.append(f"--{name}=" + ",".join(map(str, getattr(options, name))))
    words += [f"--server '{n}=COMMAND'" for n, command in options.servers.items() if command]
    if options.peers:
        words.append("--peers")
    if options.only is not None:
        words.append("--only=" + options.only)
    return " ".join(words + [f"--seed={options.seed}"])


def build_record(build: Path) -> dict | None:
    """The compiler and how it was called for a server, from meson's records.

    Without the folders for included files: they are paths of this machine.
    """
    targets = json.loads(output(["meson", "introspect", "--targets", str(build)]) or "[]")
    sources = [t["target_sources"][0] for t in targets if t["name"] == THE_FOUR[0]]
    if not sources:
        return None
    version = output([*sources[0]["compiler"], "--version"]) or ""
    flags = [flag for flag in sources[0]["parameters"] if not flag.startswith("-I")]
    return {"compiler": version.partition("\n")[0], "flags": flags}


def commit() -> dict | None:
    """What was measured, and whether files were changed since."""
    name = output(["git", "rev-parse", "HEAD"])
    if name is None:
        return None
    changed = output(["git", "status", "--porcelain", "--untracked-files=no"])
    return {"commit": name, "dirty": bool(changed)}


def record(options: Options, cpus: Cpus, limit: int, servers: list[str]) -> dict:
    """All of environment.json."""
    clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    governor = f"/sys/devices/system/cpu/cpu{cpus.server or 0}/cpufreq/scaling_governor"
    return {
        "kernel": platform.release(),
        "kernel_build": platform.version(),
        "architecture": platform.machine(),
        "c_library": " ".join(platform.libc_ver()),
        "cpu_model": cpu_model(),
        "cpus_online": os.cpu_count(),
        "cpus_allowed": sorted(os.sched_getaffinity(0)),
        "cpu_of_server": cpus.server,
        "cpu_of_generator": cpus.generator,
        "hypervisor": hypervisor(),
        "mitigations": mitigations(),
        "clock_source": read(clock),
        "governor": read(governor),
        "load_average": list(os.getloadavg()),
        "open_files_limit": limit,
        "sysctl": {name: read("/proc/sys/" + name.replace(".", "/")) for name in SYSCTLS},
        "build": build_record(options.build),
        "source": commit(),
        "command": repeat_command(options),
        "remarks": [],  # what follows from this machine: written when it is known
        "plan": {
            "experiments": options.experiments,
            "mode": options.pace,
            "servers": {name: kind_of(name) for name in servers},
            "rounds": options.rounds,
            "turn": options.turn,
            "cycles": options.cycles,
            "stall": options.stall,
            "idle_cut": left_out(options, limit),
            "seed": options.seed,
        },
    }


def write(folder: Path, written: dict) -> None:
    results.write(folder / "environment.json", json.dumps(written, indent=2) + "\n")


def caption(environment: dict) -> str:
    """The machine in one line, for below the charts."""
    cpus = len(environment["cpus_allowed"])
    where = f"{environment['cpu_model']}, {cpus} CPU{'s' if cpus != 1 else ''}"
    if environment["hypervisor"]:
        where += f" ({environment['hypervisor']} guest)"
    return f"{where}, Linux {environment['kernel']}"
