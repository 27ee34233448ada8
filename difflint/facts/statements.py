"""Statements: from a syntax node to changed names, observed events and control flow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import libcst as cst

from difflint.facts import (
    aliases,
    arithmetic,
    autocast,
    branches,
    configcalls,
    contexts,
    imports,
    indexing,
    loops,
    matching,
)
from difflint.facts.expressions import AUGMENTED, defaults
from difflint.facts.guards import asserted, refine
from difflint.facts.machine import Arguments, Executor, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import truth
from difflint.facts.values import (
    COEFFICIENT,
    NONE,
    Class,
    Const,
    Function,
    Instance,
    Items,
    Library,
    Partial,
    Value,
    choices,
    join,
)
from difflint.syntax.outline import ClassDefinition, Definition


def line(machine: Machine, frame: Frame, node: cst.SimpleStatementLine) -> None:
    machine.execute(frame, node.body)


def block(machine: Machine, frame: Frame, node: Any) -> None:
    machine.execute(frame, node.body)


def expression(machine: Machine, frame: Frame, node: cst.Expr) -> None:
    machine.evaluate(frame, node.value)
    asserted(machine, frame, node.value)


def assign(machine: Machine, frame: Frame, node: cst.Assign) -> None:
    value = machine.evaluate(frame, node.value)
    for target in node.targets:
        indexing.bind_target(machine, frame, target.target, value)


def annotated(machine: Machine, frame: Frame, node: cst.AnnAssign) -> None:
    if node.value is not None:
        indexing.bind_target(machine, frame, node.target, machine.evaluate(frame, node.value))


def augmented(machine: Machine, frame: Frame, node: cst.AugAssign) -> None:
    left, right = machine.evaluate(frame, node.target), machine.evaluate(frame, node.value)
    operator = AUGMENTED.get(type(node.operator), "?")
    value = arithmetic.binary(machine, operator, left, right, frame.site(node))
    if isinstance(node.target, cst.Attribute) and _is_number(value) and frame.unsure >= 0:
        value = COEFFICIENT  # a counter, changed by each round of a loop or not at all
    indexing.bind_target(machine, frame, node.target, value)
    aliases.changed(machine, frame, left, value)


def _is_number(value: Value) -> bool:
    return isinstance(value, Const) and type(value.value) in (int, float)


def return_(machine: Machine, frame: Frame, node: cst.Return) -> None:
    value = NONE if node.value is None else machine.evaluate(frame, node.value)
    if frame.alive:  # else the expression has raised
        frame.returns.append(frame.unlearned(value) if frame.undecided else value)
    frame.alive = False


def raise_(machine: Machine, frame: Frame, node: cst.Raise) -> None:
    frame.alive = False


def assert_(machine: Machine, frame: Frame, node: cst.Assert) -> None:
    """A test that seems to fail may only ask for another default; the literal is there to stop."""
    if truth(machine.evaluate(frame, node.test)) is None:
        refine(machine, frame, node.test, True)
    elif isinstance(node.test, cst.Name) and node.test.value == "False":
        frame.alive = False


def delete(machine: Machine, frame: Frame, node: cst.Del) -> None:
    _delete(machine, frame, node.target)


def _delete(machine: Machine, frame: Frame, target: Any) -> None:
    if isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            _delete(machine, frame, element.value)
    elif isinstance(target, cst.Name):
        frame.scope.names.pop(target.value, None)
    elif isinstance(target, cst.Subscript):
        owner, key = machine.evaluate(frame, target.value), indexing.key_of(machine, frame, target)
        left = indexing.without(owner, key)
        indexing.bind_target(machine, frame, target.value, left)
        aliases.changed(machine, frame, owner, left)


def try_(machine: Machine, frame: Frame, node: Any) -> None:
    """The body without an exception, or a handler from where the body may have been left; then ``finally``."""
    returned = len(frame.returns)
    ends = _ways_of_try(machine, frame, node)
    frame.alive = bool(ends)
    if ends:
        frame.meet(ends)
        frame.scope.names = _own(frame.scope.names) if len(ends) > 1 else frame.scope.names
    if node.finalbody is None:
        return
    alive, frame.alive = frame.alive, True
    machine.execute(frame, [node.finalbody.body])
    if not frame.alive:
        del frame.returns[returned:-1]  # it returned itself, or left the loop
    frame.alive = frame.alive and alive


def _ways_of_try(machine: Machine, frame: Frame, node: Any) -> list[dict[str, Value]]:
    """The names after each way through the body and its handlers that goes on."""
    left, ends = [], []
    failed = False
    for statement in node.body.body:
        if frame.alive and imports.may_fail(machine, frame, statement):
            left.append(dict(frame.scope.names))
        failed = failed or imports.fails(machine, frame, statement)
        frame.alive = frame.alive and not failed
        machine.execute(frame, [statement])
    body = frame.scope.names
    if frame.alive and node.orelse is not None:
        machine.execute(frame, [node.orelse.body])
    if frame.alive:
        ends.append(frame.scope.names)
    for handler in node.handlers if left else ():
        frame.alive = True
        frame.meet([dict(names) for names in left])
        with branches.unsure(machine, frame):
            machine.execute(frame, [handler.body])
        if frame.alive:
            ends.append(frame.scope.names)
    frame.scope.names = ends[0] if ends else body
    return ends


def _own(names: dict[str, Value]) -> dict[str, Value]:
    """What a project brings itself stands for the library that it may be without."""
    own = {name: [v for v in choices(value) if isinstance(v, Function | Class)] for name, value in names.items()}
    others = {
        name
        for name, value in names.items()
        if any(not isinstance(v, Function | Class | Library) for v in choices(value))
    }
    return {name: join(own[name]) if own[name] and name not in others else value for name, value in names.items()}


def function(machine: Machine, frame: Frame, node: cst.FunctionDef) -> None:
    decorators = [machine.evaluate(frame, d.decorator) for d in node.decorators]
    names = tuple(_decorator_name(d.decorator) for d in node.decorators)
    filled = [pair for decorator in decorators for pair in configcalls.filled(machine, frame, node, decorator)]
    made = _defined(machine, frame, node, (*defaults(machine, frame, node.params), *filled), names)
    autocast.note_decorators(machine, made, decorators, frame.site(node))
    name = f"{node.name.value}.{names[0]}" if names[:1] in ACCESSORS else node.name.value
    frame.scope.bind(name, _decorated(machine, frame, made, decorators, frame.site(node)))


ACCESSORS = (("setter",), ("deleter",))  # ``@size.setter`` beside the property ``size``


def definition(machine: Machine, frame: Frame, node: Definition) -> None:
    """A function that is not parsed before it is called, unless its decorators or defaults have to be evaluated."""
    if node.plain:
        constants = tuple((name, Const(value)) for name, value in node.constants)
        names = node.decorator_names
        label = f"{node.label}.{names[0]}" if names[:1] in ACCESSORS else node.label
        frame.scope.bind(label, _defined(machine, frame, node, constants, names))
    else:
        function(machine, frame, cast(cst.FunctionDef, node))


def _defined(
    machine: Machine, frame: Frame, node: Any, given: tuple[tuple[str, Value], ...], decorators: tuple[str, ...]
) -> Function:
    owner = frame.owner if frame.function is None else None
    scope = frame.scope.parent if owner is not None else frame.scope
    made = Function(node, frame.scope.module, scope, owner, defaults=given, decorators=decorators)
    machine.defined.append(made)
    return made


def _decorated(machine: Machine, frame: Frame, made: Function | Class, decorators: list[Value], site: Site) -> Value:
    """What decorators of the project make of a function or class; all others are taken to be transparent."""
    result: Value = made
    for decorator in reversed(decorators):
        if _is_own(decorator, frame):
            given = machine.call(frame, decorator, Arguments((result,)), site)
            if isinstance(given, Function) and isinstance(made, Function):
                given = replace(given, decorators=made.decorators)
            result = given if isinstance(given, Function | Class) or _is_callable(given) else result
    return result


def _is_own(decorator: Value, frame: Frame) -> bool:
    """Whether the project defines it; an object of a class in a method's place would need a descriptor's rules."""
    if isinstance(decorator, Function):
        return not decorator.module.stub
    if isinstance(decorator, Class):
        return decorator.node is not None and not decorator.module.stub and frame.owner is None
    return isinstance(decorator, Partial) or _is_callable(decorator)


def _is_callable(value: Value) -> bool:
    return isinstance(value, Instance) and not value.cls.module.stub and value.cls.find("__call__") is not None


def _decorator_name(node: Any) -> str:
    """The last name of what is called or subscripted: ``Dataset`` of ``data.Dataset[T]``; empty for anything else."""
    while isinstance(node, cst.Call | cst.Subscript):
        node = node.func if isinstance(node, cst.Call) else node.value
    named = node.attr if isinstance(node, cst.Attribute) else node
    return str(named.value) if isinstance(named, cst.Name) else ""


def class_(machine: Machine, frame: Frame, node: cst.ClassDef) -> None:
    _class(machine, frame, node, list(node.body.body))


def class_definition(machine: Machine, frame: Frame, node: ClassDefinition) -> None:
    _class(machine, frame, node, list(node.statements))


def _class(machine: Machine, frame: Frame, node: Any, body: list[Any]) -> None:
    bases = tuple(machine.evaluate(frame, _untyped(base.value)) for base in node.bases)
    made = Class(node.name.value, node, frame.scope.module, bases, {})
    scope = type(frame.scope)(frame.scope.module, frame.scope, made.members)
    machine.execute(Frame(scope, frame.path, owner=made), body)
    made.members.update(scope.names)
    if any(isinstance(base, Library) and base.name.startswith("enum.") for base in bases):
        made.members.update(_members(made))
    if _is_dataclass(node):
        made.members.setdefault("__dataclass__", Items(tuple(Const(name) for name in _fields(body))))
    if not frame.scope.module.stub:
        machine.classes.append(made)
    decorators = [machine.evaluate(frame, d.decorator) for d in node.decorators]
    frame.scope.bind(node.name.value, _decorated(machine, frame, made, decorators, frame.site(node)))


def _untyped(node: Any) -> Any:
    """A base without its type arguments: ``Dataset`` of ``Dataset[Tensor]``."""
    return node.value if isinstance(node, cst.Subscript) else node


def _members(made: Class) -> dict[str, Value]:
    """The members of an Enum: constants that equal only themselves."""
    return {name: Const(f"{made.name}.{name}") for name, v in made.members.items() if not isinstance(v, Function)}


def _is_dataclass(node: Any) -> bool:
    named = any(_decorator_name(b.value) in MODELS for b in node.bases)
    return named or any(_decorator_name(d.decorator) in RECORDS for d in node.decorators)


MODELS = ("NamedTuple", "BaseModel", "BaseSettings", "Struct")  # their subclasses get a constructor from their fields
RECORDS = ("dataclass", "define", "frozen", "attrs")


def _fields(body: list[Any]) -> list[str]:
    lines = [s for s in body if isinstance(s, cst.SimpleStatementLine)]
    small = [s for line in lines for s in line.body]
    return [s.target.value for s in small if isinstance(s, cst.AnnAssign) and isinstance(s.target, cst.Name)]


def global_(machine: Machine, frame: Frame, node: cst.Global) -> None:
    for item in node.names:
        frame.scope.outer[item.name.value] = frame.scope.module.scope


def nonlocal_(machine: Machine, frame: Frame, node: cst.Nonlocal) -> None:
    for item in node.names:
        scope = frame.scope.parent
        while scope is not None and item.name.value not in scope.names:
            scope = scope.parent
        if scope is not None:
            frame.scope.outer[item.name.value] = scope


EXECUTORS: dict[type, Executor] = {
    cst.SimpleStatementLine: line,
    cst.SimpleStatementSuite: block,
    cst.IndentedBlock: block,
    cst.Else: lambda machine, frame, node: machine.execute(frame, [node.body]),
    cst.Expr: expression,
    cst.Assign: assign,
    cst.AnnAssign: annotated,
    cst.AugAssign: augmented,
    cst.If: branches.if_,
    cst.For: loops.for_,
    cst.While: loops.while_,
    cst.Break: loops.break_,
    cst.Continue: loops.continue_,
    cst.Return: return_,
    cst.Raise: raise_,
    cst.Assert: assert_,
    cst.Del: delete,
    cst.With: contexts.with_,
    cst.Try: try_,
    cst.TryStar: try_,
    cst.FunctionDef: function,
    Definition: definition,
    cst.ClassDef: class_,
    ClassDefinition: class_definition,
    cst.Global: global_,
    cst.Nonlocal: nonlocal_,
    cst.Match: matching.match_,
    cst.Import: imports.import_,
    cst.ImportFrom: imports.import_from,
}
