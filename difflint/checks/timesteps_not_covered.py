"""DFL503: the timesteps of training, of sampling and of the schedule's tables are off by one."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.counting import Linear, scalar
from difflint.relations.sampling import reverse_loops
from difflint.relations.tables import is_schedule_name, length, table_name
from difflint.relations.terms import number, show, walk
from difflint.relations.timesteps import Trained, Visited, opener, span, together, trained, visited


def check_file(file: File) -> Iterator[Problem]:
    told = set[int]()
    for problem, key in (*_against_sampling(file), *_against_tables(file), *_out_of_tables(file)):
        if key not in told:
            told.add(key)
            yield problem


def _against_sampling(file: File) -> Iterator[tuple[Problem, int]]:
    """Training and sampling differ by one at an end."""
    for draw in trained(file):
        for visit in () if _is_between(draw) else visited(file):
            if together(file, draw.function, visit.loop.function) and visit.last is not None:
                top, low = visit.first.minus(draw.top), visit.last.minus(draw.low)
                if top is not None and low is not None and (abs(top), abs(low)) in ((1, 0), (0, 1), (1, 1)):
                    yield from _mismatch(file, draw, visit, int(top), int(low))
                elif low is not None and low >= 1 and top in (None, 0) and visit.looks_up:
                    yield from _mismatch(file, draw, visit, 0, int(low))


def _is_between(draw: Trained) -> bool:
    """Whether a level between t - 1 and t is trained: both ends of the table are met."""
    parts = (part for event in draw.function.calls for given in event.term.positional for part in walk(given))
    return any(p.op == "-" and scalar(p.args[0]) == draw.draw and number(p.args[1]) == 1 for p in parts)


def _mismatch(file: File, draw: Trained, visit: Visited, top: int, low: int) -> Iterator[tuple[Problem, int]]:
    assert visit.last is not None
    trains = f"{file.code(draw.draw)} trains t = {_written(draw.low)} ... {_written(draw.top)}"
    visits = f"the loop visits t = {_written(visit.first)} ... {_written(visit.last)}"
    if top == 1 or low == -1:
        end, at = ("begins", draw.top.plus(1)) if top == 1 else ("ends", draw.low.plus(-1))
        effect = f"sampling {end} at t = {_written(at)}, which the network never sees in training"
        place = draw.draw
    else:
        end, at = ("begin", draw.top) if top == -1 else ("end", draw.low)
        effect = f"sampling does not {end} at t = {_written(at)}, where training does"
        place = visit.loop.context.term
    where = visit.loop.context.term if top and low else place
    over = visit.loop.context.term
    steps = (file.step(draw.draw, trains), file.step(over, visits), file.step(visit.call.term, effect))
    repair = f"Train and sample on the same steps, {_written(visit.last)} to {_written(visit.first)} say."
    yield Problem(file.place(where), {"code": file.code(where), "effect": effect}, steps, repair), id(where.node)


def _against_tables(file: File) -> Iterator[tuple[Problem, int]]:
    """``randint(0, T - 1)`` and ``randint(0, T + 1)`` with tables of T entries."""
    for draw in trained(file):
        for table, size in _indexed(file, draw.function, lambda key, d=draw.draw: scalar(key) == d):
            over = draw.top.minus(size.plus(-1))
            only_last = over == -1 and draw.low.parts == frozenset() and draw.low.constant == 0
            if over == 1 or only_last:
                last = _written(size.plus(-1))
                effect = (
                    f"{file.code(table)} has no entry t = {_written(draw.top)}: the draw fails now and then"
                    if over == 1
                    else f"t = {last}, the last entry of {file.code(table)}, is never trained: randint excludes its end"
                )
                drawn = f"t = {_written(draw.low)} ... {_written(draw.top)}"
                steps = (file.step(draw.draw, drawn), file.step(table, effect))
                repair = f"randint(0, {_written(size)}, ...) draws 0 to {last}."
                values = {"code": file.code(draw.draw), "effect": effect}
                yield Problem(file.place(draw.draw), values, steps, repair), id(draw.draw.node)
                break


def _out_of_tables(file: File) -> Iterator[tuple[Problem, int]]:
    """``for t in range(T, 0, -1)`` that looks up ``betas[t]`` of T entries."""
    for loop in reverse_loops(file):
        for table, size in _indexed(file, loop.function, lambda key, at=loop: at.own(key)):
            ends = span(opener(file).open(scalar(table.args[1])))
            over = None if ends is None else ends[0].minus(size)
            if ends is not None and over is not None and over == 0:
                where = loop.context.term
                entry = f"entry {_written(ends[0])} of {file.code(table.args[0])}"
                effect = f"the first step looks up {entry}, which ends before"
                steps = (file.step(where, f"begins at {_written(ends[0])}"), file.step(table, effect))
                values = {"code": file.code(where), "effect": effect}
                repair = f"Begin at {_written(size.plus(-1))}."
                yield Problem(file.place(where), values, steps, repair), id(where.node)
                break


def _indexed(file: File, function: Function, wanted: object) -> Iterator[tuple[Term, Linear]]:
    """The look-ups in tables of a schedule whose length is known, and that length."""
    assert callable(wanted)
    for event in function.events:
        for part in walk(event.term):
            if part.op == "index" and is_schedule_name(table_name(part)) and wanted(part.args[1]):
                size = length(opener(file).open(part.args[0]))
                if size is not None:
                    yield part, size


def _written(value: Linear) -> str:
    parts = [f"{'' if factor == 1 else f'{factor:g} * '}{show(term)}" for term, factor in value.parts]
    if value.constant or not parts:
        parts.append(f"{value.constant:g}")
    return " + ".join(parts).replace("+ -", "- ")
