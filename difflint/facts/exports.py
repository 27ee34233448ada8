"""What a module gives to others beyond the names it binds: star imports, lazy packages, a module's ``__getattr__``."""

from __future__ import annotations

from difflint.facts.machine import Arguments, Machine
from difflint.facts.project import Module
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import Const, Function, Items, Unknown, Value, constant

LAZY = ("_LazyModule(", "lazy_loader", "LazyImporter(")  # packages that give what their type checker's branch imports


def public(source: Module) -> list[str]:
    """The names that ``from source import *`` binds: those of ``__all__``, else all without an underscore."""
    given = source.scope.find("__all__")
    if isinstance(given, Items):
        return [name for item in given.items if isinstance(name := constant(item), str) and name in source.scope.names]
    return [name for name in source.scope.names if not name.startswith("_")]


def is_lazy(module: Module) -> bool:
    """Whether the imports that only a type checker sees say what the module gives at run time."""
    return any(word in module.text for word in LAZY)


def made_on_demand(machine: Machine, source: Module, name: str) -> Value | None:
    """What the module's own ``__getattr__`` gives for a name; None if it has none or gives something unknown."""
    hook = source.scope.find("__getattr__")
    if not isinstance(hook, Function):
        return None
    frame = Frame(source.scope, source.path)
    found = machine.call(frame, hook, Arguments((Const(name),)), Site(source.path, hook.node))
    return None if isinstance(found, Unknown) else found


def of_stars(machine: Machine, module: Module, name: str) -> Value | None:
    """A name that ``from library import *`` may have bound, if the library is known to have it."""
    full = next((f"{library}.{name}" for library in module.stars if machine.knowledge.knows(f"{library}.{name}")), None)
    return machine.knowledge.resolve(machine, full) if full is not None else None
