"""The interpreter's shared state, and the doors through which its parts call each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libcst as cst

from difflint.facts.events import Observations
from difflint.facts.library import Library as Knowledge
from difflint.facts.memory import Memory
from difflint.facts.project import Module, Project
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.tensors import Network
from difflint.facts.values import ANY, Function, Instance, Items, Tensor, Unknown, Value

MAX_DEPTH = 40
BUDGET = 100_000  # expressions of one entry point; beyond it everything new is unknown
SMALL_BUDGET = 25_000  # of a function that nobody called: little is known of what it is given

APART = (
    "stack",
    "amp",
    "inside",
    "loops",
    "grad",
    "modes",
    "part",
    "era",
)  # of the code that runs, not of the analysis


@dataclass(frozen=True)
class Arguments:
    """The evaluated arguments of a call; ``open`` when a star argument of unknown length was among them."""

    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    open: bool = False

    def keyword(self, name: str) -> Value | None:
        return next((value for key, value in self.kwargs if key == name), None)

    def get(self, position: int, name: str) -> Value | None:
        return self.args[position] if position < len(self.args) else self.keyword(name)


Evaluator = Callable[["Machine", Frame, Any], Value]
Executor = Callable[["Machine", Frame, Any], None]


@dataclass(eq=False)
class Machine:
    """One analysis: what is known, what was observed, and the call stack."""

    project: Project
    knowledge: Knowledge
    evaluators: dict[type, Evaluator]
    executors: dict[type, Executor]
    caller: Callable[[Machine, Frame, Value, Arguments, Site], Value]
    importer: Callable[[Machine, Module], None]
    seen: Observations = field(default_factory=Observations)
    stack: list[Frame] = field(default_factory=list)
    visited: set[int] = field(default_factory=set)  # ids of function nodes that some call has run
    memory: Memory = field(default_factory=Memory)
    made: dict[Any, Instance] = field(default_factory=dict)  # objects by class, arguments and place
    remade: Counter[Any] = field(default_factory=Counter)
    stubs: dict[str, Value] = field(default_factory=dict)
    entries: list[tuple[Module, cst.If]] = field(default_factory=list)  # ``if __name__ == "__main__"`` blocks
    defined: list[Function] = field(default_factory=list)
    typical: dict[int, Instance] = field(default_factory=dict)  # by class: the first object made of it
    parts: set[int] = field(default_factory=set)  # classes whose objects are made inside a network
    classes: list[Any] = field(default_factory=list)
    attributes_read: dict[int, frozenset[tuple[str, str]]] = field(default_factory=dict)  # by function
    unknown_calls: dict[tuple[str, Site], None] = field(default_factory=dict)
    default_dtype: str | None = "float32"  # of torch's new tensors; None when the project's choice is not known
    half_networks: dict[Network, Site] = field(default_factory=dict)
    frozen: set[Network] = field(default_factory=set)
    amp: list[tuple[str | None, Site]] = field(default_factory=list)
    amp_functions: dict[int, tuple[str | None, Site]] = field(default_factory=dict)
    loops: list[tuple[Frame, Any]] = field(default_factory=list)  # the loops we are in, outermost first
    grad: bool | None = True  # whether gradients are recorded; None when that is not known
    switched: bool = False  # whether some module's body has turned gradients on or off for all that follows
    modes: frozenset[tuple[Network, bool]] = frozenset()  # networks that are surely in training mode or out of it
    copied: set[Network] = field(default_factory=set)  # those whose copies are the same object here
    inside: list[tuple[Tensor, ...]] = field(default_factory=list)  # what the running networks were given
    part: int = 0  # which tensor of a batch of several is being looked at
    steps: int = 0
    budget: int = BUDGET
    layered: int = 0  # expressions of this entry point that were evaluated inside networks
    noting: bool = True  # whether anybody will ask for a pipeline card
    era: int = 0  # 0 while module bodies run, then one for each entry point and each function that nobody called

    def evaluate(self, frame: Frame, node: cst.CSTNode) -> Value:
        """The value of an expression; unknown for syntax that nothing models and once the budget is spent."""
        self.steps += 1
        evaluator = self.evaluators.get(type(node))
        if evaluator is None or self.steps > self.budget:
            return ANY
        return evaluator(self, frame, node)

    def execute(self, frame: Frame, body: Iterable[Any]) -> None:
        """Run statements until one of them leaves the block or the budget is spent."""
        for statement in body:
            if not frame.alive or self.steps > self.budget:
                return
            executor = self.executors.get(type(statement))
            if executor is not None:
                executor(self, frame, statement)

    def call(self, frame: Frame, callee: Value, arguments: Arguments, site: Site) -> Value:
        return self.caller(self, frame, callee, arguments, site)

    def each(self, batch: Items, what: Callable[[Value], Value]) -> Items:
        """Do something with every tensor of a batch."""
        outer, results = self.part, []
        for position, item in enumerate(batch.items):
            self.part = outer * len(batch.items) + position
            results.append(what(item))
        self.part = outer
        return Items(tuple(results), batch.kind)

    def unknown(self, name: str, site: Site) -> Unknown:
        """The result of something nobody modelled; noted, so that ``--coverage`` can tell."""
        self.unknown_calls[name, site] = None
        return Unknown(name, site)

    def root(self, frame: Frame) -> Path:
        """The top folder of the project whose code is running."""
        modules: list[Module] = [f.scope.module for f in (frame, *reversed(self.stack))]
        return next((module.root for module in modules if not module.stub), modules[0].root)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A module's body runs as if nobody was in the middle of anything."""
        saved = {name: getattr(self, name) for name in APART}
        vars(self).update(stack=[], amp=[], inside=[], loops=[], grad=True, modes=frozenset(), part=0, era=0)
        try:
            yield
        finally:
            vars(self).update(saved)

    @property
    def has_seen_enough_layers(self) -> bool:
        """Whether half of what may be spent went into networks: what stands around them is worth the rest."""
        return self.layered > self.budget // 2

    @property
    def calls(self) -> tuple[Site, ...]:
        """The places of the calls we are in, outermost first."""
        return tuple(frame.called_at for frame in self.stack if frame.called_at is not None)

    @property
    def no_grad(self) -> bool:
        """Whether gradients are surely not recorded."""
        return self.grad is False

    @property
    def amp_dtype(self) -> str | None:
        return self.amp[-1][0] if self.amp else None
