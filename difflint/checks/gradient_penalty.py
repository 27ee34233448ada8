"""DFL211: slips in a gradient penalty: what it interpolates with, and over what it takes the norm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.losses import power
from difflint.relations.terms import alternatives, is_const, number, walk

_WORDS = re.compile(r"\bgrad\(")
GRAD = ("torch.autograd.grad", "torch.autograd.functional.grad")
UNIFORM = ("rand", "rand_like", "random", "uniform", "uniform_")
NO_GRAPH = (
    "without create_graph=True the penalty has no gradient: it is added and does nothing",
    "Pass create_graph=True.",
)
EVERY_PIXEL = (
    "the mixing weight is drawn for every pixel: the points lie in a box around the pictures and not on the lines "
    "between real and made ones, where the penalty is meant to hold",
    "Draw one for each picture: torch.rand(real.size(0), 1, 1, 1).",
)
WHOLE_BATCH = (
    "one norm is taken over the whole batch: it grows with the root of the batch size and is pulled to 1 as a whole",
    "Flatten each picture and take norm(2, dim=1).",
)


def check_file(file: File) -> Iterator[Problem]:
    for function in file.about(_WORDS):
        for event in function.calls:
            if event.term.callee in GRAD:
                yield from _checked(file, function, event)


def _checked(file: File, function: Function, grad: Event) -> Iterator[Problem]:
    penalty = next((p for p in map(_penalty, function.events) if p is not None and _uses(p[0], grad.term)), None)
    found = None if penalty is None else _slip(grad.term, penalty[1])
    if found is not None and penalty is not None:
        where, reason, repair = found
        node = function.written(where)
        steps = (file.step(node, reason), file.step(penalty[0], "the penalty"))
        yield Problem(file.place(node), {"code": file.code(node), "reason": reason}, steps, repair)


def _slip(grad: Term, norm: Term) -> tuple[Term, str, str] | None:
    """Where the slip stands, what it does, and what to write."""
    created = grad.arg(4, "create_graph")
    if not grad.open and (created is None or is_const(created, False)):
        return grad, *NO_GRAPH
    drawn = next(_mixtures(grad), None)
    if drawn is not None:
        return drawn, *EVERY_PIXEL
    return (norm, *WHOLE_BATCH) if _over_everything(norm) else None


def _penalty(event: Event) -> tuple[Term, Term] | None:
    """``(norm - 1) ** 2`` and its norm."""
    for part in walk(event.term):
        squared = power(part)
        if squared is None or squared[1] != 2 or squared[0].op != "-" or number(squared[0].args[1]) != 1:
            continue
        for way in alternatives(squared[0].args[0]):
            if way.called in ("norm", "vector_norm"):
                return part, way
    return None


def _uses(squared: Term, grad: Term) -> bool:
    return any(part == grad for part in walk(squared))


def _mixtures(grad: Term) -> Iterator[Term]:
    """The a of ``a * real + (1 - a) * fake`` in the input, where it is shaped like the pictures."""
    for part in walk(grad.arg(1, "inputs") or grad):
        if part.op == "+":
            for product in part.args:
                drawn = next((f for f in product.args if _is_full(f, product)), None) if product.op == "*" else None
                if drawn is not None:
                    yield drawn


def _is_full(factor: Term, product: Term) -> bool:
    """A uniform draw that is shaped like one of the pictures that it is multiplied with."""
    others = [arg for arg in product.args if arg is not factor]
    for part in walk(factor):
        if part.called == "rand_like" and part.positional:
            return any(part.positional[0] == _plain(other) for other in others)
        if part.called in UNIFORM and part.op == "call":
            shapes = (*part.positional, *part.keywords.values())
            return any(_is_shape(shape, _plain(other)) for shape in shapes for other in others)
    return False


def _plain(term: Term) -> Term:
    while term.op == "call" and term.called in ("detach", "data", "to", "float") and term.receiver is not None:
        term = term.receiver
    return term.args[0] if term.op == "attr" and term.value == "data" else term


def _is_shape(shape: Term, picture: Term) -> bool:
    if shape.op == "star":
        shape = shape.args[0]
    if shape.op == "attr" and shape.value == "shape":
        return shape.args[0] == picture
    return shape.called == "size" and shape.receiver == picture and not shape.positional


def _over_everything(norm: Term) -> bool:
    given = (*norm.positional[norm.receiver is None :], *norm.keywords)
    axes = [name for name in ("dim", "axis") if name in norm.keywords]
    return not norm.open and not axes and len(given) <= 1
