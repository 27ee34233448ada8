"""Samplers as generators: a model, a schedule and x_T in, a state a step out; the last ``x_prev`` is the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .denoisers import Model
from .predictions import from_x0, to_x0
from .schedules import Schedule

Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class State:
    """One step of a chain: x_t went in at step ``t``, the model saw ``x0`` in it, and ``x_prev`` came out."""

    t: int
    x_t: Tensor
    x0: Tensor
    x_prev: Tensor


def ddpm(
    model: Model,
    schedule: Schedule,
    x_T: Tensor,
    *,
    prediction: str = "eps",
    clip: Range | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Ancestral sampling over all T steps, posterior variance beta_tilde (Ho et al. 2020, algorithm 2, eq. 6-7)."""
    x_t = x_T
    for t in reversed(range(schedule.T)):
        alpha, alpha_bar, alpha_bar_prev = float(schedule.alphas[t]), schedule.alpha_bar(t), schedule.alpha_bar(t - 1)
        x0 = _clipped(to_x0(prediction, model(x_t, t), x_t, alpha_bar), clip)
        mean = (
            math.sqrt(alpha_bar_prev) * (1 - alpha) / (1 - alpha_bar) * x0
            + math.sqrt(alpha) * (1 - alpha_bar_prev) / (1 - alpha_bar) * x_t
        )
        x_prev = mean
        if t > 0:
            x_prev = mean + math.sqrt(float(schedule.posterior_variance[t])) * noise_like(x_t, generator)
        yield State(t, x_t, x0, x_prev)
        x_t = x_prev


def ddim(
    model: Model,
    schedule: Schedule,
    x_T: Tensor,
    *,
    prediction: str = "eps",
    steps: int = 50,
    eta: float = 0.0,
    clip: Range | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """DDIM over ``steps`` of the T steps; eta = 0 is deterministic, 1 ancestral (Song et al. 2021, eq. 12 and 16).

    After a clip, eps is what the clipped x0 leaves of x_t, so that x_t = a x0 + s eps still holds.
    """
    x_t = x_T
    times = trailing(schedule.T, steps)
    for t, t_prev in zip(times, [*times[1:], -1], strict=True):
        alpha_bar, alpha_bar_prev = schedule.alpha_bar(t), schedule.alpha_bar(t_prev)
        x0 = _clipped(to_x0(prediction, model(x_t, t), x_t, alpha_bar), clip)
        eps = from_x0("eps", x0, x_t, alpha_bar)
        variance = eta**2 * (1 - alpha_bar_prev) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_prev)
        x_prev = math.sqrt(alpha_bar_prev) * x0 + math.sqrt(1 - alpha_bar_prev - variance) * eps
        if variance > 0:
            x_prev = x_prev + math.sqrt(variance) * noise_like(x_t, generator)
        yield State(t, x_t, x0, x_prev)
        x_t = x_prev


def trailing(T: int, steps: int) -> list[int]:
    """``steps`` falling timesteps that begin at T - 1, where x_T lives (Lin et al. 2024, table 2, "trailing")."""
    steps = min(steps, T)
    return [round(T - k * T / steps) - 1 for k in range(steps)]


def noise_like(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal noise, drawn on the CPU so that a seed means the same on every device."""
    return torch.randn(x.shape, generator=generator).to(x)


def _clipped(x0: Tensor, clip: Range | None) -> Tensor:
    return x0 if clip is None else x0.clamp(*clip)
