"""DFL608: the latents of an autoencoder are scaled on one side and not on the other, twice, or the wrong way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.latents import (
    FACTOR_VALUE,
    SHIFT_VALUE,
    Coding,
    codings,
    core_of,
    factor_number,
    has_factor,
    is_factor,
)
from difflint.relations.sampling import reverse_loops
from difflint.relations.terms import alternatives, holds, last_name, walk

DIVIDES = re.compile(
    r"/ *\(?[\w.]*scal(e|ing)_factor|/ *0\.\d{4,}|scal\w*_factor *\*\* *-|\.div_?\(|decode_latents|postprocess"
)
F, S = FACTOR_VALUE, SHIFT_VALUE
RIGHT = {True: ((F, 0.0), (F, -F * S)), False: ((1 / F, 0.0), (1 / F, S))}
NONE = (1.0, 0.0)


@dataclass(frozen=True)
class Verdict:
    effect: str
    repair: str


def check_file(file: File) -> Iterator[Problem]:
    found = codings(file)
    yield from _different(file, found)
    for coding in found:
        verdict = _wrong(coding, found) or _missing(file, coding, found)
        if verdict is not None:
            yield _problem(file, coding, verdict, found)
    yield from _scaled_pictures(file, found)


def _different(file: File, every: tuple[Coding, ...]) -> Iterator[Problem]:
    """One number on the one side and another one on the other."""
    told = [(coding, value) for coding in every if (value := factor_number(coding.whole)) is not None]
    encoded = {value for coding, value in told if coding.encodes}
    for coding, value in told:
        if not coding.encodes and encoded and len({other.vae for other, _ in told}) == 1 and value not in encoded:
            effect = f"divides by {value:g}, but the latents were multiplied by {min(encoded):g}"
            yield _problem(file, coding, Verdict(effect, "use one factor, the VAE's own"), every)


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) < 1e-9 for x, y in zip(a, b, strict=True))


def _wrong(coding: Coding, every: tuple[Coding, ...]) -> Verdict | None:
    """Factors that are there, but twice, the wrong way or in the wrong order with the shift."""
    a, b = coding.scaled
    right = RIGHT[coding.encodes]
    if _same(coding.scaled, NONE) or any(_same(coding.scaled, way) for way in right):
        return None
    should = "(latents - shift) * factor" if coding.encodes else "latents / factor + shift"
    if b == 0:
        return _power(coding, a, every)
    if any(_same((a, b), way) for way in _WRONG_ORDERS[coding.encodes]):
        return Verdict("takes shift and factor in the wrong order, or with the wrong sign", should)
    return None


# (z + shift) / factor and its like for decoding; z * factor - shift and its like for encoding.
_WRONG_ORDERS = {
    False: ((1 / F, S / F), (1 / F, -S / F), (1 / F, -S), (F, S), (F, F * S), (F, -F * S)),
    True: ((F, -S), (F, S), (F, F * S), (1 / F, S), (1 / F, -S / F)),
}


def _power(coding: Coding, a: float, every: tuple[Coding, ...]) -> Verdict | None:
    twice, inverse = (F * F, 1 / F) if coding.encodes else (1 / F**2, F)
    repair = "multiply by the factor once" if coding.encodes else "divide by the factor once"
    if _near(a, twice):
        return Verdict("applies the scaling factor twice", repair)
    if not _near(a, inverse) or not _usual(coding):
        return None
    others = [other for other in every if other.encodes is not coding.encodes and not _same(other.scaled, NONE)]
    if others and all(_near(other.scaled[0] * a, 1.0) for other in others):
        return None  # the project counts the other way round, on both sides
    verb = "divides" if coding.encodes else "multiplies"
    return Verdict(f"{verb} by the scaling factor where it has to be the other way round", repair)


def _near(a: float, b: float) -> bool:
    return abs(a - b) < 1e-9


def _usual(coding: Coding) -> bool:
    """Whether the factor is the one of diffusers' configurations, whose direction is known."""
    parts = (part for part in walk(coding.whole) if is_factor(part))
    return any(part.op == "const" or last_name(part) == "scaling_factor" for part in parts)


def _missing(file: File, coding: Coding, every: tuple[Coding, ...]) -> Verdict | None:
    """No factor, although the other side of the file has one, or though noise is added to the latents as they are."""
    if not _same(coding.scaled, NONE) or has_factor(coding.whole):
        return None
    others = [c for c in every if c.encodes is not coding.encodes and any(_same(c.scaled, w) for w in RIGHT[c.encodes])]
    if not coding.encodes:
        same = [other for other in others if last_name(other.vae) == last_name(coding.vae)]
        carries = "decodes latents that still carry the scaling factor"
        return Verdict(carries, "divide by the factor first") if same and _is_sampled(file, coding) else None
    if not _is_noised(coding):
        return None
    if others or (_is_kl(coding) and "scal" not in file.text.replace("scaler", "").lower()):
        return Verdict("adds noise to latents that were not scaled to standard deviation 1", "multiply by the factor")
    return None


def _is_sampled(file: File, coding: Coding) -> bool:
    """Whether what is decoded is the state of a sampling loop, or what was encoded and scaled."""
    ways = [core_of(way) for way in alternatives(coding.whole)]
    loops = [loop for loop in reverse_loops(file) if loop.function is coding.function]
    stepped = any(holds(way, call.term) for way in ways for loop in loops for call in loop.calls)
    if all(way.op == "param" for way in ways) and not DIVIDES.search(file.text):
        return True  # and no caller in this file divides either
    return stepped or any(part.op == "*" and any(is_factor(a) for a in part.args) for part in walk(coding.whole))


def _is_noised(coding: Coding) -> bool:
    """Whether the latents are given to add_noise."""
    calls = (event.term for event in coding.function.calls if event.term.called in ("add_noise", "q_sample"))
    return any(core_of(call.positional[0]) == coding.call for call in calls if call.positional)


def _is_kl(coding: Coding) -> bool:
    """Whether its latents are a distribution, as those of diffusers' AutoencoderKL are."""
    return any(part.op == "attr" and part.value == "latent_dist" for part in walk(coding.whole))


def _scaled_pictures(file: File, every: tuple[Coding, ...]) -> Iterator[Problem]:
    """``vae.decode(z) * factor``: a factor for latents on a picture."""
    told = set[Term]()
    for coding in every:
        for event in coding.function.events if not coding.encodes else ():
            for part in walk(event.term):
                if part not in told and _is_scaled_picture(part, coding):
                    told.add(part)
                    yield _on_picture(file, part)


def _is_scaled_picture(part: Term, coding: Coding) -> bool:
    return part.op in ("*", "/") and is_factor(part.args[1]) and _is_decoded(part.args[0], coding)


def _is_decoded(term: Term, coding: Coding) -> bool:
    while term.op in ("attr", "index"):
        term = term.args[0]
    return term == coding.call


def _on_picture(file: File, part: Term) -> Problem:
    return Problem(
        file.place(part),
        {"code": file.code(part), "effect": "scales the decoded picture by the factor that the latents need"},
        (file.step(part, "the factor belongs to the latents, before they are decoded"),),
        "vae.decode(latents / factor)",
    )


def _problem(file: File, coding: Coding, verdict: Verdict, every: tuple[Coding, ...]) -> Problem:
    other = next((c for c in every if c.encodes is not coding.encodes), None)
    steps = [file.step(coding.event, verdict.effect)]
    if other is not None:
        steps.insert(0, file.step(other.event, f"the other side: {file.code(other.whole)}"))
    return Problem(
        file.place(coding.event),
        {"code": file.code(coding.event), "effect": verdict.effect},
        tuple(steps),
        verdict.repair[0].upper() + verdict.repair[1:] + ".",
    )
