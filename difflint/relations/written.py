"""How something is written, where that alone says what was meant."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeGuard


@dataclass(frozen=True)
class Slip:
    """A piece of code that does not mean what it looks like, why, and what to write."""

    node: ast.AST
    what: str
    repair: str
    fix: bool = True


def is_bare_tuple(node: ast.expr) -> TypeGuard[ast.Tuple]:
    """``x,``: a tuple of one that a comma makes, without parentheses."""
    return isinstance(node, ast.Tuple) and len(node.elts) == 1 and node.col_offset == node.elts[0].col_offset


def assigned_name(node: ast.Assign) -> str:
    """The name or the last attribute that an assignment gives a value to."""
    target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
