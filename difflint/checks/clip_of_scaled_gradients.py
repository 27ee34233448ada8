"""DFL303: gradients are clipped while they are still multiplied by the scale of the GradScaler."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import before
from difflint.facts import Problem
from difflint.findings import Fix, Place
from difflint.relations import File
from difflint.relations.roles import written
from difflint.relations.training import Round, Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    seen = set[Place]()
    for one in rounds(file):
        for clip in one.of_kind("clip"):
            scaled = one.before(clip, lambda step: step.kind in ("backward", "unscale"))
            if scaled is None or scaled.kind != "backward" or scaled.by is None or scaled.maybe or clip.by is not None:
                continue
            step = one.after(clip, lambda step: step.kind in ("step", "backward"))
            if clip.place in seen or step is None or step.kind != "step" or step.by is None:
                continue
            if one.is_quiet(scaled, step):
                seen.add(clip.place)
                yield from _problem(file, one, scaled, clip, step)


def _problem(file: File, one: Round, scaled: Step, clip: Step, step: Step) -> Iterator[Problem]:
    place = clip.at(file)
    if place is None or step.by is None or step.of is None:
        return
    statement = f"{written(step.by)}.unscale_({written(step.of)})"
    late = one.after(clip, lambda other: other.kind in ("unscale", "backward"))
    known = written(step.by) and written(step.of) and clip.file is file and clip.act.function is step.act.function
    yield Problem(
        place,
        {"clip": clip.code, "scaler": written(step.by)},
        (
            scaled.trace("computes gradients that are multiplied by the scale, 65536 at the start"),
            clip.trace("compares their norm with the bound as they are"),
            *((late.trace("takes the scale out, too late"),) if late is not None and late.kind == "unscale" else ()),
            step.trace("takes the scale out of what is left, and steps"),
        ),
        f"Call {statement} before {clip.code}.",
        fix=Fix("safe", f"Call {statement} first.", (before(clip.place, statement),))
        if known and (late is None or late.kind != "unscale")
        else None,
    )
