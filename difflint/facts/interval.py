"""Closed intervals of the extended reals: what a value may lie between."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """``[low, high]``; an infinite end means that the value is known to have no bound there."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{number(self.low)}, {number(self.high)}]"

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def bounded(self) -> bool:
        return math.isfinite(self.low) and math.isfinite(self.high)

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def affine(self, scale: float, shift: float) -> Interval:
        """The image under ``y = scale * x + shift``."""
        ends = sorted((_product(scale, self.low) + shift, _product(scale, self.high) + shift))
        return Interval(ends[0], ends[1])

    def clamp(self, low: float | None, high: float | None) -> Interval:
        """The image under a clamp; a missing bound leaves that side alone."""
        return Interval(_clip(self.low, low, high), _clip(self.high, low, high))

    def within(self, other: Interval, slack: float = 0.02) -> bool:
        """Whether it lies inside ``other``, up to ``slack`` of its width (255 against 256, 127.5 against 128)."""
        room = slack * other.width if other.bounded else 0.0
        return self.low >= other.low - room and self.high <= other.high + room

    def near(self, other: Interval, slack: float = 0.02) -> bool:
        """Whether both are the same range, up to ``slack`` of the width."""
        return self.within(other, slack) and other.within(self, slack)

    @property
    def ends(self) -> tuple[float, float]:
        return (self.low, self.high)

    def contains(self, x: float) -> bool:
        return self.low <= x <= self.high


def hull_of(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval that holds them all; there must be at least one."""
    result, *rest = intervals
    for interval in rest:
        result = result.hull(interval)
    return result


def number(x: float) -> str:
    """A number as a reader writes it: no trailing zeros, ``inf`` for no bound."""
    return f"{x:.4g}" if math.isfinite(x) else ("inf" if x > 0 else "-inf")


def _product(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _clip(x: float, low: float | None, high: float | None) -> float:
    x = x if low is None else max(x, low)
    return x if high is None else min(x, high)


UNBOUNDED = Interval(-math.inf, math.inf)
UNIT = Interval(0.0, 1.0)
SIGNED = Interval(-1.0, 1.0)
BYTE = Interval(0.0, 255.0)
