"""DFL307: ``unscale_`` is called twice for one optimizer in one round, which raises, or unscales again."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import delete
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.roles import same
from difflint.relations.training import Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for second in one.of_kind("unscale"):
            first = one.before(second, lambda step: step.kind in ("unscale", "update", "step"))
            if first is None or first.kind != "unscale" or first.of is None or second.of is None:
                continue
            if first.position < second.position and same(first.of, second.of) and first.of == second.of:
                yield from _problem(file, first, second)


def _problem(file: File, first: Step, second: Step) -> Iterator[Problem]:
    place = second.at(file)
    if place is not None:
        yield Problem(
            place,
            {"unscale": second.code},
            (first.trace("takes the scale out of the gradients"), second.trace("is called for the same gradients")),
            f"Call {second.code} once between two updates of the scaler.",
            fix=Fix("safe", "Delete the second call.", (delete(place),)) if second.file is file else None,
        )
