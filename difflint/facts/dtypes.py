"""Which dtype an operation gives: torch promotes by category, numpy by kind and size, and both let a Python number
follow what it meets (NEP 50). ``float`` stands for a floating dtype of unknown width."""

from __future__ import annotations

from difflint.facts.interval import Interval

FLOATING = ("float", "bfloat", "complex")
# what wraps around in practice; 32 bits and more hold every number a picture has
LIMITS = {"uint8": Interval(0, 255), "int8": Interval(-128, 127), "int16": Interval(-(2**15), 2**15 - 1)}
WHOLE = frozenset(["uint8", "int8", "int16", "int32", "int64", "bool"])


def is_floating(dtype: str) -> bool:
    return dtype.startswith(FLOATING)


def with_number(dtype: str | None, container: str | None, floating: bool, default: str | None) -> str | None:
    """The dtype of a tensor after arithmetic with a Python number; ``floating`` when that, or a true division, leaves
    the whole numbers. ``default`` is torch's default dtype."""
    if dtype is not None and is_floating(dtype):
        return dtype
    if floating:
        return {"tensor": default or "float", "array": "float64"}.get(container or "", "float")
    return "int64" if dtype == "bool" else dtype


def wraps(dtype: str | None, x: Interval | None) -> bool:
    """Whether values of this range overflow a dtype."""
    limits = LIMITS.get(dtype or "")
    return limits is not None and x is not None and (x.low < limits.low or x.high > limits.high)
