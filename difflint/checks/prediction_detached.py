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
from difflint.relations.terms import holds, is_const, last_name, walk

_WORDS = re.compile(r"detach|\.data\b|no_grad|inference_mode|\.item\(|\.numpy\(")
CUTS = ("detach", "detach_", "item", "numpy", "tolist")
NO_GRAD = ("no_grad", "inference_mode")
# Calls of such names give data or noise, whatever makes them.
GIVING = re.compile(r"noise|diffus|q_sample|perturb|corrupt|sde|marginal|schedule|extract|normali|encode$|step$")
MEASURING = re.compile(r"val|eval|test|metric|score|psnr|log")
LOSSES = re.compile(r"loss|training_step")
PLAIN = (  # calls of methods that are no networks
    *("to", "view", "reshape", "mean", "sum", "float", "chunk", "split", "sqrt", "pow", "permute", "size", "add_noise"),
    *("unsqueeze", "squeeze", "clamp", "cuda", "cpu", "half", "exp", "flatten", "gather", "sample", "get_velocity"),
)


def check_file(file: File) -> Iterator[Problem]:
    opener = file.once(Opener)
    for function in file.about(_WORDS):
        losses = [*_propagated(function), *_handed_on(function)]
        seen = set[int]()
        yield from _rebuilt(file, function)
        for event in function.events:
            for compared, sides in _comparisons(opener, event.term):
                node = function.written(compared)
                used = any(holds(loss, compared) for loss in losses)
                if id(node) in seen or not used or _without_gradients(event):
                    continue
                seen.add(id(node))
                found = _cut(function, *sides)
                if found is not None:
                    yield _problem(file, node, *found)


def _rebuilt(file: File, function: Function) -> Iterator[Problem]:
    """``torch.tensor(loss.item(), requires_grad=True)``: a new leaf that no network stands behind."""
    for event in function.calls:
        call = event.term
        fresh = call.callee == "torch.tensor" and is_const(call.keywords.get("requires_grad"), True)
        item = next((part for part in walk(call) if part.called == "item"), None) if fresh else None
        if item is not None and item.receiver is not None and item.receiver.op == "call":
            yield _problem(file, event.node, item, "made into a new tensor")


def _propagated(function: Function) -> Iterator[Term]:
    """What gradients are computed of: ``loss.backward()``, ``accelerator.backward(loss)``."""
    for event in function.calls:
        if event.term.called == "backward" and event.term.receiver is not None:
            yield from event.term.positional or (event.term.receiver,)


def _handed_on(function: Function) -> Iterator[Term]:
    """What a function that draws noise or steps returns: a loss that its caller computes gradients of."""
    draws = any(event.term.called in DRAWS for event in function.calls)
    trains = draws or LOSSES.search(function.name) is not None
    if trains and not MEASURING.search(function.name) and not function.has_decorator(*NO_GRAD):
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
    return cut[-1] if cut and not alive and not _learnable(one, other) else None


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
        if part.called in DRAWS or (part.op == "call" and GIVING.search(last_name(part.args[0]))):
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
