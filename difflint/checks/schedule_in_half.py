"""DFL312: a noise schedule that is computed or kept in half precision."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Term
from difflint.relations.opening import Opener
from difflint.relations.precision import cast_to_half, half_of, is_widened
from difflint.relations.terms import last_name, walk

_WORDS = re.compile(r"cumprod|beta|alpha|sigma")
NAMED = re.compile(r"^(betas?|alphas?|alphas?_(cumprod|bars?)|(sqrt_)?(one_minus_)?alphas?_(cumprod|bars?))$")
SPACING = {"float16": "0.0005", "bfloat16": "0.004"}  # of numbers just below 1


def check_file(file: File) -> Iterator[Problem]:
    if not re.search(r"float16|half", file.text):
        return
    seen = set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            term = event.term
            found = _named(event) or _product(term) or _cast(term) or _by_helper(file, term)
            if found is None or is_widened(term):
                continue
            node = function.written(found[1])
            if id(node) not in seen:
                seen.add(id(node))
                yield _problem(file, found[0], node)


def _named(event: Event) -> tuple[str, Term] | None:
    """A table that is called betas or alphas_cumprod, brought to half precision where it is made."""
    name = event.target.removeprefix("self.")
    found = half_of(event.term) if event.kind == "assign" and NAMED.match(name) else None
    looked_up = any(part.op == "index" or part.called in ("gather", "extract") for part in walk(event.term))
    return None if looked_up else found


def _by_helper(file: File, call: Term) -> tuple[str, Term] | None:
    """A table that is given to a small function which brings what it gets to half precision."""
    given = [part for part in call.positional if NAMED.match(_written(part)) or _is_table(part)]
    if call.op != "call" or not given or call.args[0].op not in ("lambda", "name", "function"):
        return None
    opened = file.once(Opener).open(call)
    halves = [(dtype, part) for part in walk(opened) if (dtype := cast_to_half(part)) is not None]
    return (halves[0][0], call) if halves and opened is not call else None


def _written(term: Term) -> str:
    """The name by which it is given, or the name that it carries."""
    return term.node.id if isinstance(term.node, ast.Name) else last_name(term)


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
    named = term.op == "attr" and NAMED.match(last_name(term)) is not None
    return named or any(part.called == "cumprod" for part in walk(term))


def _problem(file: File, dtype: str, where: ast.AST) -> Problem:
    return Problem(
        file.place(where),
        {"code": file.code(where), "dtype": dtype, "spacing": SPACING[dtype]},
        (file.step(where, f"from here on in {dtype}, where numbers below 1 are {SPACING[dtype]} apart"),),
        "Keep the schedule in float32 (or float64) and cast what is looked up in it.",
    )
