"""DFL207: a loss of a prediction that has been cut off from its network."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.expressions import DRAWS
from difflint.relations.losses import pair, power
from difflint.relations.opening import Opener
from difflint.relations.terms import holds, walk

_WORDS = re.compile(r"detach|\.data\b|no_grad|inference_mode|\.item\(|\.numpy\(")
CUTS = ("detach", "detach_", "item", "numpy", "tolist")
NO_GRAD = ("no_grad", "inference_mode")
PLAIN = (  # calls of methods that are no networks
    *("to", "view", "reshape", "mean", "sum", "float", "chunk", "split", "sqrt", "pow", "permute", "size", "add_noise"),
    *("unsqueeze", "squeeze", "clamp", "cuda", "cpu", "half", "exp", "flatten", "gather", "sample", "get_velocity"),
)


def check_file(file: File) -> Iterator[Problem]:
    opener = Opener(file)
    for function in file.about(_WORDS):
        losses = [*_propagated(function), *_handed_on(function)]
        seen = set[int]()
        for event in function.events:
            for compared, sides in _comparisons(opener, event.term):
                node = function.written(compared)
                if id(node) in seen or not any(holds(loss, compared) for loss in losses):
                    continue
                seen.add(id(node))
                found = _cut(function, *sides)
                if found is not None:
                    yield _problem(file, node, *found)


def _propagated(function: Function) -> Iterator[Term]:
    """What gradients are computed of: ``loss.backward()``, ``accelerator.backward(loss)``."""
    for event in function.calls:
        if event.term.called == "backward" and event.term.receiver is not None:
            yield from event.term.positional or (event.term.receiver,)


def _handed_on(function: Function) -> Iterator[Term]:
    """What a function that draws noise or steps returns: a loss that its caller computes gradients of."""
    if any(event.term.called in DRAWS for event in function.calls) and not function.has_decorator(*NO_GRAD):
        yield from function.returned


def _comparisons(opener: Opener, term: Term) -> Iterator[tuple[Term, tuple[Term, Term]]]:
    for part in walk(term):
        sides = pair(opener, part) if part.op == "call" else None
        squared = power(part)
        if sides is None and squared is not None and squared[1] == 2 and squared[0].op == "-":
            sides = squared[0].args[0], squared[0].args[1]
        if sides is not None:
            yield part, sides


def _cut(function: Function, one: Term, other: Term) -> tuple[Term, str] | None:
    """The prediction and how it was cut off, when nothing else in the comparison comes from a network."""
    cut = [(side, how) for side in (one, other) if (how := _how(function, side)) is not None]
    alive = any(_network_calls(side) for side in (one, other) if _how(function, side) is None)
    return cut[0] if len(cut) == 1 and not alive and not _learnable(one, other) else None


def _how(function: Function, side: Term) -> str | None:
    """How all of a network's part in a value was cut off; None when it was not, or when there is none."""
    inner, how = side, ""
    while True:
        if inner.op == "call" and inner.called in CUTS and inner.receiver is not None:
            how, inner = f".{inner.called}()", inner.receiver
        elif inner.op == "attr" and inner.value == "data":
            how, inner = ".data", inner.args[0]
        elif inner.op == "call" and inner.called in PLAIN and inner.receiver is not None:
            inner = inner.receiver
        else:
            break
    calls = _network_calls(inner)
    if calls and not how:
        contexts = [_event_of(function, call) for call in calls]
        how = "under no_grad" if all(event is not None and _without_gradients(event) for event in contexts) else ""
    return how if calls and how else None


def _event_of(function: Function, call: Term) -> Event | None:
    return next((event for event in function.calls if event.term == call), None)


def _without_gradients(event: Event) -> bool:
    return any(c.kind == "with" and c.term.called in NO_GRAD for c in event.context)


def _network_calls(term: Term) -> list[Term]:
    """Calls of things that were given or made here, with something to compute on; noise is only shaped like it."""
    found, waiting = [], [term]
    while waiting:
        part = waiting.pop()
        if part.called in DRAWS:
            continue
        if _is_network_call(part):
            found.append(part)
        waiting.extend(part.args)
    return found


def _is_network_call(part: Term) -> bool:
    if part.op != "call" or not part.positional or part.called in PLAIN or part.callee.startswith(("torch", "numpy")):
        return False
    called = part.args[0]
    owner = called.args[0] if called.op == "attr" else called
    return owner.op in ("param", "name", "self", "call", "index")


def _learnable(*sides: Term) -> bool:
    """Whether something of ``self`` that may be a parameter is compared directly."""
    return any(side.op == "attr" and side.value != "data" for side in sides)


def _problem(file: File, compared: ast.AST, prediction: Term, how: str) -> Problem:
    shown = file.code(prediction)
    return Problem(
        file.place(compared),
        {"code": file.code(compared), "prediction": shown, "how": how},
        (file.step(prediction, f"{shown} is cut off: {how}"), file.step(compared, "the loss")),
        "Compare what the network gives, and detach the target instead if it comes from a network too.",
    )
