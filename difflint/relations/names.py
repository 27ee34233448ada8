"""Names by Python's scoping rules: which are read although nothing in the file can give them a value."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

# What the interpreter, its debugger or a translation adds, and what only Python 2 had.
GIVEN = frozenset(
    (
        *dir(builtins),
        *("__file__", "__path__", "__class__", "__annotations__", "__qualname__", "__module__"),
        *("_", "profile", "reveal_type", "display", "get_ipython", "WindowsError"),
        *("unicode", "xrange", "basestring", "raw_input", "long", "reduce", "unichr", "file", "execfile", "cmp"),
        *("buffer", "intern", "apply", "reload"),
    )
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(eq=False)
class Space:
    """The names of a module, class, function or comprehension."""

    node: ast.AST
    outer: Space | None = None
    bound: set[str] = field(default_factory=set)
    free: set[str] = field(default_factory=set)  # of global and nonlocal statements
    reads: list[ast.Name] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    def binding(self) -> Space:
        """Where ``:=`` gives a name its value: outside of comprehensions."""
        space = self
        while isinstance(space.node, COMPREHENSIONS) and space.outer is not None:
            space = space.outer
        return space

    def function(self) -> Any:
        """The function around it, None in the body of the file."""
        space: Space | None = self
        while space is not None and not isinstance(space.node, FUNCTIONS):
            space = space.outer
        return None if space is None else space.node

    def knows(self, name: str) -> bool:
        """Whether the name has a value here or in a function or module around."""
        return self.owner(name) is not None

    def owner(self, name: str) -> Space | None:
        """The space that gives a name its value here."""
        space: Space | None = self
        while space is not None and (name not in space.bound or (space.is_class and space is not self)):
            space = space.outer
        return space

    def is_parameter(self, name: str) -> bool:
        """Whether it is a parameter of the function around it."""
        arguments = getattr(self.function(), "args", None)
        return arguments is not None and any(part.arg == name for part in arguments.args)

    def visible(self) -> set[str]:
        """Every name that can be read here."""
        space, names = self.outer, set(self.bound)
        while space is not None:
            names |= set() if space.is_class else space.bound
            space = space.outer
        return names


def _catches_names(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(part is None or getattr(part, "id", "") in ("NameError", "Exception") for part in caught)


class Names:
    """The name spaces of a module; ``open`` says that it may have names that nobody sees."""

    def __init__(self, tree: ast.Module) -> None:
        self.module = Space(tree)
        self.spaces = [self.module]
        self.open = False
        for statement in tree.body:
            self._visit(statement, self.module)

    def space(self, node: ast.expr) -> Space | None:
        """Where a name, or the name that a path of attributes begins with, is read."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return self._spaces_of_reads.get(id(node))

    @cached_property
    def _spaces_of_reads(self) -> dict[int, Space]:
        return {id(read): space for space in self.spaces for read in space.reads}

    def undefined(self) -> Iterator[tuple[ast.Name, Space]]:
        """Names that are read and never given a value; nothing where names may come from elsewhere."""
        for space in self.spaces if not self.open else ():
            for read in space.reads:
                known = space.knows(read.id) or read.id in self.module.bound or read.id in GIVEN
                if not known:
                    yield read, space

    def _visit(self, node: ast.AST, space: Space) -> None:
        if isinstance(node, ast.Name):
            self._name(node, space)
        elif isinstance(node, FUNCTIONS):
            self._function(node, space)
        elif isinstance(node, ast.ClassDef):
            self._class(node, space)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node, space)
        elif isinstance(node, ast.AnnAssign):  # of the annotation itself no value is asked
            for part in (node.target, *((node.value,) if node.value else ())):
                self._visit(part, space)
        elif isinstance(node, ast.Try) and any(_catches_names(handler) for handler in node.handlers):
            self._caught(node, space)
        else:
            self._statement(node, space)
            for child in ast.iter_child_nodes(node):
                self._visit(child, space)

    def _caught(self, node: ast.Try, space: Space) -> None:
        """What a try catches is asked for on purpose."""
        before = {id(each): len(each.reads) for each in self.spaces}
        for statement in node.body:
            self._visit(statement, space)
        for each in self.spaces:
            del each.reads[before.get(id(each), 0) :]
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self._visit(part, space)

    def _name(self, node: ast.Name, space: Space) -> None:
        if isinstance(node.ctx, ast.Load):
            space.reads.append(node)
        elif node.id in space.free:
            self.module.bound.add(node.id)
        else:
            space.bound.add(node.id)

    def _statement(self, node: Any, space: Space) -> None:
        if isinstance(node, ast.NamedExpr):
            space.binding().bound.add(node.target.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self.open |= any(alias.name == "*" for alias in node.names)
            space.bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            space.free |= set(node.names)
        elif isinstance(node, ast.Call):
            self.open |= isinstance(node.func, ast.Name) and node.func.id in ("exec", "globals")
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            space.bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            space.bound.add(node.rest)

    def _function(self, node: Any, space: Space) -> None:
        inner = self._inner(node, space)
        if not isinstance(node, ast.Lambda):
            (self.module if node.name in space.free else space).bound.add(node.name)
            for part in node.decorator_list:
                self._visit(part, space)
        given = node.args
        for default in (*given.defaults, *(d for d in given.kw_defaults if d is not None)):
            self._visit(default, space)
        rest = [part for part in (given.vararg, given.kwarg) if part is not None]
        inner.bound |= {part.arg for part in (*given.posonlyargs, *given.args, *given.kwonlyargs, *rest)}
        inner.bound |= {part.name for part in getattr(node, "type_params", ())}
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            self._visit(statement, inner)

    def _class(self, node: ast.ClassDef, space: Space) -> None:
        space.bound.add(node.name)
        for part in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self._visit(part, space)
        inner = self._inner(node, space)
        inner.bound |= {part.name for part in getattr(node, "type_params", ())}
        for statement in node.body:
            self._visit(statement, inner)

    def _comprehension(self, node: Any, space: Space) -> None:
        self._visit(node.generators[0].iter, space)
        inner = self._inner(node, space)
        for number, part in enumerate(node.generators):
            for child in (part.target, *part.ifs, *((part.iter,) if number else ())):
                self._visit(child, inner)
        for child in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self._visit(child, inner)

    def _inner(self, node: ast.AST, space: Space) -> Space:
        self.spaces.append(Space(node, space))
        return self.spaces[-1]
