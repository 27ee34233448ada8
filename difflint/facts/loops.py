"""Loops: a short known sequence is unrolled, any other body runs twice, and what would go on growing is unknown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import libcst as cst

from difflint.facts import indexing
from difflint.facts.branches import fork
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame, Loop
from difflint.facts.truth import truth
from difflint.facts.values import ANY, COEFFICIENT, Choice, Elements, Tensor, Unknown, Value, constant


def for_(machine: Machine, frame: Frame, node: cst.For) -> None:
    _over(machine, frame, node, machine.evaluate(frame, node.iter))


def _over(machine: Machine, frame: Frame, node: cst.For, iterable: Value) -> None:
    """One loop for each thing the iterable may be."""
    if isinstance(iterable, Choice):
        fork(machine, frame, tuple(partial(_over, machine, frame, node, v) for v in iterable.values))
        return
    known = indexing.unrolled(machine, frame, iterable)
    if known is not None:
        rounds: list[Value] = list(known)
    else:
        item = indexing.item_of(machine, frame, iterable)
        first = iterable.first if isinstance(iterable, Elements) and iterable.first is not None else item
        rounds = [first, item]
    repeat(
        machine,
        frame,
        node,
        rounds,
        lambda item: indexing.bind_target(machine, frame, node.target, item),
        known is not None,
    )


def while_(machine: Machine, frame: Frame, node: cst.While) -> None:
    if truth(machine.evaluate(frame, node.test)) is not False:
        repeat(machine, frame, node, [ANY, ANY], lambda item: None, False)


def repeat(
    machine: Machine, frame: Frame, node: Any, rounds: list[Value], start: Callable[[Value], None], exact: bool
) -> None:
    """The one place where loops are widened: a short known sequence is unrolled, any other body runs twice."""
    loop = Loop()
    frame.loops.append(loop)
    states = [dict(frame.scope.names)]
    for item in rounds:
        start(item)
        machine.execute(frame, [node.body])
        ends = ([frame.scope.names] if frame.alive else []) + loop.continues
        loop.continues = []
        frame.alive = bool(ends)
        if not ends:
            break
        frame.meet(ends)
        if not exact:
            frame.scope.names.update(_counting(states[-1], frame.scope.names))
        states.append(dict(frame.scope.names))
    frame.loops.pop()
    if not exact and frame.alive and len(states) > 2:
        frame.scope.names.update(_growing(states[-2], states[-1]))
    if frame.alive and node.orelse is not None:
        machine.execute(frame, [node.orelse.body])
    ends = ([frame.scope.names] if frame.alive else []) + loop.breaks
    frame.alive = bool(ends)
    if ends:
        frame.meet(ends)


def _counting(before: dict[str, Value], after: dict[str, Value]) -> dict[str, Value]:
    """Numbers that a round has changed: what they are in any round is not what they are in the first."""
    return {name: COEFFICIENT for name, value in after.items() if _counts(before.get(name), value)}


def _counts(before: Value | None, after: Value) -> bool:
    numbers = (constant(before), constant(after))
    return all(type(number) in (int, float) for number in numbers) and numbers[0] != numbers[1]


def _growing(first: dict[str, Value], second: dict[str, Value]) -> dict[str, Value]:
    """What every round changes a little more, as ``y = 0.9 * y`` does: after any number of rounds it is unknown."""
    return {name: Unknown("accumulated") for name, value in second.items() if _grew(first.get(name), value)}


def _grew(before: Value | None, after: Value) -> bool:
    if not isinstance(before, Tensor) or not isinstance(after, Tensor) or before.origin != after.origin:
        return False
    return len(after.links) > len(before.links) > 0 and after.links[: len(before.links)] == before.links


def break_(machine: Machine, frame: Frame, node: cst.Break) -> None:
    if frame.loops:
        frame.loops[-1].breaks.append(dict(frame.scope.names))
    frame.alive = False


def continue_(machine: Machine, frame: Frame, node: cst.Continue) -> None:
    if frame.loops:
        frame.loops[-1].continues.append(dict(frame.scope.names))
    frame.alive = False
