"""Scopes and frames: the names a piece of code sees, and where it stands while it is interpreted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from difflint.facts.steps import Site
from difflint.facts.values import Deferred, Instance, Unknown, Value, forced, join

IMPORTING = Unknown("a name that is being imported")  # a package that imports its own module by its own name


@dataclass(eq=False)
class Scope:
    """Names and the scope around them."""

    module: Any
    parent: Scope | None = None
    names: dict[str, Value] = field(default_factory=dict)
    outer: dict[str, Scope] = field(default_factory=dict)  # names declared global or nonlocal
    born: int = 0

    def find(self, name: str) -> Value | None:
        scope = self.holder(name)
        return scope.own(name) if scope is not None else None

    def own(self, name: str) -> Value | None:
        """What the name means in this scope itself."""
        value = self.names.get(name)
        if isinstance(value, Deferred):
            self.names[name] = IMPORTING
            value = self.names[name] = value.now()
        return value if value is not IMPORTING else None

    def all(self) -> list[Value]:
        """Every value of the scope, imports included."""
        return [value for name in list(self.names) if (value := self.own(name)) is not None]

    def holder(self, name: str) -> Scope | None:
        """The innermost scope that has the name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def bind(self, name: str, value: Value) -> None:
        self.outer.get(name, self).names[name] = value


@dataclass
class Loop:
    """The names at each break and continue of a loop."""

    breaks: list[dict[str, Value]] = field(default_factory=list)
    continues: list[dict[str, Value]] = field(default_factory=list)


@dataclass
class Frame:
    """One run of a function body or a module body."""

    scope: Scope
    path: str
    function: Any = None
    owner: Any = None
    self_value: Instance | None = None
    alive: bool = True
    undecided: int = 0  # how many undecided branches we are in
    unsure: int = -1  # how much was there when the innermost undecided branch or unknown loop began
    returns: list[Value] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    body: Callable[[Value], None] | None = None  # the body of the ``with`` that this generator is the context of
    called_at: Site | None = None
    receiver: Value | None = None
    half: Site | None = None  # a float16 autocast region entered here or in a callee
    learned: dict[int, tuple[Value, Value]] = field(default_factory=dict)  # by id: narrowed by a test, and as it was

    def unlearned(self, value: Value) -> Value:
        """The value as it was before a test told something about it."""
        return self.learned.get(id(value), (value, value))[1]

    def meet(self, states: list[dict[str, Value]]) -> None:
        """The names after several ways meet; what a test has told on only one of them no longer holds."""
        if len(states) > 1 and self.learned:
            states = [{name: self.unlearned(value) for name, value in state.items()} for state in states]
        self.scope.names = merge(states)

    def site(self, node: Any) -> Site:
        """The place of a node; inside a stub body it is the user's call that led there."""
        return self.called_at if self.scope.module.stub and self.called_at is not None else Site(self.path, node)


def merge(states: Iterable[dict[str, Value]]) -> dict[str, Value]:
    """The names after several ways meet; a name missing on one way keeps the value of the others."""
    found = list(states)
    if len(found) == 1:
        return found[0]
    names = dict.fromkeys(name for state in found for name in state)
    return {name: _meet(name, found) for name in names}


def _meet(name: str, states: list[dict[str, Value]]) -> Value:
    values = [state[name] for state in states if name in state]
    first = values[0]
    return first if all(value is first for value in values) else join(map(forced, values))
