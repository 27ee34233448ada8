"""What a parameter must be, judged by the attributes that its function asks it for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libcst as cst

from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.values import Class
from difflint.syntax import walk

ENOUGH = 2  # attributes that belong to the class itself
COMMON = frozenset(
    [
        "to",
        "cuda",
        "cpu",
        "eval",
        "train",
        "parameters",
        "state_dict",
        "load_state_dict",
        "half",
        "float",
        "forward",
        "apply",
        "shape",
        "device",
        "dtype",
        "modules",
        "named_parameters",
        "zero_grad",
        "requires_grad_",
        "size",
        "append",
        "items",
        "keys",
        "values",
        "get",
        "update",
        "pop",
        "copy",
        "format",
        "split",
        "join",
    ]
)


def only_class(machine: Machine, inner: Frame, parameter: cst.Param, function: Any) -> Class | None:
    """The one class of the module whose objects have every attribute that the function reads of the parameter."""
    if id(function) not in machine.attributes_read:
        machine.attributes_read[id(function)] = frozenset(_attributes(function.body))
    name = parameter.name.value
    asked = {attribute for owner, attribute in machine.attributes_read[id(function)] if owner == name} - COMMON
    if len(asked) < ENOUGH:
        return None
    classes = {id(v.node): v for v in inner.scope.module.scope.all() if isinstance(v, Class) and _is_own(v)}
    fitting = [cls for cls in classes.values() if asked <= _names(machine, cls)]
    return fitting[0] if len(fitting) == 1 else None


def _is_own(cls: Class) -> bool:
    return cls.node is not None and not cls.module.stub


def _names(machine: Machine, cls: Class) -> set[str]:
    made = machine.typical.get(id(cls.node))
    own = set(made.attributes) if made is not None else set()
    return own.union(*(c.members for c in cls.mro() if isinstance(c, Class)))


def _attributes(body: cst.CSTNode) -> Iterator[tuple[str, str]]:
    """Every ``name.attribute`` below a node."""
    for node in walk.nodes(body):
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            yield node.value.value, node.attr.value
