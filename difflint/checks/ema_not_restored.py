"""DFL726: averaged weights are copied into the network that is trained, and its own are lost."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.findings import TraceStep
from difflint.relations import Event, File, Function
from difflint.relations.roles import role, same, written
from difflint.relations.training import Training, trainings


def check_file(file: File) -> Iterator[Problem]:
    for training in trainings(file):
        if any(one.loop is not None for one in training.rounds):
            yield from _judged(file, training)


def _judged(file: File, training: Training) -> Iterator[Problem]:
    """Every copy inside of a loop that trains, whose weights are stored too late or never come back."""
    loops = {c for step in training.of_kind("step") for c in step.act.loops}
    for act in training.acts:
        copies = act.event.kind == "call" and act.event.term.called == "copy_to" and act.file is file
        receiver = act.term.receiver if copies else None
        if receiver is not None and role(file, receiver) == "ema" and any(c in loops for c in act.context):
            yield from _compared(file, act.function, act.event)


def _compared(file: File, function: Function, copy: Event) -> Iterator[Problem]:
    stored = list(_calls(function, copy, "store"))
    late = [event for event in stored if event.order > copy.order]
    if late and len(late) == len(stored):
        what = f"stored by {file.code(late[0])} only afterwards, when they are the averaged ones"
        yield _problem(file, copy, what, file.step(late[0], "stores what is there now: the average"))
    elif stored and "restore(" not in file.text:
        what = "never put back, and training goes on from the average"
        yield _problem(file, copy, what, file.step(stored[0], "keeps them, and nothing restores them"))


def _calls(function: Function, copy: Event, name: str) -> Iterator[Event]:
    """The calls of a method of the same average in the same function."""
    for event in function.calls:
        receiver, own = event.term.receiver, copy.term.receiver
        if event.term.called == name and receiver is not None and own is not None and same(receiver, own):
            yield event


def _problem(file: File, copy: Event, what: str, step: TraceStep) -> Problem:
    name = written(copy.term.receiver) if copy.term.receiver is not None else "the average"
    steps = sorted((file.step(copy, "overwrites the weights that are trained"), step), key=lambda s: s.line)
    return Problem(
        file.place(copy),
        {"code": file.code(copy), "what": what},
        tuple(steps),
        f"Call {name}.store(parameters) before it and {name}.restore(parameters) after sampling.",
    )
