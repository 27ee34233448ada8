"""Signal-to-noise ratios: what is one, and where one is bounded."""

from __future__ import annotations

import re

from difflint.relations.operations import operation, stripped
from difflint.relations.quantities import WORLDS
from difflint.relations.schedule import Schedule, written
from difflint.relations.terms import Term, alternatives, number
from difflint.relations.values import near

NAMES = re.compile(r"(?:\w*_)?snrs?(?:_t)?|compute_snr|get_snr|snr_\w+", re.I)


def is_snr(schedule: Schedule, term: Term) -> bool:
    """Whether a term is alpha_bar / (1 - alpha_bar), by its numbers or by its name."""
    plain = stripped(term)
    if NAMES.fullmatch(written(term)) or NAMES.fullmatch(plain.called or "-"):
        return True
    return all((x := schedule.number_of(plain, world)) is not None and near(x, world.at("snr")) for world in WORLDS)


def bounded_below(term: Term) -> list[tuple[Term, Term, Term]]:
    """Where a term is bounded from below and not from above: (the bounded term, what it bounds, the bound)."""
    found = []
    for way in alternatives(stripped(term)):
        way = stripped(way)
        while way.op == "index":  # torch.stack(...).max(dim=1)[0]
            way = stripped(way.args[0])
        bound = _bound(way)
        if bound is not None:
            found.append((way, *bound))
    return found


def _bound(way: Term) -> tuple[Term, Term] | None:
    done = operation(way)
    if done is None or not done.operands:
        return None
    inner, low, high = done.operands[0], done.operand(1, "min", "a_min"), done.operand(2, "max", "a_max")
    if done.name in ("clamp", "clip", "clamp_min"):
        is_open = high is None or (high.op == "const" and high.value is None)
        return (inner, low) if low is not None and is_open and not (low.op == "const" and low.value is None) else None
    if done.name in ("maximum", "max") and len(done.operands) == 2 and not done.keywords:
        return (inner, done.operands[1]) if number(inner) is None else (done.operands[1], inner)
    stacked = operation(inner) if done.name in ("max", "amax") else None
    if stacked is not None and stacked.name == "stack" and stacked.operands[0].op in ("list", "tuple"):
        parts = stacked.operands[0].args
        return (parts[0], parts[1]) if len(parts) == 2 else None
    return None
