"""Sinks: a value and what a sink takes in, the picture that a person gets to see out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .facts import BadFact, Range
from .steps import apply

# A value may leave the range by this share of it before a sink refuses: rounding is no mistake.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Sink:
    """What takes a picture: the range it takes, and what it does with a value outside."""

    name: str
    takes: Range
    outside: str

    def __post_init__(self) -> None:
        if self.outside not in OUTSIDE:
            raise BadFact(f"unknown sink behaviour {self.outside!r}; known are {', '.join(OUTSIDE)}")

    def show(self, value: Tensor) -> Tensor:
        """The displayed pictures in [0, 1], same shape; NaN is shown as 0, a refused picture as middle grey."""
        return OUTSIDE[self.outside](self, value)

    def refuses(self, value: Tensor) -> Tensor:
        """Which of the pictures [batch] are refused instead of shown."""
        if self.outside != "raise":
            return torch.zeros(len(value), dtype=torch.bool, device=value.device)
        margin = TOLERANCE * (self.takes[1] - self.takes[0])
        outside = (value < self.takes[0] - margin) | (value > self.takes[1] + margin) | ~value.isfinite()
        return outside.flatten(1).any(1)

    def unit(self, value: Tensor) -> Tensor:
        """The value with ``takes`` brought to [0, 1]."""
        low, high = self.takes
        return (value - low) / (high - low)


def sink(facts: Mapping[str, Any]) -> Sink:
    """The sink that a finding describes."""
    low, high = facts["takes"]
    return Sink(str(facts["name"]), (float(low), float(high)), str(facts["outside"]))


def _clamp(to: Sink, value: Tensor) -> Tensor:
    return torch.nan_to_num(to.unit(value)).clamp(0, 1)


def _wrap(to: Sink, value: Tensor) -> Tensor:
    """The sink makes bytes of the picture without a clamp."""
    # Rounding noise just below a whole number would fall to the byte below it.
    return apply([{"op": "cast", "dtype": "uint8"}], to.unit(value) * 255 + 1e-3) / 255


def _stretch(to: Sink, value: Tensor) -> Tensor:
    return apply([{"op": "stretch", "low": 0.0, "high": 1.0}], torch.nan_to_num(value))


def _raise(to: Sink, value: Tensor) -> Tensor:
    refused = to.refuses(value)[:, None, None, None]
    return torch.where(refused, torch.full_like(value, 0.5), _clamp(to, value))


def _collapse(to: Sink, value: Tensor) -> Tensor:
    """The sink keeps whole numbers only, so that a picture in [0, 1] becomes black."""
    return _clamp(to, value.trunc() if to.takes[1] - to.takes[0] > 2 else value)


OUTSIDE: dict[str, Callable[[Sink, Tensor], Tensor]] = {
    "clamp": _clamp,
    "wrap": _wrap,
    "stretch": _stretch,
    "raise": _raise,
    "collapse": _collapse,
}
