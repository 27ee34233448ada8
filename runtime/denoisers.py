"""Denoisers in closed form: a data set in, a model (x_t, t) -> network output without any training out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .predictions import from_x0
from .schedules import Schedule

Model = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True, eq=False)
class Ideal:
    """Exact posterior mean E[x0 | x_t] over ``data`` [n, c, h, w], the minimiser of the training loss over that set."""

    data: Tensor
    schedule: Schedule
    prediction: str = "eps"
    chunk: int = 1024

    def __call__(self, x_t: Tensor, t: int) -> Tensor:
        """x_t [batch, c, h, w] at step t -> output of the type ``prediction``, same shape."""
        alpha_bar = self.schedule.alpha_bar(t)
        return from_x0(self.prediction, self.posterior_mean(x_t, alpha_bar), x_t, alpha_bar)

    def posterior_mean(self, x_t: Tensor, alpha_bar: float) -> Tensor:
        """Mean of the data with weights exp(-|x_t - a x0|^2 / 2 s^2) (Karras et al. 2022, appendix B.3)."""
        data = self.data.flatten(1)
        means = [self._mean(x, data, alpha_bar) for x in torch.split(x_t.flatten(1), self.chunk)]
        return torch.cat(means).view_as(x_t)

    def _mean(self, x: Tensor, data: Tensor, alpha_bar: float) -> Tensor:
        # |x|^2 is the same for every x0 and drops out of the softmax, so one matmul gives all the weights.
        logits = math.sqrt(alpha_bar) * x @ data.T - alpha_bar / 2 * data.square().sum(1)  # [chunk, n]
        return torch.softmax(logits / (1 - alpha_bar), dim=1) @ data


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Posterior mean for Gaussian data with the mean and covariance of ``data`` [n, c, h, w]."""

    data: Tensor
    schedule: Schedule
    prediction: str = "eps"

    def __call__(self, x_t: Tensor, t: int) -> Tensor:
        """x_t [batch, c, h, w] at step t -> output of the type ``prediction``, same shape."""
        alpha_bar = self.schedule.alpha_bar(t)
        return from_x0(self.prediction, self.posterior_mean(x_t, alpha_bar), x_t, alpha_bar)

    def posterior_mean(self, x_t: Tensor, alpha_bar: float) -> Tensor:
        """mu + a C (a^2 C + s^2 I)^-1 (x_t - a mu), the conditional mean of jointly Gaussian x0 and x_t."""
        a = math.sqrt(alpha_bar)
        mean, axes, variances = self._spectrum
        gain = a * variances / (alpha_bar * variances + 1 - alpha_bar)  # [rank]
        along = (x_t.flatten(1) - a * mean) @ axes.T  # [batch, rank]
        return (mean + (along * gain) @ axes).view_as(x_t)

    @cached_property
    def _spectrum(self) -> tuple[Tensor, Tensor, Tensor]:
        """Mean [d], principal axes [rank, d] and variances [rank] along them; the covariance is never built."""
        flat = self.data.flatten(1)
        mean = flat.mean(0)
        _, singular, axes = torch.linalg.svd(flat - mean, full_matrices=False)
        return mean, axes, singular.square() / (len(flat) - 1)


def zeros(x_t: Tensor, t: int) -> Tensor:
    """Stress net: what a network that has learned nothing outputs, whatever it should predict."""
    return torch.zeros_like(x_t)


def imperfect(model: Ideal | Gaussian, error: float, generator: torch.Generator) -> Model:
    """The model with white noise of standard deviation ``error`` on the x0 it sees: no trained network is exact."""

    def noisy(x_t: Tensor, t: int) -> Tensor:
        alpha_bar = model.schedule.alpha_bar(t)
        x0 = model.posterior_mean(x_t, alpha_bar) + error * torch.randn(x_t.shape, generator=generator).to(x_t)
        return from_x0(model.prediction, x0, x_t, alpha_bar)

    return noisy
