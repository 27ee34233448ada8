"""DFL750: a learning rate that no training of a network with this optimizer survives."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Opener, Term
from difflint.relations.roles import made_role
from difflint.relations.terms import number, walk

ADAPTIVE = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adam8bit", "AdamW8bit", "FusedAdam", "Adamax", "Lion")
HIGHEST_ADAPTIVE = 0.05
HIGHEST_SGD = 10.0


def check_file(file: File) -> Iterator[Problem]:
    opener = file.once(Opener)
    for function in file.functions:
        for event in function.calls:
            rate = _rate(event.term)
            value = number(opener.open(rate)) if rate is not None else None
            if rate is None or value is None:
                continue
            highest = HIGHEST_SGD if _maker(event.term).called == "SGD" else HIGHEST_ADAPTIVE
            if value >= highest:
                yield _problem(file, _maker(event.term).called, rate, value)


def _rate(call: Term) -> Term | None:
    """The largest learning rate of an optimizer of a network, or of its schedule."""
    if call.called == "OneCycleLR" and _is_of_network(_maker(call)):
        return call.arg(1, "max_lr")
    adaptive = made_role(call) == "optimizer" and call.called in (*ADAPTIVE, "SGD")
    return call.arg(1, "lr") if adaptive and _is_of_network(call) else None


def _maker(call: Term) -> Term:
    """The optimizer of a schedule; an optimizer is its own."""
    optimizer = call.arg(0, "optimizer") if call.called == "OneCycleLR" else None
    return optimizer if optimizer is not None else call


def _is_of_network(call: Term) -> bool:
    """Whether an optimizer steps the parameters of a network, and no pictures or latents."""
    given = call.arg(0, "params") if call.called in (*ADAPTIVE, "SGD") else None
    return given is not None and any(part.called == "parameters" for part in walk(given))


def _problem(file: File, name: str, rate: Term, value: float) -> Problem:
    return Problem(
        file.place(rate),
        {"name": name, "rate": f"{value:g}"},
        (file.step(rate, f"{name} moves every weight by about {value:g} in its first step"),),
        "Use 1e-4 to 2e-4 for a diffusion network with Adam, 0.1 or less with SGD.",
    )
