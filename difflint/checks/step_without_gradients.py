"""DFL704: an optimizer steps round after round in a program that never computes gradients."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.roles import is_made, same, written
from difflint.relations.trail import Act, called_function
from difflint.relations.training import Step, Training, is_opaque, trainings

COMPUTING = ("backward", "autograd", ".grad", "grad(", "vjp", "jvp")


def check_file(file: File) -> Iterator[Problem]:
    if any(word in file.text.replace("no_grad(", "").replace("zero_grad(", "") for word in COMPUTING):
        return
    for training in trainings(file):
        if any(training.of_kind("backward")):
            continue
        for step in training.of_kind("step"):
            zero = _zeroed_in_loop(training, step)
            if zero is not None and step.of is not None and is_made(step.file, step.of, "optimizer"):
                yield from _problem(file, zero, step)


def _zeroed_in_loop(training: Training, step: Step) -> Step | None:
    """Where the same loop zeroes the optimizer's gradients, if all else in it is seen and the step has no closure."""
    if step.act.term.positional and step.by is None:
        return None
    for zero in training.of_kind("zero"):
        shared = [c for c in step.act.loops if c in zero.act.loops]
        if shared and zero.of is not None and step.of is not None and same(zero.of, step.of):
            return zero if not _hides_a_loss(training, step) else None
    return None


def _hides_a_loss(training: Training, step: Step) -> bool:
    """Whether something unseen may compute the gradients, or no loss is seen to be computed without them."""
    inside = [act for act in training.acts if step.act.loops[-1] in act.context]
    seen = any("loss" in act.event.target and _is_computed(act) for act in inside)
    return not seen or any(is_opaque(act) for act in inside)


def _is_computed(act: Act) -> bool:
    """Whether a value comes from arithmetic, from torch, or from a function of the project."""
    call = act.term
    if call.op in ("+", "*", "/", "-") or call.callee.startswith("torch.") or call.called in ("mean", "sum"):
        return True
    return call.op == "call" and called_function(act.file, call) is not None


def _problem(file: File, zero: Step, step: Step) -> Iterator[Problem]:
    place = step.at(file)
    if place is not None and step.of is not None:
        name = written(step.of)
        yield Problem(
            place,
            {"optimizer": name, "step": step.code},
            (
                zero.trace(f"zeroes the gradients of {name}"),
                step.trace("steps, and nothing in this file computes gradients"),
            ),
            f"Call loss.backward() before {step.code}.",
        )
