"""DFL816: a name is given a value only under a condition that may be false, and read in any case."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from difflint.facts import Problem
from difflint.relations import File, Function
from difflint.relations.twins import DEFINITIONS, blocks

LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


@dataclass(eq=False)
class Body:
    """A function without the functions in it, and its names in the order of the text."""

    file: File
    function: Function

    @cached_property
    def parts(self) -> list[ast.AST]:
        waiting: list[ast.AST] = [*self.function.node.body]
        found: list[ast.AST] = []
        while waiting:
            part = waiting.pop()
            found.append(part)
            if not isinstance(part, (*DEFINITIONS, ast.Lambda)):
                waiting.extend(ast.iter_child_nodes(part))
        return found

    @cached_property
    def names(self) -> dict[str, list[ast.Name]]:
        found: dict[str, list[ast.Name]] = {}
        for part in self.parts:
            if isinstance(part, ast.Name):
                found.setdefault(part.id, []).append(part)
        return {name: sorted(parts, key=lambda p: (p.lineno, p.col_offset)) for name, parts in found.items()}

    @cached_property
    def given(self) -> set[str]:
        """Names that have their value from anything but an assignment, or from elsewhere."""
        arguments = self.function.node.args
        rest = {part.arg for part in (arguments.vararg, arguments.kwarg, *arguments.args) if part is not None}
        free = {n for p in ast.walk(self.function.node) if isinstance(p, ast.Global | ast.Nonlocal) for n in p.names}
        named = {str(getattr(part, key, None)) for part in self.parts for key in ("name", "asname")}
        return rest | set(self.function.params) | free | named

    @cached_property
    def looped(self) -> set[int]:
        loops = (part for part in self.parts if isinstance(part, ast.For | ast.While))
        return {id(inner) for loop in loops for inner in ast.walk(loop)}


def check_file(file: File) -> Iterator[Problem]:
    for function in file.all_functions:
        if function is not file.body:
            body = Body(file, function)
            yield from _early(body)
            for block in blocks(function.node):
                for number, statement in enumerate(block):
                    if isinstance(statement, ast.If) and not statement.orelse:
                        yield from _conditional(body, statement, block[number + 1 :])


def _conditional(body: Body, test: ast.If, later: list[ast.stmt]) -> Iterator[Problem]:
    """``if seed is not None: generator = …``, and then ``generator``."""
    if not later or not _may_be_none(body, test.test):
        return
    inside = {id(part) for part in ast.walk(test)}
    for name in _bound_in(test.body):
        stores = [p for p in body.names.get(name, ()) if isinstance(p.ctx, ast.Store) and id(p) not in inside]
        if not stores and name not in body.given:
            reads = (part for s in _until_left(later) for part in _at_once(s) if part.id == name)
            read = next(reads, None)
            if read is not None:
                yield _problem(body.file, read, name, test, f"it is given a value only if {body.file.code(test.test)}")


def _may_be_none(body: Body, test: ast.expr) -> bool:
    """Whether the writer asks if a parameter is None, and nothing replaces it before."""
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
        nothing = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        name = getattr(test.left, "id", "") if nothing and len(test.ops) == 1 else ""
    elif isinstance(test, ast.Call) and getattr(test.func, "id", "") == "exists" and len(test.args) == 1:
        name = getattr(test.args[0], "id", "")
    else:
        return False
    if name not in body.function.params:
        return False
    stays = not any(isinstance(part.ctx, ast.Store) for part in body.names.get(name, ()))
    asserted = any(isinstance(p, ast.Assert) and name in ast.unparse(p.test) for p in body.parts)
    return stays and not asserted


def _bound_in(statements: list[ast.stmt]) -> list[str]:
    """The names that a block gives a value in any case."""
    if any(isinstance(statement, LEAVING) for statement in statements):
        return []
    assigns = [statement for statement in statements if isinstance(statement, ast.Assign)]
    targets = [part for assign in assigns for target in assign.targets for part in ast.walk(target)]
    return list(dict.fromkeys(p.id for p in targets if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)))


def _until_left(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements up to one that may leave the block."""
    for statement in statements:
        if any(isinstance(part, LEAVING) for part in ast.walk(statement)):
            if isinstance(statement, ast.Return):
                yield statement
            return
        yield statement


def _at_once(node: ast.AST) -> Iterator[ast.Name]:
    """The names that a statement reads whatever happens: not in branches, nor in functions that may never run."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield from _at_once(node.test)
    elif isinstance(node, ast.BoolOp):
        yield from _at_once(node.values[0])
    elif isinstance(node, ast.For):
        yield from _at_once(node.iter)
    elif not isinstance(
        node, (*DEFINITIONS, ast.Lambda, ast.Try, ast.Assert, ast.Match, ast.ListComp, ast.GeneratorExp)
    ):
        for child in ast.iter_child_nodes(node):
            yield from _at_once(child)


def _early(body: Body) -> Iterator[Problem]:
    """``x = x.permute(…)`` where nothing has given ``x`` a value yet."""
    for statement in (part for part in body.parts if isinstance(part, ast.Assign)):
        target = statement.targets[0]
        name = target.id if isinstance(target, ast.Name) else ""
        read = next((part for part in _at_once(statement.value) if part.id == name), None) if name else None
        first = read is not None and name not in body.function.params and body.names[name][0] is target
        if first and read is not None and name not in body.given and id(statement) not in body.looped:
            yield _problem(body.file, read, name, statement, "nothing before gives it one")


def _problem(file: File, read: ast.Name, name: str, where: ast.AST, why: str) -> Problem:
    return Problem(
        file.place(read),
        {"name": name, "why": why},
        (file.step(where, why), file.step(read, f"{name} is read in any case")),
        f"Give {name} a value before, or on the other way as well.",
    )
