"""Judges sums of data: which formula one is, and which one it is a slip away from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from difflint.relations.formulas import FORMULAS, FORWARD, STEPS, Formula, deviations, matching
from difflint.relations.noise import is_fresh
from difflint.relations.quantities import WORLDS
from difflint.relations.schedule import Schedule, Sum, name_of
from difflint.relations.slips import Slip, slips
from difflint.relations.terms import Term
from difflint.relations.values import near

LARGEST = 400
ROLES = {
    "eps": re.compile(r"noises?|eps|epsilon|eps_t|noise_t|rand_noise|gaussian_noise", re.I),  # no predictions: of what?
    "x0": re.compile(
        r"x_?0\w*|x_?start\w*|pred_x_?start|pred_x_?0|\w*clean\w*|(?:real_?)?images?|reals?|pred_original_sample", re.I
    ),
    "v": re.compile(r"v|v_pred|pred_v|velocity|v_t", re.I),
}
Parts = Sequence[Mapping[Term, float]]


@dataclass(frozen=True)
class Verdict:
    """The formula a sum is meant to be, what is wrong with it, and where."""

    formula: Formula
    what: str
    at: Term


def role(term: Term) -> str:
    """What a piece of data is, empty where its making or its name do not say."""
    if is_fresh(term):
        return "eps"
    name = name_of(term)
    return next((kind for kind, names in ROLES.items() if name and names.fullmatch(name)), "")


def known(found: Sum) -> Iterator[tuple[Formula, tuple[Term, ...]]]:
    """The formulas whose coefficients a sum has, fresh noise included."""
    terms = tuple(found.parts[0])
    if len(terms) == 2:
        yield from matching(found.parts)
        if any(map(is_fresh, terms)):
            yield from matching(found.parts, STEPS)
        return
    drawn = [term for term in terms if is_fresh(term)] or list(terms)
    for fresh in drawn:
        rest = [{t: by for t, by in parts.items() if t != fresh} for parts in found.parts]
        by = set(_names_of(found.parts, fresh))
        yield from ((formula, (*order, fresh)) for formula, order in matching(rest) if by & set(formula.noise))


def _names_of(parts: Parts, term: Term) -> Iterator[str]:
    """What the factor of fresh noise is."""
    wanted = [deviations(world) for world in WORLDS]
    for name in wanted[0]:
        if all(near(found.get(term, 0.0), by[name]) for found, by in zip(parts, wanted, strict=True)):
            yield name


def fits(formula: Formula, order: tuple[Term, ...]) -> bool:
    """Whether no piece of data stands in another's place."""
    found = ((role(term), part.split("|")) for term, part in zip(order, formula.parts, strict=False))
    return all(not kind or kind in part for kind, part in found)


def judge(schedule: Schedule, found: Sum) -> Verdict | None:
    """What is wrong with a sum; None where it is a formula, or none that anybody knows."""
    ways = list(known(found))
    if any(fits(*way) for way in ways) or _is_step(found) or _is_beside(found) or any(map(_is_score, found.parts[0])):
        return None
    return _exchanged(found) or _turned(found) or _both_roots(found) or (None if ways else _slipped(schedule, found))


def _is_score(term: Term) -> bool:
    """Whether it is called a score or gradient, whose sign and scale are whatever its maker took."""
    return re.search(r"score|grad", name_of(term), re.I) is not None


def _is_beside(found: Sum) -> bool:
    """Whether it is a formula of the step before or after: which one is t depends on who counts."""
    beside = zip(*(world.neighbours for world in WORLDS), strict=True)
    return any(fits(*way) for worlds in beside for way in matching(found.parts, worlds=worlds))


def _is_step(found: Sum) -> bool:
    """Whether fresh noise of the right size is added to something that was computed before."""
    fresh = [term for term in found.parts[0] if is_fresh(term)]
    return len(found.parts[0]) == 2 and len(fresh) == 1 and any(_names_of(found.parts, fresh[0]))


def _exchanged(found: Sum) -> Verdict | None:
    """The coefficients are right, and multiply the wrong data."""
    terms = tuple(found.parts[0])
    if len(terms) != 2:
        return None
    one, other = terms
    turned = [{one: _signed(p[other], p[one]), other: _signed(p[one], p[other])} for p in found.parts]
    for formula, order in matching(turned):
        if fits(formula, order) and any(map(role, terms)):
            return Verdict(formula, "the coefficients of the two have changed places", found.term)
    return None


def _turned(found: Sum) -> Verdict | None:
    """Every sign is the wrong way round."""
    negative = [{term: -by for term, by in parts.items()} for parts in found.parts]
    for formula, order in matching(negative) if len(found.parts[0]) == 2 else ():
        if fits(formula, order) and all(map(role, order)):
            return Verdict(formula, "every sign is the wrong way round", found.term)
    return None


def _signed(size: float, sign: float) -> float:
    return abs(size) if sign > 0 else -abs(size)


def _both_roots(found: Sum) -> Verdict | None:
    """The forward process without both of its roots, or with a minus before the noise."""
    roots = [{term: abs(by) ** 0.5 for term, by in parts.items()} for parts in found.parts]
    if all(by > 0 for parts in found.parts for by in parts.values()):
        for formula, order in matching(roots, [f for f in FORMULAS if f.name == FORWARD]):
            if role(order[1]) == "eps":
                return Verdict(formula, "both square roots are missing", found.term)
    sizes = [{term: abs(by) for term, by in parts.items()} for parts in found.parts]
    for formula, order in matching(sizes, [f for f in FORMULAS if f.name == FORWARD]):
        clean = role(order[0]) == "x0" and role(order[1]) == "eps"
        if (clean or is_fresh(order[1])) and role(order[0]) != "eps" and any(p[order[1]] < 0 for p in found.parts):
            return Verdict(formula, "the noise is taken off instead of added", found.term)
    return None


def _slipped(schedule: Schedule, found: Sum) -> Verdict | None:
    for slip in (*slips(found.term, schedule.is_number, schedule.table_of), *_opened(schedule, found.term)):
        if not _is_plausible(found, schedule.parts(slip.meant, WORLDS[0])):
            continue
        repaired = schedule.sum(found.function, found.event, slip.meant)
        if repaired is None or repaired.parts[0].keys() != found.parts[0].keys():
            continue
        way = next((way for way in known(replace(repaired, term=found.term)) if fits(*way)), None)
        if way is not None:
            return Verdict(way[0], f"`{schedule.file.code(slip.part)}` should be {slip.what}", slip.part)
    return None


def _is_plausible(found: Sum, parts: Mapping[Term, float] | None) -> bool:
    """Whether a repair is worth a closer look: in the first world it is a formula of the same data."""
    if parts is None or parts.keys() != found.parts[0].keys():
        return False
    if len(parts) == 2:
        return any(matching((parts,), worlds=WORLDS[:1])) or any(matching((parts,), STEPS, WORLDS[:1]))
    rests = ({t: by for t, by in parts.items() if t is not left} for left in parts)
    return any(any(matching((rest,), worlds=WORLDS[:1])) for rest in rests)


def _opened(schedule: Schedule, term: Term) -> Iterator[Slip]:
    """Slips in the tables that the term takes its numbers from."""
    opened = schedule.opener.open(term)
    if opened is not term and opened.size < LARGEST:
        yield from slips(opened, schedule.is_number, schedule.table_of)


__all__ = ["Slip", "Verdict", "judge", "known", "role"]
