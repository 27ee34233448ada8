"""DFL814: the loss compares the prediction with what the network was given, or with itself."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.compared import Comparison, comparisons, plain, ways
from difflint.relations.networks import is_noise, network_calls, noised_values
from difflint.relations.terms import alternatives, walk


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for comparison in comparisons(function):
            what = _wrong(function, comparison)
            if what is not None:
                yield _problem(file, comparison, what)


def _wrong(function: Function, comparison: Comparison) -> str | None:
    targets = ways(comparison.target)
    given = _inputs(comparison.input)
    if any(plain(part) in targets and _is_noised(function, part) for part in given):
        return "what the network was given, noise and all"
    calls = [event for event in network_calls(function) if event.term == comparison.prediction]
    if targets == (comparison.prediction,) and len(calls) == 1:
        return "the prediction itself, so the loss is 0"
    return None


def _inputs(given: Term | None) -> tuple[Term, ...]:
    """What the network sees, or the pictures that are joined in it."""
    if given is None:
        return ()
    joined = given.positional[0] if given.called in ("cat", "concat", "concatenate") and given.positional else given
    return (given, *joined.args) if joined.op in ("list", "tuple") else (given,)


def _is_noised(function: Function, given: Term) -> bool:
    """Whether noise was added to what the network sees."""
    parts = [part for way in alternatives(given) for part in walk(way)]
    known = any(plain(given) in alternatives(noised.event.term) for noised in noised_values(function))
    return given.op != "param" and any(map(is_noise, parts)) and (known or given.op in ("+", "call", "index"))


def _problem(file: File, comparison: Comparison, what: str) -> Problem:
    return Problem(
        file.place(comparison.written),
        {"loss": file.code(comparison.written), "target": file.code(comparison.target), "what": what},
        (
            file.step(comparison.prediction, f"{file.code(comparison.prediction)}: the prediction"),
            file.step(comparison.written, f"compared with {what}"),
        ),
        "Compare the prediction with the noise that was added, or with the clean picture.",
    )
