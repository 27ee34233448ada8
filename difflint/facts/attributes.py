"""Attributes: reading and writing them, ``super()``, and what a mutating method leaves in its owner."""

from __future__ import annotations

import builtins
from dataclasses import replace
from typing import Any

import libcst as cst

from difflint.facts import aliases, bunches, containers, exports, indexing, tablecalls
from difflint.facts.machine import Arguments, Machine
from difflint.facts.questions import Statistic
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.tables import Table
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    Choice,
    Class,
    Const,
    Elements,
    Function,
    Instance,
    Items,
    Library,
    LibraryObject,
    Life,
    Method,
    Partial,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    join,
    usable,
)

SAME_TENSOR = frozenset(
    [
        "data",
        "T",
        "mT",
        "H",
        "mH",
        "real",
        "sample",
        "samples",
        "images",
        "frames",
        "prev_sample",
        "latent_dist",
        "last_hidden_state",
        "logits",
        "videos",
    ]
)


# names of tensor methods that other objects have too: on something unknown they say nothing
NOT_ONLY_TENSORS = frozenset(
    [
        "sample",
        "mode",
        "copy",
        "split",
        "convert",
        "resize",
        "filter",
        "type",
        "item",
        "crop",
        "rotate",
        "index_select",
        "select",
        "apply",
    ]
)
LIBRARIES = {"tensor": "torch", "array": "numpy"}  # whose dtypes they have
SAME_NUMBER = frozenset(
    [
        *("item", "float", "double", "cpu", "cuda", "numpy", "detach", "tolist", "to", "clone", "contiguous"),
        *("view", "reshape", "type_as"),
    ]
)
LITERALS = {"TYPE_CHECKING": Const(False), "None": Const(None), "True": Const(True), "False": Const(False)}


def builtin(machine: Machine, name: str, site: Site) -> Value:
    if name in LITERALS:
        return LITERALS[name]
    return Library(f"builtins.{name}") if hasattr(builtins, name) else Unknown(name)


def get(machine: Machine, frame: Frame, owner: Value, name: str, site: Site) -> Value:
    """``owner.name``."""
    if isinstance(owner, Choice):
        return join(get(machine, frame, v, name, site) for v in usable(owner))
    if isinstance(owner, Instance):
        return _of_instance(machine, frame, owner, name, site)
    if isinstance(owner, Library):
        return _of_library(machine, frame, f"{owner.name}.{name}")
    if isinstance(owner, Class):
        if name == "__dict__":
            return Record(tuple(owner.members.items()))
        return _of_module(machine, frame, owner, name) if owner.node is None else _of_class(owner, name)
    if isinstance(owner, Tensor):
        return _of_tensor(owner, name, site)
    if isinstance(owner, Record) and owner.get(name) is not None and name not in containers.RECORD_METHODS:
        return owner.get(name) or ANY
    if isinstance(owner, LibraryObject) and name == "config":
        return Record(owner.arguments, ANY)
    if isinstance(owner, Items | Elements | Record | LibraryObject | Method):
        return Method(owner, name)
    if isinstance(owner, Const) and isinstance(owner.value, str):
        return Method(owner, name)
    if isinstance(owner, Const) and isinstance(owner.value, int | float):
        return Method(owner, name) if name in SAME_NUMBER or tablecalls.knows_method(name) else COEFFICIENT
    if isinstance(owner, Statistic) and name in SAME_NUMBER:
        return Method(owner, name)
    if isinstance(owner, Function) and name == "__name__" and not isinstance(owner.node, cst.Lambda):
        return Const(owner.node.name.value)
    if isinstance(owner, Partial | Function):
        return Unknown(name)
    if isinstance(owner, Table):
        known = tablecalls.attribute(owner, name)
        return known or (Method(owner, name) if tablecalls.knows_method(name) else COEFFICIENT)
    if isinstance(owner, Unknown) and owner.is_coefficient:
        return COEFFICIENT
    if isinstance(owner, Unknown) and name not in NOT_ONLY_TENSORS and machine.knowledge.knows(f"Tensor.{name}"):
        return Method(owner, name)
    if isinstance(owner, Unknown):
        return owner if name.startswith("forward") else Unknown(f"{owner.what}.{name}", owner.site)
    return Unknown(name)


def _of_library(machine: Machine, frame: Frame, name: str) -> Value:
    module = None if machine.knowledge.knows(name) else machine.project.find(name, frame.scope.module)
    if module is None:
        return machine.knowledge.resolve(machine, name)
    machine.importer(machine, module)
    return Class(name, None, module, (), module.scope.names)


def _of_module(machine: Machine, frame: Frame, owner: Class, name: str) -> Value:
    """A name of a project module, or a module below it."""
    found = owner.module.scope.own(name)
    if found is None:
        found = exports.of_stars(machine, owner.module, name)
    if found is None and not name.startswith("__"):
        found = exports.made_on_demand(machine, owner.module, name)
    return found if found is not None else _of_library(machine, frame, f"{owner.name}.{name}")


def _of_tensor(owner: Tensor, name: str, site: Site) -> Value:
    if name in SAME_TENSOR:
        return owner
    if name == "dtype":
        library = LIBRARIES.get(owner.container or "", "dtype")
        return Library(f"{library}.{owner.dtype}") if owner.dtype not in (None, "float") else Unknown("dtype", site)
    if name in ("shape", "device", "ndim", "size", "requires_grad", "grad", "is_cuda"):
        return Unknown(name)
    return Method(owner, name)


def _of_instance(machine: Machine, frame: Frame, owner: Instance, name: str, site: Site) -> Value:
    bound = instance_behind(owner)
    machine.memory.read(bound.life, name)
    if name in owner.attributes:
        return owner.attributes[name]
    if name == "__class__":
        return owner.cls
    if name == "__dict__" and bunches.is_bunch(bound):
        return bound or ANY
    if name == "__dict__":
        return Record(tuple(owner.attributes.items()), ANY)
    member = owner.cls.find(name)
    if member is None:
        return _missing(machine, frame, owner, name, site)
    if isinstance(member, Function):
        if "property" in member.decorators or "cached_property" in member.decorators:
            return machine.call(frame, member.of(bound), Arguments(), site)
        return member if "staticmethod" in member.decorators else member.of(bound)
    return member


def _missing(machine: Machine, frame: Frame, owner: Instance, name: str, site: Site) -> Value:
    """A name that neither the object nor its classes have: it may be passed on to another object."""
    if isinstance(owner.attributes, _Through):
        return _of_object(owner, name, site)
    fallback = owner.cls.find("__getattr__")
    if isinstance(fallback, Function):
        return machine.call(frame, fallback.of(owner), Arguments((Const(name),)), site)
    inner = owner.attributes.get("_wraps")
    if isinstance(inner, Instance) and (name in inner.attributes or inner.cls.find(name) is not None):
        member = inner.attributes.get(name) or inner.cls.find(name)
        return member.of(inner) if isinstance(member, Function) else member or ANY
    return Unknown(f"self.{name}", owner.site)


def _of_object(owner: Instance, name: str, site: Site) -> Value:
    """What ``super()`` finds in Python's ``object``, above all classes of the project."""
    if name == "__getattr__":
        return Library("difflint.raises")
    if name == "__setattr__":
        return Partial(Library("builtins.setattr"), (instance_behind(owner),), ())
    return Unknown(f"self.{name}", owner.site)


def _of_class(owner: Class, name: str) -> Value:
    if name == "__name__":
        return Const(owner.name)
    member = owner.find(name)
    if isinstance(member, Function) and "classmethod" in member.decorators:
        return member.of(owner)
    return member if member is not None else Unknown(f"{owner.name}.{name}")


def set_attribute(machine: Machine, frame: Frame, owner: Value, name: str, value: Value) -> None:
    """``owner.name = value``; where it is not sure that this happens to this object, the old value may stay."""
    if isinstance(owner, Choice):
        for choice in usable(owner):
            set_attribute(machine, frame, choice, name, value)
    elif isinstance(owner, Instance) and name == "__dict__" and isinstance(value, Record):
        for key, item in value.entries:
            set_attribute(machine, frame, owner, str(key), item)
    elif isinstance(owner, Instance) and not _set_by_method(machine, frame, owner, name, value):
        old = owner.attributes.get(name)
        new = value if old is None or _surely(machine, frame, owner) else either(old, value)
        if old is None or (old is not new and old != new):
            behind: Instance = instance_behind(owner)
            behind.life.changed = True
            machine.memory.changed(behind.life, name, behind.life.born)
        owner.attributes[name] = new
    elif isinstance(owner, Class):
        machine.memory.changed(owner, name, 0)
        machine.memory.forget()  # its objects and subclasses have the name too
        old = owner.members.get(name)
        owner.members[name] = value if old is None or frame.unsure < 0 else either(old, value)


def _set_by_method(machine: Machine, frame: Frame, owner: Instance, name: str, value: Value) -> bool:
    """Whether the class has a setter for the name, which is then called."""
    setter = owner.cls.find(f"{name}.setter")
    if not isinstance(setter, Function):
        return False
    site = frame.called_at or owner.site or Site(frame.path, setter.node)
    machine.call(frame, replace(setter, bound=instance_behind(owner)), Arguments((value,)), site)
    return True


def either(old: Value, new: Value) -> Value:
    """One of two; a dict or list that may have been added to is one that has what it may have."""
    if (
        isinstance(old, Record)
        and isinstance(new, Record)
        and {k for k, _ in old.entries} <= {k for k, _ in new.entries}
    ):
        kept = dict(old.entries)
        entries = tuple((key, join((kept[key], v)) if key in kept else v) for key, v in new.entries)
        rests = [rest for rest in (old.rest, new.rest) if rest is not None]
        return replace(new, entries=entries, rest=join(rests) if rests else None)
    if isinstance(old, Items) and isinstance(new, Items) and old.items == new.items[: len(old.items)] != new.items:
        return Elements(join(new.items))
    return join((old, new))


def _surely(machine: Machine, frame: Frame, owner: Instance) -> bool:
    """Whether it happens to this very object, and now: in its constructor, or in the run that made it."""
    constructor = getattr(getattr(frame.function, "name", None), "value", "") in ("__init__", "setup", "__post_init__")
    if frame.undecided == 0 and (constructor or frame.scope.module.stub) and frame.self_value is owner:
        return True
    life: Life = instance_behind(owner).life
    return life.born > frame.unsure and life.era == machine.era and not life.shared


def super_value(frame: Frame, arguments: Arguments) -> Value:
    """``super()`` and ``super(Class, self)``: the object seen through the classes after the one whose method runs."""
    given = arguments.args[:2]
    owner = given[0] if given else frame.owner
    seen: Value | None = given[1] if len(given) == 2 else frame.receiver
    seen = instance_behind(seen) if seen is not None else frame.self_value
    cls = seen.cls if isinstance(seen, Instance) else seen
    if not isinstance(owner, Class) or not isinstance(cls, Class):
        return ANY
    order = cls.order
    above = order[order.index(owner) + 1 :] if owner in order else owner.order[1:]
    rest = Class(owner.name, owner.node, owner.module, (), {}, above)
    return Instance(rest, seen.site, _Through(seen)) if isinstance(seen, Instance) else rest


class _Through(dict[str, Value]):
    """The attributes of another instance: reads find methods of the bases first, writes go to the instance."""

    def __init__(self, instance: Instance) -> None:
        super().__init__()
        self.instance = instance

    def __contains__(self, name: object) -> bool:
        return False

    def __setitem__(self, name: str, value: Value) -> None:
        self.instance.attributes[name] = value


def write_back(machine: Machine, frame: Frame, func: cst.Attribute, arguments: Arguments, result: Value) -> None:
    """Give the receiver what an in-place or mutating method leaves in it."""
    name = func.attr.value
    if _in_place(name):
        receiver = _root(func.value)
        before = machine.evaluate(frame, receiver) if receiver is not None else ANY
        if isinstance(receiver, cst.Subscript) and _is_part(machine, frame, receiver):
            receiver = receiver.value  # the other channels are as they were, or get another factor
            before, result = machine.evaluate(frame, receiver), Unknown("partly written")
        if _is_changed(result, before):
            indexing.bind_target(machine, frame, receiver, result)
            aliases.changed(machine, frame, before, result)
    elif name in containers.MUTATORS and isinstance(func.value, cst.Name | cst.Attribute | cst.Subscript):
        owner = machine.evaluate(frame, func.value)
        changed = containers.mutated(owner, name, arguments)
        if changed is not None:
            indexing.bind_target(machine, frame, func.value, changed)
            aliases.changed(machine, frame, owner, changed)


def write_into(machine: Machine, frame: Frame, receiver: Any, result: Value) -> None:
    """Give the first argument what a function called with ``inplace=True`` leaves in it."""
    if isinstance(receiver, cst.Name | cst.Attribute):
        before = machine.evaluate(frame, receiver)
        if _is_changed(result, before):
            indexing.bind_target(machine, frame, receiver, result)
            aliases.changed(machine, frame, before, result)


def _is_part(machine: Machine, frame: Frame, node: cst.Subscript) -> bool:
    """Whether it is some of a tensor, which changes with it."""
    key = indexing.key_of(machine, frame, node)
    whole = len(node.slice) == 1 and key in (indexing.SLICE, Const(...))
    return not whole and any(_is_picture(v) for v in choices(machine.evaluate(frame, node.value)))


def _is_picture(value: Value) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, Items) and value.kind == "batch")


def _in_place(name: str) -> bool:
    return name.endswith("_") and not name.endswith("__")


def _root(node: Any) -> Any:
    """What ``x.mul_(2).sub_(1)`` changes: the receiver behind a chain of in-place calls."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and _in_place(node.func.attr.value):
        node = node.func.value
    return node if isinstance(node, cst.Name | cst.Attribute | cst.Subscript) else None


def _is_changed(result: Value, before: Value) -> bool:
    if isinstance(before, Table):
        return result != before
    if isinstance(before, Unknown):
        return isinstance(result, Tensor | Choice)
    if isinstance(before, Items) and before.kind == "batch":
        return isinstance(result, Items | Unknown)
    return isinstance(before, Tensor | Choice) and isinstance(result, Tensor | Choice | Unknown | Const)


def instance_behind(value: Value) -> Any:
    """The instance that ``super()`` stands for, or the value itself."""
    return (
        value.attributes.instance if isinstance(value, Instance) and isinstance(value.attributes, _Through) else value
    )
