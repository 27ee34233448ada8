"""Applying a library row to a call: bind the arguments, choose the case, take its steps, note its sink."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from difflint.facts import mixing
from difflint.facts.application import Call
from difflint.facts.events import IntCast, Judged, Sink
from difflint.facts.interval import Interval
from difflint.facts.library import Case, Row
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Affine, Site
from difflint.facts.transfers import take
from difflint.facts.truth import dtype_name, truth
from difflint.facts.values import (
    NONE,
    Choice,
    Const,
    Elements,
    Items,
    Kind,
    Library,
    LibraryObject,
    Origin,
    Tensor,
    Unknown,
    Value,
    constant,
    join,
    tensors,
    usable,
)
from difflint.facts.written import written

Bound = dict[str, Value]
ABSENT = Const(...)
BYTES = Affine((255.0,), (0.0,))  # what a sink that takes [0, 1] does before its cast


def bind(parameters: tuple[tuple[str, str | None], ...], arguments: Arguments, unsure: bool = False) -> Bound:
    """Arguments by parameter name, defaults filled in; a missing one without default is absent."""
    bound: Bound = {}
    positional = list(arguments.args)
    for name, default in parameters:
        if name.startswith("*"):
            bound[name.lstrip("*")] = Items(tuple(positional), "tuple")
            positional = []
        elif positional:
            bound[name] = positional.pop(0)
        else:
            given = arguments.keyword(name)
            fallback = Unknown(name) if arguments.open and default is not None else _default(default)
            bound[name] = given if given is not None else fallback
    return bound


@cache
def _default(text: str | None) -> Const:
    value = None if text is None else ast.literal_eval(text)
    return ABSENT if text is None else Const(tuple(value) if isinstance(value, list) else value)


def row(machine: Machine, frame: Frame, found: Row, bound: Bound, site: Site) -> Value:
    """The result of calling what a row describes."""
    if found.judged:
        given = tuple((name, _asked(name, bound)) for name in found.judged)
        machine.seen.judged[Judged(site, machine.calls, machine.part, found.api, given)] = None
    if found.loss is not None:
        return _loss(machine, found, bound, site)
    subject = bound.get(found.subject, ABSENT)
    return _on(machine, frame, found, bound, subject, site)


def _loss(machine: Machine, found: Row, bound: Bound, site: Site) -> Value:
    assert found.loss is not None
    first, second = (tensors(bound.get(name)) for name in found.loss)
    results = [mixing.compare(machine, a, b, site, found.api.rpartition(".")[2]) for a in first for b in second]
    if results:
        return join(results)
    return Tensor(Origin(Kind.LOSS, site, found.api), amp=machine.amp_dtype)


def _on(machine: Machine, frame: Frame, found: Row, bound: Bound, subject: Value, site: Site) -> Value:
    if isinstance(subject, Choice):
        return join(_on(machine, frame, found, bound, v, site) for v in usable(subject))
    results = []
    for case in found.cases:
        holds = guard(case.when, bound, subject)
        released = holds is not False and _released(machine, frame, case)
        if released is False:
            continue
        known = released is not None
        results.append(_run(machine, frame, found, case, bound, subject, site) if known else Unknown(found.api, site))
        if holds:
            break
    machine.seen.note_conditional(results)
    return join(results) if results else machine.unknown(found.api, site)


def _released(machine: Machine, frame: Frame, case: Case) -> bool | None:
    """Whether the project's releases of the library are all among those that do what the case says."""
    return not case.versions or machine.project.versions.satisfy(machine.root(frame), case.versions)


def guard(when: Mapping[str, Any], bound: Bound, subject: Value) -> bool | None:
    """Whether all conditions of a case hold."""
    answers = [_condition(key, wanted, bound, subject) for key, wanted in when.items()]
    return False if False in answers else (None if None in answers else True)


def _condition(key: str, wanted: Any, bound: Bound, subject: Value) -> bool | None:
    if key == "dtype":
        return _dtype_is(subject, wanted)
    if key == "range" and key not in bound:
        return _range_is(subject, wanted)
    if key == "dtype_is":
        return dtype_name(bound.get("dtype")) == str(wanted)
    if key == "layout":
        return isinstance(subject, Tensor) and (subject.layout or "unknown") == wanted
    if key == "container":
        container = subject.container if isinstance(subject, Tensor) else None
        return None if container is None else container == wanted
    value = _asked(key, bound)
    if isinstance(wanted, list):
        answers = [_condition(key, one, bound, subject) for one in wanted]
        return True if True in answers else (None if None in answers else False)
    if isinstance(wanted, str) and wanted.startswith("*."):  # a file of this kind
        return str(value.value).lower().endswith(wanted[1:]) if isinstance(value, Const) else None
    if wanted == "given":
        return None if isinstance(value, Unknown) else value not in (NONE, ABSENT)
    if isinstance(wanted, bool):
        known = truth(value)
        return None if known is None else known is wanted
    if isinstance(value, Library):  # an enumeration: cv2.INTER_CUBIC, InterpolationMode.BICUBIC
        return value.name.rpartition(".")[2] == str(wanted)
    return bool(value.value == wanted) if isinstance(value, Const) else None


def _asked(key: str, bound: Bound) -> Value:
    """An argument of the call, or with ``self.`` before its name of the call that made the method's object."""
    owner, name = bound.get("self"), key.removeprefix("self.")
    if name == key:
        return bound.get(key, ABSENT)
    return (owner.argument(name) if isinstance(owner, LibraryObject) else None) or Unknown(name)


def _range_is(subject: Value, wanted: Any) -> bool | None:
    """Whether it is surely known to reach both signs, or to lie between two numbers."""
    nominal = subject.nominal if isinstance(subject, Tensor) else None
    if wanted == "signed":
        return nominal is not None and nominal.low < 0 < nominal.high
    return None if nominal is None else nominal.within(Interval(*wanted))


def _dtype_is(subject: Value, wanted: str) -> bool | None:
    dtype = subject.dtype if isinstance(subject, Tensor) else None
    if dtype is None:
        return None
    return dtype.startswith(("float", "bfloat")) if wanted == "float" else dtype.startswith(wanted)


def _run(machine: Machine, frame: Frame, found: Row, case: Case, bound: Bound, subject: Value, site: Site) -> Value:
    call = Call(machine, frame, found, bound, site)
    value = subject
    for transfer in case.transfer:
        value = take(call, transfer, value)
    if case.sink is not None:
        _note_sink(machine, found, case.sink, value, site, written(found, frame, site))
    for transfer in case.then:
        value = take(call, transfer, value)
    return _given(machine, found, case.gives, bound, value, site)


def _note_sink(machine: Machine, found: Row, sink: Mapping[str, Any], value: Value, site: Site, part: str = "") -> None:
    """Note each picture that a value shows; ``part`` tells where in the call the value is written."""
    if isinstance(value, Items):
        machine.each(value, lambda v: _noted(machine, found, sink, v, site))
    elif isinstance(value, Elements):
        _note_sink(machine, found, sink, value.item, site)
    elif isinstance(value, Choice):
        for choice in usable(value):
            _note_sink(machine, found, sink, choice, site, part)
    elif value != ABSENT and not _is_text(value):
        _note_picture(machine, found, sink, value, site, part)


def _is_text(value: Value) -> bool:
    """Whether a picture is named instead of given."""
    return isinstance(constant(value), str) or (isinstance(value, Unknown) and value.what == "string")


def _noted(machine: Machine, found: Row, sink: Mapping[str, Any], value: Value, site: Site) -> Value:
    _note_sink(machine, found, sink, value, site)
    return value


def _note_picture(machine: Machine, found: Row, sink: Mapping[str, Any], value: Value, site: Site, part: str) -> None:
    takes = tuple((dtype, Interval(float(low), float(high))) for dtype, (low, high) in sink["takes"].items())
    name = found.api.rpartition(".")[2]
    machine.seen.sinks[Sink(site, machine.calls, machine.part, name, value, takes, sink["outside"], part)] = None
    for tensor in tensors(value) if sink["outside"] == "wrap" else ():
        if tensor.dtype != "uint8":
            cast = IntCast(site, machine.calls, machine.part, name, tensor.step(BYTES, site, name), part)
            machine.seen.casts[cast] = None


def _given(
    machine: Machine, found: Row, gives: Mapping[str, Any] | None, bound: Bound, value: Value, site: Site
) -> Value:
    if gives is None:
        return value
    if "kind" in gives:
        made = _of_dtype(machine, found, bound, source(found, gives, site))
        return _remembering(made, value)
    if isinstance(value, Tensor):
        return replace(value, **{key: gives[key] for key in ("dtype", "container", "layout") if key in gives})
    return value


def _remembering(made: Value, subject: Value) -> Value:
    """Latents know the pictures that they were made of."""
    if not isinstance(made, Tensor) or made.kind is not Kind.LATENT:
        return made
    return replace(made, origin=replace(made.origin, parts=frozenset(tensors(subject))))


def _of_dtype(machine: Machine, found: Row, bound: Bound, made: Value) -> Value:
    """A new tensor in the dtype it was asked for, in that of the one it is like, or in torch's default one."""
    if not isinstance(made, Tensor) or made.dtype is None:
        return made
    asked = bound.get("dtype", ABSENT)
    if asked not in (NONE, ABSENT):
        return replace(made, dtype=dtype_name(asked))
    if found.api.endswith("_like"):
        like = bound.get(found.subject)
        return replace(made, dtype=like.dtype if isinstance(like, Tensor) else None)
    return replace(made, dtype=machine.default_dtype) if made.dtype == "float32" else made


def source(found: Row, gives: Mapping[str, Any], site: Site) -> Value:
    """A tensor that begins at this call."""
    kind = Kind[str(gives["kind"]).upper()]
    nominal, hard = _interval(gives.get("nominal")), _interval(gives.get("hard"))
    what = str(gives.get("what", found.api.rpartition(".")[2]))
    known = {key: gives[key] for key in ("dtype", "container", "layout") if key in gives}
    made: Value = Tensor(Origin(kind, site, what, nominal, hard), **known)
    return Elements(made) if gives.get("many") else made


def _interval(value: Any) -> Interval | None:
    return None if value is None else Interval(float(value[0]), float(value[1]))
