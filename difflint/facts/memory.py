"""What calls returned before, and until when that holds: what they read stays as it was, and they changed nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from difflint.facts.values import Instance, Items, Record, Value, choices


@dataclass(eq=False)
class Memory:
    """Results by function and arguments. A call is remembered when it changed nothing that was there before it;
    everything is forgotten when something changes that some call has read."""

    results: dict[Any, tuple[Value, int]] = field(default_factory=dict)  # and how much was there before the call
    reads: set[tuple[int, str]] = field(default_factory=set)  # names of scopes and objects that were read from outside
    births: int = 0
    base: int = 0  # what was born before belongs to everybody
    trespasses: list[tuple[object, str]] = field(default_factory=list)  # what of everybody's has been changed
    oldest: float = math.inf  # the birth of the oldest thing that the running call has changed

    def born(self) -> int:
        """The next birth: objects and scopes are numbered in the order in which they come up."""
        self.births += 1
        return self.births

    def read(self, space: object, name: str) -> None:
        self.reads.add((id(space), name))

    def changed(self, space: object, name: str, born: int) -> None:
        """Note that ``name`` of a scope or object is another value from now on."""
        self.oldest = min(self.oldest, born)
        if born < self.base:
            self.trespasses.append((space, name))
        if (id(space), name) in self.reads:
            self.forget()

    def lasting(self) -> None:
        """Note that the running call does something beside what it returns, so that it has to be run each time."""
        self.oldest = -1

    def keep(self, key: Any, result: Value, start: int) -> None:
        self.results[key] = (result, start)

    def recall(self, key: Any) -> Value | None:
        """What the call returned. Objects that it made stand for those of every such call from now on; once one of them
        was changed, the call has to be run again."""
        if key not in self.results:
            return None
        result, start = self.results[key]
        made = [v.life for v in _within(result) if v.life.born > start]
        if any(life.changed for life in made):
            return None
        for life in made:
            life.shared = True
        return result

    def forget(self) -> None:
        self.results.clear()
        self.reads.clear()


def _within(value: Value) -> Iterator[Instance]:
    """The objects that a result is or holds."""
    for choice in choices(value):
        if isinstance(choice, Instance):
            yield choice
        elif isinstance(choice, Items):
            yield from (v for item in choice.items for v in choices(item) if isinstance(v, Instance))
        elif isinstance(choice, Record):
            yield from (v for _, item in choice.entries for v in choices(item) if isinstance(v, Instance))
