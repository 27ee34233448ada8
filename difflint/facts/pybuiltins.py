"""Python's builtin functions, as far as values flow through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from difflint.facts import attributes, bunches, configcalls, indexing, truth
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    ANY,
    NONE,
    Class,
    Const,
    Elements,
    Function,
    Instance,
    Items,
    Library,
    Partial,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    forced,
    join,
)

Builtin = Callable[[Machine, Frame, Arguments, Site], Value]


def call(machine: Machine, frame: Frame, name: str, arguments: Arguments, site: Site) -> Value:
    """What a builtin returns; those that matter nothing to tensors are unknown."""
    function = BUILTINS.get(name)
    return function(machine, frame, arguments, site) if function is not None else Unknown(name)


def _list(kind: str) -> Builtin:
    def convert(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
        if not arguments.args:
            return Items((), kind)
        value = arguments.args[0]
        known = indexing.unrolled(machine, frame, value)
        return Items(known, kind) if known is not None else indexing.each_of(machine, frame, value)

    return convert


def _dict(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    record = Record()
    if arguments.args:
        first = bunches.as_record(arguments.args[0])
        record = (
            first if isinstance(first, Record) else indexing.record_of(first.items if isinstance(first, Items) else ())
        )
        if not isinstance(first, Record | Items):
            record = Record(rest=ANY)
    for key, value in arguments.kwargs:
        record = record.put(key, value)
    return Record(record.entries, ANY) if arguments.open else record


def _range(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    bounds = [constant(v) for v in arguments.args]
    known = 1 <= len(bounds) <= 3 and all(isinstance(b, int) for b in bounds)
    if known:
        numbers = range(*bounds) if len(bounds) < 3 or bounds[2] else range(0)
        if len(numbers[:9]) <= 8:
            return Items(tuple(Const(n) for n in numbers))
        return Elements(Unknown("index", site), some=known, numbers=numbers)
    return Elements(Unknown("index", site), some=known)


def _zip(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    columns = [indexing.unrolled(machine, frame, v) for v in arguments.args]
    if columns and all(column is not None for column in columns):
        return Items(
            tuple(Items(tuple(row), "tuple") for row in zip(*(c for c in columns if c is not None), strict=False))
        )
    parts = [indexing.each_of(machine, frame, v) for v in arguments.args]
    return Elements(Items(tuple(part.item for part in parts), "tuple"), some=all(part.some for part in parts))


def _enumerate(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "iterable") or ANY
    known = indexing.unrolled(machine, frame, value)
    if known is not None:
        begin = constant(arguments.get(1, "start") or Const(0))
        if isinstance(begin, int):
            return Items(tuple(Items((Const(i), v), "tuple") for i, v in enumerate(known, begin)))
    each = indexing.each_of(machine, frame, value)
    first = None if arguments.get(1, "start") is not None else Items((Const(0), each.item), "tuple")
    return Elements(Items((Unknown("index", site), each.item), "tuple"), first, each.some)


def _map(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    function, *iterables = arguments.args or (ANY,)
    known = [indexing.unrolled(machine, frame, v) for v in iterables]
    if known and all(k is not None for k in known):
        rows = zip(*(k for k in known if k is not None), strict=False)
        return Items(tuple(machine.call(frame, function, Arguments(tuple(row)), site) for row in rows))
    items = tuple(indexing.item_of(machine, frame, v) for v in iterables)
    return Elements(machine.call(frame, function, Arguments(items), site))


def _same_items(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "iterable") or ANY
    return Items(value.items[::-1]) if isinstance(value, Items) else indexing.each_of(machine, frame, value)


def _filter(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Elements(indexing.item_of(machine, frame, arguments.args[-1])) if arguments.args else ANY


def _iter(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "object") or ANY
    if isinstance(value, Instance) and value.cls.find("__next__") is not None:
        return value
    return value if isinstance(value, Items) else indexing.each_of(machine, frame, value)


def _next(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "iterator") or ANY
    if isinstance(value, Instance) and value.cls.find("__next__") is not None:
        return machine.call(frame, attributes.get(machine, frame, value, "__next__", site), Arguments(), site)
    return indexing.item_of(machine, frame, value)


def _isinstance(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    if len(arguments.args) != 2:
        return ANY
    answers = {truth.is_instance(v, arguments.args[1]) for v in choices(arguments.args[0])}
    answer = answers.pop() if len(answers) == 1 else None
    return Unknown("isinstance") if answer is None else Const(answer)


def _getattr(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``getattr(object, name)``, for each name it may be; the default where the object surely lacks it."""
    owner, names = (*arguments.args, ANY, ANY)[:2]
    found = [v.value for v in choices(names) if isinstance(v, Const) and isinstance(v.value, str)]
    if not arguments.args or len(found) != len(choices(names)):
        return ANY
    if len(arguments.args) == 3 and isinstance(owner, Const) and owner.value is None:
        return arguments.args[2]
    if len(arguments.args) == 3 and len(found) == 1 and bunches.lacks(owner, found[0]):
        return arguments.args[2]
    return join(attributes.get(machine, frame, owner, name, site) for name in found)


def _hasattr(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """True for what a class or module defines; an attribute that nobody was seen setting may still be there."""
    owner, name = (*arguments.args, ANY, ANY)[:2]
    cls = owner.cls if isinstance(owner, Instance) else owner
    if bunches.is_bunch(owner) and isinstance(owner, Instance) and constant(name) in owner.attributes:
        return Const(True)
    if isinstance(constant(name), str) and bunches.lacks(owner, constant(name)):
        return Const(False)
    defined = isinstance(cls, Class) and cls.find(str(constant(name))) is not None
    return Const(True) if defined else Unknown("hasattr", site)


def _globals(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Record(tuple((name, forced(value)) for name, value in frame.scope.module.scope.names.items()))


def _locals(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Record(tuple(frame.scope.names.items()))


def _eval(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``eval("models.UNet")``: what a known dotted name means here."""
    texts = [constant(v) for v in choices(arguments.get(0, "source") or ANY)]
    if not all(isinstance(text, str) and text.replace(".", "").isidentifier() for text in texts):
        return ANY
    return join(machine.evaluate(frame, cst.parse_expression(text)) for text in texts)


def _setattr(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    name, owner = constant(arguments.get(1, "name")), arguments.get(0, "object")
    if isinstance(name, str) and len(arguments.args) == 3:
        attributes.set_attribute(machine, frame, arguments.args[0], name, arguments.args[2])
    elif isinstance(owner, Instance) and bunches.is_bunch(owner):
        bunches.forget_all(machine, frame, owner)
    return NONE


def _len(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Instance) and value.cls.find("__len__") is not None:
        return machine.call(frame, attributes.get(machine, frame, value, "__len__", site), Arguments(), site)
    if isinstance(value, Record) and value.rest is None:
        return Const(len(value.entries))
    return Const(len(value.items)) if isinstance(value, Items) else Unknown("len", site)


def _number(convert: Callable[[float], int | float]) -> Builtin:
    def function(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
        value = arguments.get(0, "x")
        known = constant(value)
        if isinstance(known, int | float):
            return Const(convert(known))
        return value if isinstance(value, Tensor) else Unknown("number", site)

    return function


def _abs(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "x")
    known = constant(value)
    return (
        Const(abs(known))
        if isinstance(known, int | float)
        else machine.call(frame, Library("torch.abs"), arguments, site)
    )


def _sum(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "iterable") or ANY
    item = indexing.item_of(machine, frame, value)
    return item if isinstance(item, Tensor) and item.kind.name == "LOSS" else Unknown("sum", site)


def _bool(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    known = truth.truth(arguments.args[0]) if arguments.args else False
    return Unknown("bool") if known is None else Const(known)


def _leave(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    frame.alive = False
    return NONE


def _callable(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Const | Tensor | Items | Record):
        return Const(False)
    return Const(True) if isinstance(value, Function | Class | Library | Partial) else Unknown("callable")


def _vars(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``vars(object)``: its names by name; an object may have more than were seen."""
    value = arguments.get(0, "object")
    if bunches.is_bunch(value):
        return value or ANY  # the very dict: who changes it changes the object
    if isinstance(value, Instance):
        return Record(tuple(value.attributes.items()), ANY)
    if isinstance(value, Class):
        return Record(tuple(value.members.items()))
    return value if isinstance(value, Record) else Record(rest=ANY)


def _staticmethod(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    value = arguments.get(0, "function") or ANY
    return replace(value, decorators=(*value.decorators, "staticmethod")) if isinstance(value, Function) else value


def _type(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """The class of an object, or a class made of a name, bases and a dict."""
    if len(arguments.args) != 3:
        value = arguments.get(0, "object")
        if isinstance(value, Const) and value.value is not None:
            return Library(f"builtins.{type(value.value).__name__}")
        return value.cls if isinstance(value, Instance) else ANY
    name, bases, members = arguments.args
    if not isinstance(bases, Items) or not isinstance(members, Record):
        return ANY
    given = {str(key): value for key, value in members.entries}
    label = str(constant(name) or "".join(b.name for b in bases.items if isinstance(b, Class)))
    return Class(label, cst.Pass(), frame.scope.module, bases.items, given)


BUILTINS: dict[str, Builtin] = {
    "open": configcalls.open_file,
    "list": _list("list"),
    "tuple": _list("tuple"),
    "set": _list("set"),
    "dict": _dict,
    "range": _range,
    "zip": _zip,
    "enumerate": _enumerate,
    "map": _map,
    "filter": _filter,
    "reversed": _same_items,
    "sorted": _filter,
    "iter": _iter,
    "next": _next,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "setattr": _setattr,
    "len": _len,
    "int": _number(int),
    "float": _number(float),
    "abs": _abs,
    "sum": _sum,
    "bool": _bool,
    "hasattr": _hasattr,
    "globals": _globals,
    "locals": _locals,
    "eval": _eval,
    "exit": _leave,
    "quit": _leave,
    "callable": _callable,
    "vars": _vars,
    "type": _type,
    "staticmethod": _staticmethod,
    "print": lambda machine, frame, arguments, site: NONE,
}
