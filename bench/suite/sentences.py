"""What a run found, in sentences made from its data.

    findings     an experiment's ratios to epoll LT: the largest that noise can't explain
    context      the same of other people's servers
    explanation  why, from the servers' own counters
    trust        how far two equals differ on this machine

No figure is typed here.  Where noise could explain a difference, the sentence says
that there is no measurable one.
"""

import math
from dataclasses import replace
from statistics import median

from experiments import BY_NAME
from figures import Figure, Point, Ratio, Run
from options import FLOOR, LT, PEERS, THE_FOUR, TWIN
from published import wait_figures
from words import BYTES, amount, listed, noun, number, ratio, sentence, short, some, times

VERBS = {"rate": "reaches", "mib_rate": "reaches", "p50": "has", "p99": "has"}
FEWEST_NS = 0.5  # per descriptor watched: less is nothing that `waits` can show


def place(point: Point) -> str:
    """with 1 active and 900 idle connections; at 20,000 messages per second ..."""
    idle = f"{point.idle:,} idle" if point.idle else "none idle"
    if point.mode == "churn":
        return f"with {point.active:,} connections at a time"
    if point.mode == "hold":
        return f"with {point.idle:,} idle connections"
    if point.rate is not None:
        return f"at {point.rate:,} messages per second over {point.active:,} connections, {idle}"
    if point.firehoses:
        return f"beside {some(point.firehoses, 'stream')}"
    if point.size != 64:
        return f"with messages of {amount(point.size, BYTES)}"
    if not point.idle:
        return f"with {some(point.active, 'active connection')} and none idle"
    return f"with {point.active:,} active and {point.idle:,} idle connections"


# --- Ratios


def strength(found: Ratio) -> float:
    return abs(math.log(found.value)) if found.value > 0 else 0


def ratios_of(run: Run, name: str, servers, metric: str | None = None) -> list[Ratio]:
    """Of the metric that the experiment compares first, or another one."""
    metric = metric or next(iter(BY_NAME[name].compare), None)
    return [
        one for one in run.ratios
        if (one.experiment, one.metric) == (name, metric) and one.server in servers
    ]


def compared(run: Run) -> list[str]:
    """The four and what was brought along; epoll LT is what they are compared with."""
    aside = {LT, TWIN, FLOOR, *PEERS}
    return [server for server in run.servers if server not in aside]


def best_point(found: list[Ratio]) -> Point:
    """Where the largest difference is that noise can't explain, else the last one."""
    claims = [one for one in found if one.claim]
    return (max(claims, key=strength) if claims else found[-1]).point


def claimed(found: list[Ratio]) -> str:
    """poll needs 21.0 times (20.4 to 21.5) the CPU time per echo of epoll LT, epoll ET ..."""
    first, *others = sorted(found, key=lambda one: one.value, reverse=True)
    what = noun(first.metric, first.point.mode).words
    verb = VERBS.get(first.metric, "needs")
    said = f"{short(first.server)} {verb} {times(first.value, first.low, first.high)} the {what}"
    more = [f"{short(o.server)} {times(o.value, o.low, o.high)}" for o in others]
    return f"{said} of {short(LT)}" + (f", {listed(more)}" if more else "")


def reach(found: list[Ratio]) -> str:
    """(A/A: 1.012)"""
    known = [one.aa for one in found if one.aa is not None]
    return f" (A/A: {ratio(max(known), 0.01)})" if known else ""


def compare(found: list[Ratio]) -> list[str]:
    """All that may be said of these servers: at one point, and of the others where they end."""
    if not found:
        return []
    point = best_point(found)
    here = [one for one in found if one.point == point]
    shown = [one for one in here if one.claim]
    alike = [one for one in here if not one.claim]
    said = []
    if shown:
        said.append(sentence(f"{place(point)}, {claimed(shown)}"))
    if alike:
        names = listed([short(one.server) for one in alike], " or ")
        where = "" if shown else f"{place(point)}, "
        said.append(
            sentence(f"{where}no measurable difference between {short(LT)} and {names}{reach(alike)}")
        )
    absent = {one.server for one in found} - {one.server for one in here}
    for server in sorted(absent):
        own = [one for one in found if one.server == server and one.claim]
        if own:
            most = max(own, key=strength)
            said.append(sentence(f"{place(most.point)}, {claimed([most])}"))
    return said


# --- Figures


def figures_of(run: Run, name: str, metric: str, server: str) -> list[Figure]:
    """Of one server, in the order of the loads."""
    return [
        one for one in run.figures
        if (one.experiment, one.metric, one.server) == (name, metric, server)
        and one.value is not None
    ]


def value(run: Run, name: str, metric: str, server: str, point: Point) -> float | None:
    found = [one for one in figures_of(run, name, metric, server) if one.point == point]
    return found[0].value if found else None


def each(run: Run, name: str, metric: str, point: Point) -> str:
    """poll 19,001, epoll LT 1 and epoll ET 1"""
    found = [(s, value(run, name, metric, s, point)) for s in run.servers if s in THE_FOUR]
    return listed([f"{short(s)} {number(v)}" for s, v in found if v is not None])


def ends(found: list[Figure], of: str) -> tuple[Figure, Figure] | None:
    """The figures at the two ends of a series."""
    order = sorted(found, key=lambda one: getattr(one.point, of))
    return (order[0], order[-1]) if len(order) > 1 else None


# --- Results


def waits_result(run: Run) -> str:
    """From the fewest descriptors to the most, one of them ready."""
    parts = []
    for mechanism in ("select", "poll", "epoll_lt"):
        series = {n: v[0] for (m, n, k), v in wait_figures(run).items() if (m, k) == (mechanism, 1)}
        if len(series) > 1:
            few, many = min(series), max(series)
            parts.append(
                f"{short(mechanism)} {amount(series[few], 's')} with {few:,} and"
                f" {amount(series[many], 's')} with {many:,}"
            )
    return sentence(f"one wait for one ready descriptor costs {'; '.join(parts)}") if parts else ""


def fairness_result(run: Run) -> str:
    found = ends(figures_of(run, "fairness", "p50", LT), "firehoses")
    if not found:
        return ""
    few, many = found
    return sentence(
        f"{place(many.point)}, the median latency of the others is {amount(many.value, 's')} with"
        f" {short(LT)}, {place(few.point) if few.point.firehoses else 'without any'}"
        f" {amount(few.value, 's')}"
    )


def memory_result(run: Run) -> str:
    parts = {}
    for metric in ("user_bytes", "kernel_bytes"):
        found = [(s, figures_of(run, "memory", metric, s)) for s in run.servers if s != TWIN]
        parts[metric] = [f"{short(s)} {amount(f[-1].value, BYTES)}" for s, f in found if f]
    kernel = figures_of(run, "memory", "kernel_bytes", LT)
    if not parts["user_bytes"]:
        return ""
    said = f"an idle connection takes {listed(parts['user_bytes'])} in the server"
    if kernel:
        said += f"; the kernel takes {amount(kernel[-1].value, BYTES)} for both of its ends"
    return sentence(said)


def frozen(run: Run) -> dict[str, dict]:
    """The first trial of each loop in which the server was really stopped."""
    found: dict[str, dict] = {}
    for trial in run.trials:
        if trial["experiment"] == "freeze" and trial.get("freeze") and trial["valid"]:
            found.setdefault(trial["mode"], trial)
    return found


def freeze_result(run: Run) -> str:
    loops = frozen(run)
    if not {"closed", "open"} <= loops.keys():
        return ""
    known = {mode: dict(map(tuple, loops[mode]["latency"]["quantiles"])) for mode in loops}
    shared = [q for q in known["closed"] if q in known["open"] and q > 75]
    if not shared:
        return ""
    said = [f"{known[mode][shared[0]] / 1e9:.9g}" for mode in ("closed", "open")]
    closed, opened = (amount(float(ns), "s") for ns in said)
    stop = amount(loops["open"]["freeze"]["seconds"], "s")
    return sentence(
        f"the server stood still for {stop}; {number(shared[0])} % of its echoes took at most"
        f" {closed} by the closed loop, and {opened} by the open one"
    )


FIRST = {
    "waits": waits_result, "fairness": fairness_result, "memory": memory_result,
    "freeze": freeze_result,
}


def findings(run: Run, name: str) -> list[str]:
    """What an experiment shows, the first sentence first; nothing where nothing was measured."""
    own = [FIRST[name](run)] if name in FIRST else []
    found = compare(ratios_of(run, name, compared(run))) if name != "memory" else []
    return [said for said in own + found if said]


def result(run: Run, name: str) -> str:
    return " ".join(findings(run, name))


def context(run: Run, name: str) -> str:
    """The peers and the floor at their last point: beside the four, never among them."""
    found = ratios_of(run, name, [*PEERS, FLOOR])
    if not found or name == "memory":  # its result has all
        return ""
    last = [replace(one, claim=True) for one in found if one.point == found[-1].point]
    return sentence(f"for context, {place(last[0].point)}: {claimed(last)}")


# --- Explanations


def why_waits(run: Run) -> str:
    """What each descriptor adds, between the fewest and the most."""
    parts = []
    for mechanism in ("select", "poll", "epoll_lt", "epoll_et"):
        series = {n: v[0] for (m, n, k), v in wait_figures(run).items() if (m, k) == (mechanism, 1)}
        if len(series) > 1:
            few, many = min(series), max(series)
            ns = 1e9 * (series[many] - series[few]) / (many - few)
            cost = f"{number(ns)} ns" if ns > FEWEST_NS else f"less than {FEWEST_NS} ns"
            parts.append(f"{short(mechanism)} {cost}")
    return sentence(f"each descriptor that is watched adds to a wait: {listed(parts)}") if parts else ""


def why_idle(run: Run, name: str = "idle") -> str:
    found = ratios_of(run, name, compared(run))
    point = best_point(found) if found else None
    scanned = each(run, name, "scanned_per_echo", point) if point else ""
    calls = each(run, name, "calls_per_echo", point) if point else ""
    if not scanned:
        return ""
    said = sentence(f"descriptors scanned per echo there: {scanned}")
    return said + (" " + sentence(f"system calls per echo: {calls}") if calls else "")


def why_active(run: Run) -> str:
    found = ends(figures_of(run, "active", "waits_per_echo", LT), "active")
    if not found or not all(one.value for one in found):
        return ""
    few, many = found
    return sentence(
        f"a wait of {short(LT)} serves {some(round(1 / few.value), 'echo', 'echoes')} with"
        f" {some(few.point.active, 'active connection')} and {number(1 / many.value)} with"
        f" {many.point.active:,}: its cost is shared by all that are ready"
    )


def why_size(run: Run) -> str:
    found = ends(figures_of(run, "size", "calls_per_echo", LT), "size")
    if not found:
        return ""
    few, many = found
    at_most = each(run, "size", "calls_per_echo", many.point)
    return sentence(
        f"an echo of {amount(few.point.size, BYTES)} takes {short(LT)} {number(few.value)} system"
        f" calls; one of {amount(many.point.size, BYTES)} takes {at_most}"
    )


def why_churn(run: Run) -> str:
    found = figures_of(run, "churn", "epoll_ctls_per_echo", LT)
    if not found:
        return ""
    point = found[-1].point
    calls = each(run, "churn", "calls_per_echo", point)
    ctls = each(run, "churn", "epoll_ctls_per_echo", point)
    return sentence(f"system calls per connection: {calls}; of these epoll_ctl: {ctls}")


def why_fairness(run: Run) -> str:
    found = ends(figures_of(run, "fairness", "receives_per_echo", LT), "firehoses")
    if not found:
        return ""
    few, many = found
    return sentence(
        f"calls of recv per echo of the others ({short(LT)}): {number(few.value)}"
        f" {place(few.point)}, {number(many.value)} {place(many.point)}, whose bytes come in between"
    )


def why_freeze(run: Run) -> str:
    loops = frozen(run)
    if not {"closed", "open"} <= loops.keys():
        return ""
    opened = loops["open"]
    due = round(opened["freeze"]["seconds"] / opened["seconds"] * opened["echoes"])
    return sentence(
        f"the closed loop had {some(loops['closed']['active'], 'echo', 'echoes')}"
        f" underway when the server stopped, and sent no more; in the open loop about {due:,} of"
        f" {opened['echoes']:,} messages were due meanwhile, and all of them count"
    )


REASONS = {
    "waits": why_waits, "idle": why_idle, "active": why_active, "size": why_size,
    "latency": lambda run: why_idle(run, "latency"), "churn": why_churn,
    "fairness": why_fairness, "freeze": why_freeze,
}


def explanation(run: Run, name: str) -> str:
    return REASONS[name](run) if name in REASONS else ""


# --- The machine


def machine(environment: dict) -> str:
    """AMD EPYC, 2 CPUs (kvm guest), Linux 6.1.0; nothing where it isn't known."""
    if not environment.get("cpu_model"):
        return "Unknown machine"
    cpus = some(len(environment.get("cpus_allowed") or [0]), "CPU")
    guest = f" ({environment['hypervisor']} guest)" if environment.get("hypervisor") else ""
    return f"{environment['cpu_model']}, {cpus}{guest}, Linux {environment.get('kernel', '')}"


def aa_reaches(run: Run, metric: str) -> list[float]:
    """How far epoll LT entered twice is from itself, at each load."""
    found = [one for one in run.ratios if (one.server, one.metric) == (TWIN, metric)]
    return [max(one.high, 1 / one.low) for one in found if one.low > 0]


def trust(run: Run) -> str:
    """One line: how large a difference must be here."""
    found = {metric: aa_reaches(run, metric) for metric in ("cpu", "rate", "p50")}
    words = [
        f"{ratio(median(reaches), 0.01)} in {noun(metric).words} (at most {ratio(max(reaches), 0.01)})"
        for metric, reaches in found.items() if reaches
    ]
    if not words:
        return "No server was entered twice, so differences of a few per cent may be noise."
    return (
        f"A/A: one server, entered twice, differs from itself by a factor of {listed(words)}."
        " Only what is larger than that at its own load is called a difference."
    )
