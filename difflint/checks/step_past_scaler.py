"""DFL306: the loss is scaled, and the optimizer steps with the scaled gradients, past the GradScaler."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.roles import written
from difflint.relations.training import Step, is_grad_scaler, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            scaled = one.before(step, lambda other: other.kind in ("backward", "unscale"))
            if step.by is not None or scaled is None or scaled.kind != "backward" or scaled.by is None or scaled.maybe:
                continue
            known = is_grad_scaler(scaled.file, scaled.by) and not step.act.term.positional
            if known and one.is_quiet(scaled, step):
                yield from _problem(file, scaled, step)


def _problem(file: File, scaled: Step, step: Step) -> Iterator[Problem]:
    place = step.at(file)
    if place is None or step.of is None or scaled.by is None:
        return
    instead = f"{written(scaled.by)}.step({written(step.of)})"
    yield Problem(
        place,
        {"step": step.code, "scaler": written(scaled.by), "instead": instead},
        (
            scaled.trace("computes gradients that are multiplied by the scale, 65536 at the start"),
            step.trace("steps with them as they are, even when they are infinite"),
        ),
        f"Write {instead}.",
        fix=Fix("safe", f"Write {instead}.", (replace(place, instead),))
        if step.file is file and scaled.act.function is step.act.function
        else None,
    )
