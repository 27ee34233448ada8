"""DFL705: gradients are clipped where there are none yet, or when they have been used."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.training import Round, Step, rounds

TURNING = ("backward", "step", "zero")
WHEN = {
    "step": "after {code} has used the gradients",
    "zero": "when {code} has cleared the gradients",
}


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for clip in one.of_kind("clip"):
            found = _misplaced(one, clip)
            if found is not None:
                yield from _problem(file, one, clip, found)


def _misplaced(one: Round, clip: Step) -> Step | None:
    """The step or zeroing after which it stands with no computation of gradients on either side, if so."""
    before = one.before(clip, lambda step: step.kind in TURNING)
    after = one.after(clip, lambda step: step.kind in TURNING)
    if before is None or after is None or before.kind == "backward" or after.kind == "step":
        return None
    quiet = one.is_quiet(before, clip) and one.is_quiet(clip, after)
    return before if quiet else None


def _problem(file: File, one: Round, clip: Step, before: Step) -> Iterator[Problem]:
    backward = one.before(clip, lambda step: step.kind == "backward")
    place = clip.at(file)
    if place is None or backward is None:
        return
    early = before.position > clip.position or before.kind == "zero"
    when = f"before {backward.code} computes them" if early else WHEN[before.kind].format(code=before.code)
    yield Problem(
        place,
        {"clip": clip.code, "when": when},
        tuple(
            step.trace(what)
            for step, what in sorted(
                (
                    (backward, "computes the gradients"),
                    (before, "uses them" if before.kind == "step" else "clears them"),
                    (clip, "clips what is not there any more, or not yet"),
                ),
                key=lambda pair: pair[0].position,
            )
        ),
        f"Put {clip.code} between {backward.code} and the optimizer's step.",
    )
