"""DFL210: differences are averaged before they are squared, or a loss of noise is summed over everything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.expressions import DRAWS
from difflint.relations.losses import pair, power, reduced, reduction
from difflint.relations.opening import Opener
from difflint.relations.terms import alternatives, holds, label, walk

_WORDS = re.compile(r"sum|\.mean\(|torch\.mean|loss|criterion|mse", re.IGNORECASE)
NOISE = re.compile(r"^(noise|eps|epsilon|e|z)$|noise|eps", re.IGNORECASE)


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.events:
            for term in walk(event.term) if event.kind in ("assign", "return", "call") else ():
                found = _squared_mean(term) or _summed(file, opener, function, term)
                node = function.written(term) if found else None
                if found is not None and node is not None and id(node) not in seen:
                    seen.add(id(node))
                    yield _problem(file, node, *found)


def _squared_mean(term: Term) -> tuple[str, str] | None:
    """``(a - b).mean() ** 2`` of a network's output."""
    squared = power(term)
    inner = reduced(squared[0]) if squared is not None and squared[1] == 2 else None
    if inner is None or inner[0] != "mean" or not inner[2] or inner[1].op != "-":
        return None
    reason = (
        "the differences are averaged before they are squared: errors of both signs cancel, so any picture of the "
        "right average is perfect"
    )
    learned = any(_is_network_call(part) for part in walk(inner[1]))
    return (reason, "Square first: (a - b).pow(2).mean().") if learned else None


def _is_network_call(part: Term) -> bool:
    if part.op != "call" or not part.positional or part.callee.startswith(("torch", "numpy")) or part.called in DRAWS:
        return False
    called = part.args[0]
    owner = called.args[0] if called.op == "attr" else called
    return owner.op in ("param", "name", "self") and part.called not in ("view", "reshape", "mean", "to")


def _summed(file: File, opener: Opener, function: Function, term: Term) -> tuple[str, str] | None:
    """A sum over everything of the error of a noise prediction, that nothing divides afterwards."""
    sides = _summed_sides(opener, term)
    if sides is None or not any(_is_noise(side) for side in sides) or not any(map(_is_network_call, _both(sides))):
        return None
    if _scaled(function, term) or any(_divided(caller, function) for caller in file.about(_WORDS)):
        return None
    reason = (
        "the error of the noise is summed over the batch and all pixels: for 64 pictures of 3x32x32 the loss and its "
        "gradients are 200,000 times those of a mean, so every clip of the gradients cuts them to a fixed length"
    )
    return reason, "Average: leave reduction at its default, or use .mean()."


def _both(sides: tuple[Term, Term]) -> Iterator[Term]:
    yield from walk(sides[0])
    yield from walk(sides[1])


def _summed_sides(opener: Opener, term: Term) -> tuple[Term, Term] | None:
    """What is compared in ``mse_loss(a, b, reduction="sum")`` and ``((a - b) ** 2).sum()``."""
    sides = pair(opener, term) if term.op == "call" else None
    if sides is not None:
        return sides if reduction(opener, term) == "sum" else None
    inner = reduced(term)
    squared = power(inner[1]) if inner is not None and inner[0] == "sum" and inner[2] else None
    if squared is None or squared[1] != 2 or squared[0].op != "-":
        return None
    return squared[0].args[0], squared[0].args[1]


def _is_noise(side: Term) -> bool:
    """Drawn from a normal distribution, or a parameter that is called noise."""
    ways = alternatives(side)
    named = (way.op == "param" and NOISE.search(label(way)) is not None for way in ways)
    return any(named) or any(way.called in ("randn_like", "randn") for way in ways)


def _scaled(function: Function, term: Term) -> bool:
    """Whether somewhere in the function the sum is divided or multiplied."""
    return any(_is_factor(event, term) for event in function.events)


def _is_factor(event: Event, term: Term) -> bool:
    for part in walk(event.term):
        if part.op in ("/", "*") and any(holds(arg, term) for arg in part.args):
            return True
        owner = part.receiver if part.called in ("div", "mul", "div_", "mul_", "mean") else None
        if owner is not None and holds(owner, term):
            return True
    return False


def _divided(caller: Function, function: Function) -> bool:
    """Whether a function of the file divides what this one returns."""
    calls = (event.term for event in caller.calls)
    own = [call for call in calls if call.called == function.name or _calls_owner(call, function)]
    return any(_is_factor(event, call) for call in own for event in caller.events)


def _calls_owner(call: Term, function: Function) -> bool:
    """``model(x)`` for the forward of some class."""
    entered = function.name in ("forward", "__call__")
    return entered and call.op == "call" and call.args[0].op in ("name", "param", "call")


def _problem(file: File, node: ast.AST, reason: str, repair: str) -> Problem:
    return Problem(file.place(node), {"code": file.code(node), "reason": reason}, (file.step(node, reason),), repair)
