"""DFL202: a bounded last activation in a network that is trained to predict noise, v, a score or a flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from difflint.facts import Facts, Problem
from difflint.facts.activations import activation
from difflint.facts.events import Loss
from difflint.facts.interval import Interval
from difflint.facts.report import bound_json
from difflint.facts.steps import through
from difflint.facts.targets import target

TESTS = frozenset(("test", "tests", "testing"))
ENOUGH = 4.0  # standard deviations: a normal value lies beyond in 1 of 16,000 cases


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.losses):
        if all(_cannot_reach(loss) and not _is_test(loss) for loss in group):
            yield _problem(facts, group[0])


def _is_test(loss: Loss) -> bool:
    """Whether a test calls it: there, random numbers stand for data, and a clean target looks like noise."""
    return any(_names_a_test(PurePath(site.path)) for site in (loss.site, *loss.calls))


def _names_a_test(path: PurePath) -> bool:
    return path.stem.startswith("test_") or path.stem.endswith("_test") or not TESTS.isdisjoint(path.parts)


def _cannot_reach(loss: Loss) -> bool:
    reach = through(loss.prediction.links, None)
    if activation(loss.prediction) is None or reach is None or target(loss.target) in (None, "x0"):
        return False
    return reach.low > -ENOUGH or reach.high < ENOUGH


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
            **facts.diffusion(loss.prediction.origin.networks),
        },
    )
