"""Import statements: project files are interpreted on demand, everything else is a library name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import libcst as cst

from difflint.facts import exports
from difflint.facts.machine import Machine
from difflint.facts.project import Module
from difflint.facts.scope import Frame
from difflint.facts.values import ANY, Class, Const, Deferred, Library, Unknown, Value


def import_(machine: Machine, frame: Frame, node: cst.Import) -> None:
    for alias in node.names:
        full = dotted(alias.name)
        bound = _bound(alias)
        target = full if bound else full.partition(".")[0]
        frame.scope.bind(bound or target, _later(frame, bound or target, partial(_module, machine, frame, target)))
        if not bound and target != full and not _can_wait(frame, target):
            _module(machine, frame, full)


def import_from(machine: Machine, frame: Frame, node: cst.ImportFrom) -> None:
    if isinstance(node.names, cst.ImportStar):
        source, base = _source(machine, frame, node), dotted(node.module) if node.module is not None else ""
        if source is not None:
            machine.importer(machine, source)
        _import_all(frame, source, base if not node.relative else "")
        return
    for alias in node.names:
        bound = _bound(alias) or dotted(alias.name)
        frame.scope.bind(bound, _later(frame, bound, partial(_from, machine, frame, node, dotted(alias.name))))


def _bound(alias: cst.ImportAlias) -> str | None:
    """The name after ``as``."""
    return alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else None


def _later(frame: Frame, name: str, make: Callable[[], Value]) -> Value:
    return Deferred(name, make) if _can_wait(frame, name) else make()


def _can_wait(frame: Frame, name: str) -> bool:
    """Whether an import can wait until its name is used; one that nobody uses is there for what it does."""
    module: Module = frame.scope.module
    inside = frame.function is not None or frame.owner is not None or frame.undecided > 0 or module.stub
    return not inside and (module.location.stem == "__init__" or module.text.count(name) > 1)


def _from(machine: Machine, frame: Frame, node: cst.ImportFrom, name: str) -> Value:
    source = _source(machine, frame, node)
    if source is not None:
        machine.importer(machine, source)
    base = dotted(node.module) if node.module is not None else ""
    return _member(machine, frame.scope.module, source, base, name, len(node.relative))


def _import_all(frame: Frame, source: Module | None, library: str) -> None:
    importer: Module = frame.scope.module
    for name in exports.public(source) if source is not None else ():
        frame.scope.bind(name, source.scope.names[name] if source is not None else ANY)
    importer.stars += source.stars if source is not None else [library]


def _member(machine: Machine, importer: Module, source: Module | None, base: str, name: str, level: int) -> Value:
    if source is not None and (found := source.scope.own(name)) is not None:
        return found
    full = f"{base}.{name}" if base else name
    if full == "typing.TYPE_CHECKING" and exports.is_lazy(importer):
        return Const(True)
    inner = machine.project.relative(level, full, importer) if level else machine.project.find(full, importer)
    if inner is not None:
        return interpreted(machine, inner)
    if source is not None:
        made = exports.made_on_demand(machine, source, name) or exports.of_stars(machine, source, name)
        return made or Unknown(full)
    if level:
        return Unknown(full)
    return machine.knowledge.resolve(machine, full)


def _module(machine: Machine, frame: Frame, name: str) -> Value:
    found = machine.project.find(name, frame.scope.module)
    return interpreted(machine, found) if found is not None else Library(name)


def interpreted(machine: Machine, module: Module) -> Value:
    """A project module as a value: its names are read like class members."""
    machine.importer(machine, module)
    return Class(module.name, None, module, (), module.scope.names)


INSTALLED = sys.stdlib_module_names | {"torch", "numpy", "torchvision", "PIL"}  # without these nothing else works


def may_fail(machine: Machine, frame: Frame, statement: Any) -> bool:
    """Whether a statement in the body of a ``try`` may raise: imports that are found and constants do not."""
    parts = statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement]
    return not all(_is_safe(machine, frame, part) for part in parts)


def _is_safe(machine: Machine, frame: Frame, part: Any) -> bool:
    if isinstance(part, cst.Assign):
        return isinstance(part.value, cst.Name | cst.SimpleString | cst.BaseNumber)
    if isinstance(part, cst.Import):
        importer: Module = frame.scope.module
        names = [dotted(alias.name) for alias in part.names]
        return all(n.partition(".")[0] in INSTALLED or machine.project.find(n, importer) is not None for n in names)
    if isinstance(part, cst.ImportFrom):
        if _source(machine, frame, part) is not None:
            return not _lacks(machine, frame, part)
        known = machine.knowledge.knows
        return not isinstance(part.names, cst.ImportStar) and all(known(name) for name in _full_names(part))
    return isinstance(part, cst.Pass)


def fails(machine: Machine, frame: Frame, statement: Any) -> bool:
    """Whether it surely raises: it imports a name from a file of the project that lacks it."""
    parts = statement.body if isinstance(statement, cst.SimpleStatementLine) else []
    return any(isinstance(part, cst.ImportFrom) and _lacks(machine, frame, part) for part in parts)


def _lacks(machine: Machine, frame: Frame, node: cst.ImportFrom) -> bool:
    source = _source(machine, frame, node)
    if source is None or isinstance(node.names, cst.ImportStar):
        return False
    machine.importer(machine, source)
    if source.state != "done" or "__getattr__" in source.text or "import *" in source.text:
        return False
    names = {full.rpartition(".")[2]: full for full in _full_names(node)}
    absent = [full for name, full in names.items() if name not in source.scope.names]
    return any(_file(machine, frame, len(node.relative), full) is None for full in absent)


def _full_names(node: cst.ImportFrom) -> list[str]:
    """The dotted names that ``from x import a, b`` asks for, without the dots in front."""
    names = [] if isinstance(node.names, cst.ImportStar) else [dotted(alias.name) for alias in node.names]
    return [f"{dotted(node.module)}.{name}" if node.module is not None else name for name in names]


def _file(machine: Machine, frame: Frame, level: int, name: str) -> Module | None:
    importer: Module = frame.scope.module
    return machine.project.relative(level, name, importer) if level else machine.project.find(name, importer)


def _source(machine: Machine, frame: Frame, node: cst.ImportFrom) -> Module | None:
    """The project file that ``from x import`` takes its names from."""
    return _file(machine, frame, len(node.relative), dotted(node.module) if node.module is not None else "")


def dotted(node: Any) -> str:
    """The text of a dotted name."""
    return f"{dotted(node.value)}.{node.attr.value}" if isinstance(node, cst.Attribute) else str(node.value)
