"""The activation that closes a network, and outputs shown as if another one had."""

from __future__ import annotations

from difflint.facts.interval import UNIT, Interval
from difflint.facts.steps import Affine, Bounded, Link, Stretch, affine_of
from difflint.facts.values import Kind, Tensor, Value

FROM_SIGNED = (Affine((0.5,), (0.5,)), Affine((127.5,), (127.5,)))  # to [0, 1] and to bytes


def activation(tensor: Tensor) -> Bounded | None:
    """The last activation of a network's output, if only affine steps follow it."""
    for link in reversed(tensor.links):
        if isinstance(link.step, Bounded):
            return link.step
        if not isinstance(link.step, Affine):
            return None
    return None


def shown_as_signed(tensor: Value) -> Bounded | None:
    """The activation of an output in [0, 1] that is shown as if it were in [-1, 1]."""
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
    if any(isinstance(link.step, Stretch) for link in links):
        return False
    moving = [link for link in links if isinstance(link.step, Affine)]
    wholes = (affine_of(moving[:end]) for end in range(1, len(moving) + 1))
    return any(whole is not None and any(whole.near(known) for known in FROM_SIGNED) for whole in wholes)
