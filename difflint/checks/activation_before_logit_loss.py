"""DFL203: probabilities given to a loss that takes scores and applies the sigmoid or softmax by itself."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Judged
from difflint.facts.steps import Bounded, Clamp
from difflint.facts.values import Tensor, Value, choices

OWN = {  # what each loss does by itself, by its last name
    "binary_cross_entropy_with_logits": "sigmoid",
    "BCEWithLogitsLoss": "sigmoid",
    "cross_entropy": "softmax",
    "CrossEntropyLoss": "softmax",
}


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.judged):
        found = [_applied(event) for event in group]
        if all(found) and isinstance(found[0], Tensor):
            yield _problem(facts, group[0], found[0])


def _applied(event: Judged) -> Tensor | None:
    """The input when the loss's own activation is the last thing that has happened to it, whatever it may be."""
    own = OWN.get(event.api.rpartition(".")[2])
    given = event.argument("input")
    if own is None or given is None:
        return None
    every = choices(given)
    return every[0] if isinstance(every[0], Tensor) and all(_ends_in(value, own) for value in every) else None


def _ends_in(value: Value, name: str) -> bool:
    """A clamp afterwards keeps probabilities off 0 and 1, which makes no scores of them."""
    links = [link for link in value.links if not isinstance(link.step, Clamp)] if isinstance(value, Tensor) else []
    return bool(links) and isinstance(links[-1].step, Bounded) and links[-1].step.name == name


def _problem(facts: Facts, event: Judged, given: Tensor) -> Problem:
    loss = event.api.rpartition(".")[2]
    own = OWN[loss]
    trace = (
        *facts.chain(given.links, None),
        *facts.calls(event),
        facts.step(event.site, f"{loss} applies {own} to it once more"),
    )
    return Problem(
        facts.place(event.site),
        {"loss": loss, "own": own},
        trace,
        f"Give {loss} the scores, without the {own}"
        + (", or use binary_cross_entropy on the probabilities." if own == "sigmoid" else "."),
    )
