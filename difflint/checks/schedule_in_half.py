"""DFL312: a noise schedule that is computed or kept in half precision."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.precision import cast_to_half, half_of, is_widened
from difflint.relations.terms import walk

_WORDS = re.compile(r"cumprod")
SPACING = {"float16": "0.0005", "bfloat16": "0.004"}  # of numbers just below 1


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        for event in function.calls:
            term = event.term
            found = _product(term) or _cast(term)
            if found is None or is_widened(term):
                continue
            node = function.written(found[1])
            if id(node) not in seen:
                seen.add(id(node))
                yield _problem(file, found[0], node)


def _product(term: Term) -> tuple[str, Term] | None:
    """A cumulative product of numbers in half precision; where its dtype is given, that counts."""
    if term.called != "cumprod" or "dtype" in term.keywords:
        return None
    factors = term.receiver or (term.positional[0] if term.positional else None)
    return half_of(factors) if factors is not None else None


def _cast(term: Term) -> tuple[str, Term] | None:
    """A table of cumulative products that is brought to half precision."""
    dtype = cast_to_half(term)
    if dtype is None or term.receiver is None or not _is_table(term.receiver):
        return None
    return dtype, term


def _is_table(term: Term) -> bool:
    """Whether it is the whole table: one value of it may be cast as one likes."""
    if any(part.op in ("index", "each") or part.called in ("gather", "extract") for part in walk(term)):
        return False
    return any(part.called == "cumprod" for part in walk(term))


def _problem(file: File, dtype: str, where: ast.AST) -> Problem:
    return Problem(
        file.place(where),
        {"code": file.code(where), "dtype": dtype, "spacing": SPACING[dtype]},
        (file.step(where, f"from here on in {dtype}, where numbers below 1 are {SPACING[dtype]} apart"),),
        "Keep the schedule in float32 (or float64) and cast what is looked up in it.",
    )
