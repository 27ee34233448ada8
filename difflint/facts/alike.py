"""Calls of a network that are alike: where its input begins changes nothing of what its layers do.

A sampler calls its network from several places, each time with another state; running all its layers again says nothing
new. Two calls are alike when what they are given differs only in where features, noise and unknown values come from,
and the result of one stands for the other when it holds nothing of what was given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from difflint.facts.machine import Arguments
from difflint.facts.mixing import leaves
from difflint.facts.values import Choice, Elements, Instance, Items, Kind, Record, Tensor, Unknown, Value

PLAIN = frozenset((Kind.FEATURE, Kind.NOISE, Kind.UNIFORM, Kind.SAMPLE, Kind.MODEL))


def kinds(arguments: Arguments) -> tuple[Any, ...]:
    """The arguments without where they come from."""
    named = tuple((name, _kind(value)) for name, value in arguments.kwargs)
    return tuple(map(_kind, arguments.args)), named, arguments.open


def _kind(value: Value) -> Any:
    if isinstance(value, Tensor):
        return _of_tensor(value)
    if type(value) is Unknown:
        return "?", value.what if value.site is None or value.what.startswith("statistic") else ""
    if isinstance(value, Items):
        return Items, tuple(map(_kind, value.items)), value.kind
    if isinstance(value, Choice):
        return Choice, tuple(map(_kind, value.values))
    if isinstance(value, Record):
        return Record, tuple((key, _kind(item)) for key, item in value.entries), value.rest, value.ordered
    return value


def _of_tensor(tensor: Tensor) -> Any:
    found = frozenset(leaf.kind for leaf in leaves(tensor))
    if not found <= PLAIN or tensor.links or tensor.origin.residual is not None:
        return tensor
    origin = tensor.origin
    known = (origin.nominal, origin.hard, origin.networks, origin.clipped, origin.clip)
    return tensor.kind, found, known, tensor.dtype, tensor.container, tensor.amp, tensor.layout


def is_of_its_own(result: Value, arguments: Arguments) -> bool:
    """Whether a result holds nothing of what was given."""
    given = (*arguments.args, *(value for _, value in arguments.kwargs))
    return _parts(given).isdisjoint(_parts((result,)))


def _parts(values: Iterable[Value]) -> set[Value]:
    """The tensors and unknown values in some values, with all that they are made of."""
    found: set[Value] = set()
    objects: set[int] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Tensor) and value.kind is not Kind.FEATURE and value not in found:
            found.add(value)
            waiting.extend((*value.origin.parts, *(value.origin.residual or ())))
        elif isinstance(value, Unknown) and value.site is not None:
            found.add(value)
        elif isinstance(value, Instance) and id(value) not in objects:
            objects.add(id(value))
            waiting.extend(value.attributes.values())
        else:
            waiting.extend(_held(value))
    return found


def _held(value: Value) -> Iterable[Value]:
    if isinstance(value, Items):
        return value.items
    if isinstance(value, Choice):
        return value.values
    if isinstance(value, Record):
        return [item for _, item in value.entries]
    return (value.item,) if isinstance(value, Elements) else ()
