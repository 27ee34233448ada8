"""The relations of one file: what its functions compute from what, and in which order they do things."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from difflint.findings import Place, TraceStep
from difflint.relations.expressions import evaluate
from difflint.relations.flow import Flow
from difflint.relations.model import BODY, ClassInfo, Event, Function
from difflint.relations.names import Names
from difflint.relations.scope import Scope
from difflint.relations.terms import Term

CODE_WIDTH = 72
# What a function has to speak of for its events to matter to any rule.
WORDS = re.compile(
    r"alpha|beta|sigma|noise|randn|rand|cumprod|cumsum|\bsnr|timestep|step\(|backward|zero_grad|ema|clamp|clip|autocast|float16|half"
    r"|scaling_factor|decode|encode|eps|loss|sample|predict|save_image|fromarray|uint8|permute|cvtColor|load_state_dict|eval\(|lerp|unet"
    r"|train\(|x_start|x_0|x0|velocity|v_pred|guidance|cond|optimizer|Adam|lr|Normalize|lpips|psnr|ssim|fid|strict|\bt\b"
)
Made = TypeVar("Made")
Where = ast.AST | Term | Event
Node = TypeVar("Node", bound=ast.AST)


class File:
    """A parsed file. Nothing is walked through before a rule asks for it."""

    def __init__(
        self, path: str, text: str, tree: ast.Module, find: Callable[[str], File | None] | None = None
    ) -> None:
        self.path, self.text, self.tree = path, text, tree
        self._find = find or (lambda _: None)
        self.every: list[Function] = []  # also those that hold no word that matters
        self.classes: dict[str, ClassInfo] = {}
        self.lambdas: dict[int, tuple[ast.Lambda, Scope]] = {}
        self._by_node: dict[int, Function] = {}
        self._made: dict[Any, Any] = {}
        self.scope = Scope()
        self.body = Function(BODY, BODY, tree, None, work=self._run_body)
        self.body.done()

    def once(self, make: Callable[[File], Made]) -> Made:
        """What is made of a file, the same for every rule that asks."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    # What there is

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function that speaks of something that matters, nested ones included, and at last the file's body."""
        found = [f for f in self.every if WORDS.search(self.source(f.node))]
        for function in found:
            function.done()  # which finds the nested ones
        nested = [f for f in self.every if f not in found and f.parent in found]
        return (*found, *nested, self.body)

    def about(self, words: re.Pattern[str]) -> tuple[Function, ...]:
        """Every function in whose code the words are found, nested ones included, and at last the file's body."""
        found = []
        for function in self.every:  # which grows by the nested ones
            if words.search(self.source(function.node)):
                found.append(function.done())
        return (*found, self.body)

    @cached_property
    def all_functions(self) -> tuple[Function, ...]:
        """Every function and at last the file's body, for rules about what may go wrong in any code."""
        for function in self.every:  # which grows by the nested ones
            function.done()
        return (*self.every, self.body)

    def function(self, term: Term) -> Function | None:
        """The function of this file that a term stands for: ``f``, or ``self.f`` in a class of this file."""
        if term.op == "function" and isinstance(term.value, tuple):
            return self._by_node.get(term.value[1])
        if term.op == "attr" and term.args[0].op == "self":
            owner = self.class_of(term.args[0])
            return self.method(owner, str(term.value)) if owner else None
        if term.op == "name":
            known = self.body.ends.get(str(term.value))
            return self.function(known) if known is not None and known.op == "function" else None
        return None

    def class_of(self, term: Term) -> ClassInfo | None:
        """The class of a ``self``, or the class that a name stands for."""
        name = term.value[0] if isinstance(term.value, tuple) else term.value
        return self.classes.get(str(name)) if term.op in ("self", "class") else None

    def bases(self, owner: ClassInfo) -> Iterator[ClassInfo]:
        """A class and its bases in this file, nearest first."""
        waiting, seen = [owner], set[int]()
        while waiting:
            now = waiting.pop(0)
            if id(now) not in seen:
                seen.add(id(now))
                yield now
                waiting += [found for base in now.bases if (found := self.class_of(base)) is not None]

    def method(self, owner: ClassInfo, name: str) -> Function | None:
        return next((cls.methods[name] for cls in self.bases(owner) if name in cls.methods), None)

    def imported(self, name: str) -> tuple[File, Term] | None:
        """The file and the thing in it that a full name means, when it is one of the project's."""
        module, _, last = name.rpartition(".")
        other = self._find(module + "." * (not module.strip("."))) if module else None
        if other is None or other is self or last not in other.body.ends:
            return None
        return other, other.body.ends[last]

    @cached_property
    def _nodes(self) -> dict[type, list[Any]]:
        found: dict[type, list[Any]] = {}
        for node in ast.walk(self.tree):
            found.setdefault(type(node), []).append(node)
        return found

    def nodes(self, kind: type[Node]) -> list[Node]:
        """Every piece of the tree that is of one kind, for rules about how something is written."""
        return self._nodes.get(kind, [])

    @cached_property
    def names(self) -> Names:
        """The names of the file by Python's scoping rules."""
        return Names(self.tree)

    # Where it stands

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines() or [""]

    def place(self, where: Where) -> Place:
        """Lines and columns from 1, columns in characters."""
        node: Any = _node(where)
        if node is None or not hasattr(node, "lineno"):
            return Place(self.path, 1, 1, 1, 1)
        end = node.end_lineno or node.lineno
        return Place(
            self.path,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end,
            self._column(end, node.end_col_offset),
        )

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return offset + 1 if text.isascii() else len(text.encode()[:offset].decode(errors="ignore")) + 1

    def source(self, node: Any) -> str:
        """The lines on which a node stands, decorators included."""
        if isinstance(node, ast.Module):
            return self.text
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        return "\n".join(self.lines[first - 1 : node.end_lineno])

    def code(self, where: Where) -> str:
        """The code at a place, on one line and not too long."""
        node = _node(where)
        text = ast.unparse(node) if node is not None else str(where)
        text = " ".join(text.split())
        return text if len(text) <= CODE_WIDTH else text[: CODE_WIDTH - 1] + "…"

    def step(self, where: Where, what: str) -> TraceStep:
        """A link of a chain of evidence."""
        return TraceStep(self.path, self.place(where).line, what)

    # How it is made

    def _run_body(self, body: Function) -> None:
        flow = Flow(body, self.scope, self._keep(body, None))
        flow.run(self.tree.body)
        body._ends = dict(flow.scope.names)
        self.scope = flow.scope
        self.lambdas.update(flow.lambdas)

    def _keep(self, parent: Function, owner: ClassInfo | None) -> Callable[[Flow, Any], Term]:
        def keep(flow: Flow, node: Any) -> Term:
            if isinstance(node, ast.ClassDef):
                return self._class(flow, node, parent)
            return self._function(flow, node, parent, owner)

        return keep

    def _function(self, flow: Flow, node: Any, parent: Function, owner: ClassInfo | None) -> Term:
        prefix = f"{owner.name}." if owner else "" if parent.name == BODY else f"{parent.qualname}."
        decorators = tuple(evaluate(flow, part) for part in node.decorator_list)
        arguments = [*node.args.posonlyargs, *node.args.args]
        values = zip(arguments[len(arguments) - len(node.args.defaults) :], node.args.defaults, strict=True)
        named = [(a, v) for a, v in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if v is not None]
        made = Function(node.name, prefix + node.name, node, owner, decorators=decorators, parent=parent)
        made.defaults = {argument.arg: evaluate(flow, value) for argument, value in (*values, *named)}
        bound = owner is not None and not made.has_decorator("staticmethod") and bool(arguments)
        made.params = tuple(a.arg for a in (*arguments[bound:], *node.args.kwonlyargs))
        made.work = self._runner(flow, arguments[0].arg if bound else "")
        self.every.append(made)
        self._by_node[id(node)] = made
        return Term("function", (), (node.name, id(node)), node)

    def _runner(self, outer: Flow, bound: str) -> Callable[[Function], None]:
        def run(function: Function) -> None:
            scope = Scope(outer=outer.scope if function.owner is None else self.scope)
            flow = Flow(function, scope, self._keep(function, None))
            if bound and function.owner is not None:
                scope.names[bound] = Term("self", (), (function.owner.name, bound))
            rest = (part.arg for part in (function.node.args.vararg, function.node.args.kwarg) if part is not None)
            for name in (*function.params, *rest):
                term = Term("param", (), (name, function.qualname), function.node)
                scope.bind(name, term, flow.define(name, "param", function.node, term))
            flow.run(function.node.body)
            function._ends = dict(flow.scope.names)
            self.lambdas.update(flow.lambdas)

        return run

    def _class(self, flow: Flow, node: ast.ClassDef, parent: Function) -> Term:
        bases = tuple(evaluate(flow, base) for base in node.bases)
        made = ClassInfo(node.name, node, bases)
        self.classes.setdefault(node.name, made)
        before, scope = flow.scope, Scope(outer=flow.scope, within=True)
        flow.scope, keep = scope, flow.keep
        flow.keep = self._keep(parent, made)
        events = len(flow.function.events)
        flow.run(node.body)
        del flow.function.events[events:]  # a class body does nothing by itself
        flow.scope, flow.keep = before, keep
        made.members = dict(scope.names)
        made.methods = {name: self._by_node[t.value[1]] for name, t in scope.names.items() if self._is_own(t, made)}
        return Term("class", (), (node.name, id(node)), node)

    def _is_own(self, term: Term, owner: ClassInfo) -> bool:
        found = self._by_node.get(term.value[1]) if term.op == "function" and isinstance(term.value, tuple) else None
        return found is not None and found.owner is owner


def _node(where: Where) -> ast.AST | None:
    return where if isinstance(where, ast.AST) else where.node
