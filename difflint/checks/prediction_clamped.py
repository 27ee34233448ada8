"""DFL208: a prediction of noise or velocity is clamped to the range of pictures before the loss."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Loss
from difflint.facts.interval import Interval
from difflint.facts.report import interval_json
from difflint.facts.steps import Clamp, Link
from difflint.facts.targets import target
from difflint.facts.values import Kind

NAMES = {"eps": "noise", "v": "a velocity", "score": "a score"}
ENOUGH = 3.5  # deviations: hardly any noise lies beyond


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.losses):
        found = [_cutting(loss) for loss in group]
        if all(found) and found[0] is not None:
            yield _problem(facts, group[0], *found[0])


def _cutting(loss: Loss) -> tuple[Link, Interval] | None:
    """The clamp of the prediction that its target goes beyond."""
    clamps = [link for link in loss.prediction.links if isinstance(link.step, Clamp) and not link.step.checked]
    if not clamps or target(loss.target) not in NAMES or loss.prediction.kind is not Kind.MODEL:
        return None
    step = clamps[-1].step
    assert isinstance(step, Clamp)
    if step.low is None or step.high is None or max(abs(step.low), abs(step.high)) >= ENOUGH:
        return None
    return clamps[-1], Interval(step.low, step.high)


def _problem(facts: Facts, loss: Loss, link: Link, kept: Interval) -> Problem:
    what = NAMES[target(loss.target) or "eps"]
    steps = (facts.step(link.site, f"the prediction is kept in {kept}"),) if link.site is not None else ()
    return Problem(
        facts.place(link.site or loss.site),
        {"range": str(kept), "target": what},
        (*steps, *facts.calls(loss), facts.step(loss.site, f"the loss asks for {what}, which has no bounds")),
        "Remove the clamp from the training; clamp the x0 estimate while sampling instead.",
        {"range": interval_json(kept), "target": target(loss.target)},
    )
