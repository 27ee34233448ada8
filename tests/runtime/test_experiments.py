"""Each experiment confirms a real defect, refutes a harmless one, and computes both from its arms."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.bench import Bench
from runtime.experiments import UnknownExperiment, experiment, kinds
from runtime.facts import BadFact, Facts
from runtime.verdict import Judgement, judge


def affine(scale: float, shift: float) -> dict[str, Any]:
    return {"op": "affine", "scale": [scale], "shift": [shift]}


def sink(low: float, high: float, outside: str = "clamp") -> dict[str, Any]:
    return {"name": "save_image", "takes": [low, high], "outside": outside}


NORMALIZE, DENORMALIZE, BYTES = affine(2, -1), affine(0.5, 0.5), affine(127.5, 127.5)
CLAMP = {"op": "clamp", "low": 0, "high": 255}
DISPLAY = sink(0, 1)

# Beside each fact what the picture must say: the symptom of a confirmed finding, or "none" for a refuted one.
PICTURES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "sink_range": [
        ({"domain": [-1, 1], "steps": [], "sink": DISPLAY}, "black"),
        ({"domain": [0, 255], "steps": [], "sink": DISPLAY}, "white"),
        ({"domain": [0, 1], "steps": [], "sink": sink(0, 255, "collapse")}, "black"),
        ({"domain": [-1, 1], "steps": [], "sink": sink(0, 1, "raise")}, "error raised"),
        ({"domain": [-1, 1], "steps": [], "sink": sink(0, 1, "wrap")}, "specks"),
        ({"domain": [0, 1], "steps": [], "sink": DISPLAY}, "none"),
        ({"domain": [-1, 1], "steps": [BYTES], "sink": sink(0, 255, "wrap")}, "none"),
        ({"domain": [-1, 1], "steps": [], "sink": sink(0, 1, "stretch")}, "none"),
    ],
    "affine_twice": [
        ({"domain": [-1, 1], "steps": [DENORMALIZE] * 2, "repeated": [1, 2], "sink": DISPLAY}, "washed out"),
        ({"domain": [0, 1], "steps": [NORMALIZE] * 2, "repeated": [1, 2]}, "black"),
        ({"domain": [0, 255], "steps": [affine(1 / 255, 0)] * 2, "repeated": [1, 2]}, "black"),
        ({"domain": [0, 1], "steps": [NORMALIZE, DENORMALIZE, NORMALIZE], "repeated": [1, 3]}, "none"),
    ],
    "int_cast": [
        ({"domain": [-1, 1], "hard": [None, None], "steps": [BYTES]}, "specks"),
        ({"domain": [-1, 1], "hard": [-1, 1], "steps": [BYTES]}, "none"),
        ({"domain": [-1, 1], "hard": [None, None], "steps": [BYTES, CLAMP]}, "none"),
    ],
    "inverse": [
        ({"data_steps": [NORMALIZE], "display_steps": [], "sink": DISPLAY}, "black"),
        ({"data_steps": [affine(1, -0.5)], "display_steps": [DENORMALIZE], "sink": DISPLAY}, "washed out"),
        ({"data_steps": [affine(255, 0)], "display_steps": [DENORMALIZE], "sink": DISPLAY}, "white"),
        ({"data_steps": [NORMALIZE], "display_steps": [DENORMALIZE], "sink": DISPLAY}, "none"),
        ({"data_steps": [NORMALIZE], "display_steps": [BYTES], "sink": sink(0, 255), "sampled": False}, "none"),
    ],
}
SIGMOID = {"name": "sigmoid", "low": 0, "high": 1}
# Those that are refuted stand in fixtures/refuted.
TRAININGS: list[tuple[str, dict[str, Any]]] = [
    ("bounded_data", {"activation": SIGMOID, "data": [-1, 1], "prediction": "x0"}),
    ("bounded_noise", {"activation": SIGMOID, "target": "eps"}),
    ("fp16_scaling", {"mode": "autocast", "dtype": "float16", "numel": 50000000}),
]


def judged(kind: str, facts: dict[str, Any], bench: Bench) -> Judgement:
    return judge(experiment(kind)(Facts(facts), bench))


@pytest.mark.parametrize(("kind", "facts", "symptom"), [(kind, *case) for kind in PICTURES for case in PICTURES[kind]])
def test_a_picture_is_spoilt_or_not(kind: str, facts: dict[str, Any], symptom: str, bench: Bench) -> None:
    judgement = judged(kind, facts, bench)
    verdict = "refuted" if symptom == "none" else "confirmed"
    assert (judgement.verdict, judgement.symptom) == (verdict, symptom), judgement.reason


def test_an_unknown_domain_is_the_one_that_the_steps_before_the_cast_are_made_for(bench: Bench) -> None:
    facts = Facts({"domain": None, "hard": [None, None], "steps": [affine(255, 0)]})
    judgement = judge(experiment("int_cast")(facts, bench))
    assert facts.constants["domain"] == [0.0, 1.0]
    assert (judgement.verdict, judgement.symptom) == ("confirmed", "specks"), judgement.reason


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "facts"), TRAININGS)
def test_a_training_is_spoilt(kind: str, facts: dict[str, Any], bench: Bench) -> None:
    judgement = judged(kind, facts, bench)
    assert judgement.verdict == "confirmed", judgement.reason


@pytest.mark.parametrize("schedule", ["cosine", "scaled_linear", "sigmoid", "quadratic"])
@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_the_control_is_healthy_under_every_schedule_and_sampler(schedule: str, sampler: str, bench: Bench) -> None:
    facts = {"data_steps": [NORMALIZE], "display_steps": [], "sink": DISPLAY, "sampler": sampler}
    judgement = judged("inverse", facts | {"schedule": {"name": schedule, "T": 200}}, bench)
    assert judgement.verdict == "confirmed", judgement.reason


def test_an_experiment_runs_on_defaults_alone_and_says_so(bench: Bench) -> None:
    facts = Facts({})
    assert judge(experiment("sink_range")(facts, bench)).verdict == "confirmed"
    assert {"domain", "sink", "steps", "schedule"} <= set(facts.constants["defaults"])


def test_every_rule_of_the_contract_has_its_experiment() -> None:
    wanted = {"sink_range", "affine_twice", "int_cast", "inverse", "bounded_data", "bounded_noise", "fp16_scaling"}
    assert wanted <= set(kinds())


def test_unknown_kinds_and_impossible_facts_are_refused(bench: Bench) -> None:
    with pytest.raises(UnknownExperiment, match="telepathy"):
        experiment("telepathy")
    with pytest.raises(BadFact, match="domain"):
        judged("sink_range", {"domain": [1, None]}, bench)
    with pytest.raises(BadFact, match="repeated"):
        judged("affine_twice", {"steps": [], "repeated": [0, 1]}, bench)
