"""What stands on the left of an assignment, and which object a method that changes in place is called on."""

from __future__ import annotations

import ast
from typing import Any

from difflint.relations.expressions import written_path


def changed(node: Any) -> Any:
    """The expression whose value ``node``, the object of a method that changes in place, is or is a part of."""
    while written_path(node) is None and _is_same_object(node):  # x.mul_(2).add_(1)
        inner: Any = node.func if isinstance(node, ast.Call) else node
        node = inner.value
    return node


def _is_same_object(node: Any) -> bool:
    """Whether an expression is a part of something or that something changed in place: ``x[0]``, ``x.mul_(2)``."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_")
    return isinstance(node, ast.Subscript)


def assigned(node: ast.AST) -> set[str]:
    """The names and paths that statements below a node give values to."""
    found = set[str]()
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Store):
            found.add(written_path(part) or "")
        elif isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            found.add(written_path(part.value) or "")
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr.endswith("_"):
            found.add(written_path(part.func.value) or "")
    return found - {""}


def as_read(target: Any) -> ast.expr:
    """The target of ``x += 1`` as something that is read."""
    loaded: ast.expr = type(target)(**{**{f: getattr(target, f) for f in target._fields}, "ctx": ast.Load()})
    return ast.copy_location(loaded, target)
