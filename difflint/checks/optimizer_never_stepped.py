"""DFL703: gradients are zeroed and computed round after round, and nothing ever steps with them."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.roles import is_made, may_be_same, role, written
from difflint.relations.terms import Term
from difflint.relations.training import Step, Training, everything, trainings


def check_file(file: File) -> Iterator[Problem]:
    for training in trainings(file):
        seen = list[Term]()
        for zero in training.of_kind("zero"):
            of = zero.of
            if of is None or of in seen or not is_made(zero.file, of, "optimizer"):
                continue
            seen.append(of)
            backward = _computed_with(training, zero)
            if backward is not None and not _may_step(file, training, of):
                yield from _problem(file, zero, backward)


def _computed_with(training: Training, zero: Step) -> Step | None:
    """The computation of gradients that follows in the same loop, with nothing unseen in that loop's body."""
    for backward in training.of_kind("backward"):
        shared = [c for c in backward.act.loops if c in zero.act.loops]
        later = backward.position > zero.position
        if shared and later and backward.by is None and not training.apart(zero, backward):
            return backward
    return None


def _may_step(file: File, training: Training, optimizer: Term) -> bool:
    """Whether some step may be that optimizer's, or something unseen is given it."""
    known = [step for step in everything(file) if step.kind == "step" and step.of is not None]
    return (
        training.opaque_uses(optimizer)
        or any(step.of is not None and may_be_same(step.file, step.of, optimizer) for step in known)
        or any(act.event.term.called == "step" and _is_unknown(file, act.term) for act in training.acts)
    )


def _is_unknown(file: File, call: Term) -> bool:
    return call.receiver is not None and role(file, call.receiver) in ("", "accelerator", "scaler")


def _problem(file: File, zero: Step, backward: Step) -> Iterator[Problem]:
    place = backward.at(file)
    if place is not None and zero.of is not None:
        name = written(zero.of)
        yield Problem(
            place,
            {"optimizer": name, "backward": backward.code},
            (
                zero.trace(f"zeroes the gradients of {name}"),
                backward.trace(f"computes gradients, and no {name}.step() follows anywhere"),
            ),
            f"Call {name}.step() after {backward.code}.",
        )
