"""DFL401: a table or number of the schedule that is one slip away from what its name says."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Term
from difflint.relations.model import named_values
from difflint.relations.quantities import AMBIGUOUS, NOW, STEPS, WORLDS, Quantity, World, read
from difflint.relations.schedule import Schedule, name_of
from difflint.relations.slips import Slip, slips
from difflint.relations.terms import as_written
from difflint.relations.values import Value, same

LARGEST = 200  # nodes; a formula that a person writes is smaller


def check_file(file: File) -> Iterator[Problem]:
    schedule = file.once(Schedule)
    seen = set[int]()
    for function in file.functions:
        for event in function.events:
            for name, term in named_values(event):
                quantity = read(name)
                if (
                    quantity is None
                    or id(term.node) in seen
                    or not _says_enough(schedule, quantity)
                    or term.size > LARGEST
                ):
                    continue
                if any(name_of(part) == name for part in as_written(term)):
                    continue  # judged where it was computed, or computed again: x = x / x[0]
                seen.add(id(term.node))
                yield from _problems(schedule, event, name, quantity, term)


def _says_enough(schedule: Schedule, quantity: Quantity) -> bool:
    """Whether the name means one thing: some write alpha for alpha_bar, and which step is next depends."""
    if quantity.table in AMBIGUOUS:
        return not quantity.plain and schedule.says_alpha
    return quantity.table not in ("alpha_bar_next", "beta_bar", "beta_bar_prev")


def _problems(schedule: Schedule, event: Event, name: str, quantity: Quantity, term: Term) -> Iterator[Problem]:
    is_shifted = quantity.table == "alpha_bar_prev" and isinstance(schedule.value(term, WORLDS[0]), tuple)
    if is_shifted or _is(schedule, term, quantity) is not False:  # DFL404 speaks of tables that are shifted
        return
    for slip in slips(term, schedule.is_number, schedule.table_of):
        if _is(schedule, slip.meant, quantity):
            yield _problem(schedule.file, event, name, term, slip)
            return


def _is(schedule: Schedule, term: Term, quantity: Quantity) -> bool | None:
    """Whether a term is what a name says; None where that cannot be told."""
    found = [_fits(schedule.value(term, world), quantity, world) for world in WORLDS]
    return None if None in found else all(found)


def _fits(value: Value | None, quantity: Quantity, world: World) -> bool | None:
    wanted = quantity.of(world)
    if wanted is None or not isinstance(value, float | tuple):
        return None
    if isinstance(value, tuple):
        return same(value, wanted) if len(value) == STEPS else None
    return any(
        same(value, wanted[step]) for step in (NOW, NOW - 1, NOW + 1)
    )  # from where steps count is another matter


def _problem(file: File, event: Event, name: str, term: Term, slip: Slip) -> Problem:
    where = file.code(slip.part)
    trace = (file.step(slip.part, f"{where} stands here"), file.step(event, f"{name} is {file.code(term)}"))
    return Problem(
        file.place(term),
        {"name": name, "slip": f"`{where}` should be {slip.what}"},
        trace,
        f"In {name}, replace {where} by {slip.what}.",
    )
