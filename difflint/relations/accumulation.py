"""Gradients that several batches share: after how many of them an optimizer steps."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.relations.roles import name_of
from difflint.relations.terms import Term, alternatives, walk
from difflint.relations.training import Step


def every_nth(step: Step, backward: Step) -> Term | None:
    """n where a step happens only in every n-th round that computes gradients: ``if (i + 1) % n == 0``."""
    if backward.act.loops != step.act.loops or not backward.act.whenever(step.act):
        return None
    own = [term for term, _ in step.act.conditions - backward.act.conditions]
    counts = [part.args[1] for term in own for part in walk(term) if part.op == "%"]
    return counts[0] if len(counts) == 1 else None


def inner_rounds(step: Step, backward: Step) -> Term | None:
    """n where gradients of n batches are computed in a loop of their own: ``for _ in range(accumulate)``."""
    own = [c for c in backward.act.loops if c not in step.act.loops]
    looped = backward.act.filled(own[0].term) if len(own) == 1 and own[0].kind == "for" else None
    if looped is None or looped.called != "range" or len(looped.positional) != 1:
        return None
    count = looped.positional[0]
    return count if "accum" in name_of(count).lower() else None


def is_divided(loss: Term, count: Term) -> bool:
    """Whether a loss has anything to do with the number of batches, or what that is computed from, on every way."""
    whole = [count, count.args[0]] if count.op == "//" else [count]  # total // batch: the sum of all, divided by total
    return all(
        any(part == one or _same_name(part, one) for part in walk(way) for one in whole) for way in alternatives(loss)
    )


def _same_name(part: Term, count: Term) -> bool:
    return name_of(part) != "" and name_of(part) == name_of(count)


def divided_twice(loss: Term) -> tuple[Term, Term] | None:
    """A division by something, and the division inside of it by the same."""
    for outer in divisions(loss):
        for inner in divisions(outer.args[0]):
            if inner.args[1] == outer.args[1]:
                return outer, inner
    return None


def divisions(loss: Term) -> Iterator[Term]:
    """The divisions of a sum of losses by something that is called after accumulation."""
    for way in alternatives(loss):
        if way.op == "/" and "acc" in name_of(way.args[1]).lower():
            yield way
        if way.op in ("+", "-", "*", "/", "loop"):
            for part in way.args:
                yield from divisions(part)
