"""Gradients in float16 without loss scaling: small ones become zero. Trained without and with a loss scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor

from ..arms import Arm, Arms
from ..bench import Bench
from ..facts import BadFact, Facts
from ..images import moderate
from ..precision import LowPrecision, Precision
from ..reference import channels, chosen_prediction
from ..symptoms import measure
from ..train import BATCH, PICTURES, Trained, train
from ..trial import Trial, trial_arm

SIGNED = (-1.0, 1.0)
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16}
# Where PyTorch's GradScaler starts.
SCALE = 65536.0
# Up to this share, rounding small gradients to zero is what any low precision does.
HARMLESS = 0.01


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: no loss scale. Repaired: a dynamic one from 65536. The gradients are rounded alike in both."""
    written = precision(facts)
    repaired = replace(written, scale=SCALE)
    facts.note("repair", f"loss scale {SCALE:.0f}")
    data = moderate(PICTURES, bench.seed, channels(facts)).to(bench.device)
    prediction = chosen_prediction(facts)
    without, scaled = (_arm(entry, prediction, data, facts, bench) for entry in (written, repaired))
    return Arms(without, scaled, measure(data, data), doubt(vanished(without), vanished(scaled)))


def precision(facts: Facts) -> Precision:
    """How the user's program computes its gradients."""
    dtype, mode, reduction = facts.get("dtype"), facts.get("mode"), facts.get("reduction")
    if dtype not in DTYPES:
        raise BadFact(f"dtype has to be {' or '.join(DTYPES)}, not {dtype!r}")
    numel = None if reduction == "sum" else int(facts.get("numel"))
    return Precision(DTYPES[dtype], mode == "half", numel, 1.0)


def vanished(arm: Arm) -> float:
    """The median share of gradients that became zero."""
    return median(measures["vanished"] for measures in arm.measures)


def doubt(without: float, scaled: float) -> str:
    """Why a missing effect on the pictures proves nothing, if gradients vanish that a loss scale would have kept."""
    if without - scaled <= HARMLESS:
        return ""
    return (
        f"{without:.0%} of the gradients become zero without a loss scale and {scaled:.0%} with one, "
        "but the small reference learns from the rest; a deeper network or a longer training may not"
    )


def _arm(how: Precision, prediction: str, data: Tensor, facts: Facts, bench: Bench) -> Arm:
    shares: dict[int, float] = {}

    def training(model: Trained, seen: Tensor, seed: int) -> Iterator[float]:
        low = LowPrecision(model.net, how, BATCH * seen[0].numel())
        yield from train(model, seen, seed, low)
        shares[seed] = low.vanished_share

    arm = trial_arm(Trial(str(how), prediction, data, SIGNED, training=training), facts, bench)
    measures = tuple({**entry, "vanished": shares[seed]} for entry, seed in zip(arm.measures, bench.seeds, strict=True))
    return Arm(measures, arm.frames)
