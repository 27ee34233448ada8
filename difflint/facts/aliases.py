"""Names that hold the same object: what changes it in place changes all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.values import Elements, Items, Record, Tensor, Value


def changed(machine: Machine, frame: Frame, old: Value, new: Value) -> None:
    """Rebind every other name of an object that has just become another value."""
    if not isinstance(old, Tensor | Items | Elements | Record) or old is new:
        return
    for names in _namespaces(machine, frame):
        for name, value in names.items():
            if value is old:
                names[name] = new


def _namespaces(machine: Machine, frame: Frame) -> Iterator[dict[str, Any]]:
    """The names and attributes that are in sight of some running function, each namespace once."""
    seen: set[int] = set()
    for running in (frame, *machine.stack):
        scope = running.scope
        spaces = [scope.names, scope.module.scope.names]
        spaces += [running.self_value.attributes] if running.self_value is not None else []
        for names in spaces:
            if id(names) not in seen:
                seen.add(id(names))
                yield names


def fresh(value: Value) -> Value:
    """An equal container that is an object of its own, as every call makes one."""
    return replace(value) if isinstance(value, Items | Elements | Record | Tensor) else value
