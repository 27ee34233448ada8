"""One application of a library row: what it was given, and the steps that every transfer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from difflint.facts import mixing
from difflint.facts.library import Row
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site, Step
from difflint.facts.values import (
    COEFFICIENT,
    Const,
    Items,
    Kind,
    Origin,
    Tensor,
    Unknown,
    Value,
    constant,
)


@dataclass(frozen=True)
class Call:
    """One application of a row."""

    machine: Machine
    frame: Frame
    row: Row
    bound: dict[str, Value]
    site: Site

    @property
    def what(self) -> str:
        return self.row.api.rpartition(".")[2]

    def number(self, text: Any) -> float | None:
        """A number written in the row, or the argument of that name."""
        if isinstance(text, int | float):
            return float(text)
        value = constant(self.bound.get(text))
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def stepped(value: Value, step: Step, call: Call, **changes: Any) -> Value:
    """One more step; something unknown begins here."""
    if isinstance(value, Unknown) and not value.is_coefficient:
        value = Tensor(Origin(Kind.OTHER, value.site, value.what or "an unknown value"))
    if isinstance(value, Const):
        return COEFFICIENT
    return value.step(step, call.site, call.what, **changes) if isinstance(value, Tensor) else value


def opaque(call: Call, value: Value, details: Any) -> Value:
    """The range is lost; how a difference is reduced makes it a loss."""
    if isinstance(value, Unknown) and value.is_coefficient:
        return value
    if not isinstance(value, Tensor) or value.kind is Kind.OTHER:
        return Unknown(call.what, call.site)
    if details == "difference":
        mixing.observe_loss(call.machine, value, call.site, call.what)
        return mixing.opaque(value, call.site, Kind.LOSS if value.origin.residual else None)
    return mixing.opaque(value, call.site)


def numbers(value: Value | None) -> tuple[float, ...] | None:
    """A number, or a sequence of numbers."""
    if isinstance(value, Const):
        given = value.value if isinstance(value.value, tuple | list) else (value.value,)
        return tuple(float(v) for v in given) if all(isinstance(v, int | float) for v in given) else None
    if isinstance(value, Items):
        found = [constant(v) for v in value.items]
        return tuple(float(v) for v in found) if found and all(isinstance(v, int | float) for v in found) else None
    return None
