"""Names in strings: what ``"ldm.models.autoencoder.AutoencoderKL"`` in a file or a call means in the project."""

from __future__ import annotations

from difflint.facts import attributes, imports
from difflint.facts.machine import Arguments, Machine
from difflint.facts.project import Module
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import ANY, Choice, Const, Unknown, Value, join


def resolve_dotted(machine: Machine, module: Module, text: str, site: Site | None = None) -> Value:
    """What ``text`` means in ``module``: a file of the project or something in it, else a library's name; ANY when it
    is no dotted name, Unknown when the file is there and lacks the name."""
    parts = text.split(".")
    if not all(part.isidentifier() for part in parts):
        return ANY
    frame = Frame(module.scope, module.path)
    for end in range(len(parts), 0, -1):
        found = machine.project.find(".".join(parts[:end]), module)
        if found is not None:
            value = imports.interpreted(machine, found)
            for name in parts[end:]:
                value = attributes.get(machine, frame, value, name, site or Site(module.path, None))
            return value
    return machine.knowledge.resolve(machine, text)


def import_module(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``importlib.import_module(name, package)``, where the name is known."""
    given = arguments.get(0, "name") or ANY
    if isinstance(given, Choice):
        return join(import_module(machine, frame, Arguments((v, *arguments.args[1:])), site) for v in given.values)
    if not isinstance(given, Const) or not isinstance(given.value, str):
        return machine.unknown("import_module", site)
    name = given.value.lstrip(".")
    level = len(given.value) - len(name)
    module: Module = frame.scope.module
    if not level:
        return resolve_dotted(machine, module, name, site)
    found = machine.project.relative(level, name, module)
    return imports.interpreted(machine, found) if found is not None else Unknown(given.value, site)


def locate(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``pydoc.locate("package.module.Class")`` and its like."""
    given = arguments.args[0] if arguments.args else arguments.kwargs[0][1] if arguments.kwargs else ANY
    if isinstance(given, Choice):
        return join(locate(machine, frame, Arguments((v,)), site) for v in given.values)
    if isinstance(given, Const) and isinstance(given.value, str):
        return resolve_dotted(machine, frame.scope.module, given.value, site)
    return machine.unknown("locate", site)
