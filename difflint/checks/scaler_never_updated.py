"""DFL304: a GradScaler steps and is never updated, so its scale stays at 65536 and skipped steps repeat for ever."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import after
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Term
from difflint.relations.roles import written
from difflint.relations.training import Round, Step, everything, rounds


def check_file(file: File) -> Iterator[Problem]:
    if any(step.kind == "update" for step in everything(file)):
        return
    for one in rounds(file):
        steps = [step for step in one.of_kind("step") if step.by is not None]
        backward = one.before(steps[-1], lambda step: step.kind == "backward") if steps else None
        if backward is not None and backward.by is not None and not _leaves_it_open(one, steps[-1], file):
            yield from _problem(file, backward, steps[-1])


def _leaves_it_open(one: Round, step: Step, file: File) -> bool:
    """Whether somebody else may update the scaler: a caller, or something that is given it."""
    scaler = step.by
    if one.loop is None or scaler is None or one.training.opaque_uses(scaler):
        return True
    return _mentions(file, scaler) > 0


def _mentions(file: File, scaler: Term) -> int:
    """How often the file speaks of updating it where no step shows it."""
    return file.text.count(f"{written(scaler).rpartition('.')[2]}.update")


def _problem(file: File, backward: Step, step: Step) -> Iterator[Problem]:
    place = step.at(file)
    if place is None or step.by is None:
        return
    statement = f"{written(step.by)}.update()"
    yield Problem(
        place,
        {"scaler": written(step.by), "step": step.code},
        (
            backward.trace("computes gradients that are multiplied by the scale"),
            step.trace(f"skips the step when they overflow, and waits for {statement} to lower the scale"),
        ),
        f"Call {statement} after {step.code}, once a round.",
        fix=Fix("safe", f"Call {statement} after the step.", (after(step.place, statement),))
        if step.file is file and written(step.by)
        else None,
    )
