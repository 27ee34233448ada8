"""LibCST's nodes without layout: each has the fields that mean something, and most of them their place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeVar

import libcst as cst

from difflint.syntax.walk import fields_of

T = TypeVar("T")
BITS = 20  # for a line or a column
LAST = (1 << BITS) - 1


class Span(NamedTuple):
    """A piece of a file: lines and columns from 1, the end exclusive; a function or class is its first line."""

    line: int
    column: int
    end_line: int
    end_column: int
    definition: bool = False


@cache
def placed(kind: Any) -> Any:
    """A class of LibCST's nodes with room for a place."""
    return type(kind.__name__, (kind,), {"__slots__": ("place",), "__module__": kind.__module__})


@cache
def _setters(kind: Any) -> list[Callable[[Any, Any], None]]:
    return [getattr(kind, name).__set__ for name in fields_of(kind) or ()]


def with_placed(table: dict[type, T]) -> dict[type, T]:
    """A table of node classes that knows the classes with a place too."""
    return {**table, **{placed(kind): row for kind, row in table.items() if issubclass(kind, cst.CSTNode)}}


def name_of(text: str | None) -> Any:
    """A name whose place Python does not tell."""
    return None if text is None else plain(cst.Name, sys.intern(text))


def dotted(text: str) -> Any:
    first, *rest = map(name_of, text.split("."))
    for part in rest:
        first = plain(cst.Attribute, first, part)
    return first


def plain(kind: Any, *values: Any) -> Any:
    """A node of LibCST's class with these values for the fields that mean something."""
    made = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(made, value)
    return made


def put(kind: Any, place: int, *values: Any) -> Any:
    """The same, at a place."""
    kind = placed(kind)
    made = plain(kind, *values)
    kind.place.__set__(made, place)
    return made


def packed(line: int, column: int, end_line: int, end_column: int) -> int:
    """A place as one number, a third as large in memory."""
    start, end = line << BITS | min(column, LAST), end_line << BITS | min(end_column, LAST)
    return start << 2 * BITS | end


def span_of(node: Any) -> Span | None:
    """Where a node stands in its file."""
    place: int | None = getattr(node, "place", None)
    if place is None:
        return None
    line, column, end_line, end_column = (place >> n * BITS & LAST for n in (3, 2, 1, 0))
    return Span(line, column, end_line, end_column, isinstance(node, cst.FunctionDef | cst.ClassDef))
