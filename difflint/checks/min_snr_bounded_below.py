"""DFL410: the min-SNR weight bounds the ratio from below where it has to be bounded from above."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.operations import stripped
from difflint.relations.schedule import Schedule, written
from difflint.relations.snr import bounded_below, is_snr
from difflint.relations.terms import number, walk

GAMMA = re.compile(r"(?:\w*_)?gamma|\w*min_snr\w*|snr_max|max_snr", re.I)


def check_file(file: File) -> Iterator[Problem]:
    if "snr" not in file.text.lower():
        return
    schedule = file.once(Schedule)
    found = (problem for weight in _quotients(file) for problem in _problems(schedule, weight))
    yield from {problem.place: problem for problem in found}.values()


def _quotients(file: File) -> Iterator[Term]:
    terms = (part for function in file.functions for event in function.events for part in walk(event.term))
    return iter({id(term.node): term for term in terms if term.op == "/"}.values())


def _problems(schedule: Schedule, weight: Term) -> Iterator[Problem]:
    above, below = weight.args
    for bounded, ratio, bound in bounded_below(above):
        if is_snr(schedule, ratio) and _is_bound(bound) and _divides_itself(ratio, below):
            file = schedule.file
            trace = (
                file.step(bounded, f"{file.code(bounded)} is never less than {file.code(bound)}"),
                file.step(
                    weight, f"{file.code(weight)} is 1 for clean pictures and grows without bound for noisy ones"
                ),
            )
            yield Problem(
                file.place(bounded), {"bound": file.code(bound)}, trace, f"clamp(max={file.code(bound)}) instead"
            )
            return


def _is_bound(bound: Term) -> bool:
    """Whether it is the weight's gamma and not a guard against division by zero."""
    value = number(bound)
    if value is not None:
        return value >= 1
    return any(GAMMA.fullmatch(written(part)) for part in walk(bound) if part.op in ("param", "attr", "name"))


def _divides_itself(ratio: Term, below: Term) -> bool:
    """``snr`` or, for v, ``snr + 1``."""
    base = below.args[0] if below.op == "+" and number(below.args[1]) == 1 else below
    return stripped(ratio) == stripped(base)
