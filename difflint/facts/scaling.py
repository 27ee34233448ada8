"""The transfers that change the range of a value: affine maps, normalisations, clamps, activations, rescaling."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from difflint.facts import arithmetic, dtypes, mixing
from difflint.facts.application import Call, numbers, opaque, stepped
from difflint.facts.interval import Interval
from difflint.facts.steps import Affine, Bounded, Clamp, Round, Stretch
from difflint.facts.values import (
    Choice,
    Const,
    Tensor,
    Unknown,
    Value,
    constant,
)


def affine(call: Call, value: Value, details: Any) -> Value:
    scale, shift = call.number(details.get("scale", 1)), call.number(details.get("shift", 0))
    if scale is None or shift is None:
        return opaque(call, value, None)
    return arithmetic.rescale(call.machine, value, Affine((scale,), (shift,)), call.site)


def normalize(call: Call, value: Value, details: Any) -> Value:
    """``(x - mean) / std`` for each channel."""
    mean, std = (numbers(call.bound.get(name)) for name in details)
    if mean is None or std is None or 0.0 in std:
        return opaque(call, value, None)
    size = max(len(mean), len(std))
    mean, std = _sized(mean, size), _sized(std, size)
    if mean is None or std is None:
        return opaque(call, value, None)
    step = Affine(tuple(1 / s for s in std), tuple(-m / s for m, s in zip(mean, std, strict=True)))
    return arithmetic.rescale(call.machine, value, _one_if_equal(step), call.site, call.what)


def denormalize(call: Call, value: Value, details: Any) -> Value:
    """``x * std + mean`` for each channel."""
    mean, std = (numbers(call.bound.get(name)) for name in details)
    if mean is None or std is None or len(mean) != len(std):
        return opaque(call, value, None)
    return arithmetic.rescale(call.machine, value, _one_if_equal(Affine(std, mean)), call.site, call.what)


def _sized(values: tuple[float, ...], size: int) -> tuple[float, ...] | None:
    return values if len(values) == size else (values * size if len(values) == 1 else None)


def _one_if_equal(step: Affine) -> Affine:
    same = len(set(zip(step.scale, step.shift, strict=True))) == 1
    return Affine(step.scale[:1], step.shift[:1]) if same else step


def clamp(call: Call, value: Value, details: Any) -> Value:
    bounds = [call.bound.get(d) if isinstance(d, str) else Const(d) for d in details]
    known = [call.number(d) if d is not None else None for d in details]
    missing = [b is None or constant(b) in (None, ...) for b in bounds]
    unsure = [
        k is None and (not m or isinstance(b, Unknown | Tensor | Choice))
        for k, m, b in zip(known, missing, bounds, strict=True)
    ]
    if any(unsure):
        return _clipped_somehow(call, value)
    if known == [None, None]:
        return value
    floating = any(isinstance(constant(b), float) for b in bounds)
    if isinstance(value, Tensor) and floating and value.dtype is not None:
        dtype = dtypes.with_number(value.dtype, value.container, floating, call.machine.default_dtype)
        value = replace(value, dtype=dtype)
    return stepped(value, Clamp(known[0], known[1]), call)


def _clipped_somehow(call: Call, value: Value) -> Value:
    if not isinstance(value, Tensor):
        return value if isinstance(value, Unknown) and value.is_coefficient else Unknown("clamped", call.site)
    mixed = mixing.mix((value,), call.site)
    return replace(mixed, origin=replace(mixed.origin, clipped=True, hard=None))


def bounded(call: Call, value: Value, details: Any) -> Value:
    name, low, high = details
    limits = [None if x is None else call.number(x) for x in (low, high)]
    if any(x is not None and y is None for x, y in zip((low, high), limits, strict=True)):
        return opaque(call, value, None)
    step = Bounded(name, -math.inf if limits[0] is None else limits[0], math.inf if limits[1] is None else limits[1])
    return stepped(value, step, call, dtype=_activated(call, value, name))


CUTS = ("relu", "relu6", "hardtanh")  # these only cut, so that whole numbers stay whole


def _activated(call: Call, value: Value, name: str) -> str | None:
    """The dtype after an activation."""
    if not isinstance(value, Tensor) or value.dtype is None:
        return "float"
    if name in CUTS or dtypes.is_floating(value.dtype):
        return value.dtype
    own = "tensor" if value.container == "tensor" else None
    return dtypes.with_number(value.dtype, own, True, call.machine.default_dtype)


def stretch(call: Call, value: Value, details: Any) -> Value:
    low, high = (call.number(end) for end in details)
    return opaque(call, value, None) if low is None or high is None else stepped(value, Stretch(low, high), call)


def rescale(call: Call, value: Value, details: Any) -> Value:
    """Clamp to the range an argument names, then map it onto the row's range."""
    limits = numbers(call.bound.get(details["from"]))
    if limits is None or len(limits) != 2 or limits[0] == limits[1]:
        return Unknown("rescaled", call.site)
    low, high = limits
    to_low, to_high = details["to"]
    scale = (to_high - to_low) / (high - low)
    clamped = stepped(value, Clamp(low, high), call)
    if (low, high) == (to_low, to_high):
        return clamped
    return arithmetic.rescale(call.machine, clamped, Affine((scale,), (to_low - low * scale,)), call.site, call.what)


def round_(call: Call, value: Value, details: Any) -> Value:
    if not isinstance(value, Tensor):
        return value
    kept = value.container == "tensor" or value.dtype is None or dtypes.is_floating(value.dtype)
    return stepped(value, Round(), call, dtype=value.dtype if kept else None)  # numpy rounds whole numbers to floats


def within(call: Call, value: Value, details: Any) -> Value:
    """Surely between these bounds (``sin``, ``abs``), for something whose range was just lost."""
    low, high = details
    hard = Interval(-math.inf if low is None else low, math.inf if high is None else high)
    return replace(value, origin=replace(value.origin, hard=hard)) if isinstance(value, Tensor) else value


def overshoot(call: Call, value: Value, details: Any) -> Value:
    """A kernel with negative lobes (bicubic, Lanczos): still the picture it was, but edges may leave its range."""
    return replace(value, origin=replace(value.origin, hard=None)) if isinstance(value, Tensor) else value


def fill(call: Call, value: Value, details: Any) -> Value:
    """New borders of a number or colour: they stay in the range if the number does."""
    given = Const(details) if isinstance(details, int | float) else call.bound.get(details)
    colour, nominal = numbers(given), value.nominal if isinstance(value, Tensor) else None
    inside = nominal is not None and colour is not None and all(nominal.contains(number) for number in colour)
    return value if inside or nominal is None else opaque(call, value, None)
