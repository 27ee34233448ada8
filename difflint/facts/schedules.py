"""The noise schedules a project writes down, as far as the calls that make them say: constants for its experiments."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from difflint.facts.values import constant

if TYPE_CHECKING:
    from difflint.facts.machine import Arguments

LARGEST_BETA = 0.5  # a linspace that ends above it is no table of betas
FEWEST_STEPS = 10
NAMES = {"linear": "linear", "scaled_linear": "scaled_linear", "squaredcos_cap_v2": "cosine", "sigmoid": "sigmoid"}

DEFAULTS: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 1e-4,
    "beta_end": 0.02,
    "beta_schedule": "linear",
}  # of diffusers' schedulers


@dataclass(frozen=True)
class Schedule:
    """Betas by name: T steps from ``beta_start`` to ``beta_end`` (Ho et al. 2020: linear, 1000, 1e-4, 0.02)."""

    name: str
    T: int
    beta_start: float
    beta_end: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def from_linspace(arguments: Arguments) -> Schedule | None:
    """``linspace(1e-4, 0.02, 1000)`` is a linear table of betas."""
    start, end = constant(arguments.get(0, "start")), constant(arguments.get(1, "end") or arguments.keyword("stop"))
    steps = constant(arguments.get(2, "steps") or arguments.keyword("num"))
    numbers = isinstance(start, float) and isinstance(end, float) and isinstance(steps, int)
    if not numbers or steps < FEWEST_STEPS or not 0 < start < end < LARGEST_BETA:
        return None
    return Schedule("linear", steps, start, end)


def from_scheduler(arguments: Arguments) -> Schedule | None:
    """What a diffusers scheduler is made with, its defaults for the rest; None when nothing is said or known."""
    given = {key: constant(value) for key, value in arguments.kwargs if key in DEFAULTS}
    if not given or None in given.values():
        return None
    full = {**DEFAULTS, **given}
    name = NAMES.get(str(full["beta_schedule"]))
    return Schedule(name, int(full["num_train_timesteps"]), full["beta_start"], full["beta_end"]) if name else None
