"""Containers: reading, writing, iterating and unpacking lists, dicts, loaders and tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import libcst as cst

from difflint.facts import aliases, arithmetic, attributes, bunches, tables
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.tables import Table
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    MAX_CHOICES,
    NONE,
    Choice,
    Class,
    Const,
    Elements,
    Instance,
    Items,
    Library,
    LibraryObject,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    join,
    usable,
)

SLICE = Items((NONE, NONE, NONE), "slice")
UNROLL = 64
NEW = "a new array"
BLANK = (NEW, "shape", "size")  # ``torch.Tensor(x.shape)`` is made of a shape, and nobody writes into a shape


def get(machine: Machine, frame: Frame, owner: Value, key: Value, site: Site) -> Value:
    """``owner[key]``."""
    if isinstance(owner, Choice):
        return join(get(machine, frame, v, key, site) for v in usable(owner))
    if isinstance(owner, Tensor):
        return owner
    if isinstance(owner, Items):
        return owner if owner.kind == "batch" else _pick(owner, key)
    if isinstance(owner, Elements):
        return owner if _is_slice(key) else owner.item
    if isinstance(owner, Record):
        return _look_up(owner, key, site)
    if isinstance(owner, Instance) and owner.cls.find("__getitem__") is not None:
        method = attributes.get(machine, frame, owner, "__getitem__", site)
        return machine.call(frame, method, Arguments((key,)), site)
    fields = _fields(owner)
    if fields is not None:
        return get(machine, frame, fields, key, site)
    if isinstance(owner, Table):
        return tables.picked(owner, key) or COEFFICIENT
    if isinstance(owner, Unknown) and owner.is_coefficient:
        return owner
    if owner == Library("sys.modules") and constant(key) == frame.scope.module.name:
        module = frame.scope.module
        return Class(module.name, None, module, (), module.scope.names)
    return Unknown(f"item {constant(key)!r}", site)


OUTPUTS = ("NamedTuple", "BaseOutput", "ModelOutput")  # library classes whose objects are read by position and key too


def _fields(owner: Value) -> Record | None:
    """A named tuple or an output of a model as a record."""
    if not isinstance(owner, Instance):
        return None
    order = owner.cls.mro()
    if not any(isinstance(base, Library) and base.name.rpartition(".")[2] in OUTPUTS for base in order):
        return None
    given = owner.cls.find("__dataclass__")
    names = [constant(name) for name in given.items] if isinstance(given, Items) else []
    return Record(tuple((name, owner.attributes.get(name, ANY)) for name in names), ordered=True)


def _pick(owner: Items, key: Value) -> Value:
    position = constant(key)
    if isinstance(position, int) and -len(owner.items) <= position < len(owner.items):
        return owner.items[position]
    if isinstance(key, Items) and key.kind == "slice":
        bounds = [constant(part) for part in key.items]
        exact = all(part == NONE or isinstance(bound, int) for part, bound in zip(key.items, bounds, strict=True))
        if exact and bounds[2] != 0:
            return Items(owner.items[slice(*bounds)], owner.kind)
        return Elements(join(owner.items))
    if (
        isinstance(key, Items)
        and key.kind == "tuple"
        and any(_is_slice(part) or part in (NONE, Const(...)) for part in key.items)
    ):
        return owner  # a vector of numbers gets more axes
    if owner.kind == "array" and len(owner.items) > MAX_CHOICES:
        return COEFFICIENT
    return join(owner.items) if owner.items else ANY


def _is_slice(key: Value) -> bool:
    return isinstance(key, Items) and key.kind == "slice"


def _look_up(owner: Record, key: Value, site: Site) -> Value:
    if isinstance(key, Choice):
        return join(_look_up(owner, k, site) for k in key.values)
    size = len(owner.entries)
    if owner.ordered and isinstance(key, Const) and type(key.value) is int and -size <= key.value < size:
        return owner.entries[key.value][1]
    if isinstance(key, Const):
        found = owner.get(key.value)
        return found if found is not None else Unknown(f"item {key.value!r}", site)
    values = [value for _, value in owner.entries]
    return join([*values, owner.rest] if owner.rest is not None else values) if values or owner.rest else ANY


def with_key(record: Record, key: Value, value: Value) -> Record:
    """The record after ``record[key] = value``."""
    if isinstance(key, Const):
        return record.put(key.value, value)
    rest = value if record.rest is None else join((record.rest, value))
    return Record(record.entries, rest)


def record_of(pairs: Iterable[Value]) -> Record:
    """A dict from its key-value pairs."""
    record = Record()
    for pair in pairs:
        if isinstance(pair, Items) and len(pair.items) == 2:
            record = with_key(record, pair.items[0], pair.items[1])
    return record


def unrolled(machine: Machine, frame: Frame, iterable: Value) -> tuple[Value, ...] | None:
    """The items of an iterable, one by one, if there are few and all are known."""
    if isinstance(iterable, Items) and len(iterable.items) <= UNROLL:
        return iterable.items
    if isinstance(iterable, Record) and iterable.rest is None:
        return tuple(value if iterable.ordered else Const(key) for key, value in iterable.entries)
    if bunches.is_bunch(iterable):
        return unrolled(machine, frame, bunches.as_record(iterable))
    if isinstance(iterable, Instance):
        inner = iterable.attributes.get("_modules_list") or _iterated(machine, frame, iterable)
        return unrolled(machine, frame, inner) if inner is not None and inner is not iterable else None
    return None


# classes of stubs that nobody loops over when they are empty
FILLED = frozenset(["DataLoader", "Dataset", "VisionDataset", "Columns"])


def is_filled(iterable: Value) -> bool:
    """Whether a loop over it surely has a round: a data set and a loader have pictures, a tensor has rows."""
    if isinstance(iterable, Items):
        return bool(iterable.items)
    if isinstance(iterable, Record):
        return bool(iterable.entries)
    if isinstance(iterable, Elements):
        return iterable.some
    if isinstance(iterable, Instance):
        return any(isinstance(c, Class) and c.module.stub and c.name in FILLED for c in iterable.cls.mro())
    return isinstance(iterable, Tensor) or (isinstance(iterable, Unknown) and iterable.is_coefficient)


def each_of(machine: Machine, frame: Frame, iterable: Value) -> Elements:
    """What any item of an iterable may be, and whether there is one."""
    return Elements(item_of(machine, frame, iterable), some=all(is_filled(v) for v in choices(iterable)))


def item_of(machine: Machine, frame: Frame, iterable: Value) -> Value:
    """What any item of an iterable may be."""
    if isinstance(iterable, Choice):
        return join(item_of(machine, frame, v) for v in usable(iterable))
    if isinstance(iterable, Items):
        return join(iterable.items) if iterable.items else ANY
    if isinstance(iterable, Elements):
        return iterable.item
    if isinstance(iterable, Tensor):
        return iterable
    if isinstance(iterable, Record):
        return join(Const(key) for key, _ in iterable.entries) if iterable.entries else ANY
    if isinstance(iterable, Instance):
        return _item_of_instance(machine, frame, iterable)
    if isinstance(iterable, LibraryObject):
        return Unknown(f"item of {iterable.name}")
    if isinstance(iterable, Unknown) and iterable.is_coefficient:
        return COEFFICIENT
    return Unknown("item", iterable.site if isinstance(iterable, Unknown) else None)


def _iterated(machine: Machine, frame: Frame, iterable: Instance) -> Value | None:
    """What an object's own ``__iter__`` gives."""
    if iterable.cls.find("__iter__") is None:
        return None
    site = iterable.site or Site(frame.path, None)
    return machine.call(frame, attributes.get(machine, frame, iterable, "__iter__", site), Arguments(), site)


def _item_of_instance(machine: Machine, frame: Frame, iterable: Instance) -> Value:
    site = iterable.site or Site(frame.path, None)
    made = _iterated(machine, frame, iterable)
    if made is iterable and iterable.cls.find("__next__") is not None:
        return machine.call(frame, attributes.get(machine, frame, iterable, "__next__", site), Arguments(), site)
    if made is not None:
        return made if made is iterable else item_of(machine, frame, made)
    if iterable.cls.find("__getitem__") is not None:
        return get(machine, frame, iterable, Unknown("index"), site)
    return ANY


def bind_target(machine: Machine, frame: Frame, target: Any, value: Value) -> None:
    """Assign a value to a name, attribute, item or nested tuple of them."""
    if isinstance(target, cst.Name):
        _bind(machine, frame, target.value, value)
    elif isinstance(target, cst.Tuple | cst.List):
        _unpack(machine, frame, target.elements, value)
    elif isinstance(target, cst.Attribute):
        _store_attribute(machine, frame, target, value)
    elif isinstance(target, cst.Subscript):
        _store_item(machine, frame, target, value)


def _store_attribute(machine: Machine, frame: Frame, target: cst.Attribute, value: Value) -> None:
    """``owner.name = value``; of a dict whose keys are attributes it is an entry."""
    owner, name = machine.evaluate(frame, target.value), target.attr.value
    if isinstance(owner, Record) and not owner.ordered:
        changed = with_key(owner, Const(name), value)
        if isinstance(target.value, cst.Name | cst.Attribute | cst.Subscript):
            bind_target(machine, frame, target.value, changed)
        aliases.changed(machine, frame, owner, changed)
        return
    attributes.set_attribute(machine, frame, owner, name, value)


def _bind(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """``name = value``; a name of another scope may keep its old value where that is not sure to run."""
    scope = frame.scope.outer.get(name, frame.scope)
    old = scope.names.get(name)
    if old is not None and scope is not frame.scope and scope.born <= frame.unsure:
        value = attributes.either(old, value)
    if scope is not frame.scope or (old is not None and old is not value and old != value):
        machine.memory.changed(scope, name, scope.born if scope is not frame.scope else machine.memory.births + 1)
    scope.names[name] = value


def _unpack(machine: Machine, frame: Frame, targets: Sequence[Any], value: Value) -> None:
    values = _columns(machine, frame, targets, value)
    for target, part in zip(targets, values, strict=True):
        bind_target(machine, frame, target.value, part)


def _columns(machine: Machine, frame: Frame, targets: Sequence[Any], value: Value) -> list[Value]:
    if isinstance(value, Choice):
        rows = [_columns(machine, frame, targets, v) for v in choices(value)]
        return [join(column) for column in zip(*rows, strict=True)]
    value = _fields(value) or value
    if isinstance(value, Record) and value.rest is None:
        value = Items(tuple(part if value.ordered else Const(key) for key, part in value.entries), "tuple")
    star = next((i for i, t in enumerate(targets) if isinstance(t, cst.StarredElement)), None)
    if isinstance(value, Items) and star is None and len(value.items) == len(targets):
        return list(value.items)
    if isinstance(value, Items) and star is not None and len(value.items) >= len(targets) - 1:
        tail = len(targets) - star - 1
        middle = value.items[star : len(value.items) - tail]
        return [*value.items[:star], Items(middle), *value.items[len(value.items) - tail :]]
    item = item_of(machine, frame, value)
    return [Elements(item) if isinstance(t, cst.StarredElement) else item for t in targets]


def key_of(machine: Machine, frame: Frame, target: cst.Subscript) -> Value:
    """The key of ``owner[key]`` where it is written or deleted; a slice for anything but a simple key."""
    element = target.slice[0].slice
    return machine.evaluate(frame, element.value) if isinstance(element, cst.Index) else SLICE


def without(owner: Value, key: Value) -> Value:
    """``owner`` after ``del owner[key]``."""
    known = constant(key)
    if isinstance(owner, Record) and known is not None:
        return Record(tuple(entry for entry in owner.entries if entry[0] != known), owner.rest)
    if isinstance(owner, Items) and type(known) is int and -len(owner.items) <= known < len(owner.items):
        kept = list(owner.items)
        del kept[known]
        return Items(tuple(kept), owner.kind)
    return owner if isinstance(owner, Tensor) else Unknown("shortened")  # Python refuses to shorten a tensor


def _store_item(machine: Machine, frame: Frame, target: cst.Subscript, value: Value) -> None:
    owner = machine.evaluate(frame, target.value)
    key = key_of(machine, frame, target)
    if isinstance(owner, Instance) and owner.cls.find("__setitem__") is not None:
        machine.call(
            frame,
            attributes.get(machine, frame, owner, "__setitem__", frame.site(target)),
            Arguments((key, value)),
            frame.site(target),
        )
        return
    if isinstance(owner, Tensor):
        value = arithmetic.into(machine, owner, value, frame.site(target))
    whole = len(target.slice) == 1 and (key == SLICE or key == Const(...))
    changed = value if whole and isinstance(owner, Tensor) and isinstance(value, Tensor) else stored(owner, key, value)
    if changed is not owner and isinstance(target.value, cst.Name | cst.Attribute | cst.Subscript):
        bind_target(machine, frame, target.value, changed)
        aliases.changed(machine, frame, owner, changed)


def stored(owner: Value, key: Value, value: Value) -> Value:
    """``owner`` after ``owner[key] = value``; part of a tensor written makes it both."""
    if isinstance(owner, Record):
        return with_key(owner, key, value)
    if isinstance(owner, Table):
        return tables.stored(owner, key, value)
    if isinstance(owner, Items):
        position = constant(key)
        if isinstance(position, int) and -len(owner.items) <= position < len(owner.items):
            items = list(owner.items)
            items[position] = value
            return Items(tuple(items), owner.kind)
        return Elements(join((*owner.items, value)))
    if isinstance(owner, Elements):
        return Elements(join((owner.item, value)))
    if isinstance(owner, Tensor):
        return join((owner, value)) if isinstance(value, Tensor) else Unknown("partly written")
    if isinstance(owner, Const):
        return join((owner, value)) if isinstance(value, Tensor) else Unknown("partly written")
    if isinstance(owner, Unknown) and owner.what in BLANK and isinstance(value, Tensor):
        return value  # what fills it; the zeros of the rest are in every picture's range
    return owner
