"""DFL702: the gradients are zeroed between their computation and the step, so the optimizer steps with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from difflint.edits import delete
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.modules import optimized
from difflint.relations.roles import same
from difflint.relations.training import Round, Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            zero = one.before(step, partial(_decides, step))
            given = any(act.event.target.endswith(".grad") for act in one.training.acts)  # gradients made by hand
            if zero is not None and zero.kind == "zero" and not given and one.is_quiet(zero, step):
                yield from _problem(file, one, zero, step)


def _decides(step: Step, other: Step) -> bool:
    """Whether what the optimizer finds in the gradients comes from there."""
    return other.kind == "backward" or zeroes(other, step)


def zeroes(zero: Step, step: Step) -> bool:
    """Whether it zeroes the gradients of that optimizer for sure, or those of the model that it was made for."""
    if zero.kind != "zero" or zero.of is None or step.of is None:
        return False
    return same(zero.of, step.of) or optimized(step.file, step.of) == frozenset((zero.of,))


def _problem(file: File, one: Round, zero: Step, step: Step) -> Iterator[Problem]:
    backward = one.before(zero, lambda other: other.kind == "backward")
    early = backward is not None and backward.position > step.position  # the step stands before the computation
    place = (step if early else zero).at(file)
    if backward is None or place is None:
        return
    trace = (
        backward.trace("computes the gradients"),
        zero.trace("sets them to zero" + (" in the next round" if early else "")),
        step.trace("steps with gradients that are zero or None"),
    )
    moved = f"Put {zero.code} behind {step.code} or before {backward.code}."
    repair = f"Put {step.code} behind {backward.code}." if early else moved
    twice = any(other.kind == "zero" and other is not zero and other.of == zero.of for other in one.steps)
    fix = Fix("safe", f"Delete {zero.code}: the gradients are zeroed elsewhere.", (delete(zero.place),))
    yield Problem(
        place,
        {"backward": backward.code, "zero": zero.code, "step": step.code},
        trace,
        repair,
        fix=fix if twice and not early and zero.file is file else None,
    )
