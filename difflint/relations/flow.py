"""Follows the statements of one function in order: what names stand for, what happens, where ways part and meet."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from difflint.relations.expressions import OPERATORS, evaluate, item, written_path
from difflint.relations.model import Context, Definition, Event, Function
from difflint.relations.scope import NOTHING, Scope, meet
from difflint.relations.targets import as_read, assigned, changed
from difflint.relations.terms import Term, const

EXPOSING = frozenset(("locals", "vars", "eval", "exec", "globals"))  # they read every name


class Flow:
    """The state of the walk through one function."""

    def __init__(self, function: Function, scope: Scope, keep: Callable[[Flow, Any], Term]) -> None:
        self.function, self.scope, self.context = function, scope, list[Context]()
        self.lambdas: dict[int, tuple[ast.Lambda, Scope]] = {}
        self.keep = keep  # takes in the functions and classes defined on the way
        self._leaving: list[list[Scope]] = []  # for each loop we are in: the names at its breaks and continues
        self._serial = 0
        self._free = frozenset[str]()  # names of global and nonlocal statements
        self._captured = frozenset[str]()

    def next_serial(self) -> int:
        self._serial += 1
        return self._serial

    @contextmanager
    def inside(self, context: Context) -> Iterator[Context]:
        self.context.append(context)
        try:
            yield context
        finally:
            self.context.pop()

    def happens(
        self,
        kind: str,
        node: ast.AST,
        term: Term,
        target: str = "",
        old: Term | None = None,
        made: Definition | None = None,
    ) -> None:
        events = self.function.events
        events.append(Event(kind, node, term, tuple(self.context), len(events), target, old, made))
        if kind == "call" and term.called in EXPOSING:
            self._read_everything()

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Statement by statement, until one leaves the block."""
        for statement in body:
            if not self.scope.alive:
                return
            runner = _STATEMENTS.get(type(statement))
            if runner is not None:
                runner(self, statement)

    # Names

    def define(self, name: str, kind: str, node: ast.AST, term: Term) -> Definition:
        definition = Definition(name, kind, node, term, used=name in self._free or name in self._captured)
        self.function.definitions.append(definition)
        return definition

    def capture(self, node: ast.AST) -> None:
        """What an inner function or class reads may be read at any time."""
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
        self._captured |= names
        for definition in self.function.definitions:
            if definition.name in names:
                definition.read()

    def keep_lambda(self, node: ast.Lambda) -> int:
        self.lambdas[id(node)] = node, self.scope
        return id(node)

    def bind(self, target: ast.expr, term: Term, kind: str, node: ast.AST) -> None:
        """``target = term``, for all that can stand on the left."""
        if isinstance(target, ast.Name):
            old = self.scope.names.get(target.id)
            made = self.define(target.id, kind, target, term)
            self.scope.bind(target.id, term, made)
            self.happens(kind, node, term, target.id, old, made)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, term, kind, node)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, Term("unknown", (), id(target), target), kind, node)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, term, kind, node)
        elif isinstance(target, ast.Subscript):
            self._store(target, term, kind, node)

    def _unpack(self, target: ast.Tuple | ast.List, term: Term, kind: str, node: ast.AST) -> None:
        starred = any(isinstance(part, ast.Starred) for part in target.elts)
        for position, part in enumerate(target.elts):
            value = Term("unknown", (), id(part), part) if starred else item(term, const(position), part)
            self.bind(part, value, kind, node)

    def _bind_attribute(self, target: ast.Attribute, term: Term, kind: str, node: ast.AST) -> None:
        known = written_path(target)
        owner = evaluate(self, target.value)
        if known is None:
            return
        self.happens(kind, node, term, known, self.scope.names.get(known, Term("attr", (owner,), target.attr, target)))
        self.scope.bind(known, term, None)

    def _store(self, target: ast.Subscript, term: Term, kind: str, node: ast.AST) -> None:
        owner, key = evaluate(self, target.value), evaluate(self, target.slice)
        known = written_path(target.value)
        if known is None:
            return
        new = Term("store", (owner, key, term), None, node)
        self.happens(kind, node, new, f"{known}[]", owner)
        self._rebind(target.value, known, new, "inplace")

    def changed_in_place(self, target: ast.expr, term: Term) -> None:
        """``x.clamp_(0, 1)``: from here on ``x`` is the result."""
        target = changed(target)
        known = written_path(target)
        if known is not None and known in self.scope.names:
            self._rebind(target, known, term, "inplace")

    def _rebind(self, target: ast.expr, known: str, term: Term, kind: str) -> None:
        """A name stands for a changed version of the same object: what was written there before still counts."""
        if "." in known:
            self.scope.bind(known, term, None)
        elif known in self.scope.names:
            before = self.scope.reaching.get(known, NOTHING)
            made = self.define(known, kind, target, term)
            made.passes_on(before)
            made.used = True  # others may hold the object
            self.scope.bind(known, term, made)

    def _read_everything(self) -> None:
        for definition in self.function.definitions:
            definition.read()

    # Ways that part and meet

    def branch(self, *ways: tuple[Context | None, Callable[[], None]]) -> None:
        """Each way starts from here; afterwards a name is any of what the ways made of it."""
        start, ends = self.scope, []
        for context, way in ways:
            self.scope = start.copy()
            if context is None:
                way()
            else:
                with self.inside(context):
                    way()
            ends.append(self.scope)
        start.become(meet(ends))
        self.scope = start

    def loop(self, node: Any, kind: str, heads: Callable[[], Term], begin: Callable[[Term], None]) -> None:
        """A body that runs any number of times: what it changes is a loop term in it."""
        start = self.scope
        self.scope = start.copy()
        entries = self._enter(node)
        self._leaving.append([])
        head = heads()
        with self.inside(Context(kind, node, head)):
            begin(head)
            self.run(node.body)
        ends = [way for way in (self.scope, *self._leaving.pop()) if way.names]
        for entry in entries:
            for way in ends:
                entry.passes_on(way.reaching.get(entry.name, NOTHING) - {entry})
        for way in ends:
            way.alive = True
        start.become(meet([start.copy(), *ends]))
        self.scope = start
        self.run(node.orelse)

    def _enter(self, node: Any) -> list[Definition]:
        """Names that the body changes are anything that an earlier round made of them."""
        entries = []
        for name in sorted(assigned(node)):
            before = self.scope.names.get(name)
            if before is None:
                continue
            entry = Definition(name, "loop", node, before)
            entry.passes_on(self.scope.reaching.get(name, NOTHING))
            self.scope.bind(name, Term("loop", (before,), (name, id(node)), node), None if "." in name else entry)
            entries.append(entry)
        return entries

    def leave_round(self) -> None:
        if self._leaving:
            self._leaving[-1].append(self.scope.copy())
        self.scope.alive = False

    def belong_outside(self, names: Iterable[str]) -> None:
        self._free |= frozenset(names)


def _assign(flow: Flow, node: ast.Assign) -> None:
    term = evaluate(flow, node.value)
    for target in node.targets:
        flow.bind(target, term, "assign", node)


def _annotated(flow: Flow, node: ast.AnnAssign) -> None:
    if node.value is not None:
        flow.bind(node.target, evaluate(flow, node.value), "assign", node)


def _augmented(flow: Flow, node: ast.AugAssign) -> None:
    before = evaluate(flow, as_read(node.target))
    after = evaluate(flow, node.value)
    flow.bind(node.target, Term(OPERATORS[type(node.op)], (before, after), None, node), "augment", node)


def _expression(flow: Flow, node: ast.Expr) -> None:
    term = evaluate(flow, node.value)
    flow.happens("expression", node, term)


def _return(flow: Flow, node: ast.Return) -> None:
    flow.happens("return", node, evaluate(flow, node.value))
    flow.scope.alive = False


def _raise(flow: Flow, node: ast.Raise) -> None:
    flow.happens("raise", node, evaluate(flow, node.exc))
    flow.scope.alive = False


def _leave(kind: str) -> Callable[[Flow, ast.stmt], None]:
    def leave(flow: Flow, node: ast.stmt) -> None:
        flow.happens(kind, node, const(None))
        flow.leave_round()

    return leave


def _if(flow: Flow, node: ast.If) -> None:
    test = evaluate(flow, node.test)
    flow.branch(
        (Context("if", node, test), lambda: flow.run(node.body)),
        (Context("else", node, test), lambda: flow.run(node.orelse)),
    )


def _for(flow: Flow, node: ast.For) -> None:
    iterable = evaluate(flow, node.iter)

    def begin(head: Term) -> None:
        flow.bind(node.target, Term("each", (head,), id(node), node.target), "for", node)

    flow.loop(node, "for", lambda: iterable, begin)


def _while(flow: Flow, node: ast.While) -> None:
    flow.loop(node, "while", lambda: evaluate(flow, node.test), lambda _: None)


def _with(flow: Flow, node: ast.With) -> None:
    entered = 0
    for entry in node.items:
        term = evaluate(flow, entry.context_expr)
        flow.context.append(Context("with", node, term))
        entered += 1
        if entry.optional_vars is not None:
            flow.bind(entry.optional_vars, Term("enter", (term,), None, entry.context_expr), "with", node)
    flow.run(node.body)
    del flow.context[len(flow.context) - entered :]


def _try(flow: Flow, node: ast.Try) -> None:
    start = flow.scope.copy()
    with flow.inside(Context("try", node, const(None))):
        flow.run(node.body)
        flow.run(node.orelse)
    ends = [flow.scope.copy()]
    thrown = meet([start.copy(), ends[0]]) if ends[0].alive else start
    for handler in node.handlers:
        flow.scope.become(thrown.copy())
        caught = evaluate(flow, handler.type)
        with flow.inside(Context("except", handler, caught)):
            if handler.name:
                flow.scope.bind(handler.name, Term("unknown", (), id(handler), handler), None)
            flow.run(handler.body)
        ends.append(flow.scope.copy())
    flow.scope.become(meet(ends))
    alive, flow.scope.alive = flow.scope.alive, True
    with flow.inside(Context("finally", node, const(None))):
        flow.run(node.finalbody)
    flow.scope.alive = flow.scope.alive and alive


def _match(flow: Flow, node: ast.Match) -> None:
    subject = evaluate(flow, node.subject)

    def case(part: ast.match_case) -> Callable[[], None]:
        def run() -> None:
            for inner in ast.walk(part.pattern):
                name = getattr(inner, "name", None)
                if isinstance(name, str):
                    flow.scope.bind(name, Term("unknown", (), id(inner), inner), None)
            if part.guard is not None:
                evaluate(flow, part.guard)
            flow.run(part.body)

        return run

    ways = [(Context("if", part, subject), case(part)) for part in node.cases]
    flow.branch(*ways, (None, lambda: None))


def _import(flow: Flow, node: ast.Import) -> None:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        flow.scope.bind(name, Term("lib", (), alias.name if alias.asname else name, node), None)


def _import_from(flow: Flow, node: ast.ImportFrom) -> None:
    source = "." * node.level + (node.module or "")
    for alias in node.names:
        full = f"{source}{'' if source.endswith('.') or not source else '.'}{alias.name}"
        flow.scope.bind(alias.asname or alias.name, Term("lib", (), full, node), None)


def _definition(flow: Flow, node: Any) -> None:
    flow.capture(node)
    flow.scope.bind(node.name, flow.keep(flow, node), None)


def _delete(flow: Flow, node: ast.Delete) -> None:
    for target in node.targets:
        flow.happens("delete", node, evaluate(flow, as_read(target)))


def _assert(flow: Flow, node: ast.Assert) -> None:
    flow.happens("assert", node, evaluate(flow, node.test))


def _free(flow: Flow, node: ast.Global | ast.Nonlocal) -> None:
    flow.belong_outside(node.names)


_STATEMENTS: dict[type, Callable[[Flow, Any], None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _leave("break"),
    ast.Continue: _leave("continue"),
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.Match: _match,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Global: _free,
    ast.Nonlocal: _free,
}
if hasattr(ast, "TryStar"):
    _STATEMENTS[ast.TryStar] = _try
