"""What the relations of a file are made of: its functions with everything they do in order, its classes, its names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from difflint.relations.terms import Term, label

BODY = "<module>"  # the statements of a file outside of functions


@dataclass(frozen=True, eq=False)
class Context:
    """Something that a statement stands in: a loop, a branch, a with, a try.

    ``kind`` is ``for``, ``while``, ``if``, ``else``, ``with``, ``try``, ``except``, ``finally``, or ``comp`` for a
    comprehension; ``term`` what is looped over, tested or entered."""

    kind: str
    node: ast.AST
    term: Term


@dataclass(eq=False)
class Definition:
    """A name is given a value; ``used`` when something may read that value."""

    name: str
    kind: str  # assign, augment, param, for, with, import, def, inplace
    node: ast.AST
    term: Term
    used: bool = False
    sources: list[Definition] = field(default_factory=list)  # what it only passes on

    def read(self) -> None:
        """Somebody reads it: then what it passes on is read as well."""
        waiting = [self]
        while waiting:
            now = waiting.pop()
            if not now.used:
                now.used = True
                waiting.extend(now.sources)

    def passes_on(self, sources: frozenset[Definition]) -> None:
        self.sources.extend(sources)
        if self.used:
            for source in sources:
                source.read()


@dataclass(frozen=True, eq=False)
class Event:
    """One thing that a function does, in the order of the text.

    ``kind``: ``assign`` (also ``augment``, ``for``, ``with``: a ``target`` is given ``term``), ``call``, ``return``,
    ``yield``, ``raise``, ``break``, ``continue``, ``delete``, ``assert``, or ``expression`` (a statement whose value
    nobody takes). ``target`` is a path such as ``x``, ``self.x``, or ``x[]`` for an item; ``old`` what that was."""

    kind: str
    node: ast.AST
    term: Term
    context: tuple[Context, ...]
    order: int
    target: str = ""
    old: Term | None = None
    definition: Definition | None = None

    @property
    def loops(self) -> tuple[Context, ...]:
        """The loops around it, outermost first."""
        return tuple(c for c in self.context if c.kind in ("for", "while"))

    @property
    def branches(self) -> tuple[Context, ...]:
        """The conditions it depends on, outermost first."""
        return tuple(c for c in self.context if c.kind in ("if", "else", "except"))

    def within(self, context: Context) -> bool:
        return context in self.context


@dataclass(eq=False)
class Function:
    """A function, a method, a nested function, or the body of the file; it is walked through when somebody asks."""

    name: str
    qualname: str
    node: Any
    owner: ClassInfo | None
    params: tuple[str, ...] = ()  # without ``self``
    defaults: dict[str, Term] = field(default_factory=dict)
    decorators: tuple[Term, ...] = ()
    parent: Function | None = None
    work: Callable[[Function], None] | None = field(default=None, repr=False)
    _events: list[Event] = field(default_factory=list, repr=False)
    _definitions: list[Definition] = field(default_factory=list, repr=False)
    _ends: dict[str, Term] = field(default_factory=dict, repr=False)

    def done(self) -> Function:
        """The function after the walk through it."""
        work, self.work = self.work, None
        if work is not None:
            work(self)
        return self

    @property
    def events(self) -> list[Event]:
        """Everything it does, in the order of the text."""
        return self.done()._events

    @property
    def definitions(self) -> list[Definition]:
        """Every value that a local name is given, its parameters included."""
        return self.done()._definitions

    @property
    def ends(self) -> dict[str, Term]:
        """What its names are when it ends."""
        return self.done()._ends

    @property
    def calls(self) -> Iterator[Event]:
        return (event for event in self.events if event.kind == "call")

    @property
    def assigned(self) -> Iterator[Event]:
        """Everything that gives a target a value."""
        return (event for event in self.events if event.target)

    @property
    def returned(self) -> tuple[Term, ...]:
        return tuple(event.term for event in self.events if event.kind == "return")

    def written(self, term: Term) -> Any:
        """The expression that computed a value, when names have carried it on since."""
        assigned = (getattr(event.node, "value", None) for event in self.assigned if event.term == term)
        called = (event.node for event in self.calls if event.term == term)
        return next(filter(None, (*called, *assigned)), term.node)

    def has_decorator(self, *names: str) -> bool:
        """Whether a decorator's last name is one of these: ``no_grad`` for ``@torch.no_grad()``."""
        terms = (term.args[0] if term.op == "call" else term for term in self.decorators)
        return any(label(term).rpartition(".")[2] in names for term in terms)


@dataclass(eq=False)
class ClassInfo:
    """A class: its bases, its methods, what its body assigns, and every value that its attributes are given."""

    name: str
    node: ast.ClassDef
    bases: tuple[Term, ...]
    methods: dict[str, Function] = field(default_factory=dict)
    members: dict[str, Term] = field(default_factory=dict)

    def derives(self, *names: str) -> bool:
        """Whether a base's last name is one of these."""
        return any(label(base).rpartition(".")[2] in names for base in self.bases)

    @cached_property
    def attributes(self) -> dict[str, list[tuple[Function, Event]]]:
        """By attribute: the methods that set it, and where; ``register_buffer("x", value)`` counts."""
        found: dict[str, list[tuple[Function, Event]]] = {}
        for method in self.methods.values():
            if not _may_set(method.node):
                continue
            for event in method.events:
                name = attribute_set(event)
                if name:
                    found.setdefault(name, []).append((method, event))
        return found


def attribute_set(event: Event) -> str:
    """The attribute of ``self`` that an event sets, empty if none."""
    if event.target.startswith("self.") and event.target.count(".") == 1:
        return event.target[5:].removesuffix("[]")
    return buffer_name(event.term) if event.kind == "call" else ""


def buffer_name(call: Term) -> str:
    """The ``x`` of ``register_buffer("x", value)``, whatever that is called, and of ``setattr(self, "x", value)``."""
    given = call.positional
    if "register" in call.called and len(given) > 1:
        return given[0].value if isinstance(given[0].value, str) and given[0].op == "const" else ""
    if call.callee == "setattr" and len(given) == 3 and given[0].op == "self":
        return given[1].value if isinstance(given[1].value, str) and given[1].op == "const" else ""
    return ""


def value_set(event: Event) -> Term:
    """The value that such an event gives."""
    return event.term.positional[-1] if event.kind == "call" else event.term


def named_values(event: Event) -> Iterator[tuple[str, Term]]:
    """The names that an event gives values to: variables, attributes, buffers, entries of a dictionary."""
    if event.kind == "assign" and not event.target.endswith("[]"):
        yield event.target.rpartition(".")[2], event.term
    elif event.kind == "call" and attribute_set(event):
        yield attribute_set(event), value_set(event)
    if event.kind in ("return", "assign") and event.term.op == "dict":
        entries = zip(event.term.value, event.term.args, strict=True)
        yield from ((key, term) for key, term in entries if isinstance(key, str))


def _may_set(node: ast.AST) -> bool:
    return any(
        (isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store))
        or (
            isinstance(part, ast.Name | ast.Attribute)
            and "register" in (getattr(part, "id", "") or getattr(part, "attr", ""))
        )
        or (isinstance(part, ast.Name) and part.id == "setattr")
        for part in ast.walk(node)
    )
