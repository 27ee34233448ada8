"""DFL305: a GradScaler steps with gradients of a loss that it has not scaled."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import wrap
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.roles import written
from difflint.relations.training import Round, Step, is_grad_scaler, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            backward = one.before(step, lambda other: other.kind == "backward")
            if step.by is None or backward is None or backward.by is not None:
                continue
            if is_grad_scaler(step.file, step.by) and one.is_quiet(backward, step) and not _is_scaled(one, backward):
                yield from _problem(file, backward, step)


def _is_scaled(one: Round, backward: Step) -> bool:
    """Whether a scaler may be in the loss where nobody sees it."""
    return any(
        act.event.term.called in ("scale", "scale_loss") and act.function is not backward.act.function
        for act in one.training.acts
        if act.event.kind == "call"
    )


def _problem(file: File, backward: Step, step: Step) -> Iterator[Problem]:
    place = backward.at(file)
    if place is None or step.by is None:
        return
    scaler = written(step.by)
    certain = backward.file is file and backward.act.function is step.act.function
    yield Problem(
        place,
        {"backward": backward.code, "step": step.code, "scaler": scaler},
        (
            backward.trace("computes gradients of the loss as it is"),
            step.trace("divides them by the scale, 65536 at the start, and steps with what is left"),
        ),
        f"Write {scaler}.scale(loss).backward().",
        fix=Fix("safe", f"Scale the loss with {scaler}.", (wrap(place, f"{scaler}.scale({{}})", of="receiver"),))
        if certain and backward.code.endswith(".backward()")
        else None,
    )
