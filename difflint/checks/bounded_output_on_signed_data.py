"""DFL201: a network that ends in an activation without negative values, trained on or shown as [-1, 1] data."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.activations import activation, shown_as_signed
from difflint.facts.events import Loss, Sink
from difflint.facts.interval import SIGNED, UNIT, Interval
from difflint.facts.report import bound_json, interval_json
from difflint.facts.steps import Bounded, through
from difflint.facts.values import Kind, Tensor
from difflint.findings import TraceStep


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.losses):
        if all(_untouchable(loss) for loss in group):
            yield _trained(facts, group[0])
    for sinks in facts.groups(facts.seen.sinks):
        found = [shown_as_signed(sink.value) for sink in sinks]
        if all(found) and isinstance(sinks[0].value, Tensor) and found[0] is not None:
            yield _sampled(facts, sinks[0], sinks[0].value, found[0])


def _untouchable(loss: Loss) -> bool:
    """Whether the data have a part below zero that the output cannot reach."""
    step, data = activation(loss.prediction), loss.target.nominal
    reach = through(loss.prediction.links, None)
    if step is None or step.low < 0 or data is None or reach is None or loss.target.kind not in (Kind.DATA, Kind.OTHER):
        return False
    return data.low < 0 and reach.low > data.low + 0.2 * data.width


def _trained(facts: Facts, loss: Loss) -> Problem:
    step, data = activation(loss.prediction), loss.target.nominal
    assert step is not None and data is not None
    trace = (
        *facts.origin(loss.target.origin),
        *facts.chain(loss.target.links, loss.target.base),
        *facts.chain(loss.prediction.links, None),
        facts.step(loss.site, f"the loss asks for {data}, the output stays in {Interval(step.low, step.high)}"),
    )
    noised = any(part.kind is Kind.NOISE for part in loss.prediction.origin.parts)
    return _problem(facts, loss, step, data, trace, "x0" if noised else "reconstruction")


def _sampled(facts: Facts, sink: Sink, tensor: Tensor, step: Bounded) -> Problem:
    trace = (
        *facts.chain(tensor.links, None),
        facts.step(sink.site, f"{sink.name} shows it as if it had been in [-1, 1]"),
    )
    return _problem(facts, sink, step, SIGNED, trace, "x0")


def _problem(
    facts: Facts, event: Loss | Sink, step: Bounded, data: Interval, trace: tuple[TraceStep, ...], prediction: str
) -> Problem:
    reach = Interval(step.low, step.high)
    return Problem(
        facts.place(event.site),
        {"activation": step.name, "range": str(reach), "data": str(data)},
        trace,
        f"End the network in tanh (or in nothing and clamp at the end), or keep the data in {UNIT}.",
        {
            "activation": {"name": step.name, "low": step.low, "high": bound_json(reach.high)},
            "data": interval_json(data),
            "prediction": prediction,
        },
    )
