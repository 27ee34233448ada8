"""The bench an experiment runs on: device, seeds, deadline, and what earlier experiments have already trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

Made = TypeVar("Made")


class OutOfTime(Exception):
    """Raised inside an experiment when its deadline has passed."""


@dataclass(frozen=True)
class Bench:
    """Where and how an experiment runs; ``deadline`` is a reading of ``time.monotonic``."""

    device: torch.device
    seed: int = 0
    deadline: float = float("inf")
    repeats: int = 3
    made: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed for each repeat of both arms."""
        return tuple(range(self.seed, self.seed + self.repeats))

    def check(self) -> None:
        """Stop the experiment when its time is used up."""
        if time.monotonic() > self.deadline:
            raise OutOfTime("the time for this experiment was used up")

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` returns, made once for each key: many findings share one control."""
        if key not in self.made:
            self.made[key] = make()
        made: Made = self.made[key]
        return made


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU, so that a seed means the same on every device."""
    return torch.Generator().manual_seed(seed)
