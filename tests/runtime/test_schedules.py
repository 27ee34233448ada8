"""Schedules agree with diffusers and with their closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from runtime.schedules import NAMES, Schedule, UnknownSchedule, schedule

DIFFUSERS = {"linear": "linear", "scaled_linear": "scaled_linear", "cosine": "squaredcos_cap_v2", "sigmoid": "sigmoid"}


@pytest.mark.parametrize("T", [10, 1000])
@pytest.mark.parametrize("name", sorted(DIFFUSERS))
def test_betas_are_those_of_diffusers(name: str, T: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(T, beta_start=1e-4, beta_end=0.02, beta_schedule=DIFFUSERS[name])
    torch.testing.assert_close(schedule(name, T).betas, scheduler.betas.double(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(schedule(name, T).alpha_bars, scheduler.alphas_cumprod.double(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("T", [2, 100, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_finite_float64_and_every_beta_lies_between_0_and_1(name: str, T: int) -> None:
    made = schedule(name, T)
    assert made.betas.dtype == torch.float64
    assert len(made.betas) == made.T == T
    assert bool(((made.betas > 0) & (made.betas < 1)).all())
    for table in (made.alphas, made.alpha_bars, made.alpha_bars_prev, made.posterior_variance):
        assert bool(table.isfinite().all())


def test_cosine_alpha_bar_is_a_squared_cosine() -> None:
    """The clip touches only the end of the table."""
    t = torch.arange(1, 901, dtype=torch.float64) / 1000
    f = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    torch.testing.assert_close(schedule("cosine").alpha_bars[:900], f)


def test_terminal_signal_of_the_default_schedule_is_0_0064_at_1000_steps_and_0_28_at_250() -> None:
    assert math.sqrt(schedule().alpha_bar(999)) == pytest.approx(0.0064, abs=1e-4)
    assert math.sqrt(schedule(T=250).alpha_bar(249)) == pytest.approx(0.2823, abs=1e-4)


def test_first_step_has_no_noise_before_it() -> None:
    made = Schedule(torch.tensor([0.1, 0.2], dtype=torch.float64))
    torch.testing.assert_close(made.alpha_bars_prev, torch.tensor([1.0, 0.9], dtype=torch.float64))
    torch.testing.assert_close(made.posterior_variance, torch.tensor([0.0, 0.1 / 0.28 * 0.2], dtype=torch.float64))
    assert made.alpha_bar(-1) == 1.0


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownSchedule, match="linear"):
        schedule("laplace")
