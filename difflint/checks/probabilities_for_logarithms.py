"""DFL204: probabilities where kl_div or nll_loss take their logarithms."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Judged
from difflint.facts.steps import Bounded, Clamp
from difflint.facts.values import Tensor, Value, choices

LOSSES = ("kl_div", "KLDivLoss")
PROBABILITIES = ("softmax", "sigmoid")


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.judged):
        found = [_given(event) for event in group]
        if all(found) and found[0] is not None:
            yield _problem(facts, group[0], found[0])


def _given(event: Judged) -> Tensor | None:
    value = event.argument("input")
    if event.api.rpartition(".")[2] not in LOSSES or value is None:
        return None
    every = choices(value)
    return every[0] if isinstance(every[0], Tensor) and all(map(_is_probability, every)) else None


def _is_probability(value: Value) -> bool:
    """Whether a softmax or sigmoid is the last thing that has happened to it, up to a clamp."""
    links = [link for link in value.links if not isinstance(link.step, Clamp)] if isinstance(value, Tensor) else []
    return bool(links) and isinstance(links[-1].step, Bounded) and links[-1].step.name in PROBABILITIES


def _problem(facts: Facts, event: Judged, given: Tensor) -> Problem:
    loss = event.api.rpartition(".")[2]
    trace = (
        *facts.chain(given.links, None),
        *facts.calls(event),
        facts.step(event.site, f"{loss} takes the logarithm of the probabilities as its first argument"),
    )
    return Problem(
        facts.place(event.site),
        {"loss": loss},
        trace,
        f"Give {loss} the log_softmax of the prediction, and the target's probabilities second.",
    )
