"""DFL709: gradients are zeroed every batch, and the optimizer steps only every n-th."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.checks.gradients_thrown_away import zeroes
from difflint.edits import delete
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.accumulation import every_nth
from difflint.relations.training import Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            backward = one.before(step, lambda other: other.kind == "backward")
            count = every_nth(step, backward) if backward is not None else None
            zeros = [zero for zero in one.of_kind("zero") if zeroes(zero, step)]
            each = next((z for z in zeros if backward and z.act.conditions <= backward.act.conditions), None)
            if count is not None and each is not None and backward is not None and each.position < backward.position:
                yield from _problem(file, each, backward, step, len(zeros) > 1)


def _problem(file: File, zero: Step, backward: Step, step: Step, is_spare: bool) -> Iterator[Problem]:
    place = zero.at(file)
    if place is not None and zero.act.loops == backward.act.loops:
        fix = Fix("safe", f"Delete {zero.code}.", (delete(zero.place),))
        yield Problem(
            place,
            {"zero": zero.code, "step": step.code},
            (
                zero.trace("clears the gradients in every round"),
                backward.trace("computes those of one batch"),
                step.trace("steps only in some rounds, with those of the last batch alone"),
            ),
            f"Zero the gradients only behind {step.code}.",
            fix=fix if is_spare and zero.file is file else None,
        )
