"""The two arms of an experiment: measures for each seed, and pictures for the strip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Measures = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture [channels, h, w] in [0, 1] of the strip, with its label."""

    label: str
    picture: Tensor


@dataclass(frozen=True, eq=False)
class Arm:
    """What came out of one arm: measures for each seed, frames of the first seed."""

    measures: tuple[Measures, ...]
    frames: tuple[Frame, ...]


@dataclass(frozen=True, eq=False)
class Arms:
    """Both arms of an experiment, which differ in exactly what the finding names.

    ``data`` measures the pictures that a healthy arm has to resemble. ``doubt`` is set when the defect is at work but
    the reference may be too small to suffer from it: without a visible effect the verdict is then undecided.
    """

    as_written: Arm
    repaired: Arm
    data: Measures
    doubt: str = ""
