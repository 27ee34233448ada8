"""The noise schedules a project writes down, told from the numbers of its tables and never from their names."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

from difflint.facts.steps import Site
from difflint.facts.values import NONE, Value, constant

FEWEST_STEPS = 10
FEWEST_LEVELS = 5
NAMES = {"linear": "linear", "scaled_linear": "scaled_linear", "squaredcos_cap_v2": "cosine", "sigmoid": "sigmoid"}
RUNNABLE = frozenset(NAMES.values())  # what the runtime can build from name, T and ends
MOST_STEPS = 10_000

BETAS = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule")  # as diffusers names them


@dataclass(frozen=True)
class Schedule:
    """Betas by name: T steps from ``beta_start`` to ``beta_end`` (Ho et al. 2020: linear, 1000, 1e-4, 0.02).

    Start and end are the constants of the formula (of a sigmoid its asymptotes), the other numbers what the tables
    hold. A table of no known formula is "custom".
    """

    name: str
    T: int
    beta_start: float
    beta_end: float
    beta_first: float = field(default=math.nan, compare=False)
    beta_last: float = field(default=math.nan, compare=False)
    alpha_bar_first: float = field(default=math.nan, compare=False)
    alpha_bar_last: float = field(default=math.nan, compare=False)
    site: Site | None = field(default=None, compare=False)

    @property
    def runnable(self) -> bool:
        """Whether the runtime can make the same tables."""
        return self.name in RUNNABLE

    def to_json(self) -> dict[str, Any]:
        numbers = ("beta_first", "beta_last", "alpha_bar_first", "alpha_bar_last")
        known = {key: getattr(self, key) for key in numbers if math.isfinite(getattr(self, key))}
        return {
            "name": self.name,
            "T": self.T,
            "beta_start": self.beta_start,
            "beta_end": self.beta_end,
            **known,
        }


@dataclass(frozen=True)
class Sigmas:
    """Noise levels of a sampler: evenly spaced in sigma ** (1 / rho) (Karras et al. 2022, eq. 5: rho 7)."""

    name: str
    T: int
    sigma_max: float
    sigma_min: float
    rho: float
    site: Site | None = field(default=None, compare=False)


def of_powers(sigmas: Sequence[float], rho: float, site: Site | None) -> Sigmas | None:
    """The noise levels that a table to the power of ``rho`` is; None if it is not evenly spaced, falling and large."""
    fits = len(sigmas) >= FEWEST_LEVELS and 3 <= rho <= 20 and sigmas[0] > 1 > sigmas[-1] > 0
    if not fits or not _is_even([sigma ** (1 / rho) for sigma in sigmas]):
        return None
    return Sigmas("karras", len(sigmas), _rounded(sigmas[0]), _rounded(sigmas[-1]), rho, site)


def of_alphas(alphas: Iterable[float], site: Site | None) -> Schedule | None:
    """The schedule whose alpha_bar is the running product of these factors; None if they are no such factors."""
    return of_betas([1 - alpha for alpha in alphas], site)


def of_betas(betas: Sequence[float], site: Site | None) -> Schedule | None:
    """What a table of betas is: which formula gives it, and where it begins and ends.

    A 0 before the first beta stands for the picture itself and belongs to no step."""
    betas = betas[1:] if betas[:1] == [0] else betas
    fits = len(betas) >= FEWEST_STEPS and all(0 <= beta <= 1 for beta in betas)
    if not fits or betas[-1] <= 0 or max(betas) < 1e-7:
        return None
    name, start, end = _formula(betas)
    return _filled(name, _steps(len(betas)), start, end, betas, site)


def _filled(name: str, steps: int, start: float, end: float, betas: Sequence[float], site: Site | None) -> Schedule:
    bars = _bars(betas)
    return Schedule(name, steps, _rounded(start), _rounded(end), betas[0], betas[-1], bars[0], bars[-1], site)


def _steps(entries: int) -> int:
    """T: a table of 1001 entries has one for t = 0 before its thousand steps."""
    return entries - 1 if entries % 50 == 1 else entries


def _rounded(number: float) -> float:
    """The constant as somebody writes it, without what arithmetic in 32 or 64 bits added."""
    return float(f"{number:.6g}")


def _bars(betas: Sequence[float]) -> list[float]:
    return list(accumulate((1 - beta for beta in betas), operator.mul))


def _formula(betas: Sequence[float]) -> tuple[str, float, float]:
    """The name of the formula, and the constants it starts and ends with."""
    first, last = betas[0], betas[-1]
    if max(betas) - min(betas) < 1e-9:
        return "constant", first, last
    if _is_even(betas):
        return "linear", first, last
    if _is_even([math.sqrt(beta) for beta in betas]):
        return "scaled_linear", first, last
    for known, formula in ALPHA_BARS.items():
        if _is_close(betas, formula(len(betas))):
            return known, first, last
    return _sigmoid_ends(betas) or ("custom", first, last)


def _is_even(numbers: Sequence[float]) -> bool:
    """Whether the numbers are equally spaced."""
    steps, (first, last) = len(numbers) - 1, (numbers[0], numbers[-1])
    slack = 1e-5 * max(abs(first), abs(last), abs(last - first))
    return all(abs(x - (first + (last - first) * i / steps)) <= slack for i, x in enumerate(numbers))


def _is_close(betas: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether two tables are one up to 2 %, wherever neither is capped."""
    pairs = [(a, b) for a, b in zip(betas, wanted, strict=True) if b < 0.5]
    return all(abs(a - b) <= 0.02 * b + 1e-6 for a, b in pairs)


def _sigmoid_ends(betas: Sequence[float]) -> tuple[str, float, float] | None:
    """The asymptotes of a logistic curve over [-6, 6], if that is what the table is."""
    low = 1 / (1 + math.exp(6))
    width = (betas[-1] - betas[0]) / (1 - 2 * low)
    start = betas[0] - width * low
    curve = sigmoid(len(betas), start, start + width)
    same = all(abs(a - b) <= 1e-4 * abs(width) for a, b in zip(betas, curve, strict=True))
    return ("sigmoid", start, start + width) if same and width > 0 else None


def linear(steps: int, start: float, end: float) -> list[float]:
    """Equally spaced betas (Ho et al. 2020, section 4)."""
    return [start + (end - start) * i / (steps - 1) for i in range(steps)]


def scaled_linear(steps: int, start: float, end: float) -> list[float]:
    """Equally spaced square roots of beta (Rombach et al. 2022)."""
    return [root**2 for root in linear(steps, math.sqrt(start), math.sqrt(end))]


def cosine(steps: int, start: float = 0, end: float = 0) -> list[float]:
    """alpha_bar = cos^2 with offset 0.008, beta capped at 0.999 (Nichol and Dhariwal 2021, eq. 17)."""
    return _capped(math.cos((i / steps + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(steps + 1))


def logistic(steps: int) -> list[float]:
    """alpha_bar on a logistic curve over [-3, 3] (Jabri et al. 2022, section 3.1), beta capped at 0.999."""
    curve = [1 / (1 + math.exp(6 * i / steps - 3)) for i in range(steps + 1)]
    return _capped((x - curve[-1]) / (curve[0] - curve[-1]) for x in curve)


def _capped(bars: Iterable[float]) -> list[float]:
    return [min(1 - after / before, 0.999) for before, after in pairwise(bars)]


def sigmoid(steps: int, start: float, end: float) -> list[float]:
    """Betas on a logistic curve over [-6, 6] (Xu et al. 2022, GeoDiff)."""
    return [start + (end - start) / (1 + math.exp(-x)) for x in linear(steps, -6, 6)]


ALPHA_BARS: dict[str, Callable[[int], list[float]]] = {"cosine": cosine, "sigmoid_alpha_bar": logistic}
FORMULAS: dict[str, Callable[[int, float, float], list[float]]] = {
    "linear": linear,
    "scaled_linear": scaled_linear,
    "cosine": cosine,
    "sigmoid": sigmoid,
}


def from_scheduler(bound: Mapping[str, Value], site: Site | None = None) -> Schedule | None:
    """What a diffusers scheduler is made with, its class's defaults for the rest; None when that is not known."""
    steps, *ends, named = (constant(bound.get(key)) for key in BETAS)
    name, sizes = NAMES.get(str(named)), isinstance(steps, int) and 1 < steps <= MOST_STEPS
    own = bound.get("trained_betas", NONE) != NONE
    if name is None or own or not sizes or not all(isinstance(end, int | float) and 0 <= end < 1 for end in ends):
        return None
    betas = FORMULAS[name](steps, *ends)
    start, end = (betas[0], betas[-1]) if name in ALPHA_BARS else ends
    return _filled(name, steps, start, end, betas, site)
