"""The steps that change a value, as the linter writes them in JSON: applied to tensors, inverted, and bounded.

Tensors are pictures [batch, channels, h, w]; a scale or shift of length 3 belongs to the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .facts import BadFact, Range

Step = Mapping[str, Any]
Steps = Sequence[Step]

INTEGERS: dict[str, Range] = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767)}


def apply(steps: Steps, x: Tensor) -> Tensor:
    """The value after all steps, in their order."""
    for step in steps:
        op = step.get("op")
        if op not in OPS:
            raise BadFact(f"unknown step {op!r}; known are {', '.join(OPS)}")
        x = OPS[op](step, x)
    return x


def interval(steps: Steps, domain: Range) -> Range:
    """The nominal range after the steps; casts are left out, since they wrap values instead of moving the range."""
    ends = torch.tensor(domain, dtype=torch.float64).expand(1, 3, 1, 2)
    after = apply([step for step in steps if step.get("op") != "cast"], ends)
    return float(after.min()), float(after.max())


def rescale(source: Range, target: Range) -> Step:
    """The affine step that takes one range to another."""
    scale = (target[1] - target[0]) / (source[1] - source[0])
    return {"op": "affine", "scale": [scale], "shift": [target[0] - scale * source[0]]}


def concrete(steps: Steps, domain: Range) -> list[Step]:
    """The steps with each bounded activation replaced by what a network trained behind it does: fill its range."""
    done: list[Step] = []
    for step in steps:
        fills = step.get("op") == "bounded" and step.get("low") is not None and step.get("high") is not None
        done.append(rescale(interval(done, domain), (step["low"], step["high"])) if fills else step)
    return done


def inverse(steps: Steps, domain: Range) -> list[Step]:
    """The affine steps that undo ``steps`` on ``domain``; what does not move the nominal range is passed over."""
    undone: list[Step] = []
    for index, step in enumerate(steps):
        if step.get("op") == "affine":
            undone.insert(0, _inverse_affine(step))
        elif step.get("op") in ("stretch", "clamp"):
            before, after = interval(steps[:index], domain), interval(steps[: index + 1], domain)
            undone.insert(0, rescale(after, before) if after[0] < after[1] else rescale(before, before))
    return undone


def _inverse_affine(step: Step) -> Step:
    scale, shift = step["scale"], step["shift"]
    if 0 in scale:
        raise BadFact("a step with scale 0 cannot be undone")
    length = max(len(scale), len(shift))
    pairs = [(scale[i % len(scale)], shift[i % len(shift)]) for i in range(length)]
    return {"op": "affine", "scale": [1 / a for a, _ in pairs], "shift": [-b / a for a, b in pairs]}


def _affine(step: Step, x: Tensor) -> Tensor:
    return x * _channels(step["scale"], x) + _channels(step["shift"], x)


def _channels(numbers: Sequence[float], x: Tensor) -> Tensor:
    return torch.tensor(numbers, dtype=x.dtype, device=x.device).view(-1, 1, 1)


def _clamp(step: Step, x: Tensor) -> Tensor:
    low, high = step.get("low"), step.get("high")
    return x if low is None and high is None else x.clamp(low, high)


def _cast(step: Step, x: Tensor) -> Tensor:
    """Truncate towards zero, then keep the low bits; NaN becomes 0, as it does on common hardware."""
    if step.get("dtype") not in INTEGERS:
        raise BadFact(f"unknown cast to {step.get('dtype')!r}; known are {', '.join(INTEGERS)}")
    low, high = INTEGERS[step["dtype"]]
    whole = torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0).trunc()
    return torch.remainder(whole - low, high - low + 1) + low


def _stretch(step: Step, x: Tensor) -> Tensor:
    """Min-max stretch of each picture to [low, high]; a flat picture goes to low."""
    least, most = x.amin((-3, -2, -1), keepdim=True), x.amax((-3, -2, -1), keepdim=True)
    low, high = step.get("low") or 0.0, 1.0 if step.get("high") is None else step["high"]
    return (x - least) / (most - least).clamp(min=1e-8) * (high - low) + low


def bounded(step: Step, x: Tensor) -> Tensor:
    """An activation by its name; softmax is over the channels."""
    name = step.get("name")
    if name == "hardtanh":
        return x.clamp(step.get("low", -1.0), step.get("high", 1.0))
    if name not in ACTIVATIONS:
        raise BadFact(f"unknown activation {name!r}; known are hardtanh, {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name](x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softmax": lambda x: torch.softmax(x, dim=-3),
}
OPS: dict[str, Callable[[Step, Tensor], Tensor]] = {
    "affine": _affine,
    "clamp": _clamp,
    "cast": _cast,
    "round": lambda step, x: x.round(),
    "bounded": bounded,
    "stretch": _stretch,
}
