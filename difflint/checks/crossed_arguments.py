"""DFL810: an argument carries the name of another parameter than the one it lands in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.words import words

Call = tuple[Event, Function, tuple[str, ...]]  # with the names of its positional arguments, "" for what is no name


def check_file(file: File) -> Iterator[Problem]:
    calls = [call for function in file.all_functions for call in _calls(file, function)]
    for event, called, given in calls:
        crossed = _swapped(called, given) or _shifted(event.term, called, given)
        if crossed is not None and not _on_purpose(calls, event, called, crossed):
            yield _problem(file, event, called, given, crossed)


def _calls(file: File, function: Function) -> Iterator[Call]:
    """Calls of functions of the file, at least two of whose arguments are plain names."""
    for event in function.calls:
        called = file.function(event.term.args[0])
        plain = called is not None and not event.term.open and not called.decorators
        if called is not None and plain and len(event.term.positional) <= len(called.params):
            given = tuple(_name(arg) for arg in event.term.positional)
            if sum(bool(name) for name in given) > 1:
                yield event, called, given


def _name(term: Term) -> str:
    return term.node.id if isinstance(term.node, ast.Name) else ""


def _swapped(called: Function, given: tuple[str, ...]) -> tuple[int, int] | None:
    """Two arguments that stand in each other's place."""
    for i, name in enumerate(given):
        j = called.params.index(name) if name in called.params else i
        if i < j < len(given) and given[j] == called.params[i]:
            return i, j
    return None


def _shifted(term: Term, called: Function, given: tuple[str, ...]) -> tuple[int, int] | None:
    """Two arguments that each stand before the parameter of their name, which then gets nothing of its own."""
    late = [(i, called.params.index(name)) for i, name in enumerate(given) if name in called.params]
    late = [(i, j) for i, j in late if j > i and called.params[i] in called.defaults]
    if len(late) > 1 and len({j - i for i, j in late}) == 1 and not term.keywords and late[-1][1] >= len(given):
        return late[0]
    return None


def _on_purpose(calls: list[Call], event: Event, called: Function, crossed: tuple[int, int]) -> bool:
    """Whether the same function calls it both ways round (a distance and its reverse), or names say nothing."""
    i, j = crossed
    mirrored = (called.params[i], called.params[j])
    if _numbered(*mirrored):
        return True
    names = {
        given[i] for other, function, given in calls if function is called and other is not event and len(given) > j
    }
    straight = any(
        function is called and other is not event and len(given) > j and (given[i], given[j]) == mirrored
        for other, function, given in calls
    )
    same = [o for o, f, g in calls if f is called and o is not event and set(g) & set(mirrored) == set(mirrored)]
    return straight and len(same) > 0 and bool(names) and _one_function(event, same)


def _one_function(event: Event, others: list[Event]) -> bool:
    """Whether the other way round stands near it, as in a symmetric loss."""
    line = getattr(event.node, "lineno", 0)
    return any(abs(getattr(other.node, "lineno", 0) - line) < 10 for other in others)


def _numbered(a: str, b: str) -> bool:
    """``x1`` and ``x2``, ``a`` and ``b``, ``p`` and ``q``: names of two of a kind, which may change places."""
    first, second = words(a), words(b)
    kin = len(first) == len(second) and sum(x != y for x, y in zip(first, second, strict=True)) == 1
    single = len(a) == len(b) == 1 and abs(ord(a) - ord(b)) < 3
    return single or (kin and len(first) > 1) or (kin and a[:-1] == b[:-1])


def _problem(file: File, event: Event, called: Function, given: tuple[str, ...], crossed: tuple[int, int]) -> Problem:
    i, j = crossed
    name, lands = given[i], called.params[i]
    return Problem(
        file.place(event.term),
        {"argument": name, "lands": lands, "called": called.name, "signature": ", ".join(called.params[: j + 1])},
        (
            file.step(called.node, f"{called.name}({', '.join(called.params)})"),
            file.step(event.term, f"{file.code(event.term)}: {name} lands in {lands}"),
        ),
        f"Name the arguments: {name}={name}",
    )
