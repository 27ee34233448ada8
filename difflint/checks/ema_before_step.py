"""DFL723: an average is updated before the optimizer has stepped, so it lags one step behind."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.averages import Update, updates
from difflint.relations.roles import role
from difflint.relations.trail import Act
from difflint.relations.training import Round, Step, trainings

METHODS = ("step", "update", "update_parameters", "step_ema", "ema_update", "update_ema")


def check_file(file: File) -> Iterator[Problem]:
    by_event = {id(update.act.event): update for update in updates(file)}
    for training in trainings(file):
        for one in training.rounds:
            act = next((act for act in training.acts if _is_early(one, act, by_event)), None)
            if act is not None and act.file is file:
                yield _problem(file, act, next(one.of_kind("step")))


def _is_early(one: Round, act: Act, known: dict[int, Update]) -> bool:
    """Whether an average is updated in the round, and every step of an optimizer in it comes later."""
    if act.event.kind not in ("call", "assign") or (one.loop is not None and one.loop not in act.context):
        return False
    if not (id(act.event) in known or _is_update(act)) or one.loop is None:
        return False
    steps = list(one.of_kind("step"))
    where = one.training.acts.index(act)
    together = any(act.whenever(step.act) or step.act.whenever(act) for step in steps)
    return together and all(step.position > where for step in steps)


def _is_update(act: Act) -> bool:
    call = act.term
    return call.called in METHODS and call.receiver is not None and role(act.file, call.receiver) == "ema"


def _problem(file: File, act: Act, step: Step) -> Problem:
    return Problem(
        file.place(act.event),
        {"code": file.code(act.event), "step": step.code},
        (file.step(act.event, "averages the weights as they are"), step.trace("changes them afterwards")),
        f"Update the average behind {step.code}.",
    )
