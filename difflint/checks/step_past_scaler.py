"""DFL306: the loss is scaled, and the optimizer steps by itself, past the GradScaler."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import delete, replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.roles import same, written
from difflint.relations.training import Round, Step, is_grad_scaler, rounds

CHECKS = ("isfinite", "isinf", "isnan", "error_if_nonfinite", "nan_to_num")
WHAT = {
    "backward": "steps with them as they are, even when they are infinite",
    "unscale": "steps with them even when they are infinite or NaN",
    "step": "steps a second time with the same gradients, infinite ones included",
}


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            if step.by is None and not step.act.term.positional:
                yield from _judged(file, one, step)


def _judged(file: File, one: Round, step: Step) -> Iterator[Problem]:
    last = one.before(step, lambda other: other.kind in ("backward", "unscale") or _steps(other, step))
    scaled = one.before(step, lambda other: other.kind == "backward")
    if last is None or scaled is None or scaled.by is None or scaled.maybe or not is_grad_scaler(file, scaled.by):
        return
    if last.kind != "backward" and any(word in file.text for word in CHECKS):
        return
    if last.kind != "step" or last.position < step.position:
        yield from _problem(file, one, last, scaled, step)


def _steps(other: Step, step: Step) -> bool:
    known = other.of is not None and step.of is not None and same(other.of, step.of)
    return other.kind == "step" and other.by is not None and known


def _problem(file: File, one: Round, last: Step, scaled: Step, step: Step) -> Iterator[Problem]:
    place = step.at(file)
    if place is None or step.of is None or scaled.by is None or not one.is_quiet(scaled, step):
        return
    instead = f"{written(scaled.by)}.step({written(step.of)})"
    between = () if last is scaled else (last.trace("takes the scale out of them"),)
    edit = delete(place) if last.kind == "step" else replace(place, instead)
    repair = f"Delete {step.code}." if last.kind == "step" else f"Write {instead}."
    yield Problem(
        place,
        {"step": step.code, "scaler": written(scaled.by), "what": WHAT[last.kind]},
        (
            scaled.trace("computes gradients that are multiplied by the scale, 65536 at the start"),
            *between,
            step.trace(WHAT[last.kind]),
        ),
        repair,
        fix=Fix("safe", repair, (edit,)) if step.file is file and scaled.act.function is step.act.function else None,
    )
