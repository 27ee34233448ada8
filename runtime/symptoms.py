"""Measures of displayed pictures, and the name of the symptom that a person would see."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from .arms import Measures
from .sinks import Sink

WHITE, BLACK = 0.98, 0.02
# A pixel is a speck when it is this far from the median of the 3 x 3 pixels around it.
SPECK = 0.4
# The faster way, by a matrix product, takes a picture for 0.0005 away from itself.
EXACT = "donot_use_mm_for_euclid_dist"


def measure(shown: Tensor, data: Tensor) -> dict[str, float]:
    """Measures of pictures [batch, c, h, w] in [0, 1]; ``data`` [n, c, h, w] are those a model was trained on."""
    return {
        "white": _share(shown >= WHITE),
        "black": _share(shown <= BLACK),
        "mean": float(shown.mean()),
        "std": float(shown.std()),
        "nearest": float(nearest(shown, data).mean()),
        "roughness": float(shown.diff(dim=-1).abs().mean() + shown.diff(dim=-2).abs().mean()) / 2,
        "specks": _share((shown - _median(shown)).abs() > SPECK),
    }


def measure_sink(value: Tensor, sink: Sink, data: Tensor) -> dict[str, float]:
    """Measures of what a sink shows of ``value``, and how much of it is not finite or refused."""
    unseen = {"nonfinite": _share(~value.isfinite()), "refused": _share(sink.refuses(value))}
    return measure(sink.show(value), data) | unseen


def nearest(shown: Tensor, data: Tensor) -> Tensor:
    """Root mean square distance of each picture to the nearest one in ``data`` [batch]."""
    distances = torch.cdist(shown.flatten(1), data.flatten(1), compute_mode=EXACT)  # [batch, n]
    least: Tensor = distances.amin(1) / shown[0].numel() ** 0.5
    return least


def _share(mask: Tensor) -> float:
    return float(mask.float().mean())


def _median(shown: Tensor) -> Tensor:
    padded = F.pad(shown, (1, 1, 1, 1), mode="replicate")
    return padded.unfold(2, 3, 1).unfold(3, 3, 1).flatten(-2).median(-1).values


# Each symptom beside the test that names it, on (as written, control); the first that holds is the name.
SYMPTOMS: tuple[tuple[str, Callable[[Measures, Measures], bool]], ...] = (
    ("error raised", lambda seen, control: seen.get("refused", 0) > 0.5),
    ("not finite", lambda seen, control: seen.get("nonfinite", 0) > 0.01),
    ("not learning", lambda seen, control: seen.get("unlearned", 0) > 0.9),
    ("saturated", lambda seen, control: min(_more("white", seen, control), _more("black", seen, control)) > 0.1),
    ("white", lambda seen, control: _more("white", seen, control) > 0.3),
    ("black", lambda seen, control: _more("black", seen, control) > 0.3),
    ("grey", lambda seen, control: seen["std"] < 0.35 * control["std"]),
    ("noise", lambda seen, control: seen["roughness"] > 4 * control["roughness"]),
    ("specks", lambda seen, control: _more("specks", seen, control) > 0.002),
    ("washed out", lambda seen, control: seen["std"] < 0.8 * control["std"] and seen["mean"] >= control["mean"] - 0.1),
    ("bright", lambda seen, control: _more("mean", seen, control) > 0.05),
    ("dark", lambda seen, control: _more("mean", seen, control) < -0.05),
    ("harsh", lambda seen, control: _more("std", seen, control) > 0.03),
)


def name_symptom(seen: Measures, control: Measures) -> str:
    """What a person would call the pictures of the arm as written, beside those of the control."""
    for name, holds in SYMPTOMS:
        if holds(seen, control):
            return name
    return "other pictures"


def _more(key: str, seen: Measures, control: Measures) -> float:
    return seen[key] - control[key]
