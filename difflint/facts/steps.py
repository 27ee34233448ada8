"""What happens to a value on its way: steps with exact affine parts, each tied to the place that does it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, NamedTuple

from difflint.facts.dtypes import LIMITS
from difflint.facts.interval import Interval, hull_of


class Site(NamedTuple):
    """A syntax node in a file; its line is looked up only when a finding needs it."""

    path: str
    node: Any

    def __repr__(self) -> str:
        return f"Site({self.path}, {type(self.node).__name__})"


@dataclass(frozen=True, slots=True)
class Affine:
    """``y = scale * x + shift``, one pair for all channels or one for each."""

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    def apply(self, x: Interval) -> Interval:
        return hull_of(x.affine(a, b) for a, b in zip(self.scale, self.shift, strict=True))

    def then(self, after: Affine) -> Affine:
        """The composition: first this one, then ``after``."""
        both = [(a * c, b * c + d) for (a, b), (c, d) in self._beside(after)]
        return Affine(tuple(a for a, _ in both), tuple(b for _, b in both))

    def near(self, other: Affine, slack: float = 0.02) -> bool:
        """Whether both are the same map, up to ``slack`` of the scale (255 against 256)."""
        return all(_near(a, c, b, d, slack) for (a, b), (c, d) in self._beside(other))

    def _beside(self, other: Affine) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
        """The pairs of both, channel by channel; one pair stands for every channel."""
        size = max(len(self.scale), len(other.scale))
        return zip(islice(cycle(self.pairs), size), islice(cycle(other.pairs), size), strict=True)

    @property
    def pairs(self) -> list[tuple[float, float]]:
        return list(zip(self.scale, self.shift, strict=True))

    def inverse(self) -> Affine | None:
        if any(a == 0 or not math.isfinite(a) for a in self.scale):
            return None
        return Affine(
            tuple(1 / a for a in self.scale), tuple(-b / a for a, b in zip(self.scale, self.shift, strict=True))
        )

    def to_json(self) -> dict[str, Any]:
        return {"op": "affine", "scale": list(self.scale), "shift": list(self.shift)}


@dataclass(frozen=True, slots=True)
class Clamp:
    """Values outside the bounds become the bound; a missing bound is open. One that is ``checked`` changes nothing:
    the program has looked and goes on only with values inside."""

    low: float | None
    high: float | None
    checked: bool = False

    def apply(self, x: Interval) -> Interval:
        return x.clamp(self.low, self.high)

    def tightened(self, low: float | None, high: float | None) -> Clamp:
        """Both bounds together."""
        lows, highs = ([v for v in pair if v is not None] for pair in ((self.low, low), (self.high, high)))
        return Clamp(max(lows, default=None), min(highs, default=None), self.checked)

    def to_json(self) -> dict[str, Any]:
        return {"op": "clamp", "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Bounded:
    """An activation with a known image, or any saturating function."""

    name: str
    low: float
    high: float

    def apply(self, x: Interval) -> Interval:
        """relu only cuts: it keeps what it lets through."""
        return x.clamp(self.low, None) if self.name == "relu" else Interval(self.low, self.high)

    def to_json(self) -> dict[str, Any]:
        high = self.high if math.isfinite(self.high) else None
        return {"op": "bounded", "name": self.name, "low": self.low, "high": high}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A data-dependent min-max rescale onto the bounds."""

    low: float
    high: float

    def apply(self, x: Interval) -> Interval:
        return Interval(self.low, self.high)

    def to_json(self) -> dict[str, Any]:
        return {"op": "stretch", "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Cast:
    """A cast to an integer type: truncates, and a small type wraps around."""

    dtype: str

    def apply(self, x: Interval) -> Interval:
        limits = LIMITS.get(self.dtype)
        if limits is not None and not (x.low > limits.low - 1 and x.high < limits.high + 1):
            return limits
        return Interval(_trunc(x.low), _trunc(x.high))

    def to_json(self) -> dict[str, Any]:
        return {"op": "cast", "dtype": self.dtype}


@dataclass(frozen=True, slots=True)
class Round:
    """Rounding to whole numbers."""

    def apply(self, x: Interval) -> Interval:
        """Up and down, since floor, ceil and trunc are meant too."""
        return Interval(_floor(x.low), -_floor(-x.high))

    def to_json(self) -> dict[str, Any]:
        return {"op": "round"}


IDENTITY = Affine((1.0,), (0.0,))
Step = Affine | Clamp | Bounded | Stretch | Cast | Round


@dataclass(frozen=True, slots=True)
class Link:
    """A step and the place in the user's code that takes it."""

    step: Step
    site: Site | None = field(compare=False)
    what: str = field(compare=False)


def through(links: Iterable[Link], x: Interval | None, guaranteed: bool = False) -> Interval | None:
    """The range of a value of range ``x`` after the links; unknown stays unknown until something bounds it. A check
    bounds only what is ``guaranteed``: values that passed it may well have a smaller range.

    Affine steps are composed before they are applied, so that channels stay apart between them."""
    pending = IDENTITY
    for link in links:
        if isinstance(link.step, Affine):
            pending = pending.then(link.step)
            continue
        x = _after(link.step, None if x is None else pending.apply(x), guaranteed)
        pending = IDENTITY
    return None if x is None else pending.apply(x)


def _after(step: Step, x: Interval | None, guaranteed: bool) -> Interval | None:
    if x is not None:
        return step.apply(x)
    if isinstance(step, Bounded | Stretch):
        return Interval(step.low, step.high)
    if isinstance(step, Clamp) and step.checked and not guaranteed:
        return None
    if isinstance(step, Clamp) and step.low is not None and step.high is not None:
        return Interval(step.low, step.high)
    return None


def affine_of(links: Sequence[Link]) -> Affine | None:
    """The exact composition of links that are all affine (clamps that come first or last are not: None)."""
    result = IDENTITY
    for link in links:
        if not isinstance(link.step, Affine):
            return None
        result = result.then(link.step)
    return result


def _near(a: float, c: float, b: float, d: float, slack: float) -> bool:
    room = slack * max(abs(a), abs(c))
    return abs(a - c) <= room and abs(b - d) <= max(room, slack * max(abs(b), abs(d)))


def _floor(x: float) -> float:
    """The whole number below, up to the rounding errors of the way there."""
    return float(math.floor(x + 1e-6)) if math.isfinite(x) else x


def _trunc(x: float) -> float:
    return float(math.trunc(x)) if math.isfinite(x) else x
