"""Methods of Python's own lists, dicts and strings."""

from __future__ import annotations

from dataclasses import replace

from difflint.facts.machine import Arguments
from difflint.facts.tables import Table
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    NONE,
    Choice,
    Const,
    Elements,
    Items,
    Record,
    Tensor,
    Unknown,
    Value,
    constant,
    join,
)

MUTATORS = frozenset(
    ["append", "extend", "insert", "pop", "update", "setdefault", "remove", "clear", "reverse", "sort", "add"]
)
MAX_ITEMS = 200
MAX_TEXT = 10_000  # characters: a longer string is no name of anything
RECORD_METHODS = frozenset(["items", "keys", "values", "get", "pop", "update", "setdefault", "copy"])


def call(owner: Value, name: str, arguments: Arguments) -> Value | None:
    """What a method of a list, dict or string returns; None if it is no such method."""
    if isinstance(owner, Record):
        return _of_record(owner, name, arguments)
    if isinstance(owner, Items | Elements):
        return _of_sequence(owner, name, arguments)
    if isinstance(owner, Const) and isinstance(owner.value, str):
        return _of_string(owner.value, name, arguments)
    return None


def _of_record(owner: Record, name: str, arguments: Arguments) -> Value | None:
    values = [value for _, value in owner.entries]
    if name in ("items", "keys", "values"):
        return _views(owner, name)
    if name in ("get", "pop", "setdefault"):
        key = arguments.get(0, "key")
        default = arguments.get(1, "default") or NONE
        if isinstance(key, Const):
            found = owner.get(key.value)
            return found if found is not None else default
        return join((*values, default))
    if name == "copy":
        return replace(owner)
    if name == "_replace" and owner.ordered and not arguments.open:
        given = dict(arguments.kwargs)
        return replace(owner, entries=tuple((key, given.get(str(key), value)) for key, value in owner.entries))
    return replace(owner, ordered=False) if name == "_asdict" else ANY


def _views(owner: Record, name: str) -> Value:
    rows = [_view(name, Const(key), value) for key, value in owner.entries]
    if owner.rest is None:
        return Items(tuple(rows))
    return Elements(join((*rows, _view(name, Unknown("key"), owner.rest))))


def _view(name: str, key: Value, value: Value) -> Value:
    if name == "items":
        return Items((key, value), "tuple")
    return key if name == "keys" else value


def _of_sequence(owner: Items | Elements, name: str, arguments: Arguments) -> Value:
    if name == "copy":
        return replace(owner)
    if name in ("__next__", "next"):
        return join(owner.items) if isinstance(owner, Items) else owner.item
    if name == "pop":
        position = _position(owner, arguments)
        return owner.items[position] if isinstance(owner, Items) and position is not None else ANY
    return NONE


def _position(owner: Items | Elements, arguments: Arguments) -> int | None:
    """Which item ``pop`` takes; None when that is not known."""
    position = constant(arguments.get(0, "index") or Const(-1))
    size = len(owner.items) if isinstance(owner, Items) else 0
    return position if isinstance(position, int) and -size <= position < size else None


# methods of strings that only compute another value, and no larger one than a reader would write
OF_STRINGS = frozenset(
    [
        *("lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix"),
        *("split", "rsplit", "partition", "rpartition", "join", "replace", "startswith", "endswith", "find", "rfind"),
        *("count", "isdigit", "isidentifier", "splitlines", "format"),
    ]
)


def _of_string(text: str, name: str, arguments: Arguments) -> Value:
    """What a method of a known string gives when its arguments are known too."""
    args = [_plain(value) for value in arguments.args]
    keywords = {key: _plain(value) for key, value in arguments.kwargs}
    unsure = arguments.open or any(value is ANY for value in (*args, *keywords.values()))
    if name not in OF_STRINGS or unsure or (name == "format" and set(":!.[") & set(text)):
        return Unknown("string")
    try:
        return _of_plain(getattr(text, name)(*args, **keywords))
    except (TypeError, ValueError, IndexError, KeyError):
        return Unknown("string")


def _plain(value: Value) -> object:
    """The Python value of a constant or of a list of them, else ANY."""
    if isinstance(value, Items):
        parts = [_plain(item) for item in value.items]
        return ANY if any(part is ANY for part in parts) else tuple(parts) if value.kind == "tuple" else parts
    return value.value if isinstance(value, Const) and isinstance(value.value, str | int | None) else ANY


def _of_plain(value: object) -> Value:
    if isinstance(value, list | tuple):
        return Items(tuple(map(_of_plain, value)), type(value).__name__)
    return Const(value) if len(str(value)) <= MAX_TEXT else Unknown("string")


def mutated(owner: Value, name: str, arguments: Arguments) -> Value | None:
    """The container after a mutating method."""
    if isinstance(owner, Choice):
        parts = [mutated(v, name, arguments) for v in owner.values]
        return None if None in parts else join(part for part in parts if part is not None)
    if isinstance(owner, Items):
        return _mutated_items(owner, name, arguments)
    if isinstance(owner, Elements):
        added = _added(name, arguments)
        return Elements(join((owner.item, *added))) if added else owner
    if isinstance(owner, Record):
        return _mutated_record(owner, name, arguments)
    return COEFFICIENT if isinstance(owner, Table) else None


def _mutated_items(owner: Items, name: str, arguments: Arguments) -> Value:
    added = _added(name, arguments)
    if name == "extend":
        other = arguments.get(0, "iterable")
        if not isinstance(other, Items):
            return Elements(join((*owner.items, *added)))
    if len(owner.items) > MAX_ITEMS:
        return Elements(join((*owner.items, *added)))
    if name == "insert":
        position = constant(arguments.get(0, "index"))
        where = position if isinstance(position, int) else 0
        return Items((*owner.items[:where], *added, *owner.items[where:]), owner.kind)
    if name == "pop":
        position = _position(owner, arguments)
        if position is None:
            return Elements(join(owner.items))
        return Items(owner.items[:position] + owner.items[position:][1:], owner.kind)
    if name in ("remove", "sort"):
        return Elements(join(owner.items))
    if name == "reverse":
        return Items(owner.items[::-1], owner.kind)
    return Items((), owner.kind) if name == "clear" else Items((*owner.items, *added), owner.kind)


def _added(name: str, arguments: Arguments) -> tuple[Value, ...]:
    if name in ("append", "add"):
        return arguments.args[:1]
    if name == "insert":
        return arguments.args[1:2]
    if name == "extend" and arguments.args:
        other = arguments.args[0]
        if isinstance(other, Items):
            return other.items
        if isinstance(other, Tensor):
            return (other,)  # its slices
        return (other.item,) if isinstance(other, Elements) else (ANY,)
    return ()


def _mutated_record(owner: Record, name: str, arguments: Arguments) -> Record:
    if name == "update":
        for other in arguments.args:
            owner = updated(owner, other)
        for key, value in arguments.kwargs:
            owner = owner.put(key, value)
        return owner
    key = constant(arguments.get(0, "key"))
    if name == "setdefault" and key is not None and owner.get(key) is None:
        return owner.put(key, arguments.get(1, "default") or NONE)
    if name == "pop":
        return Record(tuple(e for e in owner.entries if e[0] != key), owner.rest)
    return owner


def updated(owner: Record, other: Value) -> Record:
    """The dict after ``owner.update(other)``."""
    if not isinstance(other, Record):
        return Record(owner.entries, ANY)
    for key, value in other.entries:
        owner = owner.put(key, value)
    return owner if other.rest is None else Record(owner.entries, other.rest)
