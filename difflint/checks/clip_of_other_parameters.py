"""DFL706: the parameters that are clipped are not those that the optimizer then steps."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Term
from difflint.relations.modules import optimized, parameters_of, strangers
from difflint.relations.roles import written
from difflint.relations.training import Round, Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for clip in one.of_kind("clip"):
            clipped = parameters_of(clip.file, clip.of) if clip.of is not None else None
            stepped = _stepped_next(one, clip)
            if clipped and stepped and _all_others(clip, clipped, stepped):
                yield from _problem(file, one, clip, clipped, stepped[0])


def _stepped_next(one: Round, clip: Step) -> list[tuple[Step, frozenset[Term]]]:
    """The optimizers that step before gradients are computed again, with their models; none where one is unknown."""
    found = []
    position = one.steps.index(clip)
    for step in one.steps[position + 1 :]:
        if step.kind == "backward" and not step.act.excludes(clip.act):
            break
        if step.kind == "step" and not step.act.excludes(clip.act):
            models = optimized(step.file, step.of) if step.of is not None else None
            if models is None:
                return []
            found.append((step, models))
    return found


def _all_others(clip: Step, clipped: frozenset[Term], stepped: list[tuple[Step, frozenset[Term]]]) -> bool:
    return all(strangers(clip.file, a, b) for a in clipped for _, models in stepped for b in models)


def _problem(
    file: File, one: Round, clip: Step, clipped: frozenset[Term], stepped: tuple[Step, frozenset[Term]]
) -> Iterator[Problem]:
    place, (step, models) = clip.at(file), stepped
    backward = one.before(clip, lambda other: other.kind == "backward")
    if place is None or backward is None or len(models) != 1 or len(clipped) != 1:
        return
    (wrong,), (right,) = map(written, clipped), map(written, models)
    certain = clip.file is file and clip.act.function is step.act.function
    yield Problem(
        place,
        {"clip": clip.code, "wrong": wrong, "right": right, "step": step.code},
        (
            backward.trace("computes the gradients"),
            clip.trace(f"clips those of {wrong}"),
            step.trace(f"steps {right}, whose gradients are as large as they were"),
        ),
        f"Clip {right}.parameters().",
        fix=Fix("unsafe", f"Clip {right}.parameters().", (replace(place, f"{right}.parameters()", of="0"),))
        if certain
        else None,
    )
