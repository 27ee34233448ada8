"""DFL402: a sum of data whose coefficients are one slip away from those of a known formula."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.judging import Verdict, judge, role
from difflint.relations.noise import variance_for_deviation
from difflint.relations.schedule import Schedule, Sum
from difflint.relations.values import near

EFFECTS = {
    "forward process": "the network is trained on pictures with another amount of noise than the sampler undoes",
    "x0 from eps": "the predicted picture is scaled wrongly at every step, and errors grow towards white and black",
    "eps from x0": "the noise that is taken off is not the noise that was added",
    "v": "target and sampler do not belong together, and samples come out grey or as noise",
    "x0 from v": "target and sampler do not belong together, and samples come out grey or as noise",
}
DEFAULT = "each step of the sampler leaves too much or too little noise, and the picture ends grey, saturated or noisy"


def check_file(file: File) -> Iterator[Problem]:
    schedule = file.once(Schedule)
    for found in schedule.sums:
        if found.depends and len(found.parts[0]) in (2, 3) and not _is_mixture(found):
            verdict = judge(schedule, found) if variance_for_deviation(found) is None else None
            if verdict is not None:
                yield _problem(file, found, verdict)


def _is_mixture(found: Sum) -> bool:
    """Whether it is so much of one thing and the rest of another, neither of them noise: that is meant as it is."""
    adds_up = all(near(sum(parts.values()), 1.0) for parts in found.parts)
    return adds_up and all(role(term) != "eps" for term in found.parts[0])


def _problem(file: File, found: Sum, verdict: Verdict) -> Problem:
    numbers = ", ".join(f"{file.code(term)}: {by:.3g}" for term, by in found.parts[0].items())
    formula = verdict.formula
    return Problem(
        file.place(found.term),
        {
            "code": file.code(found.term),
            "formula": formula.name,
            "text": formula.text,
            "slip": verdict.what,
            "effect": EFFECTS.get(formula.name, DEFAULT),
        },
        (
            file.step(verdict.at, f"{file.code(verdict.at)} stands here"),
            file.step(found.term, f"coefficients on a test schedule: {numbers}"),
        ),
        f"Write {formula.text}, with the names that these have here.",
    )
