"""Classifier-free guidance: which of two predictions is made with the condition, and how the two are combined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from difflint.relations.draws import bare
from difflint.relations.sampling import called_name, is_network_name
from difflint.relations.terms import Term, is_const, number, walk

_WITHOUT = re.compile(r"uncond|uncon(_|$)|(^|_)(null|neg|negative|empty|un|uc|u)(_|$)|without_cond|no_cond")
_WITH = re.compile(r"(^|_)(cond|conditional|conditioned|text|txt|pos|positive|prompt|class|label|c)(_|$)|cond$")
_NEITHER = re.compile(r"image|img|pag|perturb|skip|tea|audio|video|control|mask|lora|style|ref|clip|scale")
CAT = ("cat", "concat", "concatenate")


def role_of_name(name: str) -> str:
    """``cond`` or ``uncond`` for what a person calls it, empty where that says nothing."""
    lower = name.lower()
    if _WITHOUT.search(lower):
        return "uncond"
    return "cond" if _WITH.search(lower) and not _NEITHER.search(lower) else ""


def written_name(term: Term) -> str:
    """What is written where a value is read: ``eps_cond``, or ``cond`` of ``self.cond``."""
    return str(getattr(term.node, "id", None) or getattr(term.node, "attr", None) or "")


def is_prediction(term: Term) -> bool:
    """Whether it is what a network has returned, or a half of it."""
    while term.op in ("attr", "index") or (term.op == "call" and term.called in ("chunk", "split")):
        term = term.args[0] if term.op in ("attr", "index") else (term.receiver or term.positional[0])
    return term.op == "call" and (is_network_name(called_name(term)) or called_name(term) == "apply_model")


@dataclass(frozen=True)
class Mix:
    """How much of the two predictions a value holds, for one value of the unknown weights."""

    cond: float
    uncond: float

    @property
    def total(self) -> float:
        return self.cond + self.uncond


class _NotLinear(Exception):
    pass


def mixes(term: Term, role: Callable[[Term], str]) -> tuple[Mix, Mix] | None:
    """The mix of a linear combination for two guesses of its weights; None when it is none."""
    try:
        first, second = (_mix(term, role, base) for base in (3.0, 5.0))
    except (_NotLinear, ZeroDivisionError, RecursionError):
        return None
    return Mix(*first[:2]), Mix(*second[:2])


def _mix(term: Term, role: Callable[[Term], str], weight: float) -> tuple[float, float, float]:
    """Parts of: with the condition, without, and of neither."""
    known = role(term)
    if known:
        return (1.0, 0.0, 0.0) if known == "cond" else (0.0, 1.0, 0.0)
    inner = bare(term)
    if inner is not term:
        return _mix(inner, role, weight)
    if term.op in ("+", "-") and len(term.args) == 2:
        left, right = (_mix(arg, role, weight) for arg in term.args)
        sign = 1 if term.op == "+" else -1
        return left[0] + sign * right[0], left[1] + sign * right[1], left[2] + sign * right[2]
    if term.op == "neg":
        a, b, c = _mix(term.args[0], role, weight)
        return -a, -b, -c
    if term.op in ("*", "/") and len(term.args) == 2:
        return _product(term, role, weight)
    if term.op == "call" and term.called == "lerp":
        return _lerp(term, role, weight)
    return 0.0, 0.0, _weight(term, role, weight)


def _product(term: Term, role: Callable[[Term], str], weight: float) -> tuple[float, float, float]:
    left, right = (_mix(arg, role, weight) for arg in term.args)
    if term.op == "/":
        if right[0] or right[1]:
            raise _NotLinear
        return left[0] / right[2], left[1] / right[2], left[2] / right[2]
    for one, other in ((left, right), (right, left)):
        if not one[0] and not one[1]:
            return other[0] * one[2], other[1] * one[2], other[2] * one[2]
    raise _NotLinear


def _lerp(term: Term, role: Callable[[Term], str], weight: float) -> tuple[float, float, float]:
    given = (term.receiver, *term.positional) if term.receiver is not None else term.positional
    if len(given) != 3 or given[0] is None:
        raise _NotLinear
    start, end, by = (_mix(part, role, weight) for part in given if part is not None)
    if by[0] or by[1]:
        raise _NotLinear
    return tuple(a + by[2] * (b - a) for a, b in zip(start, end, strict=True))  # type: ignore[return-value]


def _weight(term: Term, role: Callable[[Term], str], weight: float) -> float:
    value = number(term)
    if value is not None:
        return value
    if any(role(part) or is_prediction(part) for part in walk(term)):
        raise _NotLinear
    if term.op not in ("name", "param", "attr", "index", "call", "loop", "phi", "if"):
        raise _NotLinear
    return weight


@dataclass(frozen=True, eq=False)
class Halves:
    """A doubled batch: what was put together, in which order, and the network's two halves."""

    cat: Term
    order: tuple[str, str]


def doubled(call: Term) -> Iterator[Halves]:
    """The arguments of a network call that are two batches in one, with the roles of the two by their names."""
    for given in (*call.positional, *call.keywords.values()):
        yield from doubled_in(given)


def doubled_in(term: Term) -> Iterator[Halves]:
    """What is put together from two batches in a value: ``torch.cat([uncond, cond])``, or ``["", prompt]``."""
    for part in walk(term):
        if part.op == "call" and part.called in CAT and part.positional:
            parts = part.positional[0]
            if parts.op in ("list", "tuple") and len(parts.args) == 2:
                first, second = (role_of_name(written_name(arg)) for arg in parts.args)
                if first and second and first != second:
                    yield Halves(part, (first, second))
        elif part.op == "list" and len(part.args) == 2 and [is_const(a, "") for a in part.args].count(True) == 1:
            yield Halves(part, ("uncond", "cond") if is_const(part.args[0], "") else ("cond", "uncond"))
