"""DFL116: a fraction is stored in a tensor of whole numbers, where it becomes 0."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Function, Term
from difflint.relations.opening import Opener
from difflint.relations.terms import alternatives, last_name, number

_WORDS = re.compile(r"\b(?:full|full_like|fill_|tensor|zeros|ones|empty|arange)\(")
WHOLE = (
    *("torch.long", "torch.int", "torch.int64", "torch.int32", "torch.int16", "torch.uint8", "torch.short"),
    *("numpy.int64", "numpy.int32", "numpy.uint8"),
)


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_WORDS):
        for event in function.calls:
            found = _stored(opener, function, event.term)
            if found is not None and id(event.node) not in seen:
                seen.add(id(event.node))
                yield _problem(file, event.term, *found)


def _stored(opener: Opener, function: Function, call: Term) -> tuple[Term, float] | None:
    """What is stored, and the fraction that it is or may be."""
    if call.callee not in ("torch.full", "torch.full_like", "numpy.full", "torch.tensor") or not _whole(call):
        return None
    position, name = (0, "data") if call.called == "tensor" else (1, "fill_value")
    value = call.arg(position, name)
    if value is None:
        return None
    for part in value.args if value.op in ("list", "tuple") else (value,):
        fraction = _fraction(opener, function, part)
        if fraction is not None:
            return part, fraction
    return None


def _whole(call: Term) -> bool:
    dtype = call.keywords.get("dtype")
    return dtype is not None and dtype.op == "lib" and dtype.value in WHOLE


def _fraction(opener: Opener, function: Function, term: Term) -> float | None:
    """A number between 0 and 1: a constant, a parameter's default, an attribute that is set from one."""
    for way in _ways(opener, function, term):
        known = number(way)
        if known is not None and 0 < abs(known) < 1:
            return known
    return None


def _ways(opener: Opener, function: Function, term: Term) -> Iterator[Term]:
    for way in alternatives(term):
        yield way
        if way.op == "call" and last_name(way.args[0]) == "default" and len(way.positional) == 2:
            yield from _ways(opener, function, way.positional[1])
        elif way.op == "param" and isinstance(way.value, tuple) and way.value[1] == function.qualname:
            yield from filter(None, (function.defaults.get(str(way.value[0])),))
        elif way.op == "attr" and way.args[0].op == "self":
            yield from _set_from(opener, way)


def _set_from(opener: Opener, attribute: Term) -> Iterator[Term]:
    """The default of the constructor's parameter that an attribute is set from."""
    value = opener.attribute(attribute)
    owner = opener.file.class_of(attribute.args[0])
    maker = opener.file.method(owner, "__init__") if owner is not None else None
    if value is not None and maker is not None and value.op == "param" and isinstance(value.value, tuple):
        yield from filter(None, (maker.defaults.get(str(value.value[0])),))
    elif value is not None:
        yield value


def _problem(file: File, call: Term, value: Term, fraction: float) -> Problem:
    dtype = file.code(call.keywords["dtype"])
    return Problem(
        file.place(call),
        {"value": file.code(value), "fraction": f"{fraction:g}", "dtype": dtype, "kept": f"{int(fraction):g}"},
        (file.step(value, f"{file.code(value)} is {fraction:g}"), file.step(call, f"{dtype} keeps the whole part")),
        "Use dtype=torch.float32, or multiply by the number of steps before rounding.",
    )
