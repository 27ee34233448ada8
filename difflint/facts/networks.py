"""Networks: where a call crosses into one, what its output is, and calls of things that nobody can resolve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import libcst as cst

from difflint.facts import mixing, modes
from difflint.facts.interval import UNBOUNDED, Interval
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import (
    Choice,
    Class,
    Elements,
    Function,
    Instance,
    Items,
    Kind,
    Library,
    LibraryObject,
    Network,
    Origin,
    Record,
    Tensor,
    Unknown,
    Value,
    join,
    tensors,
)

MODULE = "Module"
STATES = (Kind.NOISE, Kind.SAMPLE, Kind.UNIFORM)


def is_network(value: Instance) -> bool:
    """Whether the class descends from ``torch.nn.Module``."""
    return any(_is_module(cls) for cls in value.cls.mro())


def _is_module(cls: Class | Library) -> bool:
    """``torch.nn.Module`` itself, or a layer of torch that a class of the project refines."""
    if isinstance(cls, Library):
        return cls.name.startswith("torch.nn.")
    return cls.name == MODULE and cls.module.stub


FORWARD = "forward"


def entered(frame: Frame, method: Function) -> Instance | None:
    """The network that a call of ``net.forward(x)`` or ``net.forward_with_guidance(x)`` goes into from outside it."""
    owner = method.bound
    if not isinstance(owner, Instance) or isinstance(method.node, cst.Lambda) or not is_network(owner):
        return None
    inside = frame.self_value is owner
    return owner if method.node.name.value.startswith(FORWARD) and not inside and not method.module.stub else None


def note_made(machine: Machine, frame: Frame, made: Instance) -> None:
    """Remember an object, and whether it was made as a part of a network."""
    machine.typical.setdefault(id(made.cls.node), made)
    if is_network(made):
        modes.made(machine, made.network)
    if frame.self_value is not None and is_network(frame.self_value):
        machine.parts.add(id(made.cls.node))


def only_candidate(machine: Machine, frame: Frame, callee: Value, arguments: Arguments) -> Class | None:
    """The class of a network that is only known as a parameter: the module's one network that is no part of another
    and takes such arguments, when it is given something with noise in it."""
    if (
        not isinstance(callee, Unknown)
        or callee.site is None
        or not isinstance(callee.site.node, cst.Param)
        or not _noised(arguments)
    ):
        return None
    module = machine.project.at(callee.site.path)
    if module is None or module.stub:
        return None
    named = [v for v in module.scope.all() if isinstance(v, Class)]
    classes = {id(v.node): v for v in named if _may_be(machine, v, arguments)}
    only = next(iter(classes.values())) if len(classes) == 1 else None
    return only if only is not None and _agree(callee.what, only.name) else None


ANY_NETWORK = ("model", "net", "network", "module", "nn")
OTHER_ROLES = ("discriminator", "critic", "mask", "classifier", "perceptual")


def _agree(parameter: str, name: str) -> bool:
    """Whether a parameter's name allows a class: it says nothing, or the same. Names only ever silence."""
    given, known = parameter.lower().replace("_", ""), name.lower()
    if any(word in known for word in OTHER_ROLES):
        return False
    return given in ANY_NETWORK or given in known or known in given


def _noised(arguments: Arguments) -> bool:
    return any(leaf.kind in STATES for tensor in inputs(arguments)[:1] for leaf in mixing.leaves(tensor))


def _may_be(machine: Machine, cls: Class, arguments: Arguments) -> bool:
    if cls.node is None or cls.module.stub or id(cls.node) in machine.parts:
        return False
    if not any(isinstance(base, Class) and base.name == MODULE and base.module.stub for base in cls.mro()):
        return False
    forward = cls.find("forward")
    return isinstance(forward, Function) and _takes(forward, arguments)


def _takes(forward: Function, arguments: Arguments) -> bool:
    params = forward.node.params.params[1:]
    required = [p for p in params if p.default is None]
    given = len(arguments.args) + len(arguments.kwargs)
    return arguments.open or len(required) <= given <= len(params) + len(forward.node.params.kwonly_params)


def inputs(arguments: Arguments) -> list[Tensor]:
    """The tensors given to a call, dict entries and list items included."""
    values = (*arguments.args, *(value for _, value in arguments.kwargs))
    found = [tensor for value in values for tensor in _within(value)]
    return sorted(found, key=lambda t: t.kind not in STATES) if any(_is_batch(v) for v in values) else found


def _is_batch(value: Value) -> bool:
    return isinstance(value, Items) and value.kind == "batch"


def _within(value: Value) -> Iterable[Tensor]:
    if isinstance(value, Items):
        return (t for item in value.items for t in _within(item))
    if isinstance(value, Elements):
        return _within(value.item)
    if isinstance(value, Record):
        return (t for _, item in value.entries for t in _within(item))
    return tensors(value)


def before(machine: Machine, network: Instance, given: list[Tensor], site: Site) -> None:
    """Note what clean data a network's noised input is made of, and in which mode it is called."""
    if not is_part(machine, given):
        modes.note_call(machine, network.network, site)
    for tensor in given[:1]:
        mixing.observe_input(machine, network.network, tensor, site)


def after(machine: Machine, network: Instance, given: list[Tensor], result: Value, site: Site) -> Value:
    """What leaves a network: features become its output; anything else passes, and so does all inside a larger one."""
    if any(t.kind is Kind.FEATURE for t in given) or is_part(machine, given):
        return mixing.feature(site, open_range=False) if isinstance(result, Unknown) and given else result
    if isinstance(result, Unknown):
        return output(machine, {network.network}, given, site, None) if given else result
    return _leaving(machine, network.network, given, result, site)


def is_part(machine: Machine, given: list[Tensor]) -> bool:
    """Whether a module works on the very input of a network that is running: then it is a layer of that one."""
    return bool(given) and any(given[0] in outer for outer in machine.inside)


def _leaving(machine: Machine, network: Network, given: list[Tensor], result: Value, site: Site) -> Value:
    if isinstance(result, Choice):
        return join(_leaving(machine, network, given, v, site) for v in result.values)
    if isinstance(result, Items):
        return Items(tuple(_leaving(machine, network, given, v, site) for v in result.items), result.kind)
    if isinstance(result, Record):
        return Record(tuple((k, _leaving(machine, network, given, v, site)) for k, v in result.entries), result.rest)
    if isinstance(result, Instance) and not is_network(result):
        left = {name: _leaving(machine, network, given, v, site) for name, v in result.attributes.items()}
        return Instance(result.cls, site, left)
    if not isinstance(result, Tensor) or not _is_output(result):
        return result
    inner = result.origin.networks if result.kind is Kind.MODEL else frozenset()
    made = output(machine, {network, *inner}, given, site, result.origin.hard)
    return replace(made, links=result.links)


def _is_output(result: Tensor) -> bool:
    """Whether it was made by layers alone, directly or by mixing what several of them gave."""
    kinds = {leaf.kind for leaf in mixing.leaves(result)}
    return kinds <= {Kind.FEATURE, Kind.MODEL, Kind.OTHER} and kinds != {Kind.OTHER}


def output(
    machine: Machine, names: Iterable[Network], given: list[Tensor], site: Site, hard: Interval | None
) -> Tensor:
    """The output of a network, with what it was given."""
    parts = frozenset(leaf for tensor in given[:1] for leaf in mixing.leaves(tensor))
    origin = Origin(Kind.MODEL, site, "a network's output", None, hard, frozenset(names), parts)
    return Tensor(origin, (), "float32", "tensor", machine.amp_dtype)


def from_library(machine: Machine, network: LibraryObject, subject: Value, result: Value, site: Site) -> Value:
    """A layer or model of a library, called outside any network of the project, is a network of its own."""
    if not isinstance(result, Tensor) or result.kind is not Kind.FEATURE:
        return result
    given = list(tensors(subject))
    if not given or any(t.kind is Kind.FEATURE for t in given):
        return result
    if is_part(machine, given):
        return result
    modes.note_call(machine, network.network, site)
    for tensor in given[:1]:
        mixing.observe_input(machine, network.network, tensor, site)
    return replace(output(machine, {network.network}, given, site, UNBOUNDED), links=result.links)


def call_unknown(machine: Machine, callee: Value, arguments: Arguments, site: Site) -> Value:
    """A call of something unresolved: given noise or a sampler's state it is a network, else anything."""
    given = inputs(arguments)
    if isinstance(callee, Unknown) and callee.is_coefficient:
        return callee
    if any(t.kind is Kind.FEATURE for t in given):
        return mixing.feature(site, open_range=False)
    first = given[0] if given else None
    if first is not None and isinstance(callee, Unknown) and any(p.kind in STATES for p in mixing.leaves(first)):
        modes.note_call(machine, callee.network, site)
        mixing.observe_input(machine, callee.network, first, site)
        return output(machine, (callee.network,), given, site, None)
    name = callee.what if isinstance(callee, Unknown) else type(callee).__name__
    return machine.unknown(name, site)
