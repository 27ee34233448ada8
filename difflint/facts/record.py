"""Observations as plain data: what one process finds, another can judge, and a cache can keep.

Every record stands once in a table under the digest of its content, so that the same observations give the same bytes
in whatever order they were made. Syntax nodes become the spans they stand at; values that only the interpreter can do
something with become unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from hashlib import blake2b
from typing import Any

from difflint.facts import events, interval, schedules, steps, values
from difflint.facts.events import Observations
from difflint.facts.steps import Site
from difflint.facts.values import Kind, Unknown
from difflint.syntax.nodes import Span
from difflint.syntax.positions import place_of

Table = dict[str, list[Any]]
FOR_CARDS = ("notes", "sampled", "calls", "owners")
KEPT = tuple(f.name for f in fields(Observations) if f.name not in FOR_CARDS)
ONLY_LIVE = (values.Function, values.Class, values.Instance, values.Library, values.Method, values.Partial)
KNOWN = {
    name: kind
    for module in (events, interval, schedules, steps, values)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__") and not issubclass(kind, ONLY_LIVE)
}


@dataclass
class _Writer:
    table: Table = field(default_factory=dict)
    memo: dict[int, Any] = field(default_factory=dict)
    held: list[object] = field(default_factory=list)  # so that no id is given twice

    def write(self, value: Any) -> Any:
        """A JSON value; whatever is not plain is a reference or a list that begins with its kind."""
        if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
            return value
        if id(value) not in self.memo:
            self.held.append(value)
            self.memo[id(value)] = self._write(value)
        return self.memo[id(value)]

    def _write(self, value: Any) -> Any:
        if isinstance(value, Site):
            return self._keep(["@", value.path, *place_of(value.node)])
        if isinstance(value, tuple | list):
            return ["t", *map(self.write, value)]
        if isinstance(value, frozenset | set):
            return ["s", *sorted(map(self.write, value), key=json.dumps)]
        if isinstance(value, Kind):
            return ["k", value.name]
        if isinstance(value, Unknown):
            return self._keep(["?", value.what, self.write(value.site)])
        if type(value).__name__ in KNOWN:
            return self._keep([type(value).__name__, *(self.write(getattr(value, f.name)) for f in fields(value))])
        return self._keep(["?", type(value).__name__, None])

    def _keep(self, row: list[Any]) -> list[str]:
        digest = blake2b(json.dumps(row).encode(), digest_size=8).hexdigest()
        self.table[digest] = row
        return ["r", digest]


def write(seen: Observations) -> dict[str, Any]:
    """The observations that checks ask for, ready for JSON."""
    writer = _Writer()
    return {**{name: _in_order(writer, getattr(seen, name)) for name in KEPT}, "table": writer.table}


def _in_order(writer: _Writer, found: Iterable[Any]) -> list[Any]:
    """In the order of observation, where there is one."""
    written = [writer.write(event) for event in found]
    return sorted(written, key=json.dumps) if isinstance(found, set) else written


class Reader:
    """The observations of several records together. What stands in many of them is one object: rows go by what they
    say, so that their digests mean the same in every record."""

    def __init__(self) -> None:
        self.seen = Observations()
        self._table: Mapping[str, list[Any]] = {}
        self._memo: dict[str, Any] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError for what is no record."""
        self._table = record["table"]
        for name in KEPT:
            found = [self._read(event) for event in record[name]]
            kept = getattr(self.seen, name)
            kept.update(found if isinstance(kept, set) else dict.fromkeys(found))

    def _read(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        kind, *rest = value
        if kind == "r":
            if rest[0] not in self._memo:
                self._memo[rest[0]] = self._row(self._table[rest[0]])
            return self._memo[rest[0]]
        if kind == "k":
            return Kind[rest[0]]
        parts = map(self._read, rest)
        return tuple(parts) if kind == "t" else frozenset(parts)

    def _row(self, row: list[Any]) -> Any:
        kind, *rest = row
        if kind == "@":
            return Site(rest[0], Span(*rest[1:]))
        if kind == "?":
            return Unknown(rest[0], self._read(rest[1]))
        return KNOWN[kind](*map(self._read, rest))
