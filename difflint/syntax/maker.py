"""From a node of Python's tree to LibCST's: what all kinds of nodes have in common."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import libcst as cst

from difflint.syntax.nodes import packed, plain, put

ASYNC = cst.Asynchronous()
Make = Callable[["Maker", Any], Any]


class _Stretch(NamedTuple):
    """From one statement to another."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


class Maker:
    """Makes the nodes of one piece of text, ``offset`` lines after the start of its file."""

    def __init__(self, makers: Mapping[type, Make], text: str, offset: int = 0) -> None:
        self.makers, self.offset = makers, offset
        self.lines = None if text.isascii() else text.encode().split(b"\n")
        self.fixed: int | None = None  # the place of the formatted string around

    def place(self, node: Any) -> int:
        if self.fixed is not None:
            return self.fixed
        start, end = node.col_offset, node.end_col_offset
        if self.lines is not None:
            start, end = self.column(node.lineno, start), self.column(node.end_lineno, end)
        return packed(node.lineno + self.offset, start + 1, node.end_lineno + self.offset, end + 1)

    def column(self, line: int, byte: int) -> int:
        """Python counts columns in bytes."""
        assert self.lines is not None
        return len(self.lines[line - 1][:byte].decode(errors="replace"))

    def new(self, kind: Any, node: Any, *values: Any) -> Any:
        """A node that stands where Python's does."""
        return put(kind, self.place(node), *values)

    def __call__(self, node: Any) -> Any:
        return None if node is None else self.makers.get(type(node), _other)(self, node)

    def all(self, nodes: Iterable[Any]) -> tuple[Any, ...]:
        return tuple([self(node) for node in nodes])

    def suite(self, body: Sequence[ast.stmt]) -> Any:
        first, last = body[0], body[-1]
        whole = _Stretch(first.lineno, first.col_offset, last.end_lineno or 0, last.end_col_offset or 0)
        return self.new(cst.IndentedBlock, whole, self.all(body))

    def otherwise(self, body: Sequence[ast.stmt]) -> Any:
        return plain(cst.Else, self.suite(body)) if body else None

    def elements(self, nodes: Iterable[ast.expr]) -> tuple[Any, ...]:
        return tuple([self(n) if isinstance(n, ast.Starred) else plain(cst.Element, self(n)) for n in nodes])


def _other(maker: Maker, node: Any) -> Any:
    """Syntax of later versions of Python, which nobody evaluates or runs."""
    return maker.new(cst.BaseExpression, node)
