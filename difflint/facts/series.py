"""Loops over numbers that are known, all rounds at once: ``for i in range(1000): betas.append(...)``.

A body that only computes numbers from the round's own number gives the same entries one by one or all together. What
carries something from round to round, branches or calls anything else is left to the ordinary loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libcst as cst

from difflint.facts import indexing, tablecalls, tables
from difflint.facts.events import Observations
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.tables import Numbers, Table
from difflint.facts.values import ANY, Const, Elements, Function, Items, Library, Partial, Unknown, Value
from difflint.syntax import walk

EVENTS = ("sinks", "casts", "rescaled", "losses", "trained", "backwards", "sampled", "schedules")
FEWEST = 9  # rounds; fewer are run one by one


def comprehension(machine: Machine, frame: Frame, node: Any) -> Table | None:
    """``[f(i) for i in range(1000)]`` as a table; None if it is no list of numbers."""
    clause = node.for_in
    plain = isinstance(clause.target, cst.Name) and not clause.ifs and clause.inner_for_in is None
    if not plain or not _only_computes(machine, frame, node.elt):
        return None
    numbers = _rounds(machine.evaluate(frame, clause.iter))
    if numbers is None:
        return None
    before, seen = dict(frame.scope.names), machine.seen
    machine.seen = Observations()
    frame.scope.names[clause.target.value] = Table(numbers, "round")
    value = machine.evaluate(frame, node.elt)
    quiet = _look_back(machine, seen)
    frame.scope.names = before
    entries = _entries(value, len(numbers)) if quiet else None
    return None if entries is None else Table(entries, "list")


def loop(machine: Machine, frame: Frame, node: cst.For, iterable: Value) -> bool:
    """Run a loop that fills lists with numbers; False, and nothing has happened, if it is another one."""
    numbers = _rounds(iterable)
    lines = _lines(node) if numbers is not None else None
    if numbers is None or lines is None or not isinstance(node.target, cst.Name):
        return False
    filled = {name for name, _ in lines if name.startswith("+")}
    lists = {name[1:]: frame.scope.names.get(name[1:]) for name in filled}
    separate = _is_separate(lines) and all(_is_list(v) for v in lists.values())
    if not separate or not all(_only_computes(machine, frame, value) for _, value in lines):
        return False
    return _all_rounds(machine, frame, node.target.value, lines, lists, numbers)


def _all_rounds(
    machine: Machine, frame: Frame, target: str, lines: list[tuple[str, Any]], lists: dict[str, Any], numbers: Numbers
) -> bool:
    before, seen = dict(frame.scope.names), machine.seen
    machine.seen = Observations()
    frame.scope.names[target] = Table(numbers, "round")
    ends: dict[str, Value | None] = {}
    for name, node in lines:
        value = machine.evaluate(frame, node)
        if name.startswith("+"):
            ends[name[1:]] = _longer(lists[name[1:]], _entries(value, len(numbers)))
        else:
            frame.scope.names[name] = value
            ends[name] = _last(value)
    ends[target] = Const(int(numbers[-1])) if numbers[-1] == int(numbers[-1]) else Table(numbers[-1:], "number")
    quiet = _look_back(machine, seen)
    frame.scope.names = before
    if not quiet or None in ends.values():
        return False
    for name, end in ends.items():
        indexing.bind_target(machine, frame, cst.Name(name), ANY if end is None else end)
    return True


def _look_back(machine: Machine, seen: Observations) -> bool:
    """Go on with what was observed before; whether nothing has happened since but calls."""
    tried, machine.seen = machine.seen, seen
    if any(getattr(tried, name) for name in EVENTS):
        return False
    seen.notes.update(tried.notes)
    seen.owners.update(tried.owners)
    for function, callers in tried.calls.items():
        seen.calls.setdefault(function, {}).update(callers)
    return True


def _rounds(iterable: Value) -> Numbers | None:
    """The numbers that a loop goes through."""
    if isinstance(iterable, Elements) and iterable.numbers is not None:
        found = tuple(float(number) for number in iterable.numbers[: tables.MOST + 1])
    else:
        found = iterable.numbers if isinstance(iterable, Table) and iterable.kind in ("array", "list") else ()
    return found if FEWEST <= len(found) <= tables.MOST else None


def _lines(node: cst.For) -> list[tuple[str, Any]] | None:
    """Each line of the body as a name and what it is given (``+name`` for what is appended); None for other bodies."""
    if node.orelse is not None or not isinstance(node.body, cst.IndentedBlock):
        return None
    lines = []
    for statement in node.body.body:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        lines += [_line(part) for part in small]
    return None if None in lines else [line for line in lines if line is not None]


def _line(node: Any) -> tuple[str, Any] | None:
    if isinstance(node, cst.Assign) and len(node.targets) == 1 and isinstance(node.targets[0].target, cst.Name):
        return node.targets[0].target.value, node.value
    call = node.value if isinstance(node, cst.Expr) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return None
    owner, plain = call.func.value, call.func.attr.value == "append" and not call.args[0].star
    return (f"+{owner.value}", call.args[0].value) if plain and isinstance(owner, cst.Name) else None


def _is_separate(lines: list[tuple[str, Any]]) -> bool:
    """Whether no round reads what an earlier one left: neither a name set later in the body nor a list it fills."""
    names = [name.lstrip("+") for name, _ in lines]
    if len(set(names)) < len(names) or not any(name.startswith("+") for name, _ in lines):
        return False
    for position, (_, value) in enumerate(lines):
        forbidden = {name for name, _ in lines[position:]} | {name[1:] for name, _ in lines if name.startswith("+")}
        if forbidden.intersection(_names(value)):
            return False
    return True


def _names(node: cst.CSTNode) -> Iterator[str]:
    return (part.value for part in walk.nodes(node) if isinstance(part, cst.Name))


def _only_computes(machine: Machine, frame: Frame, node: cst.CSTNode) -> bool:
    """Whether everything called in an expression computes numbers or is a function of the project."""
    calls = [part for part in walk.nodes(node) if isinstance(part, cst.Call)]
    return all(_is_dotted(c.func) and _computes(machine.evaluate(frame, c.func)) for c in calls)


def _is_dotted(node: Any) -> bool:
    return isinstance(node, cst.Name) or (isinstance(node, cst.Attribute) and _is_dotted(node.value))


def _computes(callee: Value) -> bool:
    if isinstance(callee, Partial):
        return _computes(callee.function)
    return isinstance(callee, Function) or (isinstance(callee, Library) and tablecalls.computes(callee.name))


def _is_list(value: Any) -> bool:
    if not isinstance(value, Items) or value.kind != "list":
        return False
    return not value.items or tables.numbers_of(value) is not None


def _entries(value: Value, rounds: int) -> Numbers | None:
    """What every round gives; a constant gives itself each time."""
    numbers = tables.numbers_of(value)
    if numbers is None or tables.kind_of(value) not in ("round", "number"):
        return None
    return numbers if len(numbers) == rounds else numbers * rounds


def _longer(before: Items, entries: Numbers | None) -> Value | None:
    return None if entries is None else Table((*(tables.numbers_of(before) or ()), *entries), "list")


def _last(value: Value) -> Value:
    """A name after the loop: what the last round gave it."""
    if isinstance(value, Table) and value.kind == "round":
        return Table(value.numbers[-1:], "number")
    return value if isinstance(value, Const) else Unknown("last")
