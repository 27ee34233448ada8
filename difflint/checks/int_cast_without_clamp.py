"""DFL104: a network's or sampler's float output cast to uint8 without a bound, so that overshoot wraps around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from difflint.edits import wrap
from difflint.facts import Facts, Problem
from difflint.facts.events import IntCast
from difflint.facts.interval import BYTE, UNIT, Interval
from difflint.facts.report import clamp_call, interval_json, steps_json
from difflint.facts.steps import Affine
from difflint.facts.values import Kind, Tensor
from difflint.findings import Fix

GENERATED = (Kind.SAMPLE, Kind.MODEL, Kind.MIX)


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.casts):
        found = [event.value for event in group if isinstance(event.value, Tensor)]
        if len(found) == len(group) and all(_wraps(tensor) for tensor in found):
            yield replace(_problem(facts, group[0], found[0]), fix=_fix(facts, group[0], found))


def _wraps(tensor: Tensor) -> bool:
    """Whether it is generated and nothing keeps it in [0, 255]; rounding half a level over does not count."""
    hard = tensor.hard
    generated = tensor.kind in GENERATED and (tensor.kind is not Kind.MIX or bool(tensor.origin.networks))
    return generated and hard is not None and not hard.within(BYTE, 0.004)


def _problem(facts: Facts, event: IntCast, tensor: Tensor) -> Problem:
    how = facts.code(event.site)
    trace = (*facts.origin(tensor.origin), *facts.chain(tensor.links, tensor.origin.hard), *facts.calls(event))
    return Problem(
        facts.place(event.site),
        {"range": str(tensor.hard), "cast": how},
        (*trace, facts.step(event.site, "cast to uint8: values outside [0, 255] wrap around")),
        "Clamp before the cast: .clamp(0, 255) (or .clamp(0, 1) before multiplying by 255).",
        {
            "domain": interval_json(tensor.origin.nominal),
            "hard": interval_json(tensor.origin.hard),
            "steps": steps_json(tensor.links),
            "cast": {"dtype": "uint8", "outside": "wrap"},
            **facts.diffusion(tensor.origin.networks),
        },
    )


def _fix(facts: Facts, event: IntCast, found: Sequence[Tensor]) -> Fix | None:
    """A clamp right before the cast: to bytes, or to [0, 1] where what casts multiplies first."""
    call = clamp_call(found, _limit(event, found[0]))
    if not event.written or call is None:
        return None
    edit = wrap(facts.place(event.site), f"{{}}{call}", event.written)
    return Fix("safe", f"Add {call} before the cast.", (edit,))


def _limit(event: IntCast, tensor: Tensor) -> Interval:
    last = tensor.links[-1] if tensor.links else None
    multiplies = last is not None and last.site == event.site and isinstance(last.step, Affine)
    return UNIT if multiplies else BYTE
