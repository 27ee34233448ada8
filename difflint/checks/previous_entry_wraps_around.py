"""DFL511: ``alphas_cumprod[t - 1]`` at t = 0 is the last entry, the noisiest."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.counting import Linear, linear, scalar
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.tables import is_schedule_name, table_name
from difflint.relations.terms import walk
from difflint.relations.timesteps import opener, span

Test = Callable[[Term], bool]


def check_file(file: File) -> Iterator[Problem]:
    told = set[tuple[str, str]]()
    for loop in reverse_loops(file):
        for table in (*_in_loop(file, loop), *_in_steps(file, loop)):
            key = loop.function.qualname, file.code(table)
            if key not in told:
                told.add(key)
                yield _problem(file, loop, table)


def _in_loop(file: File, loop: ReverseLoop) -> Iterator[Term]:
    for event in loop.function.events:
        if event.within(loop.context) and not any(loop.own(branch.term) for branch in event.branches):
            for table in _unguarded(event.term, loop.own):
                if loop.own(table.args[1]) and _ends_below_zero(file, table.args[1]):
                    yield table


def _ends_below_zero(file: File, key: Term) -> bool:
    ends = span(opener(file).open(scalar(key)))
    return ends is not None and ends[1] is not None and not ends[1].parts and ends[1].constant == -1


def _in_steps(file: File, loop: ReverseLoop) -> Iterator[Term]:
    """In a step function that the loop calls down to t = 0."""
    for call in loop.calls:
        function = file.function(call.term.args[0]) if call.kind == "step" else None
        ends = span(opener(file).open(scalar(call.time))) if call.time is not None else None
        if function is not None and ends is not None and ends[1] == Linear(frozenset(), 0):
            yield from _before_param(function, call)


def _before_param(function: Function, call: StateCall) -> Iterator[Term]:
    given = dict(zip(function.params, call.term.positional, strict=False)) | call.term.keywords
    names = [name for name, value in given.items() if value == call.time]

    def of_time(term: Term) -> bool:
        return any(part.op == "param" and part.value[0] in names for part in walk(term))

    if any(_is_guard(event, of_time) for event in function.events):
        return
    for event in function.events:
        for table in _unguarded(event.term, of_time):
            total = linear(scalar(table.args[1]))
            if total.constant == -1 and [of_time(part) and f == 1 for part, f in total.parts] == [True]:
                yield table


def _is_guard(event: Event, of_time: Test) -> bool:
    return any(of_time(branch.term) for branch in event.branches)


def _unguarded(term: Term, own: Test) -> Iterator[Term]:
    """Look-ups in tables of a schedule that no test of the time stands around."""
    if term.op == "if" and own(term.args[0]):
        return
    if term.called == "where" and any(own(arg) for arg in term.args[1:2]):
        return
    if term.op == "*" and any(part.op == "compare" for part in walk(term)):
        return
    if term.op == "index" and isinstance(term.node, ast.Subscript) and is_schedule_name(table_name(term)):
        yield term
    for arg in term.args:
        yield from _unguarded(arg, own)


def _problem(file: File, loop: ReverseLoop, table: Term) -> Problem:
    code = file.code(table)
    return Problem(
        file.place(table),
        {"code": code, "table": table_name(table)},
        (
            file.step(loop.context.term, "the last round is t = 0"),
            file.step(table, f"{code} is entry -1 then, the last one: the most noise there is"),
        ),
        f"Use 1 at t = 0, where nothing is left to remove: {code} if t > 0 else 1.",
    )
