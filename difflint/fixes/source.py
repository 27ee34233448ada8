"""A Python text beside Python's own tree of it: what stands where, in characters.

LibCST's nodes do not know their places, and its own pass over them takes longer than everything else a run does.
Python's tree knows them, and an edit that replaces a span keeps the rest of the file byte for byte.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from difflint.findings import Place

NEWLINE = re.compile(r"\r\n|\r|\n")

Range = tuple[int, int]  # characters of a text, the end exclusive


class CannotEdit(Exception):
    """Nothing of that kind stands at the place, or the result would not be what was meant."""


class Lines:
    """Offsets of a text by line and column."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(NEWLINE.finditer(text))
        self.starts = [0, *(match.end() for match in breaks)]
        self.ends = [*(match.start() for match in breaks), len(text)]
        self.newline = breaks[0][0] if breaks else "\n"

    def range(self, place: Place) -> Range:
        """The characters of a place; raises `CannotEdit` where the text does not reach so far."""
        return self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)

    def offset(self, line: int, column: int) -> int:
        """Where a line and column, both from 1, stand."""
        if not 0 < line <= len(self.starts) or column > self.ends[line - 1] - self.starts[line - 1] + 1:
            raise CannotEdit("the text has no such place")
        return self.starts[line - 1] + column - 1

    def line_of(self, offset: int) -> int:
        """The line, from 1, that holds an offset."""
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= offset else (low, middle)
        return low + 1

    def place(self, path: str, span: Range) -> Place:
        """The place of some characters."""
        first, last = self.line_of(span[0]), self.line_of(span[1])
        columns = span[0] - self.starts[first - 1] + 1, span[1] - self.starts[last - 1] + 1
        return Place(path, first, columns[0], last, columns[1])


class Source(Lines):
    """A text with its tree; raises `CannotEdit` for one that is not Python of this version."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.tree = parsed(text)
        self.nodes: list[ast.AST] = []
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            self.nodes.append(node)
            self.parents.update((child, node) for child in ast.iter_child_nodes(node))

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Range:
        """The characters of a node, decorators included."""
        first = min([(node.lineno, node.col_offset), *((d.lineno, d.col_offset - 1) for d in _decorators(node))])
        return self._at(*first), self._at(node.end_lineno or 0, node.end_col_offset or 0)

    def _at(self, line: int, byte: int) -> int:
        """Python counts columns in bytes of UTF-8 from 0."""
        text = self.text[self.starts[line - 1] : self.ends[line - 1]]
        return self.starts[line - 1] + (byte if text.isascii() else len(text.encode()[:byte].decode(errors="replace")))

    def code(self, node: ast.expr | ast.stmt) -> str:
        """How it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def expression(self, place: Place) -> ast.expr:
        """The expression whose characters these are exactly."""
        wanted = self.range(place)
        for node in self._on(place):
            if isinstance(node, ast.expr) and self.span(node) == wanted:
                return node
        raise CannotEdit("no expression stands there")

    def call(self, place: Place) -> ast.Call:
        """The call whose characters these are exactly."""
        found = self.expression(place)
        if not isinstance(found, ast.Call):
            raise CannotEdit("no call stands there")
        return found

    def statement(self, place: Place) -> ast.stmt:
        """The innermost statement that holds the place."""
        start, end = self.range(place)
        around = [node for node in self.nodes if isinstance(node, ast.stmt) and self._holds(node, start, end)]
        if not around:
            raise CannotEdit("no statement stands there")
        return around[-1]  # ast.walk yields outer nodes first

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node is part of."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def _on(self, place: Place) -> Iterator[ast.AST]:
        return (node for node in self.nodes if getattr(node, "lineno", 0) == place.line)

    def _holds(self, node: ast.stmt, start: int, end: int) -> bool:
        span = self.span(node)
        return span[0] <= start and end <= span[1]


def parsed(text: str) -> ast.Module:
    """Python's tree of a text; raises `CannotEdit`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python finds odd in a string is not our subject
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotEdit(str(error)) from error


def _decorators(node: ast.AST) -> list[ast.expr]:
    found: list[ast.expr] = getattr(node, "decorator_list", [])
    return found
