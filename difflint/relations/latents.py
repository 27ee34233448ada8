"""Latents: where pictures are encoded and decoded, and by what the latents are scaled there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.relations.diffusers import is_vae
from difflint.relations.draws import KEEPING
from difflint.relations.file import File
from difflint.relations.model import Event, Function
from difflint.relations.sampling import once
from difflint.relations.terms import Term, last_name, number, walk

FACTOR = re.compile(r"scaling_factor|scale_factor|vae_scale$|latent_scale|vae_scaling")
_NO_FACTOR = re.compile(r"vae_scale_factor|spatial|downsample|upscale")
KNOWN = (0.18215, 0.13025, 0.3611, 1.5305, 0.41407, 0.36, 0.1159)  # scaling factors that have been published
FACTOR_VALUE, SHIFT_VALUE = 2.0, 3.0  # any numbers that are no power of each other
ENCODES = ("encode", "encode_first_stage", "encode_stage_2_inputs", "encode_to_latents")
DECODES = ("decode", "decode_first_stage", "decode_stage_2_outputs")
TAKEN = frozenset(("latent_dist", "sample", "mode", "latents", "latent", "mean", "rsample"))


def is_factor(term: Term) -> bool:
    """Whether it is a scaling factor of latents, by its name or its published number."""
    value = number(term)
    if value is not None:
        return any(abs(value - known) < 1e-9 for known in KNOWN)
    name = last_name(term)
    return bool(FACTOR.search(name)) and not _NO_FACTOR.search(name)


@dataclass(frozen=True, eq=False)
class Coding:
    """An encode or a decode call with the latents behind or before it, ``scaled`` as ``a * latents + b``.

    `FACTOR_VALUE` and `SHIFT_VALUE` stand for the scaling factor and the shift; ``whole`` is the term with them."""

    function: Function
    event: Event
    encodes: bool
    scaled: tuple[float, float]
    whole: Term

    @property
    def call(self) -> Term:
        return self.event.term

    @property
    def vae(self) -> Term:
        assert self.call.receiver is not None
        return self.call.receiver


@once
def codings(file: File) -> tuple[Coding, ...]:
    """Every place where a file encodes pictures or decodes latents."""
    return tuple(found for function in file.functions for found in _codings(function))


def _codings(function: Function) -> Iterator[Coding]:
    for event in function.calls:
        call = event.term
        if call.receiver is None or not is_vae(call.receiver):
            continue
        if call.called in ENCODES:
            whole = _after(function, event)
            yield Coding(function, event, True, affine(whole, call), whole)
        elif call.called in DECODES and call.positional:
            given = call.positional[0]
            yield Coding(function, event, False, affine(given, None), given)


def _after(function: Function, encode: Event) -> Term:
    """The largest product or sum that an encoded picture becomes."""
    best = encode.term
    for event in function.events:
        if event.order >= encode.order and event.term.size > best.size:
            best = max((p for p in walk(event.term) if _is_scaling(p, encode.term)), key=lambda p: p.size, default=best)
    return best


def _is_scaling(term: Term, core: Term) -> bool:
    """Whether a term is the core with nothing but factors and offsets of latents around it."""
    while term is not core and term != core:
        inner = _inner(term)
        if inner is None:
            return False
        term = inner
    return True


def _inner(term: Term) -> Term | None:
    """What stands inside one layer of scaling, casts or attributes."""
    if term.op in ("*", "/", "+", "-") and len(term.args) == 2:
        left, right = term.args
        if _is_plain(right):
            return left
        return right if term.op in ("*", "+") and _is_plain(left) else None
    if term.op == "attr" and term.value in TAKEN:
        return term.args[0]
    if term.op == "index" and number(term.args[1]) == 0:
        return term.args[0]
    if term.op == "call" and term.receiver is not None:
        if term.called in ("mul", "mul_", "div", "div_") and term.positional and _is_plain(term.positional[0]):
            return term.receiver
        return term.receiver if term.called in KEEPING or term.called in TAKEN else None
    return None


def _is_plain(term: Term) -> bool:
    """A number or a setting: no tensor of pictures."""
    return _value(term) is not None


def _value(term: Term) -> float | None:
    """What stands for a setting: 2 for the scaling factor, 3 for the shift, numbers for themselves."""
    if is_factor(term):
        return FACTOR_VALUE
    value = number(term)
    if value is not None:
        return 1 / FACTOR_VALUE if term.op == "/" and is_factor(term.args[1]) else value
    if "shift" in last_name(term) and "timestep" not in last_name(term):
        return SHIFT_VALUE
    if term.op == "/" and len(term.args) == 2:
        above, below = (_value(arg) for arg in term.args)
        return None if above is None or not below else above / below
    return None


def affine(term: Term, core: Term | None) -> tuple[float, float]:
    """``a`` and ``b`` of ``a * core + b``, with the numbers that stand for factor and shift."""
    a, b = 1.0, 0.0
    while core is None or term != core:
        inner = _inner(term)
        if inner is None:
            return a, b
        step_a, step_b = _layer(term, inner)
        a, b = a * step_a, a * step_b + b
        term = inner
    return a, b


def _layer(term: Term, inner: Term) -> tuple[float, float]:
    """One layer as ``a * inner + b``."""
    if term.op in ("*", "/", "+", "-"):
        other = _value(term.args[1] if term.args[0] is inner else term.args[0]) or 0.0
        if term.op in ("+", "-"):
            return 1.0, other if term.op == "+" else -other
        return (other if term.op == "*" else 1 / other if other else 1.0), 0.0
    if term.op == "call" and term.called in ("mul", "mul_", "div", "div_") and term.positional:
        by = _value(term.positional[0]) or 1.0
        return (by if term.called.startswith("mul") else 1 / by), 0.0
    return 1.0, 0.0


def core_of(term: Term) -> Term:
    """What is left when all layers of scaling are taken off."""
    while (inner := _inner(term)) is not None:
        term = inner
    return term


def factor_number(term: Term) -> float | None:
    """The published number that latents are scaled by, where it is written as a number."""
    while (inner := _inner(term)) is not None:
        others = [arg for arg in term.args if arg is not inner] if term.op in ("*", "/") else []
        for other in others:
            part = other.args[1] if other.op == "/" and number(other.args[0]) == 1 else other
            value = number(part)
            if value is not None and is_factor(part):
                return value
        term = inner
    return None


def has_factor(term: Term) -> bool:
    """Whether a scaling factor stands in any layer around what is scaled, though another may undo it."""
    while (inner := _inner(term)) is not None:
        if any(is_factor(part) for arg in term.args if arg is not inner for part in walk(arg)):
            return True
        term = inner
    return False
