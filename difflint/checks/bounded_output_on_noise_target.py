"""DFL202: a bounded last activation in a network that is trained to predict noise, v, a score or a flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from difflint.facts import Facts, Problem
from difflint.facts.activations import activation
from difflint.facts.events import Loss
from difflint.facts.interval import Interval
from difflint.facts.report import bound_json
from difflint.facts.steps import Affine, through
from difflint.facts.values import Kind, Tensor

ENOUGH = 4.0  # standard deviations: a normal value lies beyond in 1 of 16,000 cases


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.losses):
        if all(_cannot_reach(loss) and not _is_test(loss) for loss in group):
            yield _problem(facts, group[0])


def _is_test(loss: Loss) -> bool:
    """Whether a test calls it: there, random numbers stand for data, and a clean target looks like noise."""
    return any(PurePath(site.path).name.startswith("test_") for site in (loss.site, *loss.calls))


def _cannot_reach(loss: Loss) -> bool:
    reach = through(loss.prediction.links, None)
    if activation(loss.prediction) is None or reach is None or target(loss.target) is None:
        return False
    return reach.low > -ENOUGH or reach.high < ENOUGH


def target(tensor: Tensor) -> str | None:
    """Which unbounded target a loss asks for: eps, v (a flow counts) or score; None for anything else."""
    if tensor.kind is Kind.NOISE:
        scales = [a for link in tensor.links if isinstance(link.step, Affine) for a in link.step.scale]
        return "score" if any(a < 0 for a in scales) else "eps"
    if tensor.kind not in (Kind.MIX, Kind.SAMPLE):
        return None
    kinds = {part.kind for part in tensor.origin.parts}
    if Kind.NOISE not in kinds or Kind.MODEL in kinds:
        return None
    return "v" if kinds - {Kind.NOISE, Kind.UNIFORM} else "score"


def _problem(facts: Facts, loss: Loss) -> Problem:
    step, what = activation(loss.prediction), target(loss.target)
    assert step is not None and what is not None
    reach = Interval(step.low, step.high)
    trace = (
        *facts.origin(loss.target.origin),
        *facts.chain(loss.prediction.links, None),
        facts.step(loss.site, f"the loss asks for {what}, which has no bound; the output stays in {reach}"),
    )
    return Problem(
        facts.place(loss.site),
        {"activation": step.name, "range": str(reach), "target": what},
        trace,
        f"Remove the final {step.name}: let the network end in its last linear or convolution layer.",
        {
            "activation": {"name": step.name, "low": bound_json(reach.low), "high": bound_json(reach.high)},
            "target": what,
        },
    )
