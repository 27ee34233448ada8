"""DFL402: a sum of data whose coefficients are one slip away from those of a known formula."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.formulas import Formula, deviations, matching
from difflint.relations.noise import is_fresh, variance_for_deviation
from difflint.relations.quantities import WORLDS
from difflint.relations.schedule import Schedule, Sum, name_of
from difflint.relations.slips import Slip, slips
from difflint.relations.values import near

EPS = re.compile(r"(?:\w*_)?(?:noise|eps|epsilon|z)(?:_\w*)?", re.I)
EFFECTS = {
    "forward process": "the network is trained on pictures with another amount of noise than the sampler undoes",
    "x0 from eps": "the predicted picture is scaled wrongly at every step, and errors grow towards white and black",
    "eps from x0": "the noise that is taken off is not the noise that was added",
    "v, or x0 from v": "target and sampler do not belong together, and samples come out grey or as noise",
}
DEFAULT = "each step of the sampler leaves too much or too little noise, and the picture ends grey, saturated or noisy"


def check_file(file: File) -> Iterator[Problem]:
    schedule = file.once(Schedule)
    for found in schedule.sums():
        fits = found.depends and len(found.parts[0]) in (2, 3) and not _is_mixture(found)
        if fits and variance_for_deviation(found) is None and not is_known(found):
            yield from _problems(schedule, found)


def _is_mixture(found: Sum) -> bool:
    """Whether it is so much of one thing and the rest of another, neither of them noise: that is meant as it is."""
    adds_up = all(near(sum(parts.values()), 1.0) for parts in found.parts)
    return adds_up and not any(is_fresh(term) or EPS.fullmatch(name_of(term)) for term in found.parts[0])


def is_known(found: Sum) -> bool:
    """Whether the coefficients are those of a formula, a third one that of fresh noise."""
    return next(known(found), None) is not None


def known(found: Sum) -> Iterator[Formula]:
    """The formulas that a sum is."""
    terms = tuple(found.parts[0])
    if len(terms) == 2:
        yield from (formula for formula, _ in matching(found.parts))
        return
    for fresh in terms:
        if _is_fresh(found, fresh):
            rest = [{t: by for t, by in parts.items() if t != fresh} for parts in found.parts]
            yield from (formula for formula, _ in matching(rest))


def _is_fresh(found: Sum, term: Term) -> bool:
    """Whether a term is multiplied by what fresh noise is multiplied by."""
    wanted = [deviations(world) for world in WORLDS]
    return any(
        all(near(parts.get(term, 0.0), by[name]) for parts, by in zip(found.parts, wanted, strict=True))
        for name in wanted[0]
    )


def _problems(schedule: Schedule, found: Sum) -> Iterator[Problem]:
    for slip in slips(found.term, schedule.is_number):
        repaired = schedule.sum(found.function, found.event, slip.meant)
        if repaired is None or repaired.parts[0].keys() != found.parts[0].keys():
            continue
        formula = next(known(repaired), None)
        if formula is not None:
            yield _problem(schedule.file, found, slip, formula)
            return


def _problem(file: File, found: Sum, slip: Slip, formula: Formula) -> Problem:
    where = file.code(slip.part)
    text = f"`{where}` should be {slip.what}"
    numbers = ", ".join(f"{file.code(term)}: {by:.3g}" for term, by in found.parts[0].items())
    return Problem(
        file.place(found.term),
        {
            "code": file.code(found.term),
            "formula": formula.name,
            "text": formula.text,
            "slip": text,
            "effect": EFFECTS.get(formula.name, DEFAULT),
        },
        (
            file.step(slip.part, f"{where} stands here"),
            file.step(found.term, f"coefficients on a test schedule: {numbers}"),
        ),
        f"Write {formula.text}, with the names that these have here.",
    )
