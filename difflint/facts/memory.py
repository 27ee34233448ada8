"""What calls returned before, and until when that holds: what they read stays as it was, and they changed nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from difflint.facts.values import Value


@dataclass(eq=False)
class Memory:
    """Results by function and arguments. A call is remembered when it changed nothing that was there before it;
    everything is forgotten when something changes that some call has read."""

    results: dict[Any, Value] = field(default_factory=dict)
    reads: set[tuple[int, str]] = field(default_factory=set)  # names of scopes and objects that were read from outside
    births: int = 0
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
        if (id(space), name) in self.reads:
            self.forget()

    def forget(self) -> None:
        self.results.clear()
        self.reads.clear()
