"""DFL209: weights for each picture are multiplied with a loss that has been averaged over the batch already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.losses import library_name, pair, reduced, reduction
from difflint.relations.opening import Opener
from difflint.relations.terms import number, walk

_WORDS = re.compile(r"loss|Loss|\.mean\(")


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            for term in walk(event.term) if event.kind in ("assign", "return", "call") else ():
                found = _averaged(opener, term)
                node = None if found is None else function.written(term)
                if found is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield _problem(file, term, *found)


def _averaged(opener: Opener, term: Term) -> tuple[Term, Term] | None:
    """The loss and the weights of ``(loss * weights).mean()`` where the loss is one number."""
    outer = reduced(term)
    if outer is None or outer[0] != "mean" or not outer[2] or outer[1].op != "*":
        return None
    for loss, weights in (outer[1].args, outer[1].args[::-1]):
        if _is_number(opener, loss) and number(weights) is None and not _is_number(opener, weights):
            return loss, weights
    return None


def _is_number(opener: Opener, term: Term) -> bool:
    """Whether a loss has been averaged over everything."""
    inner = reduced(term)
    if inner is not None:
        return inner[0] == "mean" and inner[2]
    known = term.op == "call" and library_name(opener, term) != "" and pair(opener, term) is not None
    return known and reduction(opener, term) == "mean"


def _problem(file: File, term: Term, loss: Term, weights: Term) -> Problem:
    return Problem(
        file.place(term),
        {"loss": file.code(loss), "weights": file.code(weights)},
        (
            file.step(loss, f"{file.code(loss)} is one number for the whole batch"),
            file.step(weights, f"{file.code(weights)} has one for each picture"),
            file.step(term, "the product is the loss times the average weight"),
        ),
        'Use reduction="none", average over the pixels of each picture, multiply, then average.',
    )
