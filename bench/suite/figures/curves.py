"""Latency distributions: which trials make which curve.

As everywhere, doubtful trials are used only where valid ones aren't the majority,
and failed ones never.
"""

from dataclasses import dataclass

from figures.points import Run, of_experiment, panel_order, shown_order
from measure.validity import spoils


@dataclass
class Curve:
    """One server's latencies in one view."""

    experiment: str
    server: str
    panel: str
    metric: str
    key: str  # the histogram's name in a trial
    trials: list[dict]
    failed: int

    @property
    def view(self) -> tuple[str, ...]:
        """What tells it from the server's other curves, for a file's name."""
        return (self.panel,) if self.metric == "latency" else (self.metric, self.panel)


# Three views of the same stop: what a closed loop sees, and the two of an open one.
FROZEN = [("closed", "closed", "latency"), ("response", "open", "latency")]
FROZEN += [("service", "open", "service")]
VIEWS = [("response", "latency"), ("service", "service")]


def frozen_curves(run: Run, trials: list[dict]) -> list[Curve]:
    made = []
    for panel, mode, key in FROZEN:
        for server in shown_order(run):
            own = [t for t in trials if t["server_name"] == server and t.get("mode") == mode]
            made.append(curve("freeze", server, panel, "latency", key, own))
    return made


def percentile_curves(run: Run, trials: list[dict]) -> list[Curve]:
    figures = [t for t in trials if t["role"] == "figure" or t["outcome"] == "failed"]
    panels = sorted({str(t["idle"]) for t in figures}, key=panel_order)
    made = []
    for panel in panels:
        for server in shown_order(run):
            own = [
                t for t in figures if (t["server_name"], str(t["idle"])) == (server, panel)
            ]
            made += [curve("percentiles", server, panel, *view, own) for view in VIEWS]
    return made


def curve(
    experiment: str, server: str, panel: str, metric: str, key: str, trials: list[dict]
) -> Curve:
    measured = [t for t in trials if t["outcome"] == "measured"]
    failed = sum(t["outcome"] == "failed" for t in trials)
    return Curve(experiment, server, panel, metric, key, measured, failed)


MAKERS = {"percentiles": percentile_curves, "freeze": frozen_curves}


def curves(run: Run, experiment: str) -> list[Curve]:
    """All of an experiment; those of which nothing was measured are empty."""
    return MAKERS[experiment](run, of_experiment(run, experiment))


def is_sound(trials: list[dict]) -> bool:
    """Is there no doubt about their latencies?"""
    return not any(spoils(trial, "latency") for trial in trials)


def curve_trials(curve: Curve) -> list[dict]:
    """Those that make the curve: the sound ones, if they are more than half."""
    recorded = [t for t in curve.trials if (t.get(curve.key) or {}).get("count")]
    sound = [t for t in recorded if is_sound([t])]
    return sound if 2 * len(sound) > len(recorded) else [t for t in recorded if t not in sound]
