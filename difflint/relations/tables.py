"""How many entries a table of a schedule has, as a sum of terms."""

from __future__ import annotations

import ast

from difflint.relations.counting import CASTS, Linear, counted, linear
from difflint.relations.terms import Term, alternatives, last_name, number

# What gives one entry for each entry of its argument, as a function or as a method.
ELEMENTWISE = frozenset(
    {
        *("cumprod", "cumsum", "sqrt", "exp", "log", "log1p", "expm1", "square", "pow", "sigmoid", "cos", "sin"),
        *("flip", "clamp", "clip", "clamp_", "maximum", "minimum", "rsqrt", "reciprocal", "abs", "tensor", "as_tensor"),
        *("from_numpy", "array", "asarray", "FloatTensor", "Parameter", "sort", "to_torch", "partial", "register"),
    }
)
FILLED = frozenset(("ones", "zeros", "empty", "rand", "randn", "full"))
ALPHAS = ("alpha", "beta", "sqrt", "sigma", "posterior", "coef", "cumprod", "abar", "variance", "snr", "oneover")


def is_schedule_name(name: str) -> bool:
    """Whether a table's name is one of a schedule's tables: ``sqrt_alphas_bar``, ``betas``."""
    return any(word in name.lower() for word in ALPHAS)


def table_name(look_up: Term) -> str:
    """What the table of ``betas[t]`` is called where that is written."""
    node = look_up.node
    owner = node.value if isinstance(node, ast.Subscript) else None
    while isinstance(owner, ast.Subscript):
        owner = owner.value
    if isinstance(owner, ast.Name | ast.Attribute):
        return owner.id if isinstance(owner, ast.Name) else owner.attr
    return last_name(look_up)


def length(term: Term) -> Linear | None:
    """The number of entries of a table whose term was opened, None when it is not known for sure."""
    ways = {_length(way) for way in alternatives(term)}
    return ways.pop() if len(ways) == 1 else None


def _length(term: Term) -> Linear | None:
    if term.op == "call":
        return _made(term)
    if term.op in ("+", "-", "*", "/", "**"):
        known = [found for arg in term.args if (found := length(arg)) is not None]
        return known[0] if known and all(found == known[0] for found in known) else None
    if term.op == "neg":
        return length(term.args[0])
    if term.op == "index":
        return _cut(term)
    return Linear(frozenset(), len(term.args)) if term.op == "list" and _single(term) else None


def _single(term: Term) -> bool:
    return all(number(arg) is not None for arg in term.args)


def _made(term: Term) -> Linear | None:
    name, given = term.called, term.positional
    if name == "linspace":
        count = term.arg(2, "steps") or term.arg(2, "num")
        return None if count is None else linear(count)
    if name in ("arange", "range"):
        return linear(Term("call", (Term("name", (), "len"), term), ((), 0))) if _in_ones(term) else None
    if name in FILLED and given:
        shape = given[0].args if given[0].op in ("tuple", "list") else given if name != "full" else given[:1]
        return linear(shape[0]) if len(shape) == 1 else None
    if name in ("cat", "concatenate", "concat", "hstack") and given and given[0].op in ("tuple", "list"):
        return _total([length(part) for part in given[0].args])
    if name == "append" and len(given) == 2:
        return _total([length(given[0]), length(given[1]) or (_one if number(given[1]) is not None else None)])
    if name == "pad" and len(given) > 1 and given[1].op in ("tuple", "list"):
        return _total([length(given[0]), *(linear(part) for part in given[1].args)])
    if name in ELEMENTWISE or name in CASTS:
        owner = term.receiver if term.receiver is not None else given[0] if given else None
        return None if owner is None else length(owner)
    return None


def _in_ones(term: Term) -> bool:
    count = counted(term)
    return count is not None and count.step in (1, -1) and count.first is not None and count.last is not None


_one = Linear(frozenset(), 1)


def _total(parts: list[Linear | None]) -> Linear | None:
    total = Linear(frozenset(), 0)
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _cut(term: Term) -> Linear | None:
    inner, key = length(term.args[0]), term.args[1]
    if inner is None or key.op != "slice":
        return None
    low, high, step = (number(part) for part in key.args)
    bounds = [part for part, value in zip(key.args, (low, high, step), strict=True) if value is None]
    if any(part.value is not None or part.op != "const" for part in bounds) or step not in (None, 1, -1):
        return None
    if (low or 0) < 0 or (high is not None and high >= 0):
        return None
    return inner.plus(-(low or 0) + (high or 0))
