"""DFL708: the losses of accumulated batches are not divided by their number, or divided twice."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Opener, Term
from difflint.relations.accumulation import divided_twice, divisions, every_nth, inner_rounds, is_divided
from difflint.relations.roles import name_of
from difflint.relations.terms import walk
from difflint.relations.training import Round, Step, Training, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for backward in one.of_kind("backward"):
            twice = divided_twice(backward.of) or _by_hand(backward) if backward.of is not None else None
            if twice is not None:
                yield from _twice(file, backward, twice)
            elif backward.of is not None:
                yield from _never(file, one, backward, backward.of)


def _by_hand(backward: Step) -> tuple[Term, Term] | None:
    """A division by the writer where ``accelerator.accumulate`` divides by itself."""
    entered = (c.term for c in backward.act.context if c.kind == "with")
    if backward.by is None or backward.of is None or not any(term.called == "accumulate" for term in entered):
        return None
    found = next((d for d in divisions(backward.of) if "accumulation_steps" in name_of(d.args[1])), None)
    return (found, found) if found is not None else None


def _never(file: File, one: Round, backward: Step, loss: Term) -> Iterator[Problem]:
    step = one.after(backward, lambda other: other.kind == "step") or next(one.of_kind("step"), None)
    if step is None or (backward.by is not None and "scaler" not in name_of(backward.by).lower()):
        return
    count = inner_rounds(step, backward) or every_nth(step, backward)
    if count is None or is_divided(file.once(Opener).open(loss), count) or _is_divided_elsewhere(one.training, count):
        return
    place = backward.at(file)
    if place is not None:
        yield Problem(
            place,
            {"what": f"adds up the gradients of {file.code(count)} batches without dividing them by their number"},
            (backward.trace("adds the gradients of one batch"), step.trace(f"steps with those of {file.code(count)}")),
            f"Divide the loss by {file.code(count)} before backward.",
        )


def _is_divided_elsewhere(training: Training, count: Term) -> bool:
    """Whether gradients or learning rates are scaled by the number of batches somewhere."""
    for act in training.acts:
        if act.event.kind not in ("assign", "augment", "call"):
            continue
        for part in walk(act.event.term):
            if part.op == "/" and _is_count(part.args[1], count) and not _is_length(part.args[0]):
                return True
            if part.called in ("div_", "mul_") and any(_is_count(other, count) for other in part.positional):
                return True
            if part.op == "*" and any(_is_count(other, count) for other in part.args) and "lr" in str(part):
                return True
    return False


def _is_length(term: Term) -> bool:
    """Whether it counts batches or steps: dividing it scales no loss."""
    return any(part.called == "len" or "step" in name_of(part) or "epoch" in name_of(part) for part in walk(term))


def _is_count(term: Term, count: Term) -> bool:
    return term == count or (name_of(term) != "" and name_of(term) == name_of(count))


def _written(backward: Step, division: Term) -> Term | Event:
    """Where a division is written: the assignment of its value, if it has a name."""
    events = (e for e in backward.act.function.events if e.kind in ("assign", "augment") and e.term == division)
    return next(events, division)


def _twice(file: File, backward: Step, twice: tuple[Term, Term]) -> Iterator[Problem]:
    place = file.place(_written(backward, twice[1])) if backward.file is file else None
    if place is not None:
        by = file.code(twice[0].args[1])
        again = "divided by {} again" if twice[0] is not twice[1] else "the Accelerator divides by {} once more"
        yield Problem(
            place,
            {"what": f"divides a part of the loss by {by} here and once more later"},
            (
                file.step(_written(backward, twice[1]), f"divided by {by}"),
                file.step(_written(backward, twice[0]), again.format(by)),
                backward.trace("computes gradients that are too small"),
            ),
            f"Divide by {by} once.",
        )
