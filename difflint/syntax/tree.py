"""LibCST's nodes, made from Python's tree of the same lines.

Python's own parser takes a tenth of the time of LibCST's and says where everything stands. The nodes are LibCST's in
all that means something; whitespace, parentheses and commas are left out, and texts of literals are as ``repr`` writes
them.
"""

from __future__ import annotations

import ast
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from difflint.syntax.expressions import EXPRESSIONS
from difflint.syntax.maker import Maker
from difflint.syntax.nodes import packed, put
from difflint.syntax.statements import STATEMENTS
from difflint.syntax.walk import fields_of

MAKERS = {**EXPRESSIONS, **STATEMENTS}


def statements(tree: ast.Module, text: str, offset: int = 0) -> tuple[Any, ...]:
    """The statements of Python's tree of a text as LibCST's nodes."""
    return Maker(MAKERS, text, offset).all(tree.body)


def parsed_statements(text: str) -> tuple[Any, ...]:
    """The same from LibCST's own tree, for what Python cannot parse; raises cst.ParserSyntaxError."""
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    places = wrapper.resolve(PositionProvider)

    def copied(node: Any) -> Any:
        if isinstance(node, list | tuple):
            return tuple(map(copied, node))
        kind: Any = type(node)
        names = fields_of(kind)
        if not names:  # an operator, a keyword
            return node
        start, end = places[node].start, places[node].end
        place = packed(start.line, start.column + 1, end.line, end.column + 1)
        return put(kind, place, *(copied(getattr(node, name)) for name in names))

    return tuple(map(copied, wrapper.module.body))
