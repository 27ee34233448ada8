"""DFL301: a float16 training step whose loss nothing scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from difflint.edits import add_import, argument
from difflint.facts import Facts, Problem
from difflint.facts.events import Backward
from difflint.findings import Fix

MODES = {"autocast": "float16 autocast", "half": "half-precision parameters"}


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.backwards):
        if all(event.mode is not None and not event.scaled and _trains(facts, event) for event in group):
            yield replace(_problem(facts, group[0]), fix=_fix(facts, group))


def _trains(facts: Facts, event: Backward) -> bool:
    """Whether an optimizer takes a step where the gradient is computed, or where that is called from."""
    return not facts.seen.optimised.isdisjoint(site.path for site in (event.site, *event.calls))


def _problem(facts: Facts, event: Backward) -> Problem:
    assert event.mode is not None and event.half is not None
    trace = (
        facts.step(event.half, f"float16 begins: {facts.code(event.half)}"),
        *facts.calls(event),
        facts.step(event.site, "a plain backward: gradients below 6e-8 become zero"),
    )
    return Problem(
        facts.place(event.site),
        {"mode": MODES[event.mode]},
        trace,
        "Use torch.amp.GradScaler (scale, step, update), or bfloat16.",
        {"mode": event.mode, "dtype": "float16", "numel": None, "reduction": "mean"},
    )


def _fix(facts: Facts, group: Sequence[Backward]) -> Fix | None:
    """bfloat16, which has the range of float32, where the autocast region itself says float16 or leaves it open."""
    begins = {event.half for event in group if event.half is not None and event.mode == "autocast"}
    if len(begins) != 1:
        return None
    half = begins.pop()
    code, place = facts.code(half), facts.place(half)
    if "dtype" in code.lower() and "float16" not in code:
        return None  # somebody else chooses it
    edits = (argument(place, "torch.bfloat16", "1 dtype"), add_import(place, "import torch"))
    return Fix("unsafe", "Use bfloat16, which needs no loss scaling.", edits)
