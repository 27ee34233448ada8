"""Tables of numbers that are known: the betas, alphas and sigmas a program computes before it looks at any picture.

Everything is computed in Python's own floats (64 bits). A program that computes in 32 bits gets numbers that differ in
the seventh digit, after a product of a thousand factors in the fourth."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable, Iterable
from typing import Any

from difflint.facts.values import Const, Items, Unknown, Value

MOST = 5000  # entries; longer tables are coefficients whose numbers nobody follows
CHANNELS = 64  # a sequence up to this long may stand for the channels of a picture and stays one
Numbers = tuple[float, ...]


class Table(Unknown):
    """A coefficient whose numbers are known.

    ``kind`` is "array" (NumPy or torch, one axis), "list", "number", or "round": one number for each round of a loop
    that is evaluated for all rounds at once. ``summed`` are the numbers it is the running sum of, where it is one.
    """

    __slots__ = ("kind", "numbers", "summed")

    def __init__(self, numbers: Iterable[float], kind: str = "array", summed: Numbers | None = None) -> None:
        super().__init__("coefficient")
        self.numbers: Numbers = tuple(numbers)
        self.kind = kind
        self.summed = summed

    def __repr__(self) -> str:
        return f"table({self.kind}, {len(self.numbers)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and (self.kind, self.numbers) == (other.kind, other.numbers)

    def __hash__(self) -> int:
        return hash((self.kind, len(self.numbers), self.numbers[:1], self.numbers[-1:]))

    @property
    def is_array(self) -> bool:
        return self.kind == "array"


def is_number(value: Any) -> bool:
    """Whether a Python value is a number and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers_of(value: Value | None) -> Numbers | None:
    """The numbers that a constant, a table or a flat sequence of such is made of."""
    if isinstance(value, Table):
        return value.numbers
    if isinstance(value, Const) and is_number(value.value):
        return (_float(value.value),)
    if isinstance(value, Items) and value.items and all(_is_scalar(v) for v in value.items):
        return tuple(number for item in value.items for number in numbers_of(item) or ())
    return None


def number_of(value: Value | None) -> float | None:
    """The one number it is."""
    return (numbers_of(value) or (None,))[0] if value is not None and _is_scalar(value) else None


def _is_scalar(value: Value) -> bool:
    return kind_of(value) == "number"


def kind_of(value: Value | None) -> str | None:
    """What sort of numbers it carries, None if it carries none."""
    if isinstance(value, Table):
        return value.kind
    if isinstance(value, Const):
        return "number" if is_number(value.value) else None
    return ("array" if value.kind == "array" else "list") if isinstance(value, Items) else None


def made(numbers: Iterable[float], kind: str, *sources: Value) -> Value | None:
    """Numbers as a value: made of constants a constant or a short sequence, else a table; None if they are too many."""
    result = tuple(numbers)
    if not result or len(result) > MOST:
        return None
    known = not any(isinstance(source, Table) for source in sources)
    if known and kind == "number":
        return Const(result[0]) if math.isfinite(result[0]) else None
    if known and len(result) <= CHANNELS and all(map(math.isfinite, result)):
        return Items(tuple(Const(number) for number in result), kind)
    return Table(result, kind)


def binary(operator: str, left: Value, right: Value) -> Value | None:
    """``left operator right`` entry by entry; None where shapes do not say that it is computed so."""
    if operator == "+" and kind_of(left) == kind_of(right) == "list":
        return glued((left, right), "list")
    function, kind = OPERATORS.get(operator), _common(kind_of(left), kind_of(right))
    a, b = numbers_of(left), numbers_of(right)
    if function is None or kind is None or a is None or b is None:
        return None
    pairs = _paired(a, b)
    return None if pairs is None else made((_computed(function, x, y) for x, y in pairs), kind, left, right)


def _common(left: str | None, right: str | None) -> str | None:
    """The kind of what arithmetic on both gives; lists are glued rather than added, rounds do not mix with arrays."""
    kinds = {left, right}
    if None in kinds or "list" in kinds or kinds == {"round", "array"}:
        return None
    return next((kind for kind in ("array", "round", "number") if kind in kinds), None)


def _paired(a: Numbers, b: Numbers) -> Iterable[tuple[float, float]] | None:
    if len(a) == 1 or len(b) == 1:
        size = max(len(a), len(b))
        a, b = a if len(a) == size else a * size, b if len(b) == size else b * size
    return zip(a, b, strict=True) if len(a) == len(b) else None


def each(function: Callable[[float], float], value: Value) -> Value | None:
    """A function of one number applied to every entry."""
    if isinstance(value, Const) and is_number(value.value):
        result = _computed(function, value.value)
        whole = isinstance(value.value, int) and math.isfinite(result) and result == int(result)
        return Const(int(result) if whole else result) if math.isfinite(result) else None
    numbers, kind = numbers_of(value), kind_of(value)
    if numbers is None or kind is None:
        return None
    return made((_computed(function, x) for x in numbers), "array" if kind == "list" else kind, value)


def _computed(function: Callable[..., float], *given: float) -> float:
    """The result as NumPy gives it: infinite or not a number where Python raises."""
    try:
        result = function(*given)
    except ZeroDivisionError:
        return math.nan if given[0] == 0 or math.isnan(given[0]) else math.copysign(math.inf, given[0])
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if given == (0.0,) else math.nan
    return math.nan if isinstance(result, complex) else _float(result)


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def clipped(value: Value, low: float | None, high: float | None) -> Value | None:
    """A clamp of every entry."""
    bounds = (-math.inf if low is None else low, math.inf if high is None else high)
    return each(lambda x: min(max(x, bounds[0]), bounds[1]), value)


def running(value: Value, function: Callable[[float, float], float]) -> Table | None:
    """The running sum or product."""
    numbers = numbers_of(value)
    if numbers is None or not 0 < len(numbers) <= MOST:
        return None
    total, result = numbers[0], [numbers[0]]
    for number in numbers[1:]:
        total = function(total, number)
        result.append(total)
    return Table(result, summed=numbers if function is op.add else None)


def evenly(start: float, end: float, steps: int, endpoint: bool = True) -> Table | None:
    """``linspace``."""
    if not 0 < steps <= MOST:
        return None
    gap = (end - start) / max(steps - 1 if endpoint else steps, 1)
    middle = max(steps // 2, 1)  # computed from both ends, as torch does, so that the last entry is exact
    return Table([start + gap * i if i < middle or not endpoint else end - gap * (steps - 1 - i) for i in range(steps)])


def stepping(start: float, end: float, step: float) -> Table | None:
    """``arange``."""
    size = math.ceil((end - start) / step) if step and math.isfinite(start + end + step) else 0
    return Table(start + step * i for i in range(size)) if 0 < size <= MOST else None


def glued(values: Iterable[Value], kind: str) -> Table | None:
    """Several tables, one after the other."""
    parts = [numbers_of(v) for v in values]
    if any(part is None for part in parts):
        return None
    numbers = tuple(number for part in parts for number in part or ())
    return Table(numbers, kind) if 0 < len(numbers) <= MOST else None


def picked(table: Table, key: Value) -> Table | None:
    """``table[key]`` for a known position, a slice of known bounds, or positions that are a table themselves."""
    if isinstance(key, Items) and key.kind == "slice":
        return _sliced(table, key)
    wanted, kind = numbers_of(key), kind_of(key)
    if wanted is None or kind not in ("number", "round", "array") or table.kind in ("number", "round"):
        return None
    size = len(table.numbers)
    if not all(x == int(x) and -size <= x < size for x in wanted if math.isfinite(x)) or not all(
        map(math.isfinite, wanted)
    ):
        return None
    return Table((table.numbers[int(x)] for x in wanted), kind)


def _sliced(table: Table, key: Items) -> Table | None:
    bounds = [part.value if isinstance(part, Const) else number_of(part) for part in key.items]
    exact = all(part == Const(None) or is_number(bound) for part, bound in zip(key.items, bounds, strict=True))
    if not exact or bounds[2] == 0 or table.kind in ("number", "round"):
        return None
    numbers = table.numbers[slice(*(None if bound is None else int(bound) for bound in bounds))]
    return Table(numbers, table.kind) if numbers else None


def stored(table: Table, key: Value, value: Value) -> Value:
    """``table`` after ``table[key] = value``; a coefficient where the place or the number is not known."""
    position, number = number_of(key), number_of(value)
    size = len(table.numbers)
    if position is None or number is None or not -size <= position < size or table.kind not in ("array", "list"):
        return Unknown("coefficient")
    numbers = list(table.numbers)
    numbers[int(position)] = number
    return Table(numbers, table.kind)


def forgotten(value: Value) -> Value:
    """A table as any coefficient, for what does not look at numbers."""
    return Unknown("coefficient") if isinstance(value, Table) else value


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": op.truediv,
    "//": op.floordiv,
    "**": op.pow,
    "%": op.mod,
}
