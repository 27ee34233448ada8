"""DFL310: a small number that keeps a division or logarithm finite is 0, or a mask's large one infinite, in float16."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.precision import half_of
from difflint.relations.terms import number, walk

_WORDS = re.compile(r"half\(|float16")
GUARDED = "the division or logarithm that it guards gives infinity or NaN"
MASKED = "a row that is masked whole is NaN"
LEAST, MOST = 2.98e-8, 65504.0  # what float16 rounds to 0, and the largest it knows


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            for term in walk(event.term):
                found = _lost(term)
                node = term.node if found is None else function.written(term)
                if found is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield _problem(file, node, *found)


def _lost(term: Term) -> tuple[Term, float] | None:
    """Where float16 came in, and the number that it cannot hold."""
    value, constant = _guard(term)
    known = half_of(value) if value is not None else None
    if known is None or known[0] != "float16" or constant is None:
        return None
    return (known[1], constant) if 0 < constant < LEAST or abs(constant) > MOST else None


def _guard(term: Term) -> tuple[Term | None, float | None]:
    """A value and the constant that is added to it, that it is kept above of, or that fills its masked places."""
    if term.op == "+":
        a, b = term.args
        return (a, number(b)) if number(b) is not None else (b, number(a))
    if term.op == "call" and term.receiver is not None and term.called in ("clamp", "clamp_min", "add", "add_"):
        return term.receiver, number(term.arg(0, "min"))
    if term.op == "call" and term.receiver is not None and term.called in ("masked_fill", "masked_fill_"):
        return term.receiver, number(term.arg(1, "value"))
    return None, None


def _problem(file: File, term: Any, where: Term, constant: float) -> Problem:
    small = abs(constant) < 1
    return Problem(
        file.place(term),
        {
            "code": file.code(term),
            "constant": f"{constant:g}",
            "becomes": "0" if small else "infinity",
            "effect": GUARDED if small else MASKED,
        },
        (file.step(where, "float16 from here on"), file.step(term, f"{constant:g} has no number in float16")),
        "Use 1e-4 here, or compute this in float32." if small else "Use torch.finfo(x.dtype).min.",
    )
