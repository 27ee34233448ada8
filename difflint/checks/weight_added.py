"""DFL214: a weight that is added to a loss instead of being multiplied with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.terms import last_name

WEIGHT = re.compile(r"(^|_)(weights?|lambda|coeff?|coefficient|lamb?d?a?)(_|$)", re.IGNORECASE)
LOSS = re.compile(r"loss|(^|_)(kl|kld|bce|mse|nll|penalty)(_|$)", re.IGNORECASE)


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.functions:
        for event in function.events:
            if event.kind not in ("assign", "augment", "return", "call"):
                continue
            for found in _sums(event.term):
                if id(found[0].node) not in seen:
                    seen.add(id(found[0].node))
                    yield _problem(file, *found)


def _sums(term: Term) -> Iterator[tuple[Term, Term, Term]]:
    """A weight among the terms of a sum of losses, its loss, and another weight that is a factor."""
    terms = list(_terms(term))
    products = [pair for part in terms if (pair := _product(part)) is not None]
    for before, part in pairwise(terms):
        sibling = next((p for p in products if _stem(p[1], p[0])), None)
        if sibling is not None and _is_weight(part) and _stem(part, before) and LOSS.search(_name(before)):
            yield part, before, sibling[1]


def _terms(term: Term) -> Iterator[Term]:
    """The terms of a sum in the order of the text."""
    if term.op == "+":
        yield from _terms(term.args[0])
        yield from _terms(term.args[1])
    else:
        yield term


def _product(term: Term) -> tuple[Term, Term] | None:
    """The loss and the weight of ``loss * weight``."""
    if term.op != "*":
        return None
    a, b = term.args
    return (a, b) if _is_weight(b) else (b, a) if _is_weight(a) else None


def _is_weight(term: Term) -> bool:
    return term.op in ("attr", "param", "name", "index", "const") and bool(WEIGHT.search(_name(term)))


def _stem(weight: Term, loss: Term) -> bool:
    """Whether the two names go together: ``pitch_loss_weight`` and ``pitch_loss``."""
    stem = WEIGHT.sub("_", _name(weight)).strip("_").lower().removesuffix("_loss")
    name = _name(loss).lower()
    return len(stem) > 1 and stem in name


def _name(term: Term) -> str:
    written = getattr(term.node, "id", None) or getattr(term.node, "attr", None)
    return str(written) if written else last_name(term.args[0] if term.op == "call" else term)


def _problem(file: File, weight: Term, loss: Term, sibling: Term) -> Problem:
    names = {"weight": file.code(weight), "loss": file.code(loss)}
    return Problem(
        file.place(weight),
        names,
        (
            file.step(sibling, f"{file.code(sibling)} is a factor of its loss"),
            file.step(weight, f"{file.code(weight)} is added to {file.code(loss)}"),
        ),
        f"Write {file.code(loss)} * {file.code(weight)}.",
    )
