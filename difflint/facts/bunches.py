"""Configuration objects whose attributes are their keys: namespaces, ``EasyDict``, ``ConfigDict``, ``DictConfig``.

They are objects of one stub class, so that all who hold one see what is changed in it."""

from __future__ import annotations

from typing import Any

from difflint.facts import attributes
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    ANY,
    NONE,
    Choice,
    Class,
    Function,
    Instance,
    Items,
    Library,
    Life,
    Record,
    Unknown,
    Value,
    constant,
    join,
)

DICTS = ("builtins.dict", "collections.OrderedDict")
OPEN = "*"  # the attribute of an object that may have any others


def is_bunch(value: Any) -> bool:
    return isinstance(value, Instance) and value.cls.find("_bunch") is not None


def is_kind_of_dict(cls: Class) -> bool:
    """Whether a class of the project is a dict with attributes for keys, and nothing else."""
    functions = [name for name, member in cls.members.items() if isinstance(member, Function)]
    dicts = any(
        isinstance(base, Library) and base.name in ("builtins.dict", "collections.OrderedDict") for base in cls.bases
    )
    return dicts and cls.find("__getattr__") is not None and all(name.startswith("__") for name in functions)


def as_record(value: Value) -> Value:
    """Its entries as those of a dict; any other value as it is."""
    if isinstance(value, Choice):
        return join(as_record(v) for v in value.values)
    if not isinstance(value, Instance) or not is_bunch(value):
        return value
    held = attributes.instance_behind(value).attributes
    return Record(tuple((key, item) for key, item in held.items() if key != OPEN), held.get(OPEN))


def lacks(value: Value, name: str) -> bool:
    """Whether it is such an object and surely has no such entry."""
    if not isinstance(value, Instance) or not is_bunch(value):
        return False
    held = attributes.instance_behind(value).attributes
    return name not in held and OPEN not in held and value.cls.find(name) is None


def make(machine: Machine, frame: Frame, value: Value, site: Site) -> Value:
    """A dict as such an object, and all dicts in it."""
    if isinstance(value, Choice):
        return join(make(machine, frame, v, site) for v in value.values)
    if isinstance(value, Items):
        return Items(tuple(make(machine, frame, v, site) for v in value.items), value.kind)
    return _made(machine, frame, value, site) if isinstance(value, Record) else value


def _made(machine: Machine, frame: Frame, record: Record, site: Site) -> Value:
    from difflint.facts.stubs import load

    cls = load(machine, "config.Bunch")
    if not isinstance(cls, Class):
        return ANY
    made = Instance(cls, site, life=Life(machine.memory.born(), machine.era))
    for key, value in record.entries:
        made.attributes[str(key)] = make(machine, frame, value, site)
    if record.rest is not None:
        made.attributes[OPEN] = record.rest
    return made


def plain(value: Value) -> Value:
    """A configuration with all such objects in it as dicts."""
    found = as_record(value)
    if isinstance(found, Record):
        return Record(tuple((key, plain(item)) for key, item in found.entries), found.rest)
    return Items(tuple(map(plain, found.items)), found.kind) if isinstance(found, Items) else found


def fill(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``Bunch(mapping, **more)`` and ``update``."""
    bunch, *given = arguments.args
    if isinstance(bunch, Instance):
        for value in (*given, Record(arguments.kwargs, ANY if arguments.open else None)):
            _fill(machine, frame, bunch, as_record(value), site)
    return NONE


def _fill(machine: Machine, frame: Frame, bunch: Instance, value: Value, site: Site) -> None:
    if isinstance(value, Choice):
        frame.undecided += 1
        for way in value.values:
            _fill(machine, frame, bunch, as_record(way), site)
        frame.undecided -= 1
    elif isinstance(value, Record):
        for key, item in value.entries:
            attributes.set_attribute(machine, frame, bunch, str(key), make(machine, frame, item, site))
        if value.rest is not None:
            forget_all(machine, frame, bunch, {str(key) for key, _ in value.entries})
    elif value != NONE:
        forget_all(machine, frame, bunch)


def forget_all(machine: Machine, frame: Frame, bunch: Instance, but: frozenset[str] | set[str] = frozenset()) -> None:
    """Anything may have been written into it."""
    for key in [key for key in bunch.attributes if key not in but]:
        attributes.set_attribute(machine, frame, bunch, key, Unknown(f"option {key}"))
    attributes.set_attribute(machine, frame, bunch, OPEN, ANY)


def forget(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    if arguments.args and isinstance(arguments.args[0], Instance):
        forget_all(machine, frame, arguments.args[0])
    return NONE


def entry(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``bunch[key]``."""
    record, key = as_record(arguments.args[0]), constant(arguments.args[1])
    found = record.get(str(key)) if isinstance(record, Record) and key is not None else None
    return found or Unknown(f"item {key!r}", site)


def entries(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return as_record(arguments.args[0]) if arguments.args else ANY


INTRINSICS = {
    "difflint.fill": fill,
    "difflint.forget": forget,
    "difflint.entry": entry,
    "difflint.entries": entries,
}
