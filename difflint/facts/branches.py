"""Branches: an ``if`` that is decided goes one way, any other goes both, and both ways meet again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import libcst as cst

from difflint.facts.guards import refine
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.truth import truth
from difflint.facts.values import Choice, Option


def if_(machine: Machine, frame: Frame, node: cst.If) -> None:
    if not frame.scope.parent and _is_main_test(node.test):
        machine.entries.append((frame.scope.module, node))
        return
    test = machine.evaluate(frame, node.test)
    known = truth(test)
    if isinstance(test, Option):
        _look(machine, frame, partial(_branch, machine, frame, node, not test.default))
        known = test.default
    if known is not None:
        _decided(machine, frame, node, known)
        return
    fork(machine, frame, (lambda: _branch(machine, frame, node, True), lambda: _branch(machine, frame, node, False)))


def _decided(machine: Machine, frame: Frame, node: cst.If, known: bool) -> None:
    """Go the known way. If it ends in an exception, a default that nobody can use decided: then go the other one."""
    before, ends = dict(frame.scope.names), _ends(frame)
    _branch(machine, frame, node, known)
    if not frame.alive and _ends(frame) == ends:
        frame.scope.names, frame.alive = before, True
        _branch(machine, frame, node, not known)


def _ends(frame: Frame) -> tuple[int, ...]:
    """How many ways have left the function or the loop so far."""
    return (len(frame.returns), *(len(loop.breaks) + len(loop.continues) for loop in frame.loops))


def _look(machine: Machine, frame: Frame, way: Callable[[], None]) -> None:
    """Go a way that is not the default one for what it shows, and come back."""
    before = dict(frame.scope.names)
    returns, alive = len(frame.returns), frame.alive
    with unsure(machine, frame):
        way()
    del frame.returns[returns:]
    frame.scope.names, frame.alive = before, alive


def _branch(machine: Machine, frame: Frame, node: cst.If, holds: bool) -> None:
    refine(machine, frame, node.test, holds)
    body = node.body if holds else node.orelse
    if body is not None:
        machine.execute(frame, [body])


def _is_main_test(test: Any) -> bool:
    return isinstance(test, cst.Comparison) and isinstance(test.left, cst.Name) and test.left.value == "__name__"


@contextmanager
def unsure(machine: Machine, frame: Frame) -> Iterator[None]:
    """A piece of code that may not run: what was there before it may stay as it was."""
    before, frame.unsure = frame.unsure, machine.memory.births
    frame.undecided += 1
    yield
    frame.undecided -= 1
    frame.unsure = before


def fork(machine: Machine, frame: Frame, ways: tuple[Callable[[], None], ...]) -> None:
    """Run each way from the same names and join what those that go on leave behind."""
    before, modes, grad = frame.scope.names, machine.modes, machine.grad
    births, returns, exits = machine.memory.births, len(frame.returns), _ends(frame)
    ends, left = [], []
    for way in ways:
        frame.scope.names, frame.alive = dict(before), True
        machine.modes, machine.grad = modes, grad
        with unsure(machine, frame):
            way()
        if frame.alive:
            ends.append(frame.scope.names)
        left.append((machine.modes, machine.grad))
    machine.modes = frozenset.intersection(*(modes for modes, _ in left))
    machine.grad = left[0][1] if len({grad for _, grad in left}) == 1 else None
    frame.alive = bool(ends)
    if len(frame.returns) > returns:  # what was there before the call may stay as it was
        frame.unsure = max(frame.unsure, frame.scope.born)
    if _ends(frame)[1:] != exits[1:]:
        frame.unsure = max(frame.unsure, births)
    frame.scope.names = before
    if ends:
        frame.meet(ends)
    for value in frame.scope.names.values() if len(ends) > 1 else ():
        if isinstance(value, Choice):
            machine.seen.note_conditional(value.values)
