"""Chains of torchvision transforms: the lists given to ``Compose`` and ``nn.Sequential``, and the numbers in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from difflint.relations.file import File
from difflint.relations.model import Event
from difflint.relations.opening import Opener
from difflint.relations.terms import Term, const, number, replaced

MODULES = ("torchvision.", "torchvision.transforms.")


@dataclass(frozen=True, eq=False)
class Chain:
    """One ``Compose([...])``: its transforms in order; those that are no calls of torchvision stay as they are."""

    event: Event
    items: tuple[Term, ...]


def chains(file: File) -> Iterator[Chain]:
    """Every list of transforms that is written out."""
    opener = Opener(file)
    for event in every_call(file):
        if event.term.called in ("Compose", "Sequential") and event.term.positional:
            items = tuple(_items(opener, event.term))
            if any(name_of(item) for item in items):
                yield Chain(event, items)


def every_call(file: File) -> Iterator[Event]:
    """The calls of all functions, each where it is written."""
    seen = set[int]()
    for function in file.functions:
        for event in function.calls:
            if id(event.node) not in seen:
                seen.add(id(event.node))
                yield event


def _items(opener: Opener, call: Term) -> Iterator[Term]:
    for given in call.positional:
        known = opener.open(given) if given.op in ("name", "attr") else given
        yield from _flat(opener, known)


def _flat(opener: Opener, term: Term) -> Iterator[Term]:
    """The items of lists joined by ``+``; an opened name is written elsewhere and stays what it is."""
    if term.op in ("list", "tuple"):
        for item in term.args:
            inner = opener.open(item) if item.op == "name" else item
            nested = inner.op == "star" or inner.called == "Compose"
            yield from _nested(opener, inner) if nested else (inner,)
    elif term.op in ("+", "star"):
        for part in term.args:
            yield from _flat(opener, part)
    else:
        yield term


def _nested(opener: Opener, term: Term) -> Iterator[Term]:
    yield from _flat(opener, term) if term.op == "star" else _items(opener, term)


def name_of(item: Term) -> str:
    """The name of a transform of torchvision; empty for anything else."""
    return item.called if item.op == "call" and item.callee.startswith(MODULES) else ""


def numbers(opener: Opener, term: Term | None) -> tuple[float, ...] | None:
    """The numbers of a list, tuple, tensor or array of constants, or of one constant."""
    if term is None:
        return None
    term = opener.open(term)
    single = number(term)
    if single is not None:
        return (single,)
    if term.op in ("list", "tuple"):
        found = [number(part) for part in term.args]
        return tuple(x for x in found if x is not None) if found and None not in found else None
    if term.op == "*":
        return _repeated(opener, term)
    if term.op == "comp":
        return _mapped(opener, term)
    if term.called in ("tensor", "array", "FloatTensor", "Tensor", "as_tensor", "list", "tuple") and term.positional:
        return numbers(opener, term.positional[0])
    return None


def _repeated(opener: Opener, term: Term) -> tuple[float, ...] | None:
    """``[0.5] * 3``."""
    listed, times = term.args if term.args[0].op in ("list", "tuple") else reversed(term.args)
    found, count = numbers(opener, listed), number(times)
    return found * int(count) if found and count is not None and 0 < count < 10 else None


def _mapped(opener: Opener, term: Term) -> tuple[float, ...] | None:
    """``[-m / s for m, s in zip(mean, std)]`` and ``[1 / s for s in std]``, by putting in each item."""
    made, *iterables = term.args
    if len(iterables) != 1 or term.value not in ("ListComp", "GeneratorExp"):
        return None
    source = iterables[0]
    columns = [numbers(opener, part) for part in (source.positional if source.callee == "zip" else (source,))]
    rows = list(zip(*(column or () for column in columns), strict=False))
    found = [number(replaced(made, partial(_put, source, row))) for row in rows]
    return tuple(x for x in found if x is not None) if found and None not in found else None


def _put(source: Term, row: tuple[float, ...], part: Term) -> Term | None:
    """An item of the loop as a number, where it stands for one."""
    if part.op == "each" and part.args[0] == source and source.callee != "zip":
        return const(row[0])
    if part.op == "index" and part.args[0].op == "each" and part.args[0].args[0] == source:
        column = number(part.args[1])
        return const(row[int(column)]) if column is not None and int(column) < len(row) else None
    return None
