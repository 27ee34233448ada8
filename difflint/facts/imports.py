"""Import statements: project files are interpreted on demand, everything else is a library name."""

from __future__ import annotations

from typing import Any

import libcst as cst

from difflint.facts.machine import Machine
from difflint.facts.project import Module
from difflint.facts.scope import Frame
from difflint.facts.values import Class, Library, Unknown, Value


def import_(machine: Machine, frame: Frame, node: cst.Import) -> None:
    for alias in node.names:
        full = dotted(alias.name)
        bound = (
            alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else None
        )
        target = full if bound else full.partition(".")[0]
        frame.scope.bind(bound or target, _module(machine, frame, target))
        if not bound and target != full:
            _module(machine, frame, full)


def import_from(machine: Machine, frame: Frame, node: cst.ImportFrom) -> None:
    base = dotted(node.module) if node.module is not None else ""
    importer: Module = frame.scope.module
    source = (
        machine.project.relative(len(node.relative), base, importer)
        if node.relative
        else machine.project.find(base, importer)
    )
    if source is not None:
        machine.importer(machine, source)
    if isinstance(node.names, cst.ImportStar):
        for name, value in source.scope.names.items() if source is not None else ():
            frame.scope.bind(name, value)
        return
    for alias in node.names:
        name = dotted(alias.name)
        bound = (
            alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
        )
        frame.scope.bind(bound, _member(machine, importer, source, base, name, len(node.relative)))


def _member(machine: Machine, importer: Module, source: Module | None, base: str, name: str, level: int) -> Value:
    if source is not None and name in source.scope.names:
        return source.scope.names[name]
    full = f"{base}.{name}" if base else name
    inner = machine.project.relative(level, full, importer) if level else machine.project.find(full, importer)
    if inner is not None:
        return interpreted(machine, inner)
    if source is not None or level:
        return Unknown(full)
    return machine.knowledge.resolve(machine, full)


def _module(machine: Machine, frame: Frame, name: str) -> Value:
    found = machine.project.find(name, frame.scope.module)
    return interpreted(machine, found) if found is not None else Library(name)


def interpreted(machine: Machine, module: Module) -> Value:
    """A project module as a value: its names are read like class members."""
    machine.importer(machine, module)
    return Class(module.name, None, module, (), module.scope.names)


def dotted(node: Any) -> str:
    """The text of a dotted name."""
    return f"{dotted(node.value)}.{node.attr.value}" if isinstance(node, cst.Attribute) else str(node.value)
