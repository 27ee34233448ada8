"""What a loss compares: a network's prediction, with what the network was given for it, and the target."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.relations.losses import power
from difflint.relations.model import Event, Function
from difflint.relations.networks import network_calls, network_input, written_name
from difflint.relations.terms import Term, alternatives, walk

LOSSES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "loss_fn",
    "criterion",
    "loss_func",
    "mse",
    "l1",
    "loss_function",
)
WORDS = re.compile(r"loss|mse|criterion|\*\* ?2|square|pow\(|abs\(|l1\(")  # what a function that compares speaks of
SAME = (
    "float",
    "to",
    "double",
    "half",
    "type",
    "detach",
    "contiguous",
    "clone",
    "view",
    "reshape",
    "squeeze",
    "cuda",
    "cpu",
)
SPLITS = ("chunk", "split", "unbind", "tensor_split")


@dataclass(frozen=True, eq=False)
class Comparison:
    """A loss in a function: where it stands, the network's call, and the target."""

    event: Event
    written: Term
    prediction: Term
    target: Term

    @property
    def given(self) -> tuple[Term, ...]:
        """Everything that the network was given."""
        return (*self.prediction.positional, *self.prediction.keywords.values())

    @property
    def input(self) -> Term | None:
        return network_input(self.prediction)


def comparisons(function: Function) -> Iterator[Comparison]:
    """Every comparison of what a network says with something else."""
    networks = [event.term for event in network_calls(function)]
    seen = set[Term]()
    speaks = bool(networks) and bool(WORDS.search(ast.unparse(function.node)))
    for event in function.events if speaks else ():
        if event.kind not in ("call", "assign", "augment", "return"):
            continue
        for written, first, second in _compared(event.term):
            if written in seen:
                continue  # the loss under its name
            seen.add(written)
            for one, other in ((first, second), (second, first)):
                prediction = plain(one)
                prediction = prediction.args[0] if prediction.op == "index" else prediction  # model(x, t)[0]
                if prediction in networks:
                    yield Comparison(event, written, prediction, other)
                    break


def _compared(term: Term) -> Iterator[tuple[Term, Term, Term]]:
    for part in walk(term):
        if len(part.positional) > 1 and (part.called in LOSSES or _written(part) in LOSSES):
            yield part, part.positional[0], part.positional[1]
        squared = power(part)
        inner = squared[0] if squared is not None and squared[1] == 2 else None
        if inner is None and part.op == "call" and part.called in ("abs", "square"):
            inner = part.receiver or (part.positional[0] if part.positional else None)
        if inner is not None and inner.op == "-":
            yield inner, inner.args[0], inner.args[1]


def _written(call: Term) -> str:
    return written_name(call.node.func) if isinstance(call.node, ast.Call) else ""


def plain(term: Term) -> Term:
    """What stands behind casts, ``.sample`` and halves of an output."""
    while True:
        if term.op == "attr" and term.value in ("sample", "logits", "prediction"):
            term = term.args[0]
        elif term.op == "call" and term.receiver is not None and term.called in (*SAME, *SPLITS):
            term = term.receiver
        elif term.op == "index" and term.args[0].called in SPLITS:
            term = term.args[0]
        else:
            return term


def ways(term: Term) -> tuple[Term, ...]:
    """What a target may be, casts taken away."""
    return tuple(plain(way) for way in alternatives(plain(term)))
