"""DFL510: a doubled batch is put together in one order and taken apart in the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.guidance import Halves, doubled, doubled_in, role_of_name
from difflint.relations.terms import number

EMBEDDINGS = re.compile(r"embed|context|text_")
SPLITS = ("chunk", "split", "tensor_split")


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for first, second in _pairs(function):
            names = role_of_name(first.target), role_of_name(second.target)
            if all(names) and names[0] != names[1]:
                call = _network(first.term.args[0])
                halves = (*doubled(call), *_handed_over(file, call)) if call is not None else ()
                wrong = next((h for h in halves if h.order == names[::-1]), None)
                if wrong is not None:
                    yield _problem(file, first, second, wrong)


def _handed_over(file: File, call: Term) -> tuple[Halves, ...]:
    """Embeddings that come as a parameter, when every function that makes such does it in one order."""
    given = (*call.positional, *call.keywords.values())
    if not any(part.op == "param" and EMBEDDINGS.search(part.value[0]) for part in given):
        return ()
    made = [half for function in file.functions for term in function.returned for half in doubled_in(term)]
    made = [half for half in made if EMBEDDINGS.search(file.code(half.cat))]
    return tuple(made[:1]) if len({half.order for half in made}) == 1 else ()


def _pairs(function: Function) -> Iterator[tuple[Event, Event]]:
    """``a, b = prediction.chunk(2)``"""
    for first, second in pairwise(function.events):
        same = first.kind == second.kind == "assign" and first.node is second.node
        if same and _half(first) == 0 and _half(second) == 1:
            yield first, second


def _half(event: Event) -> float | None:
    term = event.term
    if term.op != "index" or term.args[0].op != "call" or term.args[0].called not in SPLITS:
        return None
    return number(term.args[1])


def _network(split: Term) -> Term | None:
    """The call whose result is split."""
    term = split.receiver if split.receiver is not None else next(iter(split.positional), None)
    while term is not None and term.op in ("attr", "index"):
        term = term.args[0]
    return term if term is not None and term.op == "call" else None


def _problem(file: File, first: Event, second: Event, halves: Halves) -> Problem:
    parts = halves.cat.positional[0] if halves.cat.op == "call" else halves.cat
    turned = [file.code(part) for part in parts.args[::-1]]
    place = file.place(parts)
    return Problem(
        place,
        {"cat": file.code(halves.cat), "first": first.target, "second": second.target},
        (
            file.step(halves.cat, f"{file.code(halves.cat)}: first the {halves.order[0]}itional half"),
            file.step(first, f"the first half becomes {first.target}, the second {second.target}"),
        ),
        f"Put them together as [{', '.join(turned)}], everywhere in that order.",
        fix=Fix("unsafe", "Put them together in the order they are taken apart.", (replace(place, _list(turned)),)),
    )


def _list(parts: list[str]) -> str:
    return f"[{', '.join(parts)}]"
