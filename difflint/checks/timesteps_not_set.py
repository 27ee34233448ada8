"""DFL601: a scheduler steps through timesteps that were never set, or were read before they were set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import before
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Context, Event, File, Function, Term
from difflint.relations.counting import stripped
from difflint.relations.diffusers import Step, calls_of, same_object, schedulers, steps
from difflint.relations.terms import path, walk

SETS = re.compile(r"\bset_timesteps\(|retrieve_timesteps|set_sigmas|\.timesteps\s*=[^=]|Pipeline")
# A scheduler of these has all its training steps as timesteps from the start, and steps through them as it is.
READY = ("DDPMScheduler", "DDPMParallelScheduler", "DDPMWuerstchenScheduler", "RePaintScheduler")


def check_file(file: File) -> Iterator[Problem]:
    told = set[Context]()
    for step in steps(file):
        for loop in step.event.loops:
            if loop not in told and _runs_through(step, loop):
                told.add(loop)
                early = _read_too_early(step, loop)
                if early is not None:
                    yield _early(file, step, loop, *early)
                elif _never_set(file, step):
                    yield _never(file, step, loop)


def _timesteps(step: Step, loop: Context) -> Term | None:
    """``scheduler.timesteps`` in what is looped over."""
    parts = (part for part in walk(stripped(loop.term)) if part.op == "attr" and part.value == "timesteps")
    return next((part for part in parts if same_object(part.args[0], step.scheduler)), None)


def _runs_through(step: Step, loop: Context) -> bool:
    return loop.kind == "for" and _timesteps(step, loop) is not None


def _read_too_early(step: Step, loop: Context) -> tuple[Event, Event] | None:
    """``timesteps = scheduler.timesteps`` in front of ``scheduler.set_timesteps(50)``."""
    names = {node.id for part in walk(loop.term) if (node := part.node) is not None and hasattr(node, "id")}
    first = _first_in(step.function, loop)
    sets = [event for event in calls_of(step.function, step.scheduler, "set_timesteps") if event.order < first]
    reads = [e for e in step.function.assigned if e.target in names and e.order < first and e.kind == "assign"]
    for read in reads:
        later = [event for event in sets if event.order > read.order]
        if later and len(later) == len(sets) and read.term.op == "attr" and read.term.value == "timesteps":
            return read, later[0]
    return None


def _first_in(function: Function, loop: Context) -> int:
    return next(event.order for event in function.events if event.within(loop))


def _never_set(file: File, step: Step) -> bool:
    """Whether nothing in the file sets the timesteps of any scheduler, and this one cannot do without."""
    known = schedulers(file, step.scheduler)
    if not known or any(made.kind in READY for made in known):
        return False
    return not SETS.search(file.text)


def _early(file: File, step: Step, loop: Context, read: Event, later: Event) -> Problem:
    return Problem(
        file.place(read),
        {"code": file.code(read), "effect": "is read before set_timesteps: the loop takes the old timesteps"},
        (
            file.step(read, "the timesteps are read here"),
            file.step(later, f"{file.code(later)} replaces them by others"),
            file.step(loop.term, "the loop goes through the first ones"),
        ),
        f"Read them after {file.code(later)}.",
    )


def _never(file: File, step: Step, loop: Context) -> Problem:
    owner = path(step.scheduler) or "scheduler"
    place = file.place(loop.node)
    return Problem(
        file.place(loop.term),
        {"code": f"{owner}.timesteps", "effect": f"is used although nobody calls {owner}.set_timesteps"},
        (
            file.step(loop.term, f"the rounds of {file.code(loop.term)}"),
            file.step(step.event, "a step, whose size depends on the number of steps"),
        ),
        f"{owner}.set_timesteps(50) in front of the loop.",
        fix=Fix("unsafe", "Set 50 timesteps.", (before(place, f"{owner}.set_timesteps(50)"),)),
    )
