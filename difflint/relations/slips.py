"""The terms that are one slip of the pen away from a term: what its writer may have meant."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from difflint.relations.operations import operation, stripped
from difflint.relations.terms import Term, const, number, replaced, walk

ONE = const(1)
TABLES = ("alpha_bar", "alpha_bar_prev", "alpha", "beta")  # one may be written for another
PAIRS = (("alpha_bar", "alpha_bar_prev"),)
SWAPS = {"+": "-", "-": "+", "*": "/", "/": "*"}


@dataclass(frozen=True)
class Slip:
    """``meant`` is the whole term repaired; at ``part`` it now says ``repaired``."""

    meant: Term
    part: Term
    repaired: Term
    what: str


def slips(term: Term, is_number: Callable[[Term], bool], table_of: Callable[[Term], str]) -> Iterator[Slip]:
    """Each term with one thing changed; ``is_number`` tells which parts are numbers of the schedule, ``table_of`` which
    entry of a table one is."""
    for one, other in PAIRS:
        yield Slip(_exchanged(term, table_of, one, other), term, term, f"with {one} and {other} exchanged")
    for part in walk(term):
        if part.op in SWAPS and len(part.args) == 2 and number(part) is None:
            yield _slip(term, part, Term(SWAPS[part.op], part.args), f"{SWAPS[part.op]} for {part.op}")
        if part.called == "cumsum":
            yield _slip(term, part, _renamed(part, "cumprod"), "a running product (cumprod)")
        if not is_number(part):
            continue
        root = inside_root(part)
        yield (
            _slip(term, part, root, "without the square root")
            if root
            else _slip(term, part, rooted(part), "its square root")
        )
        if part.op == "-" and number(part.args[0]) == 1:
            yield _slip(term, part, part.args[1], "without the 1 -")
            root = inside_root(part.args[1])
            if root:
                yield _slip(term, part, rooted(Term("-", (ONE, root))), "the root of 1 - that, not 1 - the root")
        else:
            yield _slip(term, part, Term("-", (ONE, part)), "1 - it")
        yield _slip(term, part, Term("**", (part, const(2))), "its square")
        yield _slip(term, part, rooted(Term("-", (ONE, Term("**", (part, const(2)))))), "the root of 1 - its square")
        yield _slip(term, part, Term("/", (ONE, part)), "one over it")
        if isinstance(part.node, ast.Name | ast.Attribute | ast.Subscript):
            for name in TABLES:
                yield _slip(term, part, Term("quantity", (), name), f"{name} for it")


def _exchanged(term: Term, table_of: Callable[[Term], str], one: str, other: str) -> Term:
    """The term with two tables exchanged everywhere."""
    turned = {one: Term("quantity", (), other), other: Term("quantity", (), one)}
    return replaced(term, lambda part: turned.get(table_of(part)))


def _slip(whole: Term, part: Term, repaired: Term, what: str) -> Slip:
    return Slip(replaced(whole, lambda now: repaired if now is part else None), part, repaired, what)


def _renamed(call: Term, name: str) -> Term:
    """A call of another function of the same library, or another method."""
    called = call.args[0]
    value = name if called.op == "attr" else f"{str(called.value).rpartition('.')[0]}.{name}"
    return Term("call", (Term(called.op, called.args, value, called.node), *call.args[1:]), call.value, call.node)


def rooted(term: Term) -> Term:
    """The square root of a term."""
    return Term("**", (term, const(0.5)))


def inside_root(term: Term) -> Term | None:
    """``x`` of ``sqrt(x)``, ``x ** 0.5``, ``x.sqrt()``; None for what is no root."""
    term = stripped(term)
    if term.op == "**" and number(term.args[1]) == 0.5:
        return term.args[0]
    done = operation(term)
    if done is not None and done.name == "sqrt" and len(done.operands) == 1:
        return done.operands[0]
    if done is not None and done.name in ("pow", "power") and number(done.operand(1, "exponent")) == 0.5:
        return done.operands[0]
    return None
