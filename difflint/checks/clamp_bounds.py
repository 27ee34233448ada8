"""DFL108: a clamp whose bounds cannot be meant: the lower above the upper, both the same, or those of another range."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.axes import SAME, subject
from difflint.relations.losses import factored
from difflint.relations.opening import Opener
from difflint.relations.terms import number, walk

_WORDS = re.compile(r"\b(?:clamp_?|clip|hardtanh)\(")
CLAMPS = ("clamp", "clamp_", "clip", "clip_")
KEEPING = (*SAME, "permute", "transpose", "squeeze", "unsqueeze", "flip")
OWNERS = ("torch.", "numpy.", ".")
HALF, SIZE = 0.5, 127.5


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            terms = walk(event.term) if event.kind in ("assign", "return", "call", "augment") else ()
            for term in terms:
                found = _wrong(opener, term)
                node = None if found is None else function.written(found[0])
                if found is not None and node is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield Problem(
                        file.place(node),
                        {"code": file.code(node), "reason": found[1]},
                        (file.step(node, found[1]), file.step(term, f"goes on as {file.code(term)}")),
                        found[2],
                    )


def _wrong(opener: Opener, term: Term) -> tuple[Term, str, str] | None:
    """The clamp, what is wrong with it, and what to write."""
    low, high = bounds(opener, term)
    if low is not None and high is not None and low >= high:
        what = "the lower bound is above the upper one" if low > high else "both bounds are the same"
        repair = f"Write clamp({high:g}, {low:g})." if low > high else "Give the lower and the upper end of the range."
        return term, f"{what}, so every value becomes {high:g}: the picture is one flat colour", repair
    return _cut_before_inverse(opener, term)


def bounds(opener: Opener, call: Term) -> tuple[float | None, float | None]:
    """The numbers that a clamp keeps values between, where they are known."""
    if call.op != "call" or call.called not in CLAMPS or not call.callee.startswith(OWNERS) or call.open:
        return None, None
    given = call.positional if call.receiver is not None else call.positional[1:]
    low = call.keywords.get("min") or call.keywords.get("a_min") or (given[0] if given else None)
    high = call.keywords.get("max") or call.keywords.get("a_max") or (given[1] if len(given) > 1 else None)
    return (None if low is None else number(opener.open(low))), (None if high is None else number(opener.open(high)))


def _cut_before_inverse(opener: Opener, term: Term) -> tuple[Term, str, str] | None:
    """``(x.clamp(0, 1) + 1) / 2``: what is taken back from [-1, 1] has lost its lower half."""
    inner = _inverse(term)
    while inner is not None and (inner.op == "index" or inner.called in KEEPING):
        inner = inner.args[0] if inner.op == "index" else inner.receiver
    if inner is None or bounds(opener, inner) != (0, 1) or subject(inner) is None:
        return None
    reason = "it cuts to [0, 1] what the next step takes for [-1, 1]: the darker half of the picture becomes mid grey"
    return inner, reason, "Clamp to (-1, 1) here, or to (0, 1) after the map."


def _inverse(term: Term) -> Term | None:
    """The x of ``(x + 1) / 2``, ``x * 0.5 + 0.5`` and ``(x + 1) * 127.5``, however they are written."""
    factor, rest = factored(term)
    if rest.op == "+" and factor in (HALF, SIZE) and 1 in map(number, rest.args):
        return rest.args[1] if number(rest.args[0]) == 1 else rest.args[0]
    if term.op == "+":
        for half, product in (term.args, term.args[::-1]):
            scale, inner = factored(product)
            if number(half) in (HALF, SIZE, 128) and abs(scale - (number(half) or 0)) <= HALF and scale in (HALF, SIZE):
                return inner
    return None
