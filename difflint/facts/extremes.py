"""Min-max scaling as people write it: ``(x - x.min()) / (x.max() - x.min())``, in one line or in several."""

from __future__ import annotations

from difflint.facts.steps import Site, Stretch
from difflint.facts.values import Const, Kind, Origin, Tensor, Unknown, Value

SMALL = 1e-2  # what is added to a divisor only keeps it from being zero


class Extreme(Unknown):
    """A number or tensor that follows from a value: its ``min`` or ``max``, its ``span`` from one to the other, or
    the value ``shifted`` to begin at zero."""

    __slots__ = ("of", "part")

    def __init__(self, of: Value, part: str, site: Site) -> None:
        super().__init__("statistic" if part != "shifted" else "normalised by its own statistics", site)
        self.of = of
        self.part = part

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Extreme) and (self.of, self.part) == (other.of, other.part)

    def __hash__(self) -> int:
        return hash((self.part, self.of))


def of(value: Value, part: str, site: Site) -> Value:
    """``value.min()`` or ``value.max()``; what begins at zero spans as far as its maximum."""
    if isinstance(value, Extreme):
        reaches = value.part == "shifted" and part == "max"
        return Extreme(value.of, "span", site) if reaches else Unknown("statistic", site)
    return Extreme(value, part, site)


def combine(operator: str, left: Value, right: Value, site: Site) -> Value | None:
    """The result where a value meets its own extremes; None for anything else."""
    if isinstance(left, Extreme) and left.part == "span" and _is_small(right):
        return left
    if not isinstance(right, Extreme):
        return None
    if operator == "-" and right.part == "min":
        if left == right.of:
            return Extreme(right.of, "shifted", site)
        if left == Extreme(right.of, "max", site):
            return Extreme(right.of, "span", site)
    if operator == "/" and right.part == "span" and left == Extreme(right.of, "shifted", site):
        return _stretched(right.of, site)
    return None


def _is_small(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, int | float) and 0 <= value.value <= SMALL


def _stretched(value: Value, site: Site) -> Value:
    if isinstance(value, Unknown):
        value = Tensor(Origin(Kind.OTHER, value.site, value.what), dtype="float32")
    return value.step(Stretch(0.0, 1.0), site, "min-max") if isinstance(value, Tensor) else Unknown("scaled", site)
