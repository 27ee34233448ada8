"""DFL733: a network is switched to eval mode inside the loop that trains it, and never back."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File
from difflint.relations.modes import depending_on_mode
from difflint.relations.modules import optimized
from difflint.relations.roles import origins, written
from difflint.relations.trail import Act, called_function, instance_of
from difflint.relations.training import Step, Training, trainings


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for training in trainings(file):
        step = next((s for s in training.of_kind("step") if s.act.loops and s.of is not None), None)
        for act in training.acts if step is not None else ():
            if step is not None and _switches(file, training, step, act) and id(act.event) not in seen:
                seen.add(id(act.event))
                yield from _problem(file, act, step)


def _switches(file: File, training: Training, step: Step, act: Act) -> bool:
    """Whether it switches the trained network to eval mode in the outermost loop, with nothing that switches back."""
    term = act.term if act.event.kind == "call" and act.event.term.called == "eval" else None
    network = term.receiver if term is not None else None
    if network is None or step.of is None or step.act.loops[0] not in act.context:
        return False
    trained = {leaf for model in optimized(step.file, step.of) or () for leaf in origins(file, model)}
    made = instance_of(file, network)
    changes = made is not None and depending_on_mode(made[0]) is not None
    if not changes or not trained & set(origins(file, network)):
        return False
    return not any(_switches_back(other) for other in training.acts if step.act.loops[0] in other.context)


def _switches_back(act: Act) -> bool:
    """Whether a call may switch a network to training mode."""
    call = act.event.term
    return act.event.kind == "call" and call.called == "train" and called_function(act.file, act.term) is None


def _end(act: Act) -> tuple[Event, ...]:
    """The last event of a helper that switches the mode."""
    return tuple(act.function.events[-1:]) if len(act.calls) else ()


def _problem(file: File, act: Act, step: Step) -> Iterator[Problem]:
    inside = next((a for a in (act, *reversed(act.calls)) if a.file is file), None)
    if inside is not None and act.event.term.receiver is not None:
        network = act.file.code(act.event.term.receiver)
        yield Problem(
            file.place(inside.event),
            {"code": act.file.code(act.event), "step": step.code},
            (
                act.file.step(act.event, f"switches {network} to eval mode"),
                *(call.file.step(call.event, "called here, in the loop that trains") for call in act.calls[1:]),
                *(act.file.step(last, "the last that is done before training goes on") for last in _end(act)),
                *(step.file.step(loop.node, "the next round begins") for loop in step.act.loops[:1]),
                step.trace("trains it in eval mode from the next round on: nothing calls train()"),
            ),
            f"Call {written(act.event.term.receiver) or network}.train() at the start of each epoch.",
        )
