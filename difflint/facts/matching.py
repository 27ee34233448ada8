"""``match``: which cases a value may fall into, and what their patterns bind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import libcst as cst

from difflint.facts.branches import fork
from difflint.facts.guards import refine
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.truth import is_instance, truth
from difflint.facts.values import Choice, Const, Unknown, Value, choices
from difflint.syntax import walk


def match_(machine: Machine, frame: Frame, node: cst.Match) -> None:
    """Run the cases that the subject may fall into, up to the first one that it surely does."""
    subject = machine.evaluate(frame, node.subject)
    ways: list[Callable[[], None]] = []
    for case in node.cases:
        fits = _enters(machine, frame, case, subject)
        if fits is not False:
            ways.append(partial(_case, machine, frame, case, subject))
        if fits:
            break
    else:
        ways.append(lambda: None)
    if len(ways) == 1:
        ways[0]()
    else:
        fork(machine, frame, tuple(ways))


def _enters(machine: Machine, frame: Frame, case: cst.MatchCase, subject: Value) -> bool | None:
    """Whether the pattern and the guard of a case let a value in."""
    fits = matches(machine, frame, subject, case.pattern)
    if fits is False or case.guard is None:
        return fits
    before = dict(frame.scope.names)
    _bind(frame, case.pattern, subject)
    guard = truth(machine.evaluate(frame, case.guard))
    frame.scope.names = before
    return guard if guard is False or fits else None


def _bind(frame: Frame, pattern: Any, subject: Value) -> None:
    for name, whole in _captured(pattern):
        frame.scope.bind(name, subject if whole else Unknown(name))


def _case(machine: Machine, frame: Frame, case: cst.MatchCase, subject: Value) -> None:
    _bind(frame, case.pattern, subject)
    if case.guard is not None:
        refine(machine, frame, case.guard, True)
    machine.execute(frame, [case.body])


def _captured(pattern: Any) -> Iterator[tuple[str, bool]]:
    """The names a pattern binds, and whether to the whole subject."""
    for node in walk.nodes(pattern):
        if isinstance(node, cst.MatchAs | cst.MatchStar) and node.name is not None:
            yield node.name.value, node is pattern
        elif isinstance(node, cst.MatchMapping) and node.rest is not None:
            yield node.rest.value, False


def matches(machine: Machine, frame: Frame, subject: Value, pattern: Any) -> bool | None:
    """Whether a value fits a pattern, None if that is not known."""
    if isinstance(subject, Choice):
        return _agreed([matches(machine, frame, v, pattern) for v in choices(subject)])
    if isinstance(pattern, cst.MatchAs):
        return True if pattern.pattern is None else matches(machine, frame, subject, pattern.pattern)
    if isinstance(pattern, cst.MatchOr):
        answers = [matches(machine, frame, subject, element.pattern) for element in pattern.patterns]
        return True if True in answers else (None if None in answers else False)
    if isinstance(pattern, cst.MatchValue | cst.MatchSingleton):
        expected = machine.evaluate(frame, pattern.value)
        if not isinstance(subject, Const) or not isinstance(expected, Const):
            return None
        return bool(subject.value == expected.value)
    if isinstance(pattern, cst.MatchClass):
        fits = is_instance(subject, machine.evaluate(frame, pattern.cls))
        return fits if fits is False or not (pattern.patterns or pattern.kwds) else None
    return False if isinstance(subject, Const) and isinstance(pattern, cst.MatchSequence | cst.MatchMapping) else None


def _agreed(answers: list[bool | None]) -> bool | None:
    return answers[0] if len(set(answers)) == 1 else None
