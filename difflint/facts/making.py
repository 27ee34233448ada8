"""Objects: what calling a class of the project gives."""

from __future__ import annotations

import libcst as cst

from difflint.facts import bunches, networks
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    ANY,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Library,
    LibraryObject,
    Life,
    Unknown,
    Value,
    join,
)

MAX_REMADE = 4  # objects of one place that are told apart because they were changed later
DICTS = ("typing.TypedDict", "typing_extensions.TypedDict", "builtins.dict", "collections.OrderedDict")
FIELD = "dataclasses.field"


def instantiate(machine: Machine, frame: Frame, cls: Class, arguments: Arguments, site: Site) -> Value:
    """A new object, its constructor run; a place that makes the same object again and again makes it once."""
    if cls.node is None:
        return ANY
    if bunches.is_kind_of_dict(cls):
        entries = machine.call(frame, Library("builtins.dict"), arguments, site)
        return bunches.make(machine, frame, entries, site)
    if _is_dict(cls):
        return machine.call(frame, Library("builtins.dict"), arguments, site)
    key = (id(cls.node), arguments, site)
    old = machine.made.get(key)
    if old is not None and (old.life.shared or not old.life.changed):
        old.life.shared = True
        return old
    made = Instance(cls, site, life=Life(machine.memory.born(), machine.era))
    if not cls.module.stub:
        machine.made[key] = made
        machine.remade[key] += 1
        made.life.shared = machine.remade[key] > MAX_REMADE
    networks.note_made(machine, frame, made)
    fields = _fields(cls)
    constructor = cls.find("__init__")
    if isinstance(constructor, Function):
        machine.call(frame, constructor.of(made), arguments, site)
    elif fields:
        _fill(machine, frame, made, fields, arguments)
        after = cls.find("__post_init__")
        if isinstance(after, Function):
            machine.call(frame, after.of(made), Arguments(), site)
    made.life.changed = False
    return made


def _is_dict(cls: Class) -> bool:
    """Whether its objects are dicts that are filled as dicts are, perhaps read with a dot."""
    if not any(isinstance(base, Library) and base.name in DICTS for base in cls.mro()):
        return False
    constructor = cls.find("__init__")
    if not isinstance(constructor, Function):
        return True
    params = constructor.node.params
    return isinstance(params.star_arg, cst.Param) and params.star_kwarg is not None and len(params.params) == 1


def _fields(cls: Class) -> list[str]:
    """The fields of a dataclass, those of its bases first."""
    given = [c.members.get("__dataclass__") for c in reversed(list(cls.mro())) if isinstance(c, Class)]
    names = [f.value for fields in given if isinstance(fields, Items) for f in fields.items if isinstance(f, Const)]
    return list(dict.fromkeys(names))


def _fill(machine: Machine, frame: Frame, made: Instance, names: list[str], arguments: Arguments) -> None:
    """The constructor that ``@dataclass`` writes."""
    for position, name in enumerate(names):
        value = arguments.get(position, name)
        default = made.cls.find(name) or Unknown(name)
        if arguments.open:
            default = join((default, Unknown(name)))
        made.attributes[name] = value if value is not None else _default(machine, frame, default)


def _default(machine: Machine, frame: Frame, default: Value) -> Value:
    """The default of a dataclass's field, made new for each object where ``field`` says how."""
    if not isinstance(default, LibraryObject) or default.name != FIELD:
        return default
    factory = default.argument("default_factory")
    site = default.site or Site(frame.path, None)
    return (
        machine.call(frame, factory, Arguments(), site) if factory is not None else default.argument("default") or ANY
    )
