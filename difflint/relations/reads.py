"""Which values of a function nobody reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from difflint.relations.draws import NORMAL
from difflint.relations.model import Definition, Event, Function
from difflint.relations.terms import Term, walk

STUBS = ("abstractmethod", "overload", "property", "setter", "register_fake", "custom_op")


def unread_parameters(function: Function) -> dict[str, Definition]:
    """The parameters that a function takes and never reads; nothing for stubs and what others define."""
    if function.has_decorator(*STUBS) or not any(True for _ in function.calls):
        return {}
    unread = {d.name: d for d in function.definitions if d.kind == "param" and not d.used and d.name in function.params}
    return {name: d for name, d in unread.items() if not name.startswith("_") and not _deleted(function, name)}


def _deleted(function: Function, name: str) -> bool:
    """``del x`` says that a parameter is ignored on purpose."""
    return any(
        e.kind == "delete" and isinstance(e.term.node, ast.Name) and e.term.node.id == name for e in function.events
    )


def unread_values(function: Function) -> Iterator[tuple[Definition, Event]]:
    """Assignments to local names whose value nobody can read, in the order of the text."""
    for event in function.events:
        made = event.definition
        if made is not None and not made.used and made.kind in ("assign", "augment") and not made.name.startswith("_"):
            yield made, event


def draws_noise(term: Term) -> Term | None:
    """The call in it that draws from a normal distribution."""
    return next((part for part in walk(term) if part.op == "call" and part.called in NORMAL), None)
