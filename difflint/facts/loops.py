"""Loops: a short known sequence is unrolled; any other body runs until a round is like those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import libcst as cst

from difflint.facts import indexing, series
from difflint.facts.attributes import either
from difflint.facts.branches import fork
from difflint.facts.guards import refine
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame, Loop
from difflint.facts.truth import truth
from difflint.facts.values import (
    COEFFICIENT,
    Choice,
    Elements,
    Items,
    Kind,
    Record,
    Tensor,
    Unknown,
    Value,
    choices,
    constant,
    join,
)

Names = dict[str, Value]
ROUNDS = 3
COUNTED = 8  # rounds of a ``while`` whose test is known each time


def for_(machine: Machine, frame: Frame, node: cst.For) -> None:
    iterable = machine.evaluate(frame, node.iter)
    if not series.loop(machine, frame, node, iterable):
        _over(machine, frame, node, iterable)


def _over(machine: Machine, frame: Frame, node: cst.For, iterable: Value) -> None:
    """One loop for each thing the iterable may be."""
    if isinstance(iterable, Choice):
        fork(machine, frame, tuple(partial(_over, machine, frame, node, v) for v in iterable.values))
        return

    def start(item: Value) -> None:
        indexing.bind_target(machine, frame, node.target, item)

    known = indexing.unrolled(machine, frame, iterable)
    if known is not None:
        _unroll(machine, frame, node, known, start)
        return
    item = indexing.item_of(machine, frame, iterable)
    first = iterable.first if isinstance(iterable, Elements) and iterable.first is not None else item
    rounds = [partial(start, first), *(partial(start, item) for _ in range(ROUNDS - 1))]
    _widen(machine, frame, node, rounds, indexing.is_filled(iterable), Loop())


def while_(machine: Machine, frame: Frame, node: cst.While) -> None:
    """A test that is known each time counts the rounds; ``while True`` is left by a break alone."""
    loop, outer, returns = Loop(), frame.unsure, len(frame.returns)
    if isinstance(node.test, cst.Integer) or (isinstance(node.test, cst.Name) and node.test.value == "True"):
        _widen(machine, frame, node, [_nothing] * ROUNDS, None, loop)
        return
    known = truth(machine.evaluate(frame, node.test))
    runs = known is True
    for _ in range(0 if _is_far(machine, frame, node.test) else COUNTED):
        if known is not True:
            break
        runs = False  # from here on
        _round(machine, frame, node, loop)
        known = truth(machine.evaluate(frame, node.test)) if frame.alive else False
    frame.unsure = _sure_again(frame, outer, returns)
    if known is False:
        _after(machine, frame, node, loop)
    else:
        _widen(machine, frame, node, [partial(refine, machine, frame, node.test, True)] * ROUNDS, runs, loop)


def _is_far(machine: Machine, frame: Frame, test: Any) -> bool:
    """Whether a test compares two numbers that no few rounds bring together: ``step < 100_000``."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return False
    sides = [constant(machine.evaluate(frame, side)) for side in (test.left, test.comparisons[0].comparator)]
    return all(type(side) in (int, float) for side in sides) and abs(sides[0] - sides[1]) > COUNTED


def _nothing() -> None:
    """A round that begins with nothing."""


def _round(machine: Machine, frame: Frame, node: Any, loop: Loop) -> None:
    """Run the body once, up to its end or a ``continue``."""
    frame.loops.append(loop)
    machine.loops.append((frame, node))
    machine.execute(frame, [node.body])
    machine.loops.pop()
    frame.loops.pop()
    ends = ([frame.scope.names] if frame.alive else []) + loop.continues
    loop.continues = []
    frame.alive = bool(ends)
    if ends:
        frame.meet(ends)


def _unroll(machine: Machine, frame: Frame, node: Any, items: Sequence[Value], start: Callable[[Value], None]) -> None:
    loop, outer, returns = Loop(), frame.unsure, len(frame.returns)
    for item in items:
        start(item)
        _round(machine, frame, node, loop)
        if not frame.alive:
            break
    frame.unsure = _sure_again(frame, outer, returns)
    _after(machine, frame, node, loop)


def _widen(
    machine: Machine,
    frame: Frame,
    node: Any,
    rounds: Sequence[Callable[[], None]],
    runs: bool | None,
    loop: Loop,
) -> None:
    """A loop of unknown length. ``runs``: whether its body surely runs; None if only a break ends it."""
    states: list[Names] = [dict(frame.scope.names)]
    outer, returns, modes = frame.unsure, len(frame.returns), machine.modes
    for start in rounds:
        frame.unsure = machine.memory.births
        start()
        _round(machine, frame, node, loop)
        if not frame.alive:
            break
        frame.scope.names.update(_counting(states[-1], frame.scope.names))
        states.append(dict(frame.scope.names))
        if len(states) > 2 and not _moving(states):
            break
    frame.unsure = _sure_again(frame, outer, returns)
    machine.modes = machine.modes if runs else machine.modes & modes
    ends = states[1:] if runs else states
    frame.alive = bool(ends) and runs is not None
    if frame.alive:
        known = [{name: frame.unlearned(value) for name, value in state.items()} for state in states]
        frame.scope.names = _settled(known, len(ends) == len(states))
    _after(machine, frame, node, loop)


def _sure_again(frame: Frame, before: int, returns: int) -> int:
    """How much may have stayed as it was once a loop is over: as before it, unless some way left the function in it."""
    return max(before, frame.scope.born) if len(frame.returns) > returns else before


def _after(machine: Machine, frame: Frame, node: Any, loop: Loop) -> None:
    """The ``else`` of a loop that was not broken, and the meeting with every break."""
    if frame.alive and node.orelse is not None:
        machine.execute(frame, [node.orelse.body])
    ends = ([frame.scope.names] if frame.alive else []) + loop.breaks
    frame.alive = bool(ends)
    if ends:
        frame.meet(ends)


def _counting(before: Names, after: Names) -> Names:
    """Numbers that a round has changed: what they are in any round is not what they are in the first."""
    return {name: COEFFICIENT for name, value in after.items() if _counts(before.get(name), value)}


def _counts(before: Value | None, after: Value) -> bool:
    numbers = (constant(before), constant(after))
    return all(type(number) in (int, float) for number in numbers) and numbers[0] != numbers[1]


def _moving(states: list[Names]) -> bool:
    """Whether the last round brought values that no earlier one had."""
    last = states[-1]
    return any(_is_new(value, [state[name] for state in states[:-1] if name in state]) for name, value in last.items())


def _is_new(value: Value, earlier: list[Value]) -> bool:
    if any(value is other for other in earlier):
        return False
    known = {v for other in earlier for v in choices(other)}
    return any(v not in known for v in choices(value))


def _settled(states: list[Names], may_be_none: bool) -> Names:
    """The names after a loop of unknown length: what each round may leave, and what was before where none may run."""
    rounds = states[1:]
    first = states[0] if may_be_none else {}
    names = dict.fromkeys(name for state in (*rounds, first) for name in state)
    return {name: _met(first.get(name), [r[name] for r in rounds if name in r]) for name in names}


def _met(before: Value | None, after: list[Value]) -> Value:
    if not after:
        assert before is not None
        return before
    last = after[-1]
    if all(value is last for value in after) and (before is None or before is last):
        return last
    ways = after if before is None or _is_replaced(before, last) else [before, *after]
    if _is_new(last, [v for v in (before, *after[:-1]) if v is not None]):
        return _growing(after) or (join(ways) if len(after) < ROUNDS else Unknown("accumulated"))
    return join(ways)


def _is_replaced(before: Value, after: Value) -> bool:
    """Whether a loop is written to be run: noise that its rounds denoise, an empty list that they fill."""
    if isinstance(before, Tensor) and _is_noise(before):
        return any(isinstance(v, Tensor) and (v.origin.networks or v.kind is Kind.FEATURE) for v in choices(after))
    return isinstance(before, Items | Record) and before in (Items((), getattr(before, "kind", "")), Record())


def _is_noise(tensor: Tensor) -> bool:
    """Noise, also where it was multiplied by a deviation that is not known."""
    parts = tensor.origin.parts if tensor.kind is Kind.MIX else ()
    return tensor.kind in (Kind.NOISE, Kind.UNIFORM) or (bool(parts) and all(_is_noise(part) for part in parts))


def _growing(rounds: list[Value]) -> Value | None:
    """What every round adds to: the list of all that it may hold; a number or ``y = 0.9 * y`` is unknown in the end."""
    old, new = rounds[-2] if len(rounds) > 1 else None, rounds[-1]
    items = _of_lists((old, new)) if old is not None else None
    if items is not None:
        return Elements(join(items))
    if isinstance(old, Record) and isinstance(new, Record):
        return either(old, new)
    if isinstance(old, Tensor) and isinstance(new, Tensor) and old.origin == new.origin:
        longer = len(new.links) > len(old.links) > 0 and new.links[: len(old.links)] == old.links
        return Unknown("accumulated") if longer else None
    return None


def break_(machine: Machine, frame: Frame, node: cst.Break) -> None:
    if frame.loops:
        frame.loops[-1].breaks.append(dict(frame.scope.names))
    frame.alive = False


def continue_(machine: Machine, frame: Frame, node: cst.Continue) -> None:
    if frame.loops:
        frame.loops[-1].continues.append(dict(frame.scope.names))
    frame.alive = False


def _of_lists(values: Iterable[Value]) -> list[Value] | None:
    """All that some lists hold, which may be of several lengths; None if any of them is no list."""
    lists = [v for value in values for v in choices(value)]
    if not all(isinstance(v, Elements) or (isinstance(v, Items) and v.kind == "list") for v in lists):
        return None
    found = [item for v in lists for item in (v.items if isinstance(v, Items) else [getattr(v, "item", v)])]
    return found or None
