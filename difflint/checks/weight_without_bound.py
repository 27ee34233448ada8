"""DFL217: the error of a noise prediction is weighted with something that grows without bound for clean steps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.losses import pair, power
from difflint.relations.opening import Opener
from difflint.relations.terms import alternatives, label, last_name, number, walk

_WORDS = re.compile(r"alpha|snr|SNR|cumprod")
SIGNAL = re.compile(r"alphas?_?(bar|hat|cumprod|prod)|^(ab|abar|a_bar|alpha_t|alphas)$", re.IGNORECASE)
NOISE = re.compile(r"^(noise|eps|epsilon|e)$|noise", re.IGNORECASE)
AVERAGES = ("mean", "sum", "flatten", "view", "reshape")
VIEWS = ("view", "reshape", "to", "float", "unsqueeze")
CLAMPS = ("clamp", "clamp_", "clip", "minimum", "min", "clamp_max")


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            for term in walk(event.term) if event.kind in ("assign", "return", "call") else ():
                weight = _weight(opener, term)
                node = function.written(_bare(weight)) if weight is not None else None
                if weight is not None and node is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield _problem(file, function, weight, term)


def _weight(opener: Opener, term: Term) -> Term | None:
    """The unbounded factor of ``weight * (prediction - noise) ** 2`` or the divisor of such an error."""
    if term.op == "*":
        for weight, error in (term.args, term.args[::-1]):
            if _is_noise_error(opener, error) and _explodes(weight):
                return weight
    if term.op == "/" and _is_noise_error(opener, term.args[0]) and _vanishes(term.args[1]):
        return term
    return None


def _is_noise_error(opener: Opener, term: Term) -> bool:
    """Whether it compares something with noise, perhaps averaged over axes."""
    inner = term
    while inner.op == "call" and inner.called in AVERAGES and inner.receiver is not None:
        inner = inner.receiver
    squared = power(inner)
    sides = pair(opener, inner) if inner.op == "call" else None
    if sides is None and squared is not None and squared[1] == 2 and squared[0].op == "-":
        sides = squared[0].args[0], squared[0].args[1]
    return sides is not None and any(_is_noise(side) for side in sides)


def _is_noise(side: Term) -> bool:
    ways = alternatives(side)
    named = any(way.op == "param" and NOISE.search(label(way)) for way in ways)
    return named or any(way.called in ("randn_like", "randn") for way in ways)


def _explodes(weight: Term) -> bool:
    """``a / (1 - a)`` or ``1 / (1 - a)`` of a cumulative product, and nothing clamps it."""
    bare = _bare(weight)
    clamped = any(part.called in CLAMPS for part in walk(bare))
    return not clamped and bare.op == "/" and _vanishes(bare.args[1])


def _bare(term: Term) -> Term:
    """Without views and what is looked up for each picture."""
    while True:
        if term.op == "index":
            term = term.args[0]
        elif term.op == "call" and term.receiver is not None and term.called in VIEWS:
            term = term.receiver
        else:
            return term


def _vanishes(term: Term) -> bool:
    """``1 - a``, which is 1e-4 for the first step."""
    term = _bare(term)
    return term.op == "-" and number(term.args[0]) == 1 and _is_signal(term.args[1])


def _is_signal(term: Term) -> bool:
    bare = _bare(term)
    product = any(part.called == "cumprod" for part in walk(bare))
    written = str(getattr(term.node, "id", "") or getattr(term.node, "attr", ""))
    return product or bool(SIGNAL.search(last_name(bare)) or SIGNAL.search(written))


def _problem(file: File, function: Function, weight: Term, term: Term) -> Problem:
    node = function.written(_bare(weight))
    return Problem(
        file.place(node),
        {"code": file.code(node)},
        (
            file.step(node, "1 - alpha_bar is about 1e-4 for the first steps"),
            file.step(term, "weighs the error of the noise"),
        ),
        "Clamp the weight (min-SNR: snr.clamp(max=5) / snr), or leave it away: noise prediction is weighted already.",
    )
