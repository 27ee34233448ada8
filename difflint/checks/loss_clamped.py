"""DFL218: a loss is clamped, so that it has no gradient where it lies outside the bound."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.checks.clamp_bounds import CLAMPS, bounds
from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.axes import subject
from difflint.relations.losses import pair, power, reduced
from difflint.relations.opening import Opener
from difflint.relations.terms import alternatives, walk

_WORDS = re.compile(r"\b(?:clamp_?|clip|clamp_min|clamp_max)\(|minimum\(|\bmin\(")


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            terms = walk(event.term) if event.kind in ("assign", "return", "call") else ()
            for term in terms:
                bound = _bound(opener, term)
                node = function.written(term) if bound else None
                if node is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield Problem(
                        file.place(node),
                        {"code": file.code(node), "bound": bound},
                        (file.step(node, f"keeps the loss {bound}; outside its gradient is 0"),),
                        "Leave the loss as it is; clip the gradients' norm against outliers.",
                    )


def _bound(opener: Opener, term: Term) -> str:
    """Where a clamp keeps the loss that it is given; empty for any other."""
    if term.op != "call" or term.called not in CLAMPS:
        return ""
    low, high = bounds(opener, term)
    inner = subject(term)
    known = inner is not None and all(_is_error(opener, way) for way in alternatives(inner))
    if not known or (high is None and (low is None or low <= 0)):
        return ""
    return f"below {high:g}" if high is not None else f"above {low:g}"


def _is_error(opener: Opener, term: Term) -> bool:
    """A regression loss, or the mean of squared or absolute differences."""
    inner = reduced(term)
    if inner is not None and inner[0] == "mean":
        return _is_error(opener, inner[1])
    if term.op in ("/", "*"):
        return any(_is_error(opener, arg) for arg in term.args)
    squared = power(term)
    if squared is not None:
        return squared[1] == 2 and squared[0].op == "-" and inner is None and _is_call_difference(squared[0])
    return term.op == "call" and pair(opener, term) is not None


def _is_call_difference(difference: Term) -> bool:
    return any(part.op == "call" for part in walk(difference))
