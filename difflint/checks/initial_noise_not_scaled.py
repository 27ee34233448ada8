"""DFL603: noise that init_noise_sigma should scale and does not, or a noised picture that it scales."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import wrap
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.diffusers import SCALING, only_kinds, steps
from difflint.relations.draws import bare, distribution, only_drawn
from difflint.relations.sampling import reverse_loops
from difflint.relations.terms import alternatives, last_name, path, walk

BY_HAND = re.compile(r"sigmas|\bsigma\b|sigma_max")


def check_file(file: File) -> Iterator[Problem]:
    yield from _scaled_pictures(file)
    for loop in reverse_loops(file):
        step = next((s for s in steps(file) if s.function is loop.function and s.event.within(loop.context)), None)
        if step is None or BY_HAND.search(file.source(loop.function.node)):
            continue
        kinds = only_kinds(file, step.scheduler)
        drawn = [only_drawn(way) for way in alternatives(loop.start)]
        scaled = any(last_name(part) == "init_noise_sigma" for part in walk(loop.start))
        if kinds and kinds <= SCALING and drawn[0] is not None and not scaled:
            draw = _place(loop.function, drawn[0])
            if draw is not None:
                owner = path(step.scheduler) or "scheduler"
                yield _missing(file, draw, owner, min(kinds), step.event)


def _place(function: Function, draw: Term) -> Event | None:
    return next((event for event in function.calls if event.term == draw), None)


def _missing(file: File, draw: Event, owner: str, kind: str, step: Event) -> Problem:
    effect = f"has standard deviation 1, but the first state of {kind} is noise times {owner}.init_noise_sigma"
    return Problem(
        file.place(draw),
        {"code": file.code(draw), "effect": effect},
        (file.step(draw, "the first state"), file.step(step, f"the steps of {kind}, whose first sigma is about 14.6")),
        f"{file.code(draw)} * {owner}.init_noise_sigma",
        fix=Fix("unsafe", "Scale it.", (wrap(file.place(draw), f"{{}} * {owner}.init_noise_sigma"),)),
    )


def _scaled_pictures(file: File) -> Iterator[Problem]:
    """``scheduler.add_noise(latents, noise, t) * scheduler.init_noise_sigma``"""
    for function in file.functions:
        for event in function.assigned:
            noised = _scaled_by_sigma(event.term)
            if noised is not None and all(_holds_picture(way) for way in alternatives(noised)):
                effect = "scales a noised picture, which add_noise has scaled already, as if it were pure noise"
                yield Problem(
                    file.place(event.term),
                    {"code": file.code(event.term), "effect": effect},
                    (file.step(noised, "a picture with noise"), file.step(event.term, "is multiplied once more")),
                    "Multiply pure noise only.",
                )


def _scaled_by_sigma(term: Term) -> Term | None:
    """The ``latents`` of ``latents * scheduler.init_noise_sigma``."""
    if term.op != "*":
        return None
    left, right = term.args
    return left if last_name(right) == "init_noise_sigma" else right if last_name(left) == "init_noise_sigma" else None


def _holds_picture(term: Term) -> bool:
    """What add_noise returns, or what a picture was encoded to."""
    term = bare(term)
    if distribution(term):
        return False
    return term.op == "call" and (term.called == "add_noise" or any(part.called == "encode" for part in walk(term)))
