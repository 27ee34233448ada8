"""DFL812: the clean picture is overwritten by the network's own estimate of it before it becomes the target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.networks import NOISING, network_calls, network_input
from difflint.relations.reads import draws_noise
from difflint.relations.terms import alternatives, holds, walk

LOSSES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "loss_fn",
    "criterion",
    "loss",
    "loss_func",
    "mse",
    "MSELoss",
)


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        predictions = [call.term for call in network_calls(function)]
        losses = [e for e in function.calls if e.term.called in LOSSES and len(e.term.positional) > 1]
        for loss in losses if len(predictions) > 1 else ():
            yield from _overwritten(file, function, loss, predictions)


def _overwritten(file: File, function: Function, loss: Event, predictions: list[Term]) -> Iterator[Problem]:
    """The network looks at a noised x, its estimate is written over x, and x is in the target of the next pass."""
    for argument in loss.term.positional[:2]:
        for part in _outside(argument, predictions):
            ways = alternatives(part) if part.op == "phi" else ()
            for event in function.assigned if ways else ():
                estimate = event.kind == "assign" and event.branches and _is_estimate(event, ways, predictions)
                if estimate and _was_noised(function, event):
                    yield _problem(file, event, loss)
                    return


def _is_estimate(event: Event, ways: tuple[Term, ...], predictions: list[Term]) -> bool:
    """Whether the clean picture, one of the ways, becomes what the network says when it looks at that very picture."""
    old = event.old
    if old is None or not all(way in ways for way in (*alternatives(old), *alternatives(event.term))):
        return False
    made = (_prediction_in(way, predictions) for way in alternatives(event.term))
    return any(found is not None and holds(found, old) and network_input(found) != old for found in made)


def _was_noised(function: Function, rebinding: Event) -> bool:
    """Whether noise was added to what carried that name: so it is the clean picture, and no target chosen later."""
    for event in function.events:
        if event.order < rebinding.order and rebinding.old is not None and holds(event.term, rebinding.old):
            named = any(isinstance(p, ast.Name) and p.id == rebinding.target for p in ast.walk(event.node))
            noised = draws_noise(event.term) is not None or bool(NOISING.search(event.term.called))
            if named and noised and event.target != rebinding.target and event.kind in ("assign", "call"):
                return True
    return False


def _outside(term: Term, predictions: list[Term]) -> Iterator[Term]:
    """The parts of the target; of the prediction itself none."""
    if not all(way in predictions for way in alternatives(term)):
        yield term
        for arg in term.args:
            yield from _outside(arg, predictions)


def _prediction_in(term: Term, predictions: list[Term]) -> Term | None:
    return next((part for part in walk(term) if part in predictions), None)


def _problem(file: File, made: Event, loss: Event) -> Problem:
    name = made.target
    return Problem(
        file.place(made.node),
        {"name": name, "loss": file.code(loss.term)},
        (
            file.step(made.node, f"{name} becomes the network's own estimate"),
            file.step(loss.term, f"the target is made of {name}"),
        ),
        f"Give the estimate a name of its own (self_cond = ...), and leave {name} as it is.",
    )
