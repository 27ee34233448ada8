"""DFL509: classifier-free guidance whose sign, order or sum is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.draws import bare
from difflint.relations.guidance import Mix, is_prediction, mixes, role_of_name, written_name
from difflint.relations.terms import number

OPERATIONS = ("+", "-")


def check_file(file: File) -> Iterator[Problem]:
    told = set[Term]()
    for function in file.functions:
        for event in function.events:
            if event.kind in ("assign", "return", "augment", "call"):
                for part in _combinations(event.term):
                    if part not in told:
                        told.add(part)
                        yield from _judged(file, part)


def _combinations(term: Term) -> Iterator[Term]:
    """The largest sums in a value."""
    waiting = [term]
    while waiting:
        now = waiting.pop()
        if now.op in OPERATIONS or now.called == "lerp":
            yield now
        else:
            waiting.extend(now.args)


def _judged(file: File, term: Term) -> Iterator[Problem]:
    roles = _roles(term)
    if set(roles.values()) != {"cond", "uncond"} or len(roles) != 2:
        return
    mix = mixes(term, lambda part: roles.get(part, ""))
    effect = _effect(mix, len(_weights(term, roles)) < 2) if mix is not None else ""
    if effect:
        cond, uncond = (next(part for part, role in roles.items() if role == wanted) for wanted in ("cond", "uncond"))
        yield Problem(
            file.place(term),
            {"code": file.code(term), "effect": effect},
            (
                file.step(cond, f"{file.code(cond)} is predicted with the condition"),
                file.step(uncond, f"{file.code(uncond)} is predicted without it"),
                file.step(term, f"{file.code(term)} {effect}"),
            ),
            f"Write {file.code(uncond)} + scale * ({file.code(cond)} - {file.code(uncond)}).",
        )


def _roles(term: Term) -> dict[Term, str]:
    """The predictions in a sum, each with its role; where one is named, the other of two is the opposite."""
    found: dict[Term, str] = {}
    waiting = [term]
    while waiting:
        now = bare(waiting.pop())
        if is_prediction(now):
            found[now] = found.get(now) or role_of_name(written_name(now))
        elif now.op in ("+", "-", "*", "/", "neg") or now.called == "lerp":
            waiting.extend(now.args)
    return found if len(found) == 2 and _opposite(found) else {}


def _opposite(found: dict[Term, str]) -> bool:
    """Two predictions, of which at least one says by its name that it is made without the condition."""
    (first, a), (second, b) = found.items()
    if a == "uncond" and not b and not _uncertain(second):
        found[second] = "cond"
    elif b == "uncond" and not a and not _uncertain(first):
        found[first] = "cond"
    return set(found.values()) == {"cond", "uncond"}


def _uncertain(term: Term) -> bool:
    return not written_name(term)


def _weights(term: Term, roles: dict[Term, str]) -> set[Term]:
    """What the predictions are multiplied by, numbers left out."""
    term = bare(term)
    if term in roles or number(term) is not None:
        return set()
    if term.op in ("+", "-", "*", "/", "neg"):
        return set[Term]().union(*(_weights(arg, roles) for arg in term.args))
    return {term}


def _effect(mix: tuple[Mix, Mix], one_weight: bool) -> str:
    first, second = mix
    if not (first.cond and first.uncond and second.cond and second.uncond):
        return ""
    whole = all(abs(m.total - 1) < 1e-6 for m in mix)
    if whole and (second.cond < first.cond or first.cond < 0):
        return "moves away from the condition"
    if not whole and first.cond * first.uncond < 0 and abs(first.total - second.total) > 1e-6 and one_weight:
        return "gives the two predictions weights that do not sum to 1"
    grows = abs(second.total) > abs(first.total) > 1 and first.cond * first.uncond > 0
    return "adds up both predictions, so their sum grows with the scale" if grows else ""
