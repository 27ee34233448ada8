"""DFL201: a network that ends in an activation without negative values, trained on or shown as [-1, 1] data."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Loss, Sink
from difflint.facts.interval import SIGNED, UNIT, Interval
from difflint.facts.report import interval_json
from difflint.facts.steps import Affine, Bounded, Link, affine_of, through
from difflint.facts.values import Kind, Tensor

HALF_RANGE = Affine((0.5,), (0.5,))


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.losses):
        if all(_untouchable(loss) for loss in group):
            yield _trained(facts, group[0])
    for sinks in facts.groups(facts.seen.sinks):
        found = [as_signed(sink) for sink in sinks]
        if all(found) and isinstance(sinks[0].value, Tensor) and found[0] is not None:
            yield _sampled(facts, sinks[0], sinks[0].value, found[0])


def activation(tensor: Tensor) -> Bounded | None:
    """The last activation of a network's output, if only affine steps follow it."""
    for link in reversed(tensor.links):
        if isinstance(link.step, Bounded):
            return link.step
        if not isinstance(link.step, Affine):
            return None
    return None


def _untouchable(loss: Loss) -> bool:
    """Whether the data have a part below zero that the output cannot reach."""
    step, data = activation(loss.prediction), loss.target.nominal
    reach = through(loss.prediction.links, None)
    if step is None or step.low < 0 or data is None or reach is None or loss.target.kind not in (Kind.DATA, Kind.OTHER):
        return False
    return data.low < 0 and reach.low > data.low + 0.2 * data.width


def as_signed(sink: Sink) -> Bounded | None:
    """The activation of an output in [0, 1] that is shown as if it were in [-1, 1]."""
    tensor = sink.value
    if not isinstance(tensor, Tensor) or tensor.kind is not Kind.MODEL:
        return None
    last = max((i for i, link in enumerate(tensor.links) if isinstance(link.step, Bounded)), default=None)
    if last is None:
        return None
    step = tensor.links[last].step
    assert isinstance(step, Bounded)
    unit = Interval(step.low, step.high).near(UNIT)
    return step if unit and _denormalises(tensor.links[last + 1 :]) else None


def _denormalises(links: tuple[Link, ...]) -> bool:
    """Whether the affine links begin with the map from [-1, 1] to [0, 1]."""
    moving = [link for link in links if isinstance(link.step, Affine)]
    wholes = (affine_of(moving[:end]) for end in range(1, len(moving) + 1))
    return any(whole is not None and whole.near(HALF_RANGE) for whole in wholes)


def _trained(facts: Facts, loss: Loss) -> Problem:
    step, data = activation(loss.prediction), loss.target.nominal
    assert step is not None and data is not None
    trace = (
        *facts.origin(loss.target.origin),
        *facts.chain(loss.target.links, loss.target.base),
        *facts.chain(loss.prediction.links, None),
        facts.step(loss.site, f"the loss asks for {data}, the output stays in {Interval(step.low, step.high)}"),
    )
    return _problem(facts, loss, step, data, trace, "reconstruction")


def _sampled(facts: Facts, sink: Sink, tensor: Tensor, step: Bounded) -> Problem:
    trace = (*facts.chain(tensor.links, None), facts.step(sink.site, f"{sink.name} shows it as if it had been in [-1, 1]"))
    return _problem(facts, sink, step, SIGNED, trace, "x0")


def _problem(facts: Facts, event: Loss | Sink, step: Bounded, data: Interval, trace: tuple[object, ...], prediction: str) -> Problem:
    reach = Interval(step.low, step.high)
    return Problem(
        facts.place(event.site),
        {"activation": step.name, "range": str(reach), "data": str(data)},
        trace,  # type: ignore[arg-type]
        f"End the network in tanh (or in nothing and clamp at the end), or keep the data in {UNIT}.",
        {
            "activation": {"name": step.name, "low": step.low, "high": interval_json(reach)[1]},  # type: ignore[index]
            "data": interval_json(data),
            "prediction": prediction,
        },
    )
