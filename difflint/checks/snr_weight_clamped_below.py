"""DFL216: a min-SNR weight that is the larger of the two instead of the smaller."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.axes import subject
from difflint.relations.losses import power
from difflint.relations.terms import alternatives, last_name, walk

_WORDS = re.compile(r"snr", re.IGNORECASE)


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        quotients = (part for event in function.events for part in walk(event.term) if part.op == "/")
        for quotient in quotients:
            clamped = next(_larger(function, quotient), None)
            node = None if clamped is None else function.written(clamped)
            if node is not None and id(node) not in seen:
                seen.add(id(node))
                yield _problem(file, quotient, node)


def _larger(function: Function, quotient: Term) -> Iterator[Term]:
    """The clamp that makes the ratio ``max(snr, gamma) / snr``: it is never below 1."""
    for way in alternatives(quotient.args[0]):
        snr = _bounded_below(way)
        same = snr is not None and any(_same(snr, part) for part in alternatives(quotient.args[1]))
        if snr is not None and same and _is_snr(function.written(way), snr):
            yield way


def _bounded_below(call: Term) -> Term | None:
    """What is clamped from below only, or compared with a number of which the larger is taken."""
    if call.called in ("clamp", "clamp_", "clip", "clamp_min", "clamp_min_"):
        low, high = call.keywords.get("min"), call.keywords.get("max")
        given = call.positional if call.receiver is not None else call.positional[1:]
        low = low or (given[0] if given else None)
        high = high or (given[1] if len(given) > 1 else None)
        return subject(call) if low is not None and low.value is not None and high is None else None
    if call.called == "maximum" and len(call.positional) == 2:
        return call.positional[0]
    return None


def _same(a: Term, b: Term) -> bool:
    """Whether both are one quantity; a copy is."""
    return _bare(a) == _bare(b) or (_bare(b).op == "+" and _bare(a) in map(_bare, _bare(b).args))


def _bare(term: Term) -> Term:
    while term.called in ("clone", "detach", "float") and term.receiver is not None:
        term = term.receiver
    return term


def _is_snr(clamp: Any, snr: Term) -> bool:
    """Whether a name says so, or the quotient of the squared signal and noise."""
    bare = _bare(snr)
    squares = bare.op == "/" and all(power(part) is not None for part in bare.args)
    names = (node.id for node in ast.walk(clamp) if isinstance(node, ast.Name))
    return squares or any("snr" in name.lower() for name in (*names, *map(last_name, walk(bare))))


def _problem(file: File, quotient: Term, clamp: ast.AST) -> Problem:
    return Problem(
        file.place(clamp),
        {"code": file.code(clamp)},
        (
            file.step(clamp, f"{file.code(clamp)} is never smaller than gamma"),
            file.step(quotient, f"{file.code(quotient)}: the weight, never below 1"),
        ),
        "Clamp from above: snr.clamp(max=gamma).",
    )
