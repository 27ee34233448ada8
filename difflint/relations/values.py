"""What a term can be in a world: a number, a table of numbers, or a sum of data with coefficients that are numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from difflint.relations.quantities import NOW, STEPS, Numbers
from difflint.relations.terms import Term

ROUNDING = 1e-9


@dataclass(frozen=True)
class Form:
    """A sum: of each piece of data so much, and a number."""

    parts: Mapping[Term, float]
    rest: float = 0.0


Value = float | Numbers | Form


def now(value: Value) -> Value:
    """Of a table the entry of this step: data are multiplied by one."""
    return value[NOW] if isinstance(value, tuple) and len(value) == STEPS else value


def linear(sign: str, left: Value, right: Value) -> Form | None:
    """Sums of data; a product or quotient only with a number."""
    if isinstance(left, tuple) or isinstance(right, tuple):
        return None
    if sign in ("+", "-"):
        a = left if isinstance(left, Form) else Form({}, left)
        b = right if isinstance(right, Form) else Form({}, right)
        factor = 1.0 if sign == "+" else -1.0
        parts = dict(a.parts)
        for term, coefficient in b.parts.items():
            parts[term] = parts.get(term, 0.0) + factor * coefficient
        return Form(parts, a.rest + factor * b.rest)
    if sign == "*" and isinstance(left, float) and isinstance(right, Form):
        return _scaled(right, left)
    if isinstance(left, Form) and isinstance(right, float) and sign in ("*", "/"):
        return _scaled(left, right if sign == "*" else 1 / right)
    return None


def _scaled(form: Form, factor: float) -> Form:
    return Form({term: coefficient * factor for term, coefficient in form.parts.items()}, form.rest * factor)


def each(function: Callable[[float, float], float], left: float | Numbers, right: float | Numbers) -> Value | None:
    if isinstance(left, tuple) or isinstance(right, tuple):
        size = len(left if isinstance(left, tuple) else right if isinstance(right, tuple) else ())
        a = left if isinstance(left, tuple) else (left,) * size
        b = right if isinstance(right, tuple) else (right,) * size
        if len(a) != len(b):
            return None
        return tuple(real(function(x, y)) for x, y in zip(a, b, strict=True))
    return real(function(left, right))


def each_one(function: Callable[[float], float], value: float | Numbers) -> Value:
    return tuple(function(x) for x in value) if isinstance(value, tuple) else function(value)


def real(number: float) -> float:
    if isinstance(number, complex):
        raise ValueError(number)
    return float(number)


def same(a: Value | None, b: Value | None) -> bool:
    """Whether two values are equal up to rounding."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(near(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Form) and isinstance(b, Form):
        close = a.parts.keys() == b.parts.keys() and all(near(a.parts[k], b.parts[k]) for k in a.parts)
        return close and near(a.rest, b.rest)
    return isinstance(a, float) and isinstance(b, float) and near(a, b)


def near(a: float, b: float) -> bool:
    """Whether two numbers are equal up to rounding."""
    return math.isclose(a, b, rel_tol=1e-7, abs_tol=ROUNDING)
