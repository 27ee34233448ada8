"""DFL735: the loss is computed by the network inside of DistributedDataParallel, so no gradients are shared."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.roles import written
from difflint.relations.terms import walk
from difflint.relations.training import Step, everything

WRAPPERS = ("DistributedDataParallel", "DDP")
LIMIT = 3000  # parts of a loss that are looked at


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for backward in everything(file):
        if backward.kind != "backward" or backward.of is None or id(backward.act.event) in seen:
            continue
        seen.add(id(backward.act.event))
        calls = [part for part in walk(backward.of) if part.op == "call"][:LIMIT]
        inner = next((found for call in calls if (found := _bypass(backward.file, call)) is not None), None)
        if inner is not None and not any(_is_wrapped(backward.file, part) for call in calls for part in _used(call)):
            yield from _problem(file, backward, inner)


def _used(call: Term) -> tuple[Term, ...]:
    """What a call may run: what is called, and what it is given."""
    return (call.args[0], *call.positional, *call.keywords.values())


def _bypass(file: File, call: Term) -> Term | None:
    """``ddp.module`` where it is called, or handed to something that may call it."""
    if call.called in ("deepcopy", "parameters"):
        return None
    return next((part for part in _used(call) if _is_inner(file, part)), None)


def _is_inner(file: File, term: Term) -> bool:
    return term.op == "attr" and term.value == "module" and _is_wrapped(file, term.args[0])


def _is_wrapped(file: File, term: Term) -> bool:
    """Whether a term is a network in its wrapper, on all ways."""
    ways = _wraps(file, term)
    return bool(ways) and all(way.called in WRAPPERS for way in ways)


def _wraps(file: File, term: Term) -> list[Term]:
    if term.op == "call":
        return [term]
    if term.op == "attr" and term.args[0].op == "self":
        owner = file.class_of(term.args[0])
        return [event.term for _, event in (owner.attributes.get(str(term.value), []) if owner else [])][-1:]
    if term.op == "name":
        known = file.body.ends.get(str(term.value))
        return [known] if known is not None else []
    return []


def _problem(file: File, backward: Step, inner: Term) -> Iterator[Problem]:
    place = file.place(inner) if backward.file is file and inner.node is not None else backward.at(file)
    if place is not None:
        yield Problem(
            place,
            {"inner": written(inner) or "the inner network", "backward": backward.code},
            (
                file.step(inner, "is the network without its wrapper"),
                backward.trace("computes gradients that stay on this process"),
            ),
            "Compute the loss with the wrapped network.",
        )
