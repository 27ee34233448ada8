"""``with``: what entering a context gives, the body where a generator's ``yield`` stands, and leaving it again."""

from __future__ import annotations

import libcst as cst

from difflint.facts import attributes, autocast, calls, indexing
from difflint.facts.expressions import arguments_of
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.values import NONE, Choice, Elements, Function, Instance, Value, join

LEAVING = Arguments((NONE, NONE, NONE))  # no exception


def with_(machine: Machine, frame: Frame, node: cst.With) -> None:
    before = (len(machine.amp), machine.grad)
    _items(machine, frame, list(node.items), node)
    machine.grad = before[1]
    del machine.amp[before[0] :]


def _items(machine: Machine, frame: Frame, items: list[cst.WithItem], node: cst.With) -> None:
    """Enter the first context, do the same with the others inside it, and leave it."""
    if not items:
        machine.execute(frame, [node.body])
        return
    item, *others = items
    manager = _generator(machine, frame, item.item)
    if manager is not None:
        _around(machine, frame, manager, item, others, node)
        return
    value = machine.evaluate(frame, item.item)
    autocast.enter(machine, frame, value, frame.site(item.item))
    _bind(machine, frame, item, _protocol(machine, frame, value, "__enter__", Arguments(), item))
    _items(machine, frame, others, node)
    alive, frame.alive = frame.alive, True
    _protocol(machine, frame, value, "__exit__", LEAVING, item)
    frame.alive = alive


def _protocol(
    machine: Machine, frame: Frame, value: Value, name: str, arguments: Arguments, item: cst.WithItem
) -> Value:
    """What the context's own method gives; a context that nobody has described gives itself."""
    if isinstance(value, Choice):
        return join(_protocol(machine, frame, v, name, arguments, item) for v in value.values)
    if isinstance(value, Elements):
        return value.item  # a function under ``@contextmanager`` that was called elsewhere
    if not isinstance(value, Instance) or value.cls.find(name) is None:
        return value
    site = frame.site(item.item)
    return machine.call(frame, attributes.get(machine, frame, value, name, site), arguments, site)


def _generator(machine: Machine, frame: Frame, node: cst.BaseExpression) -> tuple[Function, Arguments] | None:
    """The function under ``@contextmanager`` that is called here, with its arguments."""
    if not isinstance(node, cst.Call) or (isinstance(node.func, cst.Name) and node.func.value == "super"):
        return None
    callee = machine.evaluate(frame, node.func)
    if not isinstance(callee, Function) or "contextmanager" not in callee.decorators:
        return None
    if calls.is_too_deep(machine, callee):
        return None
    return callee, arguments_of(machine, frame, node.args)


def _around(
    machine: Machine,
    frame: Frame,
    manager: tuple[Function, Arguments],
    item: cst.WithItem,
    others: list[cst.WithItem],
    node: cst.With,
) -> None:
    """Run the generator; where it first yields, the body of the ``with`` runs."""
    waiting = [True]

    def body(value: Value) -> None:
        if waiting:
            waiting.clear()
            _bind(machine, frame, item, value)
            _items(machine, frame, others, node)

    calls.run_body(machine, frame, *manager, frame.site(item.item), body)


def _bind(machine: Machine, frame: Frame, item: cst.WithItem, value: Value) -> None:
    if item.asname is not None:
        indexing.bind_target(machine, frame, item.asname.name, value)
