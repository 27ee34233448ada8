"""DFL404: the table of alpha_bar one step before is shifted the wrong way or padded at the wrong end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Term
from difflint.relations.model import named_values
from difflint.relations.quantities import STEPS, WORLDS, World, read
from difflint.relations.schedule import Schedule
from difflint.relations.values import same

LARGEST = 200


def check_file(file: File) -> Iterator[Problem]:
    schedule = file.once(Schedule)
    seen = set[int]()
    for function in file.functions:
        for event in function.events:
            for name, term in named_values(event):
                quantity = read(name)
                is_previous = quantity is not None and quantity.plain and quantity.table == "alpha_bar_prev"
                if (
                    is_previous
                    and term.size < LARGEST
                    and not isinstance(term.node, ast.Name)
                    and id(term.node) not in seen
                ):
                    seen.add(id(term.node))
                    yield from _problems(schedule, event, name, term)


def _problems(schedule: Schedule, event: Event, name: str, term: Term) -> Iterator[Problem]:
    ways = [_shift(schedule.value(term, world), world) for world in WORLDS]
    if ways[0] is not None and len(set(ways)) == 1:
        file = schedule.file
        trace = (file.step(term, f"{file.code(term)}: entry t is {ways[0]}"), file.step(event, f"it is called {name}"))
        repair = f"{name} = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)"
        yield Problem(file.place(term), {"name": name, "entry": ways[0]}, trace, f"Pad the front: {repair}")


def _shift(value: object, world: World) -> str | None:
    """What a table holds at t instead of alpha_bar at t - 1; None where it is right or cannot be told."""
    if not isinstance(value, tuple) or len(value) != STEPS or same(value, world.tables["alpha_bar_prev"]):
        return None
    bars = world.tables["alpha_bar"]
    if same(value[:-1], bars[:-1]):
        return "alpha_bar of t itself, and the last one is made up"
    if same(value[:-1], bars[1:]):
        return "alpha_bar of t + 1"
    if same(value[1:], bars[:-1]) and value[0] < bars[0]:
        return f"alpha_bar of t - 1, but the first is {value[0]:g} where nothing has been added yet and 1 belongs"
    return None
