"""Calls: of project functions by running their bodies, of classes, instances, library rows and of the unknown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libcst as cst

from difflint.facts import (
    aliases,
    alike,
    apply,
    attributes,
    autocast,
    containers,
    ducks,
    making,
    mixing,
    networks,
    notes,
    pybuiltins,
    tablecalls,
    tables,
)
from difflint.facts.intrinsics import INTRINSICS
from difflint.facts.machine import MAX_DEPTH, Arguments, Machine
from difflint.facts.questions import Statistic
from difflint.facts.scope import Frame, Scope
from difflint.facts.steps import Site
from difflint.facts.values import (
    ANY,
    COEFFICIENT,
    NONE,
    Choice,
    Class,
    Const,
    Elements,
    Function,
    Instance,
    Items,
    Kind,
    Library,
    LibraryObject,
    Method,
    Partial,
    Record,
    Tensor,
    Unknown,
    Value,
    constant,
    join,
    usable,
)

MAX_NESTED = 3  # runs of one function inside itself, on whatever objects: a tree that builds trees


def call(machine: Machine, frame: Frame, callee: Value, arguments: Arguments, site: Site) -> Value:
    """What calling ``callee`` gives; every choice of it is called."""
    if isinstance(callee, Choice):
        return join(call(machine, frame, v, arguments, site) for v in usable(callee))
    if isinstance(callee, Function):
        entered = networks.entered(frame, callee)
        if entered is not None:
            return _enter(machine, frame, entered, callee, arguments, site)
        return run(machine, frame, callee, arguments, site)
    if isinstance(callee, Class):
        return making.instantiate(machine, frame, callee, arguments, site)
    if isinstance(callee, Instance):
        return _instance(machine, frame, callee, arguments, site)
    if isinstance(callee, Partial):
        merged = {**dict(callee.kwargs), **dict(arguments.kwargs)}
        filled = Arguments((*callee.args, *arguments.args), tuple(merged.items()), arguments.open)
        return call(machine, frame, callee.function, filled, site)
    if isinstance(callee, Library):
        return library(machine, frame, callee.name, arguments, site)
    if isinstance(callee, LibraryObject):
        return _object(machine, frame, callee, arguments, site)
    if isinstance(callee, Method):
        return _method(machine, frame, callee, arguments, site)
    if isinstance(callee, Tensor):
        return callee
    return call_unknown(machine, frame, callee, arguments, site)


def library(machine: Machine, frame: Frame, name: str, arguments: Arguments, site: Site) -> Value:
    """A library function or class by its row; a class makes an object that remembers its arguments."""
    ways = tablecalls.ways(arguments)
    if len(ways) > 1:
        return join(library(machine, frame, name, way, site) for way in ways)
    known = tablecalls.call(machine, name, arguments, site)
    if known is not None:
        return known
    if name.startswith("builtins."):
        return pybuiltins.call(machine, frame, name.removeprefix("builtins."), arguments, site)
    if name in INTRINSICS:
        return INTRINSICS[name](machine, frame, arguments, site)
    row = machine.knowledge.find(name)
    if row is None:
        inside = any(t.kind is Kind.FEATURE for t in networks.inputs(arguments))
        return mixing.feature(site, open_range=False) if inside else machine.unknown(name, site)
    bound = apply.bind(row.parameters, tablecalls.forget(arguments))
    if row.makes_object:
        tablecalls.note_scheduler(machine, arguments, bound, site)
        return LibraryObject(row.acts_as or row.api, tuple(bound.items()), site)
    return apply.row(machine, frame, row, bound, site)


def _object(machine: Machine, frame: Frame, callee: LibraryObject, arguments: Arguments, site: Site) -> Value:
    row = machine.knowledge.find(callee.name)
    if row is None or row.call_parameters is None:
        return machine.unknown(callee.name, site)
    if frame.scope.module.stub and callee.site is not None:
        site = callee.site  # a transform in a list is found where it is written
    bound = {**dict(callee.arguments), **apply.bind(row.call_parameters, arguments)}
    result = apply.row(machine, frame, row, bound, site)
    return networks.from_library(machine, callee, bound.get(row.subject, ANY), result, site)


def _method(machine: Machine, frame: Frame, callee: Method, arguments: Arguments, site: Site) -> Value:
    owner = callee.owner
    if isinstance(owner, Const | Statistic) and callee.name in attributes.SAME_NUMBER:
        return owner
    if isinstance(owner, Const) and tables.is_number(owner.value):
        given = replace(arguments, args=(owner, *arguments.args))
        return tablecalls.call(machine, f"Tensor.{callee.name}", given, site) or COEFFICIENT
    if isinstance(owner, Tensor | Unknown) or _is_vector(owner, callee.name):
        name = f"Tensor.{callee.name}"
        return library(machine, frame, name, replace(arguments, args=(owner, *arguments.args)), site)
    if isinstance(owner, LibraryObject):
        if callee.name in ("__enter__", "__exit__"):
            autocast.by_hand(machine, frame, owner, callee.name, site)
        for name in (f"{owner.name}.{callee.name}", f"Object.{callee.name}"):
            if machine.knowledge.knows(name) or name in INTRINSICS:
                return library(machine, frame, name, replace(arguments, args=(owner, *arguments.args)), site)
        return machine.unknown(f"{owner.name}.{callee.name}", site)
    if isinstance(owner, Record) and callee.name not in containers.RECORD_METHODS and owner.rest is not None:
        return owner
    result = containers.call(owner, callee.name, arguments)
    return result if result is not None else machine.unknown(callee.name, site)


def _is_vector(owner: Value, method: str) -> bool:
    """Whether it is a batch of tensors, or a tensor of one known number for each channel."""
    return isinstance(owner, Items) and (owner.kind == "batch" or method in SHAPING)


SHAPING = frozenset(
    ("view", "reshape", "unsqueeze", "to", "cuda", "float", "type_as", "expand", "repeat", "squeeze", "half")
)


def _instance(machine: Machine, frame: Frame, callee: Instance, arguments: Arguments, site: Site) -> Value:
    entry = next((name for name in ("__call__", "forward") if callee.cls.find(name) is not None), None)
    if entry is None:
        return networks.call_unknown(machine, callee, arguments, site)
    method = attributes.get(machine, frame, callee, entry, site)
    if not networks.is_network(callee):
        return call(machine, frame, method, arguments, site)
    if callee.cls.module.stub and "_wraps" in callee.attributes:
        return call(machine, frame, callee.attributes["_wraps"], arguments, site)
    return _enter(machine, frame, callee, method, arguments, site)


def _enter(machine: Machine, frame: Frame, network: Instance, method: Value, arguments: Arguments, site: Site) -> Value:
    """Call a network: what it is given teaches it, and what leaves it is its output."""
    given = networks.inputs(arguments)
    networks.before(machine, network, given, site)
    machine.inside.append(tuple(given))
    entry = method if isinstance(method, Function) else None
    if entry is None:
        inner = call(machine, frame, method, arguments, site)
    elif network.cls.module.stub:
        inner = run(machine, frame, entry, arguments, site)
    else:
        inner = _layers(machine, frame, entry, arguments, site)
    machine.inside.pop()
    return networks.after(machine, network, given, inner, site)


def _layers(machine: Machine, frame: Frame, entry: Function, arguments: Arguments, site: Site) -> Value:
    """What the layers of a network give; the same as in an earlier call that was like this one."""
    memory = machine.memory
    key = (entry, alike.kinds(arguments), machine.amp_dtype, machine.grad, machine.modes)
    known = memory.recall(key)
    if known is not None:
        notes.observe_run(machine, frame, entry, site)
        return aliases.fresh(known)
    if machine.has_seen_enough_layers:
        return Unknown("a large network", site)
    start, outer, memory.oldest = memory.births, memory.oldest, math.inf
    before, layered = machine.steps, machine.layered
    result = run(machine, frame, entry, arguments, site)
    machine.layered = layered + machine.steps - before
    if memory.oldest > start and alike.is_of_its_own(result, arguments):
        memory.keep(key, result, start)
    memory.oldest = min(outer, memory.oldest)
    return result


def run(machine: Machine, frame: Frame, function: Function, arguments: Arguments, site: Site) -> Value:
    """Run a function of the project on these arguments; the same call again gives the remembered result."""
    notes.observe_run(machine, frame, function, site)
    key = (function, arguments, machine.amp_dtype, machine.grad, machine.modes)
    memory = machine.memory
    known = memory.recall(key)
    if known is not None:
        return aliases.fresh(known)
    if is_too_deep(machine, function):
        return Unknown("recursion", site)
    start, outer, memory.oldest = memory.births, memory.oldest, math.inf
    memory.keep(key, Unknown("recursion", site), start)
    result = run_body(machine, frame, function, arguments, site)
    if memory.oldest > start:
        memory.keep(key, result, start)
    else:
        memory.results.pop(key, None)
    memory.oldest = min(outer, memory.oldest)
    return result


def is_too_deep(machine: Machine, function: Function) -> bool:
    """Whether a function runs inside itself so often that nothing more is learned from it."""
    same = [running for running in machine.stack if running.function is function.node]
    active = sum(1 for running in same if running.receiver == function.bound)
    return len(machine.stack) >= MAX_DEPTH or active >= 2 or (len(same) > MAX_NESTED and not function.module.stub)


def run_body(
    machine: Machine,
    frame: Frame,
    function: Function,
    arguments: Arguments,
    site: Site,
    body: Callable[[Value], None] | None = None,
) -> Value:
    """Run a function's body; ``body`` is what a context's generator runs where it yields."""
    machine.visited.add(id(function.node))
    scope = Scope(function.module, function.scope, born=machine.memory.born())
    bound = attributes.instance_behind(function.bound) if function.bound is not None else None
    inner = Frame(
        scope, function.module.path, function.node, function.owner, bound if isinstance(bound, Instance) else None
    )
    inner.undecided, inner.unsure = frame.undecided, frame.unsure
    inner.called_at, inner.receiver, inner.body = site, function.bound, body
    bind_parameters(machine, inner, function, arguments, bound)
    grad, modes = machine.grad, machine.modes
    region = machine.amp_functions.get(id(function.node))
    machine.stack.append(inner)
    if region is not None:
        machine.amp.append(region)
        for running in machine.stack:
            running.half = running.half or (region[1] if region[0] == "float16" else None)
    if "no_grad" in function.decorators or "inference_mode" in function.decorators:
        machine.grad = False
    elif "enable_grad" in function.decorators:
        machine.grad = True
    result = _evaluate(machine, inner, function.node)
    if machine.grad is not grad and {"no_grad", "inference_mode", "enable_grad"} & set(function.decorators):
        machine.grad = grad
    if len(inner.returns) > 1:  # some way has left before the last switch
        machine.modes &= modes
    if region is not None:
        machine.amp.pop()
    machine.stack.pop()
    return result


def _evaluate(machine: Machine, inner: Frame, node: Any) -> Value:
    if isinstance(node, cst.Lambda):
        return machine.evaluate(inner, node.body)
    machine.execute(inner, [node.body])
    if inner.yields:
        return Elements(join(inner.yields))
    if inner.alive:
        inner.returns.append(NONE)
    machine.seen.note_conditional(inner.returns)
    return join(_useful(inner.returns))


def _useful(returns: list[Value]) -> list[Value]:
    """An unfinished path that falls off the end returns None; it does not hide what the others return."""
    real = [value for value in returns if value != NONE]
    return real or returns


def bind_parameters(
    machine: Machine, inner: Frame, function: Function, arguments: Arguments, bound: Value | None
) -> None:
    """Give the parameters their arguments, defaults, or a value that is unknown but the same wherever it is used."""
    params = function.node.params
    positional = list(arguments.args)
    if bound is not None:
        positional.insert(0, bound)
    keywords = dict(arguments.kwargs)
    defaults = dict(function.defaults)
    for parameter in (*params.posonly_params, *params.params, *params.kwonly_params):
        name = parameter.name.value
        if positional and parameter not in params.kwonly_params:
            value = positional.pop(0)
        elif name in keywords:
            value = keywords.pop(name)
        elif name in defaults and not arguments.open:
            value = defaults[name]
        else:
            value = _absent(machine, inner, parameter, defaults)
        inner.scope.names[name] = value
    if isinstance(params.star_arg, cst.Param):
        inner.scope.names[params.star_arg.name.value] = (
            Items(tuple(positional), "tuple") if not arguments.open else Elements(ANY)
        )
    if params.star_kwarg is not None:
        rest = ANY if arguments.open else None
        extra = {name: value for name, value in defaults.items() if name not in inner.scope.names}  # of decorators
        inner.scope.names[params.star_kwarg.name.value] = Record(tuple({**extra, **keywords}.items()), rest)


def _absent(machine: Machine, inner: Frame, parameter: Any, defaults: dict[str, Value]) -> Value:
    """A parameter that nobody gives: an object of its annotated class, else unknown."""
    name = parameter.name.value
    unknown: Value = typical(machine, inner, parameter) or Unknown(name, Site(inner.path, parameter))
    return join((defaults[name], unknown)) if name in defaults else unknown


def typical(machine: Machine, inner: Frame, parameter: Any) -> Value | None:
    """An object of the class that the annotation names, or that alone has what the function asks of it."""
    if parameter.annotation is None:
        cls: Value | None = ducks.only_class(machine, inner, parameter, inner.function)
    else:
        cls = machine.evaluate(inner, parameter.annotation.annotation)
    return (
        typical_object(machine, inner, cls)
        if isinstance(cls, Class) and cls.node is not None and not cls.module.stub
        else None
    )


def typical_object(machine: Machine, frame: Frame, cls: Class) -> Instance | None:
    """An object of a class: the first one the project makes, else one made with unknown arguments."""
    if id(cls.node) not in machine.typical:
        making.instantiate(machine, frame, cls, Arguments(), Site(cls.module.path, cls.node))
    return machine.typical.get(id(cls.node))


MODES = ("RGB", "L", "RGBA")  # only a picture of PIL is converted to these


def call_unknown(machine: Machine, frame: Frame, callee: Value, arguments: Arguments, site: Site) -> Value:
    """A call of something unresolved: the one network it can be, or a network that nobody knows, or anything."""
    if isinstance(callee, Unknown) and callee.what.endswith(".convert") and constant(arguments.get(0, "mode")) in MODES:
        return library(machine, frame, "difflint.picture", Arguments(), site)
    cls = networks.only_candidate(machine, frame, callee, arguments)
    found = typical_object(machine, frame, cls) if cls is not None else None
    return (
        _instance(machine, frame, found, arguments, site)
        if found is not None
        else networks.call_unknown(machine, callee, arguments, site)
    )
