"""DFL701: an optimizer steps round after round, and nothing ever zeroes its gradients."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import after
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File
from difflint.relations.roles import may_be_same, role, written
from difflint.relations.terms import Term
from difflint.relations.training import Round, Step, everything, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        seen = list[Term]()
        for step in one.of_kind("step"):
            if step.of is not None and step.of not in seen and _is_missing(file, one, step, step.of):
                seen.append(step.of)
                yield from _problem(file, one, step)


def _is_missing(file: File, one: Round, step: Step, optimizer: Term) -> bool:
    if not (one.loop is not None or _is_called_by_lightning(step)) or one.training.opaque_uses(optimizer):
        return False
    if any(act.event.target.endswith(".grad") for act in one.training.acts):
        return False
    return not _zeroes_unseen(file) and not any(_zeroes(zero, optimizer) for zero in everything(file))


def _is_called_by_lightning(step: Step) -> bool:
    outermost = (step.act.calls or (step.act,))[0].function
    owner = outermost.owner
    return owner is not None and outermost.name == "training_step" and owner.derives("LightningModule")


def _zeroes(zero: Step, optimizer: Term) -> bool:
    """Whether a step may zero the gradients of an optimizer: a model may be any, another optimizer is another."""
    if zero.kind != "zero":
        return False
    return zero.of is None or role(zero.file, zero.of) != "optimizer" or may_be_same(zero.file, zero.of, optimizer)


def _zeroes_unseen(file: File) -> bool:
    """Whether the file speaks of zeroing where no step shows it, or each context has gradients of its own."""
    shown = {zero.place for zero in everything(file) if zero.kind == "zero"}
    return "distributed.autograd" in file.text or file.text.count("zero_grad") > len(shown)


def _problem(file: File, one: Round, step: Step) -> Iterator[Problem]:
    backward = one.before(step, lambda other: other.kind == "backward")
    place, name = step.at(file), written(step.of) if step.of is not None else ""
    if backward is None or place is None or not name:
        return
    blamed = backward.at(file) if backward.act.function is step.act.function else place
    yield Problem(
        blamed or place,
        {"optimizer": name, "backward": backward.code, "step": step.code},
        (
            *(() if one.loop is None else (backward.file.step(one.loop.node, "a round begins"),)),
            backward.trace("adds the gradients of this batch to those that are there"),
            step.trace(f"steps with the sum of all batches so far: no {name}.zero_grad() anywhere"),
            *(() if one.steps[-1] is step else (one.steps[-1].trace("a round ends"),)),
        ),
        f"Call {name}.zero_grad() once a round, after {step.code} or before {backward.code}.",
        fix=Fix("safe", f"Zero the gradients after {step.code}.", (after(step.place, f"{name}.zero_grad()"),))
        if step.file is file
        else None,
    )
