"""The closed-form denoisers agree with brute force, and the prediction types with each other."""

from __future__ import annotations

import math

import pytest
import torch

from runtime.denoisers import Gaussian, Ideal, zeros
from runtime.images import full_range, moderate
from runtime.predictions import NAMES, UnknownPrediction, from_x0, to_x0
from runtime.schedules import schedule


@pytest.mark.parametrize("t", [0, 300, 999])
def test_ideal_denoiser_is_the_weighted_mean_over_the_data(t: int) -> None:
    data = moderate(7, 0).double() * 2 - 1
    x_t = torch.randn(3, *data.shape[1:], generator=torch.Generator().manual_seed(0)).double()
    alpha_bar = schedule().alpha_bar(t)
    expected = []
    for x in x_t:
        logs = torch.stack([-((x - math.sqrt(alpha_bar) * x0) ** 2).sum() / (2 * (1 - alpha_bar)) for x0 in data])
        weights = torch.exp(logs - torch.logsumexp(logs, 0))
        expected.append(sum(w * x0 for w, x0 in zip(weights, data, strict=True)))
    got = Ideal(data, schedule(), "x0", chunk=2)(x_t, t)
    torch.testing.assert_close(got, torch.stack(expected))


@pytest.mark.parametrize("t", [10, 300, 999])
def test_gaussian_denoiser_is_the_conditional_mean_of_a_gaussian(t: int) -> None:
    data = moderate(20, 0)[:, :, ::8, ::8].double()  # [20, 3, 2, 2]
    flat = data.flatten(1)
    mean, covariance = flat.mean(0), torch.cov(flat.T)
    a, variance = math.sqrt(schedule().alpha_bar(t)), 1 - schedule().alpha_bar(t)
    x_t = torch.randn(4, 12, generator=torch.Generator().manual_seed(0)).double()
    noisy = a * a * covariance + variance * torch.eye(12, dtype=torch.float64)
    expected = mean + (a * covariance @ torch.linalg.solve(noisy, (x_t - a * mean).T)).T
    got = Gaussian(data, schedule(), "x0")(x_t.view(4, 3, 2, 2), t)
    torch.testing.assert_close(got.flatten(1), expected)


@pytest.mark.parametrize("prediction", NAMES)
def test_each_prediction_leads_back_to_x0(prediction: str) -> None:
    x0, x_t = torch.randn(2, 5, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(to_x0(prediction, from_x0(prediction, x0, x_t, 0.3), x_t, 0.3), x0)


def test_eps_and_v_are_what_the_papers_define() -> None:
    x0, eps = torch.randn(2, 5, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x_t = math.sqrt(0.3) * x0 + math.sqrt(0.7) * eps
    torch.testing.assert_close(from_x0("eps", x0, x_t, 0.3), eps)
    torch.testing.assert_close(from_x0("v", x0, x_t, 0.3), math.sqrt(0.3) * eps - math.sqrt(0.7) * x0)
    torch.testing.assert_close(from_x0("score", x0, x_t, 0.3), -eps / math.sqrt(0.7))


def test_unknown_prediction_is_refused() -> None:
    with pytest.raises(UnknownPrediction, match="flow"):
        to_x0("flow", torch.zeros(1), torch.zeros(1), 0.5)


def test_stress_net_outputs_zeros() -> None:
    torch.testing.assert_close(zeros(torch.ones(2, 3, 4, 4), 5), torch.zeros(2, 3, 4, 4))


def test_moderate_pictures_have_no_white_or_black_pixel_and_full_range_ones_have_both() -> None:
    assert 0.1 < float(moderate(32, 0).min()) < float(moderate(32, 0).max()) < 0.9
    assert float(full_range(32, 0).min()) == 0.0
    assert float(full_range(32, 0).max()) == 1.0
