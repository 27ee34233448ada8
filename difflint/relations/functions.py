"""What calls compute from the tables of a schedule: by the name of the operation, whoever offers it."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING

from difflint.relations.operations import Operation
from difflint.relations.terms import number
from difflint.relations.values import Form, Value, each_one, real

if TYPE_CHECKING:
    from difflint.relations.valuation import Valuation


def _bounded(self: Valuation, done: Operation) -> Value | None:
    found = self.value(done.operands[0])
    low, high = done.operand(1, "min", "a_min", "min_value"), done.operand(2, "max", "a_max", "max_value")
    bounds = [-math.inf if low is None else number(low), math.inf if high is None else number(high)]
    bounds = [(-math.inf, math.inf)[i] if term is not None and term.op == "const" and term.value is None else bound
              for i, (term, bound) in enumerate(zip((low, high), bounds, strict=True))]  # fmt: skip
    if found is None or isinstance(found, Form) or None in bounds:
        return None
    least, most = (bound or 0.0 for bound in bounds)
    return each_one(lambda x: min(max(x, least), most), found)


def _running(function: Callable[[float, float], float]) -> Callable[[Valuation, Operation], Value | None]:
    def run(self: Valuation, done: Operation) -> Value | None:
        found = self.value(done.operands[0])
        return tuple(accumulate(found, function)) if isinstance(found, tuple) else None

    return run


def _glued(self: Valuation, done: Operation) -> Value | None:
    first = done.operands[0]
    parts = first.args if first.op in ("list", "tuple") and done.name not in ("append",) else done.operands
    found = [self.value(part) for part in parts]
    if not found or not all(isinstance(value, float | tuple) for value in found):
        return None
    return tuple(
        x for value in found for x in (value if isinstance(value, tuple) else (value,)) if isinstance(x, float)
    )


def _padded(self: Valuation, done: Operation) -> Value | None:
    """``F.pad(table, (1, 0), value=1.0)``."""
    found, by, fill = self.value(done.operands[0]), done.operand(1, "pad"), done.operand(3, "value", "constant_values")
    counts = [number(part) for part in by.args] if by is not None and by.op in ("tuple", "list") else []
    filling = number(fill) if fill is not None else 0.0
    if not isinstance(found, tuple) or len(counts) != 2 or None in counts or filling is None:
        return None
    before, after = (int(count or 0) for count in counts)
    return ((float(filling),) * before + found + (float(filling),) * after) if before >= 0 and after >= 0 else None


def _filled_with(fill: float) -> Callable[[Valuation, Operation], Value | None]:
    """``torch.ones(1)``, ``ones_like(table[:1])``: one entry."""

    def make(self: Valuation, done: Operation) -> Value | None:
        sizes = [number(operand) for operand in done.operands if number(operand) is not None]
        if sizes == [1] or (
            done.operands[-1].op in ("list", "tuple") and [*map(number, done.operands[-1].args)] == [1]
        ):
            return (fill,)
        model = self.value(done.operands[0])
        return tuple(fill for _ in model) if isinstance(model, tuple) and done.name.endswith("_like") else None

    return make


def _full(self: Valuation, done: Operation) -> Value | None:
    """``torch.full(shape, value)``."""
    fill = done.operand(1, "fill_value")
    return None if fill is None else self.scalar(fill)


def _chosen(self: Valuation, done: Operation) -> Value | None:
    """``torch.where(t > 0, a, b)``."""
    if len(done.operands) != 3:
        return None
    test = self.test(done.operands[0])
    return self.agreed(done.operands[1:]) if test is None else self.value(done.operands[1 if test else 2])


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > 16:
        raise ValueError(exponent)
    return real(base**exponent)


BINARY: dict[str, Callable[[float, float], float]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": op.truediv,
    "**": _power,
    "max": max,
    "min": min,
}
UNARY: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "square": lambda x: x * x,
    "exp": math.exp,
    "log": math.log,
    "expm1": math.expm1,
    "log1p": math.log1p,
    "reciprocal": lambda x: 1 / x,
    "abs": abs,
    "neg": lambda x: -x,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "cos": math.cos,
    "sin": math.sin,
}
FUNCTIONS = {
    "add": "+",
    "sub": "-",
    "subtract": "-",
    "mul": "*",
    "multiply": "*",
    "div": "/",
    "divide": "/",
    "true_divide": "/",
    "pow": "**",
    "power": "**",
    "maximum": "max",
    "minimum": "min",
    "max": "max",
    "min": "min",
}
SPECIAL: dict[str, Callable[[Valuation, Operation], Value | None]] = {
    "clamp": _bounded,
    "clip": _bounded,
    "clamp_min": _bounded,
    "cumprod": _running(op.mul),
    "cumsum": _running(op.add),
    "cat": _glued,
    "concat": _glued,
    "concatenate": _glued,
    "hstack": _glued,
    "append": _glued,
    "pad": _padded,
    "ones": _filled_with(1.0),
    "new_ones": _filled_with(1.0),
    "ones_like": _filled_with(1.0),
    "zeros": _filled_with(0.0),
    "new_zeros": _filled_with(0.0),
    "zeros_like": _filled_with(0.0),
    "where": _chosen,
    "full": _full,
    "full_like": _full,
}
COMPARISONS: dict[str, Callable[..., bool]] = {
    "Gt": op.gt,
    "GtE": op.ge,
    "Lt": op.lt,
    "LtE": op.le,
    "Eq": op.eq,
    "NotEq": op.ne,
}
