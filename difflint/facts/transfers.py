"""The vocabulary of the API rows: what each transfer does to a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from difflint.facts import arithmetic, dtypes, extremes, indexing, mixing
from difflint.facts.application import Call, opaque
from difflint.facts.interval import Interval
from difflint.facts.questions import Statistic
from difflint.facts.scaling import (
    affine,
    bounded,
    clamp,
    denormalize,
    fill,
    normalize,
    overshoot,
    rescale,
    round_,
    stretch,
    within,
)
from difflint.facts.steps import Affine, Cast
from difflint.facts.truth import dtype_name
from difflint.facts.values import (
    COEFFICIENT,
    Choice,
    Const,
    Elements,
    Items,
    Kind,
    Library,
    Origin,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    join,
    tensors,
)
from difflint.facts.written import written

STARTS = frozenset(["begin", "blank", "unknown", "coefficient"])  # nothing of the subject is left


def take(call: Call, transfer: Any, value: Value) -> Value:
    """The value after one transfer, item by item for a list of tensors."""
    name, details = (transfer, None) if isinstance(transfer, str) else next(iter(transfer.items()))
    if name == "pass":
        return value
    if name in STARTS:
        return TRANSFERS[name](call, value, details)
    if isinstance(value, Choice):
        return join(take(call, transfer, v) for v in value.values)
    if name == "join":
        return join_all(call, value)
    if isinstance(value, Items) and name != "feature":
        return call.machine.each(value, lambda v: take(call, transfer, v))
    if isinstance(value, Elements) and name != "feature":
        return Elements(take(call, transfer, value.item))
    return TRANSFERS[name](call, value, details)


def keep(call: Call, value: Value, details: Any) -> Value:
    return value


def like(call: Call, value: Value, details: Any) -> Value:
    """The dtype of another tensor, where that is known."""
    other = call.bound.get(details)
    known = other.dtype if isinstance(other, Tensor) else None
    return to_dtype(call, value, known) if known is not None else value


def contract(call: Call, value: Value, details: Any) -> Value:
    """``einsum``: an equation that only reorders the axes of one tensor keeps its values, any other sums some."""
    before, _, after = str(constant(call.bound.get("equation"))).replace(" ", "").partition("->")
    return value if sorted(before) == sorted(after) else opaque(call, value, None)


def copy(call: Call, value: Value, details: Any) -> Value:
    """The same value in an object of its own."""
    return replace(value) if isinstance(value, Tensor) else value


def axes(call: Call, value: Value, details: Any) -> Value:
    """A new order of the axes: the channels come last if the pattern or the last of three or more axes says so."""
    if not isinstance(value, Tensor):
        return value
    pattern = constant(call.bound.get("pattern"))
    order = [constant(v) for given in call.bound.values() for v in _flat(given) if isinstance(constant(v), int)]
    if isinstance(pattern, str):
        last = pattern.endswith(" c")
    else:  # permute(1, 2, 0), and moveaxis(0, -1) as well
        last = order[-1:] == [-1] if len(order) == 2 else len(order) > 2 and order[-1] in (0, 1, -3)
    return replace(value, layout="HWC" if last else None)


def _flat(value: Value) -> tuple[Value, ...]:
    return tuple(leaf for item in value.items for leaf in _flat(item)) if isinstance(value, Items) else (value,)


def cast(call: Call, value: Value, details: Any) -> Value:
    """A cast to the dtype in the row or in the argument it names; without one the value stays."""
    given = call.bound.get(details)
    dtype = dtype_name(given) if given is not None else str(details)
    if given is not None and dtype is None:
        return value
    return to_dtype(call, value, str(dtype))


def to_dtype(call: Call, value: Value, dtype: str) -> Value:
    if isinstance(value, Unknown) and dtype == "float16" and not call.machine.no_grad:
        call.machine.half_networks.setdefault(value.network, call.site)
    if isinstance(value, Const) and isinstance(value.value, int) and dtypes.is_floating(dtype):
        return Const(float(value.value))
    if not isinstance(value, Tensor):
        unsure = isinstance(value, Unknown) and not value.is_coefficient
        return _from_unknown(value) if isinstance(value, Unknown) and unsure and dtype == "uint8" else value
    if dtype != "uint8":
        return _counted(call, value, dtype)
    return arithmetic.into_bytes(call.machine, value, call.site, written(call.row, call.frame, call.site))


def _counted(call: Call, value: Tensor, dtype: str) -> Tensor:
    """The value in another dtype; a cast to whole numbers is a step where it moves the ends of the range."""
    if dtype in dtypes.WHOLE and dtype != "bool":
        step = Cast(dtype)
        if any(x is not None and step.apply(x) != x for x in (value.hard, value.nominal)):
            return value.step(step, call.site, dtype, dtype=dtype)
    return replace(value, dtype=dtype)


def _from_unknown(value: Unknown) -> Value:
    return Tensor(Origin(Kind.OTHER, value.site, value.what), (), "uint8")


def to(call: Call, value: Value, details: Any) -> Value:
    """``x.to(...)``: a dtype may stand at any place."""
    given = [v for v in call.bound.values() for v in (v.items if isinstance(v, Items) else (v,))]
    dtypes = [name for v in given if isinstance(v, Library | Const) for name in (dtype_name(v),) if name]
    return to_dtype(call, value, dtypes[0]) if dtypes else value


def join_all(call: Call, value: Value) -> Value:
    """Several tensors made one: a batch of pictures, the noisy one of a conditioned input, or a mixture."""
    parts = value.items if isinstance(value, Items) else ((value.item,) if isinstance(value, Elements) else (value,))
    found = list(dict.fromkeys(parts))
    if len(found) == 1:
        return copy(call, found[0], None)
    given = tuple(t for v in found for t in tensors(v))
    if not given:
        return Unknown("joined", call.site)
    channels = constant(call.bound.get("dim")) == 1
    noisy = tuple(v for v in given if v.kind is Kind.NOISE or _holds_noise(v) or (channels and _is_state(v)))
    if noisy and len(noisy) < len(found):
        return mixing.mix(noisy, call.site) if len(noisy) > 1 else noisy[0]
    if all(_is_picture(v, not channels) for v in found):
        return Items(tuple(found), "batch")
    return mixing.mix(given, call.site)


PICTURES = (Kind.DATA, Kind.SAMPLE, Kind.MODEL, Kind.OTHER)


def _is_picture(value: Value, unknown: bool) -> bool:
    """Whether whatever it is may be shown beside other pictures, and something unknown too if that is asked for."""
    return all(
        v.kind in PICTURES if isinstance(v, Tensor) else unknown and isinstance(v, Unknown) and not v.is_coefficient
        for v in choices(value)
    )


def _holds_noise(value: Tensor) -> bool:
    return value.kind is Kind.MIX and any(p.kind is Kind.NOISE for p in value.origin.parts)


def _is_state(value: Tensor) -> bool:
    """Whether it is a sampler's state as it is, not yet made a picture."""
    return value.kind is Kind.SAMPLE and not value.links


def binary(call: Call, value: Value, details: Any) -> Value:
    operator, other = details
    return arithmetic.binary(call.machine, operator, value, call.bound.get(other, Unknown(other)), call.site)


def feature(call: Call, value: Value, details: Any) -> Value:
    return replace(mixing.feature(call.site), amp=call.machine.amp_dtype)


def statistic(call: Call, value: Value, details: Any) -> Value:
    """``x.min()``, ``x.max()``: the end of a known range, else a number that depends on the data."""
    other = call.bound.get("other")
    if isinstance(other, Tensor | Unknown | Choice):  # torch.max(a, b) compares element by element
        return Unknown(call.what, call.site)
    nominal = value.nominal if isinstance(value, Tensor) else None
    if nominal is not None and nominal.low < 0 and isinstance(value, Tensor) and value.kind is Kind.DATA:
        return Statistic(nominal.low if details == "min" else nominal.high, call.site)
    end = {"min": nominal.low, "max": nominal.high}.get(details) if nominal is not None else None
    if end is not None and math.isfinite(end) and isinstance(value, Tensor) and value.kind is Kind.DATA:
        return Const(end)
    if isinstance(value, Tensor) and value.kind is Kind.LOSS:
        return value
    return extremes.of(value, details, call.site) if details in ("min", "max") else Unknown("statistic", call.site)


def begin(call: Call, value: Value, details: Any) -> Value:
    """A tensor that begins at this call; the ends of its range may be arguments."""
    nominal, hard = (_range(call, details.get(name)) for name in ("nominal", "hard"))
    what = str(details.get("what", call.what))
    origin = Origin(Kind[str(details["kind"]).upper()], call.site, what, nominal, hard)
    return Tensor(origin, (), details.get("dtype"), details.get("container"))


def _range(call: Call, ends: Any) -> Interval | None:
    low, high = (None, None) if ends is None else (call.number(end) for end in ends)
    return None if low is None or high is None else Interval(min(low, high), max(low, high))


def number(call: Call, value: Value, details: Any) -> Value:
    """A tensor filled with one number: that number, as far as values go."""
    known = call.number(details)
    return COEFFICIENT if known is None else Const(int(known) if known == int(known) else known)


def blank(call: Call, value: Value, details: Any) -> Value:
    """A new array whose dtype says how what is written into it is cast; anything but bytes is unknown."""
    dtype = dtype_name(call.bound.get(details))
    if dtype != "uint8":
        return Unknown(indexing.NEW if call.what == "zeros" else call.what, call.site)
    return Tensor(Origin(Kind.OTHER, call.site, indexing.NEW), (), dtype)


def convert(call: Call, value: Value, details: Any) -> Value:
    """A cast that rescales between dtypes: bytes to [0, 1] and back, where it does not clamp."""
    wanted = dtype_name(call.bound.get(details))
    given = value.dtype if isinstance(value, Tensor) else None
    if wanted is None or given is None:
        return Unknown(call.what, call.site)
    if wanted == given or (_is_float(wanted) and _is_float(given)):
        return to_dtype(call, value, wanted)
    if given == "uint8" and _is_float(wanted):
        return to_dtype(call, arithmetic.rescale(call.machine, value, Affine((1 / 255,), (0.0,)), call.site), wanted)
    if wanted == "uint8" and _is_float(given):
        return to_dtype(call, arithmetic.rescale(call.machine, value, Affine((255.0,), (0.0,)), call.site), wanted)
    return Unknown(call.what, call.site)


def _is_float(dtype: str) -> bool:
    return dtype.startswith(("float", "bfloat"))


def blend(call: Call, value: Value, details: Any) -> Value:
    """A combination of the subject with the named argument or arguments, in unknown proportions."""
    names = [details] if isinstance(details, str) else details
    parts = [v for given in (value, *(call.bound.get(name) for name in names)) for v in tensors(given)]
    return mixing.blend(tuple(parts), call.site) if parts else Unknown(call.what, call.site)


def coefficient(call: Call, value: Value, details: Any) -> Value:
    return COEFFICIENT


def unknown(call: Call, value: Value, details: Any) -> Value:
    return Unknown(call.what, call.site)


TRANSFERS: dict[str, Callable[[Call, Value, Any], Value]] = {
    "keep": keep,
    "axes": axes,
    "contract": contract,
    "copy": copy,
    "like": like,
    "affine": affine,
    "normalize": normalize,
    "denormalize": denormalize,
    "clamp": clamp,
    "bounded": bounded,
    "cast": cast,
    "to": to,
    "stretch": stretch,
    "rescale": rescale,
    "round": round_,
    "opaque": opaque,
    "binary": binary,
    "feature": feature,
    "statistic": statistic,
    "unknown": unknown,
    "coefficient": coefficient,
    "begin": begin,
    "blank": blank,
    "number": number,
    "convert": convert,
    "blend": blend,
    "within": within,
    "overshoot": overshoot,
    "fill": fill,
}
