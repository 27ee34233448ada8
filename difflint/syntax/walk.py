"""A walk over syntax nodes that visits no whitespace and rebuilds nothing, as ``visit`` and ``children`` do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any, cast

import libcst as cst

SKIPPED = (
    cst.BaseParenthesizableWhitespace,
    cst.Comment,
    cst.Newline,
    cst.EmptyLine,
    cst.TrailingWhitespace,
    cst.LeftParen,
    cst.RightParen,
    cst.Comma,
    cst.Dot,
)
PUNCTUATION = (  # fields
    *("leading_lines", "header", "footer", "lines_after_decorators", "type_parameters", "indent", "start", "end"),
    *("comma", "dot", "colon", "semicolon", "equal", "separator", "posonly_ind", "trailing_comma"),
    *("lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "first_colon", "second_colon"),
)


@cache
def fields_of(kind: type) -> tuple[str, ...] | None:
    """The fields of a node class that may hold nodes with meaning; None for classes that have none."""
    if not issubclass(kind, cst.CSTNode) or issubclass(kind, SKIPPED):
        return None
    names = [f.name for f in fields(cast(Any, kind))]
    return tuple(n for n in names if "whitespace" not in n and n not in PUNCTUATION)


def nodes(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Every node below ``root`` that carries meaning, ``root`` first, in no order to rely on."""
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list | tuple):
            waiting.extend(node)
            continue
        kind: type = type(node)
        names = fields_of(kind)
        if names is not None:
            yield node
            waiting.extend(getattr(node, name) for name in names)
