"""Stub bodies: small Python classes that say how library objects pass values on, interpreted like user code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from difflint.facts.project import Module
from difflint.facts.values import ANY, Value

if TYPE_CHECKING:
    from difflint.facts.machine import Machine

FOLDER = Path(__file__).parent


def load(machine: Machine, name: str) -> Value:
    """The class or function ``module.Name`` of a stub file."""
    stem, _, member = name.partition(".")
    file = FOLDER / f"{stem}.pystub"
    module = machine.project.modules.get(str(file))
    if module is None:
        module = Module(f"difflint.{stem}", str(file), file.read_text(encoding="utf-8"), file, FOLDER, stub=True)
        machine.project.modules[str(file)] = module
    machine.importer(machine, module)
    return module.scope.names.get(member, ANY)
