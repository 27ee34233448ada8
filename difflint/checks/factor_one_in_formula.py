"""DFL414: ``2. * 1 - x`` in a formula, where ``2. * (1 - x)`` is meant."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.terms import as_written, is_read, number


def check_file(file: File) -> Iterator[Problem]:
    written = (part for function in file.functions for event in function.events for part in as_written(event.term))
    found = {id(part.node): part for part in written if _is_slip(part) and not is_read(part)}
    yield from (_problem(file, part) for part in found.values())


def _is_slip(term: Term) -> bool:
    """A number times a bare 1, less something that is no number."""
    if term.op != "-" or term.args[0].op != "*" or number(term.args[1]) is not None:
        return False
    factors = term.args[0].args
    numbers = [number(factor) for factor in factors]
    plain = all(factor.op == "const" for factor in factors)
    return plain and None not in numbers and numbers.count(1) == 1


def _problem(file: File, term: Term) -> Problem:
    product, rest = term.args
    factor = file.code(next(part for part in product.args if number(part) != 1))
    meant = f"{factor} * (1 - {file.code(rest)})"
    trace = (file.step(term, f"{file.code(product)} is {factor}: the 1 has no part in it"),)
    return Problem(file.place(term), {"code": file.code(term), "meant": meant}, trace, f"Write {meant}")
