"""The machine and the programs, written down beside the figures.

A figure without its machine means little.  What could tell who measured is left
out: no names of users or hosts, no paths.
"""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

from measure import neighbours
from measure.experiments import EXPERIMENTS
from measure.plan import left_out
from measure.trial import Cpus
from options import ROOT, THE_FOUR, Options, kind_of
import results

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
    """Its name, or None on bare metal or where nobody can tell."""
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
            "There is one CPU for both server and generator: rates and latencies hold what both"
            " of them cost. The server's CPU time an echo is still its own."
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
    said = [pinning, limit_remark(options, limit), *neighbours.remarks()]
    return [sentence for sentence in said if sentence]


def repeat_command(options: Options) -> str:
    """What to type to get the same plan; commands of servers hold paths, so not those."""
    every = len(options.experiments) == len(EXPERIMENTS)
    words = ["bench/run", *([] if every else options.experiments)]
    if options.pace.name != "default":
        words.append(f"--{options.pace.name}")
    if options.rounds != options.pace.rounds:
        words.append(f"--rounds={options.rounds}")
    if options.seconds != options.pace.seconds:
        words.append(f"--seconds={options.seconds:g}")
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
            "mode": options.pace.name,
            "servers": {name: kind_of(name) for name in servers},
            "rounds": options.rounds,
            "seconds": options.seconds,
            "warm_up": options.warm_up,
            "settle": options.settle,
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
