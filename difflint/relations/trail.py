"""What a function does in order, with what the project's functions that it calls do in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from difflint.relations.file import File
from difflint.relations.model import Context, Event, Function
from difflint.relations.opening import Opener
from difflint.relations.terms import Term, replaced

DEPTH = 6  # calls into calls
MOST = 8000  # acts of one trail; a longer one is cut
LEAVING = ("return", "raise", "break", "continue")
SAME_OBJECT = ("to", "cuda", "cpu", "train", "eval", "half", "float", "requires_grad_", "double", "bfloat16")
Given = Mapping[tuple[str, str], Term]
Condition = tuple[Term, bool]


@dataclass(frozen=True, eq=False)
class Act:
    """An event of a function in the place where the outermost caller makes it happen."""

    file: File
    function: Function
    event: Event
    calls: tuple[Act, ...] = ()  # through which the outermost caller reaches it
    given: Given = field(default_factory=dict)  # what the callers give for parameters

    def filled(self, term: Term) -> Term:
        """The term with the parameters of helpers replaced by what their callers give."""
        if not self.given:
            return term
        return replaced(term, lambda part: self.given.get(part.value) if part.op == "param" else None)

    @cached_property
    def term(self) -> Term:
        return self.filled(self.event.term)

    @cached_property
    def context(self) -> tuple[Context, ...]:
        """What it stands in, that of the calls that lead to it first."""
        return (*(self.calls[-1].context if self.calls else ()), *self.event.context)

    @property
    def loops(self) -> tuple[Context, ...]:
        return tuple(c for c in self.context if c.kind in ("for", "while"))

    @cached_property
    def conditions(self) -> frozenset[Condition]:
        """What has to be true for it to happen, as far as branches say."""
        outer = self.calls[-1].conditions if self.calls else frozenset()
        own = (condition(self.filled(c.term), c.kind == "if") for c in self.event.context if c.kind in ("if", "else"))
        caught = ((Term("unknown", (), id(c.node)), True) for c in self.event.context if c.kind == "except")
        return outer | frozenset(own) | frozenset(caught)

    def excludes(self, other: Act) -> bool:
        """Whether at most one of the two happens: their conditions contradict each other."""
        return any((term, not truth) in other.conditions for term, truth in self.conditions)

    def whenever(self, other: Act) -> bool:
        """Whether it happens, too, when the other one does, as far as conditions say."""
        return self.conditions <= other.conditions


def condition(term: Term, truth: bool) -> Condition:
    """A test without its negations: ``not x``, ``x is not None`` and ``x != y`` are the opposites of others."""
    while term.op == "not":
        term, truth = term.args[0], not truth
    if term.op == "compare" and term.value in (("IsNot",), ("NotEq",)):
        opposite = {"IsNot": "Is", "NotEq": "Eq"}[term.value[0]]
        return Term("compare", term.args, (opposite,), term.node), not truth
    return term, truth


def trails(file: File) -> Iterator[tuple[Act, ...]]:
    """The trail of every function that no other function of the file calls, that of the file's body last."""
    called = {id(found) for f in file.functions for e in f.calls for _, found in _called(file, e.term)}
    for function in file.functions:
        if id(function) not in called:
            yield trail(file, function)


def trail(file: File, function: Function) -> tuple[Act, ...]:
    made: list[Act] = []
    _walk(file, function, (), {}, made)
    return tuple(made)


def _walk(file: File, function: Function, calls: tuple[Act, ...], given: Given, made: list[Act]) -> None:
    for event in function.events:
        if len(made) >= MOST:
            return
        act = Act(file, function, event, calls, given)
        if event.kind == "call" and len(calls) < DEPTH:
            for other, found in _called(file, act.term if given and _depends(event.term) else event.term):
                if all(found is not call.function for call in (*calls, act)):
                    _walk(other, found, (*calls, act), _given(found, act.term, given), made)
        made.append(act)


def _depends(call: Term) -> bool:
    """Whether it takes the callers to know what is called: a parameter, a method of one, or a closure."""
    called = call.args[0]
    while called.op in ("attr", "index", "call") and called.args:
        called = called.args[0]
    return called.op == "param" or call.called == "step"


def _given(function: Function, call: Term, outer: Given) -> Given:
    values: dict[str, Term] = dict(function.defaults)
    if not call.open:
        values.update(zip(function.params, call.positional, strict=False))
        values.update((name, term) for name, term in call.keywords.items() if name in function.params)
    else:
        values = {}
    filled = {(name, function.qualname): term for name, term in values.items()}
    return {**{key: term for key, term in outer.items() if key[1] != function.qualname}, **filled}


def _called(file: File, call: Term) -> Iterator[tuple[File, Function]]:
    """The functions that run inside of a call: the called one, and a closure that ``step`` is given."""
    target = called_function(file, call)
    if target is not None:
        yield target
    elif call.called == "step":
        closures = (file.function(term) for term in (*call.positional, *call.keywords.values()))
        yield from ((file, found) for found in closures if found is not None)


def called_function(file: File, call: Term) -> tuple[File, Function] | None:
    """The function of the project that a call runs, with the file it stands in."""
    target = call.args[0]
    if target.op == "lib":
        imported = file.imported(str(target.value))
        found = imported[0].function(imported[1]) if imported else None
        return (imported[0], found) if imported and found else None
    known = file.function(target)
    if known is not None:
        return file, known
    return _method(file, target) if target.op == "attr" else None


def _method(file: File, target: Term) -> tuple[File, Function] | None:
    """The method of an object whose class is known: ``Trainer(...).train``, by whatever name it goes."""
    owner = instance_of(file, target.args[0])
    if owner is None:
        return None
    where, cls = owner
    found = where.method(where.classes[cls], str(target.value))
    return (where, found) if found is not None else None


def instance_of(file: File, term: Term, depth: int = 4) -> tuple[File, str] | None:
    """The class of the project that a term is an object of, with the file it stands in."""
    if depth == 0:
        return None
    if term.op == "call" and term.called in SAME_OBJECT and term.receiver is not None:
        return instance_of(file, term.receiver, depth - 1)
    if term.op == "call":
        return _class_called(file, term.args[0])
    known = file.body.ends.get(str(term.value)) if term.op == "name" else None
    if term.op == "attr" and term.args[0].op == "self":
        known = file.once(Opener).attribute(term)
    return instance_of(file, known, depth - 1) if known is not None and known != term else None


def _class_called(file: File, target: Term) -> tuple[File, str] | None:
    if target.op == "lib":
        imported = file.imported(str(target.value))
        return _class_called(*imported) if imported and imported[1].op == "class" else None
    known = file.body.ends.get(str(target.value), target) if target.op == "name" else target
    cls = file.class_of(known) if known.op == "class" else None
    return (file, cls.name) if cls is not None else None
