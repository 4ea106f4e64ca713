"""What a run found, in sentences made from its data.

    findings     an experiment's ratios to epoll LT: the largest that noise can't explain
    context      the same for the peers and the floor
    explanation  why, from the servers' own counters
    trust        how far apart two copies of one server come out on this machine

No figure is typed here.  Where noise could explain a difference, the sentence says
that there is no measurable one.
"""

import math
from statistics import median

from experiments import BY_NAME
from figures import Figure, Point, Ratio, Run
from options import FLOOR, LT, PEERS, THE_FOUR, TWIN
from published import MECHANISMS, OPEN, coordinated_omission, one_ready, wait_words
from words import BYTES, SECONDS, amount, listed, noun, number, ratio, sentence, short, some, times

VERBS = {"rate": "reaches", "mib_rate": "reaches", "p50": "has", "p99": "has"}
FEWEST_NS = 0.5  # per descriptor watched: less is nothing that `waits` can show


def load(point: Point) -> tuple:
    """To sort by: a run goes through its loads in any order."""
    return (point.idle, point.active, point.size, point.firehoses, point.rate or 0, point.turn or 0)


def place(one: Figure | Ratio) -> str:
    """with 1 active and 900 idle connections; at 20,000 messages per second ..."""
    point, panels = one.point, BY_NAME[one.experiment].panels
    along = panels[0].x if panels else ""
    idle = f"{point.idle:,} idle" if point.idle else "none idle"
    if point.mode == "churn":
        return f"with {point.active:,} connections at a time"
    if point.mode == "hold":
        return f"with {point.idle:,} idle connections"
    if point.rate is not None:
        return f"at {point.rate:,} messages per second over {point.active:,} connections, {idle}"
    if along == "firehoses":
        streams = some(point.firehoses, "stream")
        return f"beside {streams}" if point.firehoses else "without a stream"
    if point.turn is not None:
        return f"in turns of {amount(point.turn, SECONDS)}"
    if along == "size":
        return f"with messages of {amount(point.size, BYTES)}"
    if not point.idle:
        return f"with {some(point.active, 'active connection')} and none idle"
    return f"with {point.active:,} active and {point.idle:,} idle connections"


# --- Ratios


def strength(found: Ratio) -> float:
    return abs(math.log(found.value)) if found.value > 0 else 0


def ratios_of(run: Run, name: str, servers) -> list[Ratio]:
    """Of the metric that the experiment compares first, at the loads of its first panel."""
    metric = next(iter(BY_NAME[name].compare), None)
    where = BY_NAME[name].panels[0].where if BY_NAME[name].panels else {}
    found = [
        one for one in run.ratios
        if (one.experiment, one.metric) == (name, metric) and one.server in servers
        and all(getattr(one.point, number) == wanted for number, wanted in where.items())
    ]
    return sorted(found, key=lambda one: load(one.point))


def compared(run: Run) -> list[str]:
    """The four and what was brought along; epoll LT is what they are compared with."""
    aside = {LT, TWIN, FLOOR, *PEERS}
    return [server for server in run.servers if server not in aside]


def best(found: list[Ratio]) -> Ratio:
    """Where the largest difference is that noise can't explain, else the last one."""
    claims = [one for one in found if one.claim]
    return max(claims, key=strength) if claims else found[-1]


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
    """All that may be said of these servers: at one point, and of those that don't get there,
    where they differ most."""
    if not found:
        return []
    where, point = place(best(found)), best(found).point
    here = [one for one in found if one.point == point]
    shown = [one for one in here if one.claim]
    alike = [one for one in here if not one.claim]
    said = []
    if shown:
        said.append(sentence(f"{where}, {claimed(shown)}"))
    if alike:
        names = listed([short(one.server) for one in alike], " or ")
        said.append(
            sentence(f"{'' if shown else where + ', '}there is no measurable difference"
                     f" between {short(LT)} and {names}{reach(alike)}")
        )
    absent = {one.server for one in found} - {one.server for one in here}
    for server in sorted(absent):
        own = [one for one in found if one.server == server and one.claim]
        if own:
            most = max(own, key=strength)
            said.append(sentence(f"{place(most)}, {claimed([most])}"))
    return said


# --- Figures


def figures_of(run: Run, name: str, metric: str, server: str) -> list[Figure]:
    """Of one server, in the order of the loads."""
    found = [
        one for one in run.figures
        if (one.experiment, one.metric, one.server) == (name, metric, server)
        and one.value is not None
    ]
    return sorted(found, key=lambda one: load(one.point))


def ends(run: Run, name: str, metric: str) -> list[Figure]:
    """Of epoll LT, at the first load and at the last."""
    found = figures_of(run, name, metric, LT)
    return found[:1] + found[1:][-1:]


def each(run: Run, name: str, metric: str, point: Point) -> str:
    """poll 19,001, epoll LT 1 and epoll ET 1; or 3 for each"""
    found = [f for s in THE_FOUR for f in figures_of(run, name, metric, s) if f.point == point]
    texts = [amount(one.value, noun(metric).unit) for one in found]
    if len(texts) > 1 and len(set(texts)) == 1:
        return f"{texts[0]} for each"
    return listed([f"{short(one.server)} {text}" for one, text in zip(found, texts)])


# --- Results


def waits_result(run: Run) -> str:
    words = wait_words(run, ("select", "poll", "epoll_lt"))
    return f"One wait for one ready descriptor costs {words}." if words else ""


def fairness_result(run: Run) -> str:
    found = ends(run, "fairness", "p50")
    parts = [f"{amount(one.value, 's')} {place(one)}" for one in found]
    return f"The median latency of the others, {short(LT)}: {listed(parts)}." if parts else ""


def memory_result(run: Run) -> str:
    parts = []
    for metric, where in (("user_bytes", "in the server"), ("kernel_bytes", "in the kernel")):
        for one in ends(run, "memory", metric)[-1:]:
            parts.append(f"{where} ({each(run, 'memory', metric, one.point)})")
    return f"An idle connection takes memory {listed(parts)}." if parts else ""


def freeze_result(run: Run) -> str:
    found = coordinated_omission(run)
    return sentence(found.ours) if found.verdict != OPEN else ""


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
    """The peers and the floor: beside the four, never among them."""
    said = compare(ratios_of(run, name, [*PEERS, FLOOR]))
    return f"For context: {' '.join(said)}" if said else ""


# --- Explanations


# What explains an experiment: counters, all at the load that its result is about ...
COUNTERS = {
    "idle": ("scanned_per_echo", "calls_per_echo"),
    "latency": ("scanned_per_echo", "calls_per_echo"),
    "churn": ("calls_per_echo", "epoll_ctls_per_echo"),
}
# ... or one, at the first load and at the last.
SERIES = {"active": "waits_per_echo", "size": "calls_per_echo", "fairness": "receives_per_echo"}


def why_waits(run: Run) -> str:
    """What each descriptor adds, between the fewest and the most."""
    parts = []
    for mechanism in MECHANISMS:
        for few, many in one_ready(run, mechanism):
            ns = 1e9 * (many[1] - few[1]) / (many[0] - few[0])
            cost = f"{number(ns)} ns" if ns > FEWEST_NS else f"less than {FEWEST_NS} ns"
            parts.append(f"{short(mechanism)} {cost}")
    return f"Each descriptor that is watched adds to a wait: {listed(parts)}." if parts else ""


def why_freeze(run: Run) -> str:
    loops = {t["mode"]: t for t in run.trials if t["experiment"] == "freeze" and t.get("freeze")}
    if "open" not in loops:
        return ""
    stop, window, echoes = (loops["open"][key] for key in ("freeze", "seconds", "echoes"))
    return (
        f"The server stood still for {amount(stop['seconds'], 's')}. The closed loop had one echo"
        " underway and sent no more until it came; in the open loop about"
        f" {round(stop['seconds'] / window * echoes):,} of {echoes:,} messages were due meanwhile,"
        " and all of them count."
    )


def explanation(run: Run, name: str) -> str:
    """From the counters; a new experiment gets the system calls of its first load and its last."""
    if name in ("waits", "freeze"):
        return {"waits": why_waits, "freeze": why_freeze}[name](run)
    found = ratios_of(run, name, compared(run))
    if name in COUNTERS and found:
        where = best(found)
        counts = [(noun(metric, where.point.mode).words, each(run, name, metric, where.point))
                  for metric in COUNTERS[name]]
        parts = [f"{words}: {text}" for words, text in counts if text]
        return sentence(f"{place(where)}, {'; '.join(parts)}") if parts else ""
    metric = SERIES.get(name, "calls_per_echo")
    few_and_many = ends(run, name, metric)
    parts = [f"{place(one)}: {each(run, name, metric, one.point)}" for one in few_and_many]
    return sentence(f"{noun(metric).words} {'; '.join(parts)}") if parts else ""


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
        f"{ratio(median(reaches), 0.01)} in {noun(metric).words}"
        f" (at most {ratio(max(reaches), 0.01)})"
        for metric, reaches in found.items() if reaches
    ]
    if not words:
        return "No server was entered twice, so differences of a few per cent may be noise."
    return (
        f"A/A: one server, entered twice, differs from itself by a factor of {listed(words)}."
        " Only what is larger than that at its own load is called a difference."
    )
