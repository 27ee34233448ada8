"""DFL308: a loss calls backward by itself, though the optimizer was prepared by an Accelerator."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Opener, Term
from difflint.relations.roles import role, written
from difflint.relations.terms import alternatives
from difflint.relations.training import Step, rounds


def check_file(file: File) -> Iterator[Problem]:
    for one in rounds(file):
        for step in one.of_kind("step"):
            backward = one.before(step, lambda other: other.kind == "backward")
            prepared = _accelerator(step) if backward is not None and backward.by is None else None
            if backward is not None and prepared is not None and one.is_quiet(backward, step):
                yield from _problem(file, backward, step, prepared)


def _made(file: File, optimizer: Term) -> Term:
    """What an attribute of a class is set to; anything else as it is."""
    own = optimizer.op == "attr" and optimizer.args[0].op == "self"
    return (file.once(Opener).attribute(optimizer) if own else None) or optimizer


def _accelerator(step: Step) -> Term | None:
    """The Accelerator that has prepared the optimizer, if all ways of it were prepared."""
    optimizer = step.of
    ways = alternatives(_made(step.file, optimizer)) if optimizer is not None and step.by is None else ()
    calls = [way.args[0] if way.op == "index" else way for way in ways]
    owners = [call.receiver for call in calls if call.called == "prepare"]
    known = all(owner is not None and role(step.file, owner) == "accelerator" for owner in owners)
    return owners[0] if known and owners and len(owners) == len(calls) else None


def _problem(file: File, backward: Step, step: Step, accelerator: Term) -> Iterator[Problem]:
    place, loss = backward.at(file), written(backward.of) if backward.of is not None else ""
    instead = f"{written(accelerator)}.backward({loss or 'loss'})"
    if place is not None:
        yield Problem(
            place,
            {"backward": backward.code, "instead": instead},
            (
                backward.trace("computes gradients of the loss as it is: not scaled, not divided for accumulation"),
                step.trace("is prepared: it expects gradients that its Accelerator computed"),
            ),
            f"Write {instead}.",
            fix=Fix("safe", f"Write {instead}.", (replace(place, instead),))
            if backward.file is file and loss and written(accelerator) and backward.code.endswith(".backward()")
            else None,
        )
