"""DFL813: the noise of the target is not the noise that the network sees."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.compared import Comparison, comparisons, plain, ways
from difflint.relations.draws import NORMAL
from difflint.relations.networks import NOISES, NOISING, is_noise
from difflint.relations.terms import last_name, walk

SEEDING = ("manual_seed", "seed", "set_rng_state", "fork_rng", "seed_everything")


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for comparison in comparisons(function):
            found = None if _is_seeded(function) else _strange_noise(comparison)
            if found is not None:
                yield _problem(file, comparison, *found)


def _is_seeded(function: Function) -> bool:
    """Whether the same noise may be drawn twice on purpose."""
    return sum(event.term.called in SEEDING for event in function.calls) > 1


def _strange_noise(comparison: Comparison) -> tuple[Term, Term] | None:
    """The noise of the target, and what the network sees instead of it."""
    seen = [part for given in comparison.given for part in walk(given)]
    source = next((noise for part in seen if (noise := _added_noise(part)) is not None), None)
    if source is None:
        return None
    for way in ways(comparison.target):
        noise = _noise_of(way)
        if noise is not None and not any(noise == part for part in seen):
            return noise, source
    return None


def _added_noise(term: Term) -> Term | None:
    """The noise in a picture with noise; data that are drawn at random, as in tests, are no such picture."""
    if term.op == "call" and NOISING.search(term.called):
        return next((part for part in walk(term) if _is_draw(part)), term)
    if len(term.positional) > 1 and term.args[0].op in ("attr", "function", "name"):  # a helper that is given the noise
        return next((arg for arg in term.positional[1:] if _is_draw(arg)), None)
    sides = term.args if term.op == "+" else ()
    return next((part for side in sides for part in walk(side) if part is not term and is_noise(part)), None)


def _noise_of(way: Term) -> Term | None:
    """The noise that a target is made of; None where it may be a picture with noise, or comes from somewhere unseen."""
    if way.op == "+" or isinstance(way.node, ast.Attribute):
        return None
    if way.op == "param":
        return way if last_name(way) in NOISES else None
    draws = list(dict.fromkeys(_draws(way)))
    return draws[0] if len(draws) == 1 else None


def _draws(term: Term) -> Iterator[Term]:
    """The draws in it; what they are shaped like is no part of them."""
    if _is_draw(term):
        yield term
    else:
        for arg in term.args:
            yield from _draws(arg)


def _is_draw(term: Term) -> bool:
    return term.op == "call" and term.called in NORMAL and plain(term) is term


def _problem(file: File, comparison: Comparison, noise: Term, source: Term) -> Problem:
    target = file.code(comparison.target)
    seen = comparison.input or comparison.prediction
    return Problem(
        file.place(comparison.written),
        {"target": target, "input": file.code(seen), "loss": file.code(comparison.written)},
        (
            file.step(source, f"{file.code(source)} is the noise in what the network sees"),
            file.step(comparison.prediction, f"{file.code(comparison.prediction)}: the prediction"),
            file.step(comparison.written, f"the target has another noise, {file.code(noise)}"),
        ),
        "Take the noise that was added for the target.",
    )
