"""Names that stand for one object because one was assigned to the other."""

from __future__ import annotations

import ast

from difflint.relations.file import File
from difflint.relations.model import Event
from difflint.relations.roles import written
from difflint.relations.terms import Term
from difflint.relations.trail import SAME_OBJECT

DEPTH = 4


def aliases(file: File, term: Term) -> dict[str, Event | None]:
    """The names of the object that a term names, with the assignment that each was reached through."""
    found: dict[str, Event | None] = {written(term): None} if written(term) else {}
    for _ in range(DEPTH):
        for event in _assignments(file):
            source = _plain_value(event)
            if source and event.target in found and source not in found and source != event.target:
                found[source] = event
    return found


def _assignments(file: File) -> list[Event]:
    return [event for function in file.functions for event in function.events if event.kind == "assign"]


def _plain_value(event: Event) -> str:
    """``model`` for ``x = model.eval()``: what is assigned is that very object."""
    node = getattr(event.node, "value", None)
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SAME_OBJECT:
        node = node.func.value
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
