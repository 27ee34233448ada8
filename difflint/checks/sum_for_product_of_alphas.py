"""DFL405: alpha_bar is computed as a sum of alphas, or as a product of betas."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.model import named_values
from difflint.relations.operations import operation
from difflint.relations.quantities import WORLDS, read
from difflint.relations.schedule import Schedule
from difflint.relations.values import same

WRONG = {"cumsum": ("alpha", "adds the alphas up"), "cumprod": ("beta", "multiplies the betas")}


def check_file(file: File) -> Iterator[Problem]:
    schedule = file.once(Schedule)
    for function in file.functions:
        named = {
            id(term.node) for event in function.events for name, term in named_values(event) if read(name) is not None
        }
        for event in function.calls:
            if event.term.called in WRONG and id(event.term.node) not in named:  # else DFL401 speaks
                yield from _problems(schedule, event.term)


def _problems(schedule: Schedule, call: Term) -> Iterator[Problem]:
    done = operation(call)
    table, what = WRONG[call.called]
    if done is None or not done.operands:
        return
    values = [schedule.value(done.operands[0], world) for world in WORLDS]
    if all(same(value, world.tables[table]) for value, world in zip(values, WORLDS, strict=True)):
        file, code = schedule.file, schedule.file.code(call)
        trace = (
            file.step(done.operands[0], f"{file.code(done.operands[0])} is {table}"),
            file.step(call, f"{code} {what}"),
        )
        yield Problem(file.place(call), {"code": code, "what": what}, trace, "Write torch.cumprod(1 - betas, dim=0).")
