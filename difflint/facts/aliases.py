"""Names that hold the same object: what changes it in place changes all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.tables import Table
from difflint.facts.values import Choice, Elements, Items, Record, Tensor, Value, join


def changed(machine: Machine, frame: Frame, old: Value, new: Value) -> None:
    """Rebind every other name of an object that has just become another value, for sure or perhaps."""
    if not isinstance(old, Tensor | Items | Elements | Record | Table | Choice) or old is new:
        return
    for space, born, names in _namespaces(machine, frame):
        for name, value in names.items():
            if value is old:
                outside = names is not frame.scope.names
                sure = not outside or born > frame.unsure
                names[name] = new if sure else join((old, new))
                machine.memory.changed(space, name, born if outside else machine.memory.births + 1)


def _namespaces(machine: Machine, frame: Frame) -> Iterator[tuple[object, int, dict[str, Any]]]:
    """The names and attributes that are in sight of some running function, each namespace once, with its birth."""
    seen: set[int] = set()
    for running in (frame, *machine.stack):
        scope, inner, owner = running.scope, running.scope.module.scope, running.self_value
        spaces: list[tuple[object, int, dict[str, Any]]] = [(scope, scope.born, scope.names), (inner, 0, inner.names)]
        spaces += [(owner.life, owner.life.born, owner.attributes)] if owner is not None else []
        for space in spaces:
            if id(space[2]) not in seen:
                seen.add(id(space[2]))
                yield space


def fresh(value: Value) -> Value:
    """An equal container that is an object of its own, as every call makes one."""
    return replace(value) if isinstance(value, Items | Elements | Record | Tensor) else value
