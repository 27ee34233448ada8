"""Operators on values: exact on constants, affine steps on tensors, mixtures of tensors otherwise."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import libcst as cst

from difflint.edits import VALUE
from difflint.facts import bunches, containers, dtypes, extremes, mixing, schedules, tables
from difflint.facts.containers import MAX_ITEMS
from difflint.facts.events import IntCast, Rescaled
from difflint.facts.machine import Machine
from difflint.facts.questions import Statistic
from difflint.facts.steps import IDENTITY, Affine, Cast, Site
from difflint.facts.tables import OPERATORS, Table
from difflint.facts.truth import dtype_name
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    Choice,
    Const,
    Elements,
    Items,
    Kind,
    Library,
    Origin,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    is_ordinary,
    join,
    usable,
)


def binary(machine: Machine, operator: str, left: Value, right: Value, site: Site) -> Value:
    """``left operator right``."""
    if isinstance(left, Choice) or isinstance(right, Choice):
        return join(binary(machine, operator, a, b, site) for a in _operands(left) for b in _operands(right))
    scaled = extremes.combine(operator, left, right, site)
    if scaled is not None:
        return scaled
    if isinstance(left, Const) and isinstance(right, Const):
        return _python(operator, left.value, right.value)
    known = tables.binary(operator, left, right) if _is_tabular(left) or _is_tabular(right) else None
    if known is not None:
        _note_sigmas(machine, operator, known, constant(right), site)
        return known
    if isinstance(left, Items) and left.kind == "batch":
        return machine.each(left, lambda v: binary(machine, operator, v, right, site))
    if isinstance(right, Items) and right.kind == "batch":
        return machine.each(right, lambda v: binary(machine, operator, left, v, site))
    if isinstance(left, Items | Elements) and operator in "+*":
        return _sequences(operator, left, right)
    if isinstance(left, Record) and operator == "|":
        return containers.updated(left, right) if isinstance(right, Record) else ANY
    if operator == "*" and (left == Const(0) or right == Const(0)):
        return Const(0)
    if any(isinstance(v, Unknown) and v.is_coefficient for v in (left, right)) and not any(
        isinstance(v, Tensor) for v in (left, right)
    ):
        return _scaled_by_coefficient(operator, left, right, site)
    if _is_number(left) or _is_number(right):
        return _with_number(machine, operator, left, right, site)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return mixing.combine(machine, operator, left, right, site)
    return Unknown("arithmetic", site)


def _operands(value: Value) -> tuple[Value, ...]:
    return usable(value) if isinstance(value, Choice) else (value,)


def _note_sigmas(machine: Machine, operator: str, table: Value, exponent: Any, site: Site) -> None:
    if operator == "**" and isinstance(table, Table) and isinstance(exponent, int | float):
        found = schedules.of_powers(table.numbers, exponent, site)
        if found is not None:
            machine.seen.sigmas[found] = None


def _is_tabular(value: Value) -> bool:
    """Whether arithmetic with it may be computed entry by entry."""
    return isinstance(value, Table) or (isinstance(value, Items) and value.kind == "array")


def _scaled_by_coefficient(operator: str, left: Value, right: Value, site: Site) -> Value:
    """A coefficient with a number or another one stays one; it scales anything else."""
    other = right if isinstance(left, Unknown) and left.is_coefficient else left
    if not isinstance(other, Unknown) or other.is_coefficient:
        return COEFFICIENT
    return Tensor(Origin(Kind.OTHER, other.site, other.what)) if operator in "*/" else Unknown("shifted", site)


def _python(operator: str, a: Any, b: Any) -> Value:
    function = OPERATORS.get(operator)
    if function is None or not isinstance(a, int | float | str) or not isinstance(b, int | float | str):
        return ANY
    if _explodes(operator, a, b):
        return ANY
    try:
        result = function(a, b)
    except (TypeError, ZeroDivisionError, OverflowError, ValueError):
        return ANY
    small = len(result) < 1000 if isinstance(result, str) else is_ordinary(result)
    return Const(result) if small else ANY


def _explodes(operator: str, a: Any, b: Any) -> bool:
    """Whether it is better not to compute it: a long power, a repeated text."""
    if operator == "**":
        return isinstance(b, str) or abs(b) > 64
    return operator == "*" and (isinstance(a, str) or isinstance(b, str))


def _sequences(operator: str, left: Items | Elements, right: Value) -> Value:
    if operator == "+" and isinstance(left, Items) and isinstance(right, Items) and len(left.items) <= MAX_ITEMS:
        return Items((*left.items, *right.items), left.kind)
    if operator == "*":
        times = constant(right)
        if isinstance(left, Items) and isinstance(times, int) and len(left.items) * times <= 64:
            return Items(left.items * times, left.kind)
        return Elements(join(left.items) if isinstance(left, Items) else left.item)
    parts = [
        v for side in (left, right) for v in (side.items if isinstance(side, Items) else (getattr(side, "item", ANY),))
    ]
    return Elements(join(parts))


def _is_number(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool)


def _with_number(machine: Machine, operator: str, left: Value, right: Value, site: Site) -> Value:
    """One side is a number: an affine step of the other, where the operator is affine in it."""
    if isinstance(right, Const):
        other, number, step = left, right.value, _affine_left(operator, float(right.value))
    else:
        assert isinstance(left, Const)
        other, number, step = right, left.value, _affine_right(operator, float(left.value))
    if not isinstance(other, Tensor | Unknown):
        return ANY
    if step == IDENTITY:
        return _as_floating(machine, other, operator == "/" or isinstance(number, float))
    if step is not None and step.scale == (0.0,) and not isinstance(other, Tensor):
        return Const(0)
    if step is None:
        return _not_affine(machine, operator, other, right, site)
    return rescale(machine, other, step, site, floating=operator == "/" or isinstance(number, float))


def _affine_left(operator: str, c: float) -> Affine | None:
    """``x operator c`` as a map of x."""
    maps = {"+": (1.0, c), "-": (1.0, -c), "*": (c, 0.0), "/": (1 / c, 0.0) if c else None}
    pair = maps.get(operator)
    return Affine((pair[0],), (pair[1],)) if pair else None


def _affine_right(operator: str, c: float) -> Affine | None:
    """``c operator x`` as a map of x."""
    pair = {"+": (1.0, c), "-": (-1.0, c), "*": (c, 0.0)}.get(operator)
    return Affine((pair[0],), (pair[1],)) if pair else None


def _not_affine(machine: Machine, operator: str, other: Value, right: Value, site: Site) -> Value:
    if not isinstance(other, Tensor):
        return Unknown("arithmetic", site)
    if operator == "**" and constant(right) == 2:
        mixing.observe_loss(machine, other, site, "squared difference")
        return mixing.opaque(other, site, Kind.LOSS if other.origin.residual else other.kind)
    return mixing.opaque(other, site)


def _as_floating(machine: Machine, value: Value, floating: bool) -> Value:
    """``x * 1.0`` and ``x / 1``: the same numbers, of a floating dtype."""
    if not floating or not isinstance(value, Tensor) or value.dtype is None:
        return value
    return replace(value, dtype=dtypes.with_number(value.dtype, value.container, True, machine.default_dtype))


def rescale(
    machine: Machine, value: Value, step: Affine, site: Site, what: str = "", floating: bool | None = None
) -> Value:
    """One more affine step of a tensor (or of something unknown, which then begins here); ``floating`` when numbers
    that are not whole take part, which the step itself may not show. Whole dtypes wrap around."""
    if isinstance(value, Choice):
        return join(rescale(machine, v, step, site, what, floating) for v in value.values)
    if isinstance(value, Unknown):
        if value.is_coefficient:
            return COEFFICIENT
        value = Tensor(Origin(Kind.OTHER, value.site, value.what or "an unknown value"))
    if not isinstance(value, Tensor):
        return ANY
    floating = not _is_whole(step) or bool(floating)
    dtype = dtypes.with_number(value.dtype, value.container, floating, machine.default_dtype)
    result = value.step(step, site, what, dtype=dtype)
    if dtypes.wraps(dtype, result.hard):
        result = result.step(Cast(str(dtype)), site, what)
    machine.seen.rescaled[Rescaled(site, machine.calls, machine.part, result)] = None
    return result


def into_bytes(machine: Machine, value: Value, site: Site, part: str) -> Value:
    """A cast to uint8, by a call or by assignment into bytes; ``part`` of the code at the site is the value."""
    if not isinstance(value, Tensor) or value.dtype == "uint8":
        return value
    machine.seen.casts[IntCast(site, machine.calls, machine.part, "uint8", value, part)] = None
    return value.step(Cast("uint8"), site, "uint8", dtype="uint8")


def into(machine: Machine, owner: Tensor, value: Value, site: Site, part: str = VALUE) -> Value:
    """What a value becomes where it is written into a tensor: its dtype is the tensor's."""
    if owner.dtype == "uint8":
        value = into_bytes(machine, value, site, part)
    if not isinstance(value, Tensor):
        return value
    known = owner.dtype is not None and (dtypes.is_floating(owner.dtype) or value.dtype == owner.dtype)
    return replace(value, dtype=owner.dtype if known else None, container=owner.container)


def _is_whole(step: Affine) -> bool:
    """Whether it keeps whole numbers whole."""
    return all(float(number).is_integer() for pair in step.pairs for number in pair)


def compare(operator: Any, left: Value, right: Value) -> bool | None:
    """The outcome of a comparison, None if it is not known."""
    if isinstance(operator, cst.Is | cst.IsNot | cst.Equal | cst.NotEqual):
        same = _same(left, right)
        return same if same is None or isinstance(operator, cst.Is | cst.Equal) else not same
    if isinstance(operator, cst.In | cst.NotIn):
        found = _contains(left, right)
        return found if found is None or isinstance(operator, cst.In) else not found
    return _ordered(operator, _compared(left), _compared(right))


def _compared(value: Value) -> Any:
    return value.end if isinstance(value, Statistic) else constant(value)


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Choice) or isinstance(right, Choice):
        answers = {_same(a, b) for a in choices(left) for b in choices(right)}
        return answers.pop() if len(answers) == 1 else None
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, Const) and isinstance(right, Const):
        return bool(left.value == right.value)
    if isinstance(left, Library) and dtype_name(left) is not None:
        if isinstance(right, Library) and {left.name.partition(".")[0], right.name.partition(".")[0]} == OWN_DTYPES:
            return False
        other = dtype_name(right)
        return None if other is None else dtype_name(left) == other
    if left == Const(None) or right == Const(None):
        return False
    return left == right if isinstance(left, Library) and isinstance(right, Library) else None


OWN_DTYPES = {"torch", "numpy"}  # a dtype of one never equals one of the other


def _contains(item: Value, container: Value) -> bool | None:
    container = bunches.as_record(container)
    if isinstance(container, Record) and isinstance(item, Const):
        return (
            True
            if any(key == item.value for key, _ in container.entries)
            else (None if container.rest is not None else False)
        )
    if isinstance(container, Items):
        answers = [_same(item, v) for v in container.items]
        return True if True in answers else (None if None in answers else False)
    if isinstance(container, Const) and isinstance(item, Const) and isinstance(container.value, str):
        return str(item.value) in container.value
    return None


def _ordered(operator: Any, a: Any, b: Any) -> bool | None:
    if not isinstance(a, int | float) or not isinstance(b, int | float) or math.isnan(a) or math.isnan(b):
        return None
    tests: dict[type, bool] = {
        cst.LessThan: a < b,
        cst.GreaterThan: a > b,
        cst.LessThanEqual: a <= b,
        cst.GreaterThanEqual: a >= b,
    }
    return tests.get(type(operator))
