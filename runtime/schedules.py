"""Noise schedules: a name and its constants in, the float64 tables of a Markov chain of T steps out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


class UnknownSchedule(ValueError):
    """Raised when a schedule is asked for by a name that is not in ``NAMES``."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """The tables that follow from beta_t, float64 [T]; index 0 is the paper's t = 1 (Ho et al. 2020, section 2)."""

    betas: Tensor

    @property
    def T(self) -> int:
        """The number of steps of the chain."""
        return len(self.betas)

    @cached_property
    def alphas(self) -> Tensor:
        """alpha_t = 1 - beta_t."""
        return 1.0 - self.betas

    @cached_property
    def alpha_bars(self) -> Tensor:
        """alpha_bar_t, the product of alpha_s over s <= t: x_t = sqrt(alpha_bar) x0 + sqrt(1 - alpha_bar) eps."""
        return torch.cumprod(self.alphas, 0)

    @cached_property
    def alpha_bars_prev(self) -> Tensor:
        """alpha_bar_{t-1}; before the first step there is no noise, so the table starts with 1."""
        return torch.cat([self.alpha_bars.new_ones(1), self.alpha_bars[:-1]])

    @cached_property
    def posterior_variance(self) -> Tensor:
        """beta_tilde_t, the variance of q(x_{t-1} | x_t, x_0), eq. 7."""
        return (1 - self.alpha_bars_prev) / (1 - self.alpha_bars) * self.betas

    def alpha_bar(self, t: int) -> float:
        """alpha_bar_t as a number; t = -1 is the clean picture."""
        return 1.0 if t < 0 else float(self.alpha_bars[t])


def linear(T: int, beta_start: float, beta_end: float) -> Tensor:
    """Equally spaced betas (Ho et al. 2020, section 4); the constants are used as given for any T."""
    return torch.linspace(beta_start, beta_end, T, dtype=torch.float64)


def scaled_linear(T: int, beta_start: float, beta_end: float) -> Tensor:
    """Equally spaced square roots of beta (Rombach et al. 2022, the released configurations)."""
    return torch.linspace(math.sqrt(beta_start), math.sqrt(beta_end), T, dtype=torch.float64) ** 2


def cosine(T: int, beta_start: float, beta_end: float) -> Tensor:
    """alpha_bar = cos^2, beta clipped at 0.999 (Nichol and Dhariwal 2021, eq. 17); it has no start and no end."""
    s = 0.008
    angles = (torch.arange(T + 1, dtype=torch.float64) / T + s) / (1 + s) * math.pi / 2
    alpha_bars = torch.cos(angles) ** 2
    return (1 - alpha_bars[1:] / alpha_bars[:-1]).clamp(max=0.999)


def sigmoid(T: int, beta_start: float, beta_end: float) -> Tensor:
    """Betas on a logistic curve over [-6, 6] (Xu et al. 2022, GeoDiff, the released code)."""
    curve = torch.sigmoid(torch.linspace(-6, 6, T, dtype=torch.float64))
    return curve * (beta_end - beta_start) + beta_start


# "quadratic" is the name that the code of DDPM and DDIM gives to what latent diffusion calls scaled linear.
BETAS: dict[str, Callable[[int, float, float], Tensor]] = {
    "linear": linear,
    "scaled_linear": scaled_linear,
    "quadratic": scaled_linear,
    "cosine": cosine,
    "sigmoid": sigmoid,
}
NAMES = tuple(BETAS)


def schedule(name: str = "linear", T: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02) -> Schedule:
    """The schedule of that name; start and end are not rescaled with T, because most programs do not rescale them."""
    if name not in BETAS:
        raise UnknownSchedule(f"unknown schedule {name!r}; known are {', '.join(NAMES)}")
    if T < 2:
        raise UnknownSchedule(f"a schedule needs at least 2 steps, not {T}")
    return Schedule(BETAS[name](T, beta_start, beta_end))
