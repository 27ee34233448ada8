"""DFL219: binary cross entropy of values that are no probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Judged
from difflint.facts.interval import UNBOUNDED
from difflint.facts.report import interval_json
from difflint.facts.values import Kind, Tensor, Value, choices

LOSSES = ("binary_cross_entropy", "BCELoss")
WITH_LOGITS = ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss")
LEAST = -0.1  # below this it is no rounding


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.judged):
        found = [_wrong(event) for event in group]
        if all(found) and found[0] is not None:
            yield _problem(facts, group[0], *found[0])


def _wrong(event: Judged) -> tuple[str, Tensor] | None:
    """The argument that is no probability, and what it is."""
    last = event.api.rpartition(".")[2]
    if last in LOSSES and (found := _every(event.argument("input"), _is_score)) is not None:
        return "input", found
    if last in WITH_LOGITS and (found := _every(event.argument("input"), lambda t: t.kind is Kind.NOISE)) is not None:
        return "input", found
    if last in (*LOSSES, *WITH_LOGITS) and (found := _every(event.argument("target"), _is_signed)) is not None:
        return "target", found
    return None


def _every(value: Value | None, test: Callable[[Tensor], bool]) -> Tensor | None:
    every = choices(value) if value is not None else ()
    found = [v for v in every if isinstance(v, Tensor) and test(v)]
    return found[0] if found and len(found) == len(every) else None


def _is_score(tensor: Tensor) -> bool:
    """A network's last layer as it is, or something that surely reaches below 0."""
    raw = tensor.kind is Kind.MODEL and tensor.hard == UNBOUNDED
    return raw or _is_signed(tensor)


def _is_signed(tensor: Tensor) -> bool:
    reaches = tensor.nominal
    return tensor.kind is Kind.NOISE or (reaches is not None and reaches.low < LEAST)


def _problem(facts: Facts, event: Judged, which: str, tensor: Tensor) -> Problem:
    loss = event.api.rpartition(".")[2]
    reaches = tensor.nominal or tensor.hard or UNBOUNDED
    trace = (
        *facts.origin(tensor.origin),
        *facts.chain(tensor.links, tensor.base),
        *facts.calls(event),
        facts.step(event.site, f"{loss} takes its {which} for probabilities"),
    )
    repair = (
        "Use binary_cross_entropy_with_logits on scores, or end the network in a sigmoid."
        if which == "input"
        else "Bring the target to [0, 1], (x + 1) / 2, or use mse_loss on [-1, 1]."
    )
    return Problem(
        facts.place(event.site),
        {"loss": loss, "which": which, "range": str(reaches)},
        trace,
        repair,
        {"range": interval_json(reaches)},
    )
