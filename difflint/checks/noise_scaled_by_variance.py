"""DFL403: fresh noise is multiplied by a variance where its standard deviation belongs."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.noise import variance_for_deviation
from difflint.relations.schedule import Schedule, Sum


def check_file(file: File) -> Iterator[Problem]:
    for found in file.once(Schedule).sums:
        wrong = variance_for_deviation(found)
        if wrong is not None:
            yield _problem(file, found, *wrong)


def _problem(file: File, found: Sum, noise: Term, variance: str) -> Problem:
    return Problem(
        file.place(found.term),
        {"code": file.code(found.term), "variance": variance},
        (
            file.step(noise, f"{file.code(noise)} is fresh noise with a standard deviation of 1"),
            file.step(found.term, f"{file.code(found.term)} multiplies it by the {variance}, which is a variance"),
        ),
        "Multiply the noise by the square root of the variance.",
    )
