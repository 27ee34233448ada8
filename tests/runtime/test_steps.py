"""Steps do to tensors what their JSON says, can be undone, and sinks show what a person would see."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from runtime.facts import BadFact, Facts
from runtime.sinks import Sink
from runtime.steps import apply, concrete, interval, inverse, rescale

IMAGENET = {
    "op": "affine",
    "scale": [1 / 0.229, 1 / 0.224, 1 / 0.225],
    "shift": [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
}
SIGNED = {"op": "affine", "scale": [2.0], "shift": [-1.0]}


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(1, 1, 1, -1)


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        (SIGNED, 0.25, -0.5),
        ({"op": "clamp", "low": None, "high": 1}, 3.0, 1.0),
        ({"op": "clamp", "low": 0, "high": None}, -3.0, 0.0),
        ({"op": "cast", "dtype": "uint8"}, 256.7, 0.0),
        ({"op": "cast", "dtype": "uint8"}, -1.5, 255.0),
        ({"op": "cast", "dtype": "uint8"}, -0.5, 0.0),
        ({"op": "cast", "dtype": "int8"}, 128.0, -128.0),
        ({"op": "round"}, 0.7, 1.0),
        ({"op": "bounded", "name": "relu"}, -1.0, 0.0),
        ({"op": "bounded", "name": "hardtanh", "low": -2.0, "high": 2.0}, -3.0, -2.0),
    ],
)
def test_a_step_does_what_it_says(step: dict[str, Any], value: float, expected: float) -> None:
    torch.testing.assert_close(apply([step], row(value)), row(expected))


def test_a_cast_to_bytes_is_that_of_torch_for_whole_numbers_that_fit_32_bits() -> None:
    values = torch.arange(-600, 600).float().view(1, 1, 1, -1)
    expected = values.to(torch.int32).to(torch.uint8).float()
    torch.testing.assert_close(apply([{"op": "cast", "dtype": "uint8"}], values), expected)


def test_three_scales_belong_to_the_channels() -> None:
    grey = torch.full((1, 3, 2, 2), 0.5)
    expected = torch.tensor([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225])
    torch.testing.assert_close(apply([IMAGENET], grey)[0, :, 0, 0], expected)


@pytest.mark.parametrize("steps", [[SIGNED], [IMAGENET], [SIGNED, SIGNED, IMAGENET]])
def test_the_inverse_undoes_affine_steps(steps: list[dict[str, Any]]) -> None:
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(apply(inverse(steps, (0, 1)), apply(steps, x)), x)


def test_the_interval_follows_every_channel() -> None:
    assert interval([IMAGENET], (0, 1)) == pytest.approx((-0.485 / 0.229, (1 - 0.406) / 0.225))
    assert interval([SIGNED, {"op": "clamp", "low": 0, "high": 1}], (0, 1)) == (0, 1)


def test_a_bounded_activation_is_filled_by_the_network_behind_it() -> None:
    steps = concrete([{"op": "bounded", "name": "tanh", "low": -1, "high": 1}], (0, 10))
    assert interval(steps, (0, 10)) == pytest.approx((-1, 1))


@pytest.mark.parametrize(
    ("sink", "value", "shown"),
    [
        (Sink("save_image", (0, 1), "clamp"), -0.5, 0.0),
        (Sink("save_image", (0, 1), "clamp"), float("nan"), 0.0),
        (Sink("ToPILImage", (0, 1), "wrap"), 1.004, 0.0),
        (Sink("ToPILImage", (0, 1), "wrap"), 1.0, 1.0),
        (Sink("fromarray", (0, 255), "collapse"), 0.9, 0.0),
        (Sink("imsave", (0, 1), "raise"), 0.25, 0.25),
        (Sink("imsave", (0, 1), "raise"), -0.25, 0.5),
    ],
)
def test_a_sink_shows_what_a_person_sees(sink: Sink, value: float, shown: float) -> None:
    torch.testing.assert_close(sink.show(row(value)), row(shown), atol=0.003, rtol=0)


def test_a_stretching_sink_hides_every_affine_mistake() -> None:
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    sink = Sink("grid", (0, 1), "stretch")
    torch.testing.assert_close(sink.show(x), sink.show(apply([rescale((0, 1), (-3, 7))], x)))


def test_unknown_steps_and_sinks_are_refused_by_name() -> None:
    with pytest.raises(BadFact, match="warp"):
        apply([{"op": "warp"}], row(0))
    with pytest.raises(BadFact, match="explode"):
        Sink("x", (0, 1), "explode")


def test_facts_keep_account_of_defaults() -> None:
    facts = Facts({"schedule": {"name": "cosine"}, "sampler": None})
    assert facts.get("schedule")["name"] == "cosine"
    assert facts.get("sampler") == "ddim"
    assert facts.constants["defaults"] == ["sampler", "schedule.T", "schedule.beta_end", "schedule.beta_start"]
