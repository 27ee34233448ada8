"""Where things stand in their file."""

from __future__ import annotations

import io
from typing import Any

from difflint.syntax.nodes import Span, span_of
from difflint.syntax.outline import ClassDefinition, Definition

NOWHERE = Span(1, 1, 1, 1)


def place_of(node: Any) -> Span:
    """The place of a node, or of one that was looked up before; the start of the file where it has none."""
    if isinstance(node, Span):
        return node
    if isinstance(node, Definition | ClassDefinition):
        return Span(node.line, 1, node.line, 1, True)
    return span_of(node) or NOWHERE


def cut(text: str, span: Span) -> str:
    """The piece of a text."""
    lines = io.StringIO(text, newline="").readlines()[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "".join(lines)
