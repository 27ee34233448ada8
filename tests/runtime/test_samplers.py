"""Samplers agree with diffusers step by step, and draw the data they should."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from runtime.denoisers import Gaussian, Ideal, zeros
from runtime.images import moderate
from runtime.samplers import ddim, ddpm, trailing
from runtime.schedules import schedule
from runtime.symptoms import nearest


def noise(n: int = 4, seed: int = 0) -> Tensor:
    return torch.randn(n, 3, 16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def data() -> Tensor:
    return moderate(16, 0).double() * 2 - 1


DIFFUSERS_PREDICTION = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("prediction", sorted(DIFFUSERS_PREDICTION))
def test_ddpm_takes_the_steps_of_diffusers(prediction: str, clip: bool) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(50, clip_sample=clip, prediction_type=DIFFUSERS_PREDICTION[prediction])
    table = schedule(T=50)
    model = Gaussian(data(), table, prediction)
    x, rng = noise(), torch.Generator().manual_seed(1)
    chain = ddpm(
        model,
        table,
        x,
        prediction=prediction,
        clip=(-1, 1) if clip else None,
        generator=torch.Generator().manual_seed(1),
    )
    for state in chain:
        # Drawn in float32 as ours is: the generator is what both share.
        x = theirs.step(model(x, state.t).float(), state.t, x.float(), generator=rng).prev_sample.double()
    torch.testing.assert_close(state.x_prev, x, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("prediction", sorted(DIFFUSERS_PREDICTION))
def test_ddim_takes_the_steps_of_diffusers(prediction: str, clip: bool) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDIMScheduler(
        1000, clip_sample=clip, prediction_type=DIFFUSERS_PREDICTION[prediction], timestep_spacing="trailing"
    )
    theirs.set_timesteps(20)
    table = schedule()
    model = Gaussian(data(), table, prediction)
    x = noise()
    states = list(ddim(model, table, x, prediction=prediction, steps=20, clip=(-1, 1) if clip else None))
    assert [state.t for state in states] == theirs.timesteps.tolist()
    for t in theirs.timesteps.tolist():
        x = theirs.step(model(x, t), t, x, use_clipped_model_output=clip).prev_sample
    torch.testing.assert_close(states[-1].x_prev, x, rtol=1e-3, atol=1e-3)


def test_ddim_with_eta_1_over_all_steps_has_the_mean_of_ddpm() -> None:
    """The first step from the same x_T differs by noise of the same variance only."""
    table, model = schedule(T=100), zeros
    x_T = noise(200)
    ours = next(iter(ddim(model, table, x_T, steps=100, eta=1.0, generator=torch.Generator().manual_seed(3))))
    other = next(iter(ddpm(model, table, x_T, generator=torch.Generator().manual_seed(3))))
    torch.testing.assert_close(ours.x_prev, other.x_prev)


@pytest.mark.parametrize("sampler", [ddpm, ddim])
def test_ideal_denoiser_draws_training_pictures(sampler) -> None:  # type: ignore[no-untyped-def]
    table = schedule()
    *_, last = sampler(Ideal(data(), table), table, noise(), generator=torch.Generator().manual_seed(0))
    assert float(nearest(last.x_prev, data()).max()) < 0.02


def test_gaussian_denoiser_draws_the_mean_and_the_covariance_of_the_data() -> None:
    table = schedule()
    *_, last = ddim(Gaussian(data(), table), table, noise(512))
    drawn = last.x_prev.flatten(1)
    torch.testing.assert_close(drawn.mean(0), data().flatten(1).mean(0), atol=0.15, rtol=0)
    assert float(drawn.var(0).sum() / data().flatten(1).var(0).sum()) == pytest.approx(1, abs=0.1)


def test_a_net_of_zeros_explodes_without_the_x0_clip_and_not_with_it() -> None:
    table = schedule()
    *_, free = ddpm(zeros, table, noise(), generator=torch.Generator().manual_seed(0))
    *_, clipped = ddpm(zeros, table, noise(), clip=(-1, 1), generator=torch.Generator().manual_seed(0))
    assert float(free.x_prev.std()) > 100
    assert float(clipped.x_prev.std()) < 2


def test_trailing_steps_begin_at_the_last_one_and_never_repeat() -> None:
    assert trailing(1000, 4) == [999, 749, 499, 249]
    assert trailing(3, 50) == [2, 1, 0]
