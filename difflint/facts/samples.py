"""What data sets are made of: one item, the fields of a row, rows as columns; the stub bodies ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from difflint.facts import containers, indexing
from difflint.facts.interval import BYTE, UNIT
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    ANY,
    NONE,
    Choice,
    Const,
    Elements,
    Instance,
    Items,
    Kind,
    Origin,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    join,
)

WHAT = "a picture of the data set"
# the columns of picture data sets that hold pictures, by the names their authors give them
COLUMNS = ("image", "img", "images", "jpg", "jpeg", "png", "webp", "picture", "photo")
FILES = ("jpg", "jpeg", "png", "webp", "ppm", "pgm")
ARRAYS = {"torch": "tensor", "pt": "tensor", "numpy": "array", "np": "array"}
# how webdataset decodes pictures: dtype, container, layout
DECODED = {
    "pil": ("uint8", "pil", "HWC"),
    "pilrgb": ("uint8", "pil", "HWC"),
    "rgb": ("float32", "array", "HWC"),
    "rgb8": ("uint8", "array", "HWC"),
    "torchrgb": ("float32", "tensor", "CHW"),
    "torchrgb8": ("uint8", "tensor", "CHW"),
}


def item(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """What a loader reads from a data set: by index where it can be indexed, else by iterating."""
    return join(_item(machine, frame, v, site) for v in choices(arguments.args[0]))


def _item(machine: Machine, frame: Frame, dataset: Value, site: Site) -> Value:
    if isinstance(dataset, Instance) and dataset.cls.find("__getitem__") is not None:
        return indexing.get(machine, frame, dataset, Unknown("index", site), site)
    return indexing.item_of(machine, frame, dataset)


def picture(site: Site, dtype: str = "uint8", container: str | None = "pil", layout: str | None = "HWC") -> Tensor:
    """A picture of a data set, before anything has changed it."""
    bounds = BYTE if dtype == "uint8" else UNIT
    return Tensor(Origin(Kind.DATA, site, WHAT, bounds, bounds), (), dtype, container, layout=layout)


def fields(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A row of a data set whose columns are not known: what is called a picture is one."""
    return Record(tuple((name, picture(site)) for name in COLUMNS), Unknown("column", site))


def stored_pictures(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return picture(site, container=None, layout=None)


def columns(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A batch of rows as a dict of columns; a column of something unknown is as unknown."""
    return _each(arguments.args[0], lambda v: v if isinstance(v, Unknown) else Elements(v))


def row(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """One row of a dict of columns."""
    return _each(arguments.args[0], lambda v: indexing.item_of(machine, frame, v))


def _each(record: Value, what: Callable[[Value], Value]) -> Value:
    if isinstance(record, Choice):
        return join(_each(v, what) for v in record.values)
    if not isinstance(record, Record):
        return ANY
    rest = None if record.rest is None else what(record.rest)
    return Record(tuple((key, what(value)) for key, value in record.entries), rest)


def merged(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A row after ``map``: the fields that the function returns replace those of their names."""
    before, after = arguments.args
    if after == NONE:
        return before
    if not isinstance(before, Record) or not isinstance(after, Record):
        return ANY
    return containers.updated(before, after)


def formatted(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A row as tensors or arrays: the values stay, and pictures keep their bytes."""
    record, container = arguments.args[0], ARRAYS.get(constant(arguments.args[1]))
    if container is None:
        return ANY
    return _each(record, lambda v: replace(v, container=container, layout=None) if isinstance(v, Tensor) else v)


def is_text(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Const(isinstance(constant(arguments.args[0]), str))


def is_slice(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    key = arguments.args[0]
    return Const(isinstance(key, Items) and key.kind == "slice")


def has(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """Whether an object surely has an attribute."""
    owner, name = arguments.args[0], constant(arguments.args[1])
    found = isinstance(owner, Instance) and (name in owner.attributes or owner.cls.find(str(name)) is not None)
    return Const(found)


def files(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Record(rest=Unknown("a file", site))


def decoded(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """The fields of a tar file's sample, its pictures decoded as asked."""
    known = DECODED.get(constant(arguments.args[1]))
    if known is None:
        return Record(rest=Unknown("a file", site))
    return Record(tuple((name, picture(site, *known)) for name in FILES), Unknown("a file", site))


def field(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A field of a sample by its name, or by the first of ``jpg;png`` that it has."""
    record, names = arguments.args[0], constant(arguments.args[1])
    if not isinstance(record, Record) or not isinstance(names, str):
        return ANY
    found = [value for name in names.split(";") for key, value in record.entries if key == name]
    return found[0] if found else Unknown(f"field {names}", site)


INTRINSICS: dict[str, Callable[[Machine, Frame, Arguments, Site], Value]] = {
    "difflint.item": item,
    "difflint.fields": fields,
    "difflint.stored_pictures": stored_pictures,
    "difflint.columns": columns,
    "difflint.row": row,
    "difflint.merged": merged,
    "difflint.formatted": formatted,
    "difflint.is_text": is_text,
    "difflint.is_slice": is_slice,
    "difflint.has": has,
    "difflint.files": files,
    "difflint.decoded": decoded,
    "difflint.field": field,
}
