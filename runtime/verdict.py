"""The verdict: the measures of both arms in; confirmed, refuted or undecided, a symptom and a reason out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .arms import Arms, Measures
from .symptoms import name_symptom

# The smallest shift of a measure that a person sees in a picture (or in a loss curve: a loss larger by a half).
VISIBLE: dict[str, float] = {
    "refused": 0.1,
    "nonfinite": 0.001,
    "white": 0.05,
    "black": 0.05,
    "mean": 0.05,
    "std": 0.04,
    "nearest": 0.03,
    "specks": 0.002,
    "log_loss": math.log(1.5),
}
# What a reason calls the measures; the first group are shares.
SHARES = {
    "refused": "refused pictures",
    "nonfinite": "values that are not finite",
    "white": "white pixels",
    "black": "black pixels",
    "specks": "specks",
}
WORDS = {"mean": "mean brightness", "std": "contrast", "nearest": "distance to the training pictures"}


@dataclass(frozen=True)
class Judgement:
    """What an experiment says about a finding."""

    verdict: str
    symptom: str
    reason: str


@dataclass(frozen=True)
class Effect:
    """How one measure moved between the arms; ``harm`` is how much farther from the data it went.

    ``gap`` is the harm between the nearest seeds of the two arms, ``noise`` that between the farthest of the control.
    """

    key: str
    control: float
    as_written: float
    harm: float
    gap: float
    noise: float

    @property
    def visible(self) -> bool:
        """Large enough to be seen."""
        return self.weight >= 1

    @property
    def certain(self) -> bool:
        """The arms differ by more than the seeds do."""
        return self.gap > self.noise

    @property
    def weight(self) -> float:
        """The harm in units of what can be seen."""
        return self.harm / VISIBLE[self.key]

    def __str__(self) -> str:
        if self.key in SHARES:
            return f"{SHARES[self.key]} {self.control:.1%} -> {self.as_written:.1%}"
        if self.key == "log_loss":
            return f"loss {math.exp(self.control):.2g} -> {math.exp(self.as_written):.2g}"
        return f"{WORDS[self.key]} {self.control:.2f} -> {self.as_written:.2f}"


def judge(arms: Arms) -> Judgement:
    """Compare the arms: the control has to be healthy, and the effect has to be visible and exceed the seed noise."""
    control, seen = middle(arms.repaired.measures), middle(arms.as_written.measures)
    illness = unhealthy(control, arms.data)
    if illness:
        return Judgement("undecided", "none", f"the repaired arm is not healthy itself: {illness}")
    effects = sorted(_effects(arms), key=lambda effect: -effect.weight)
    visible = [effect for effect in effects if effect.visible]
    certain = [effect for effect in visible if effect.certain]
    if certain:
        words = ", ".join(str(effect) for effect in certain[:3])
        seeds = len(arms.repaired.measures)
        reason = f"repaired -> as written, on each of {seeds} seeds: {words}"
        return Judgement("confirmed", name_symptom(seen, control), reason)
    if visible:
        words = ", ".join(str(effect) for effect in visible[:3])
        return Judgement("undecided", "none", f"the arms differ by no more than the seeds do: {words}")
    if arms.doubt:
        return Judgement("undecided", "none", arms.doubt)
    largest = f"; the largest, repaired -> as written, is {effects[0]}" if effects[0].weight > 0 else " at all"
    return Judgement("refuted", "none", f"no visible harm{largest}")


def middle(measures: Sequence[Measures]) -> dict[str, float]:
    """The median of each measure over the seeds."""
    return {key: median(entry[key] for entry in measures) for key in measures[0]}


def unhealthy(control: Measures, data: Measures) -> str:
    """Why these pictures do not resemble the data, or nothing."""
    if control.get("nonfinite", 0) > 0 or control.get("refused", 0) > 0:
        return "its pictures are not finite or refused"
    for key, allowed in (("white", 0.15), ("black", 0.15), ("mean", 0.15)):
        if not abs(control[key] - data[key]) <= allowed:
            return f"its {key} is {control[key]:.2f}, that of the data {data[key]:.2f}"
    if not 0.5 <= control["std"] / data["std"] <= 1.6:
        return f"its std is {control['std']:.2f}, that of the data {data['std']:.2f}"
    if not control["nearest"] <= 0.15:
        return f"its pictures are {control['nearest']:.2f} away from the nearest of the data"
    return ""


def _effects(arms: Arms) -> list[Effect]:
    shared = [key for key in VISIBLE if key in arms.repaired.measures[0] and key in arms.as_written.measures[0]]
    return [_effect(arms, key) for key in shared]


def _effect(arms: Arms, key: str) -> Effect:
    control = [entry[key] for entry in arms.repaired.measures]
    seen = [entry[key] for entry in arms.as_written.measures]
    # A measure that the data lack (a loss, a share of refused pictures) is best when it is lowest.
    target = arms.data.get(key, -math.inf)
    health, illness = _distances(control, target), _distances(seen, target)
    return Effect(
        key,
        control=median(control),
        as_written=median(seen),
        harm=median(illness) - median(health),
        gap=min(illness) - max(health),
        noise=max(health) - min(health),
    )


def _distances(values: Sequence[float], target: float) -> list[float]:
    return [abs(value - target) if math.isfinite(target) else value for value in values]
