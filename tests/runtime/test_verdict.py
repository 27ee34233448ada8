"""A verdict needs a healthy control and an effect that is visible and larger than the seeds' own."""

from __future__ import annotations

import torch

from runtime.arms import Arm, Arms
from runtime.images import moderate
from runtime.sinks import Sink
from runtime.symptoms import measure, measure_sink, name_symptom
from runtime.verdict import judge

HEALTHY = {"white": 0.0, "black": 0.0, "mean": 0.5, "std": 0.2, "nearest": 0.01, "roughness": 0.03, "specks": 0.0}


def arm(*means: float, **others: float) -> Arm:
    return Arm(tuple(HEALTHY | others | {"mean": mean} for mean in means), ())


def test_a_visible_effect_beyond_the_seed_noise_is_confirmed() -> None:
    judgement = judge(Arms(arm(0.7, 0.72, 0.75), arm(0.5, 0.51, 0.49), HEALTHY))
    assert (judgement.verdict, judgement.symptom) == ("confirmed", "bright")


def test_an_effect_within_the_seed_noise_is_undecided() -> None:
    assert judge(Arms(arm(0.38, 0.62, 0.6), arm(0.5, 0.57, 0.45), HEALTHY)).verdict == "undecided"


def test_no_effect_is_refuted_unless_the_experiment_has_a_doubt() -> None:
    arms = arm(0.5, 0.51)
    assert judge(Arms(arms, arms, HEALTHY)).verdict == "refuted"
    doubtful = judge(Arms(arms, arms, HEALTHY, doubt="too small to tell"))
    assert (doubtful.verdict, doubtful.reason) == ("undecided", "too small to tell")


def test_an_arm_that_is_better_than_the_control_does_no_harm() -> None:
    assert judge(Arms(arm(0.5, 0.5, nearest=0.01), arm(0.5, 0.5, nearest=0.1), HEALTHY)).verdict == "refuted"


def test_a_sick_control_leaves_everything_undecided() -> None:
    for illness in ({"white": 0.5}, {"std": 0.01}, {"nearest": 0.4}, {"nonfinite": 0.1}, {"mean": float("nan")}):
        judgement = judge(Arms(arm(0.9, 0.9), Arm((HEALTHY | illness,) * 2, ()), HEALTHY))
        assert judgement.verdict == "undecided", illness
        assert "not healthy" in judgement.reason


def test_nan_is_measured_as_not_finite_and_shown_black() -> None:
    data = moderate(4, 0)
    seen = measure_sink(torch.full_like(data, float("nan")), Sink("x", (0, 1), "clamp"), data)
    assert seen["nonfinite"] == 1.0
    assert seen["black"] == 1.0
    assert name_symptom(seen, measure(data, data)) == "not finite"


def test_symptoms_are_named_by_what_is_seen() -> None:
    data = moderate(8, 0)
    control = measure(data, data)
    noise = torch.rand(data.shape, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    seen = {
        "white": data * 0 + 1,
        "black": data * 0,
        "grey": data * 0.01 + 0.5,
        "washed out": data * 0.5 + 0.25,
        "saturated": (data > 0.5).float(),
        "noise": noise,
    }
    assert {name: name_symptom(measure(pictures, data), control) for name, pictures in seen.items()} == {
        name: name for name in seen
    }
