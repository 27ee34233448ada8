"""DFL724: a copy of the network is kept as an average through the training, and nothing ever updates it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Context, Event, File, Function, Term
from difflint.relations.averages import NAME, updates
from difflint.relations.roles import made_role, origins, written
from difflint.relations.terms import walk
from difflint.relations.trail import Act
from difflint.relations.training import Step, trainings

FEEDING = re.compile(
    r"update|ema|averag|accumulate|step|sync|copy|load|lerp|swap|callback|fit|train|append|register|hook", re.I
)

HOOKING = re.compile(r"hook|register|callback|attach|subscribe", re.I)  # it is updated from elsewhere
MENTIONS = 2  # where it is made, and where it is used


def check_file(file: File) -> Iterator[Problem]:
    for function, event in _averages(file):
        step = _trained(file, function)
        if step is not None and not _is_fed(file, event):
            yield _problem(file, event, step)


def _averages(file: File) -> Iterator[tuple[Function, Event]]:
    """Every name for an average that is given a copy of a network or an object that averages."""
    for function in file.functions:
        for event in function.events:
            if event.kind == "assign" and NAME.search(event.target) and event.target.count(".") <= 1:
                made = list(origins(file, event.term))
                copied = {leaf.called for leaf in made} == {"deepcopy"} or _is_loaded(file, event)
                if copied or any(made_role(leaf) == "ema" for leaf in made):
                    yield function, event


def _is_loaded(file: File, event: Event) -> bool:
    """Whether a second network of the same kind is given the weights of the first."""
    loaded = re.search(rf"\b{re.escape(event.target)}\.load_state_dict\(\s*[\w.]+\.state_dict\(\)", file.text)
    return event.term.op == "call" and loaded is not None


def _trained(file: File, function: Function) -> Step | None:
    """The step of the training that the average is kept through: that of the same function or class."""
    for training in trainings(file):
        for one in training.rounds:
            step = next(one.of_kind("step"), None)
            if step is not None and one.loop is not None and any(_is_near(act, function) for act in training.acts):
                return step
    return None


def _is_near(act: Act, function: Function) -> bool:
    return act.function is function or (function.owner is not None and act.function.owner is function.owner)


def _is_fed(file: File, event: Event) -> bool:
    """Whether anything in the loops of training may update the average, or somebody may who is not seen."""
    last = event.target.rpartition(".")[2]
    loops = _training_loops(file)
    if any(loop in update.act.context for update in updates(file) for loop in loops):
        return True
    if any(_hooks(e.term) and _is_given(e.term, last) for function in file.functions for e in function.calls):
        return True
    inside = (act for training in trainings(file) for act in training.acts if any(c in loops for c in act.context))
    calls = (act.event.term for act in inside if act.event.kind == "call")
    if any(FEEDING.search(call.called) and _is_given(call, last) for call in calls):
        return True
    return len(re.findall(rf"\b{last}\b", file.text)) < MENTIONS


def _training_loops(file: File) -> set[Context]:
    """Every loop around a step of an optimizer."""
    return {c for training in trainings(file) for step in training.of_kind("step") for c in step.act.loops}


def _hooks(call: Term) -> bool:
    """Whether an object is made, or a hook set, that may update what it is given where nobody sees it."""
    name = call.called
    return (name[:1].isupper() and "Pipeline" not in name) or HOOKING.search(name) is not None


def _is_given(call: Term, name: str) -> bool:
    """Whether a call is a method of what has that name, or is given it."""
    if call.called in ("state_dict", "store", "copy_to", "restore"):
        return False
    given = (*((call.receiver,) if call.receiver is not None else ()), *call.positional, *call.keywords.values())
    return any(written(part).rpartition(".")[2] == name for term in given for part in walk(term))


def _problem(file: File, event: Event, step: Step) -> Problem:
    name = event.target
    return Problem(
        step.at(file) or file.place(event),
        {"name": name, "step": step.code},
        (
            file.step(event, f"{name} starts as the network is now: before training"),
            step.trace(f"trains the network, and nothing in this loop updates {name}"),
        ),
        f"Update {name} after {step.code}.",
    )
