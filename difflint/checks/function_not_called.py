"""DFL807: a function or method is named where its result is meant: the call is missing, or is one too many."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Function, Term
from difflint.relations.expressions import written_path
from difflint.relations.names import Space

ASKED = re.compile(r"(^|\.)is_\w*available$|^torch\.distributed\.is_initialized$|^torch\.is_grad_enabled$")
CHECKED = ("torch.", "transformers.", "diffusers.", "accelerate.", "peft.")
DONE = ("eval", "train", "zero_grad", "step", "backward", "update", "close", "cuda", "requires_grad_", "item", "cpu")
VALUES = ("item", "numpy", "detach")  # methods whose result is meant when they are given away
TAKING = ("append", "add_scalar", "update", "set_postfix", "float", "print", "write")


def check_file(file: File) -> Iterator[Problem]:
    for node in _tested(file):
        if _is_function(file, node):
            yield _missing(file, node, "a function is always true, so the other way is never taken")
    for function in file.all_functions:
        for term, what in _uncalled(function):
            yield _missing(file, term, what)
    for call in file.nodes(ast.Call):
        called = call.func
        if isinstance(called, ast.Attribute) and called.attr == "training" and not call.args and not call.keywords:
            code = file.code(called)
            fix = Fix("unsafe", "Read it.", (replace(file.place(call), code),))
            yield _problem(file, call, "training is a flag and no method: the call stops the program", code, fix)


def _tested(file: File) -> Iterator[ast.expr]:
    """What is asked whether it is true."""
    asking: list[Any] = [*file.nodes(ast.If), *file.nodes(ast.IfExp), *file.nodes(ast.While), *file.nodes(ast.Assert)]
    tests: list[ast.expr] = [node.test for node in asking]
    while tests:
        now = tests.pop()
        if isinstance(now, ast.BoolOp):
            tests += now.values
        elif isinstance(now, ast.UnaryOp) and isinstance(now.op, ast.Not):
            tests.append(now.operand)
        elif isinstance(now, ast.Name | ast.Attribute):
            yield now


def _uncalled(function: Function) -> Iterator[tuple[Term, str]]:
    """Methods that are named and were meant to be called, with what happens instead."""
    for event in function.events:
        if event.kind == "expression" and _is_method(event.term, DONE):
            yield event.term, "the statement names the method and does nothing"
        if event.kind == "call" and event.term.called in TAKING:
            given = [part for arg in (*event.term.positional, *event.term.keywords.values()) for part in _parts(arg)]
            yield from (
                (term, "the method itself is given, not its result") for term in given if _is_method(term, VALUES)
            )


def _parts(term: Term) -> tuple[Term, ...]:
    return (term, *term.args) if term.op in ("+", "-", "*", "/", "string") else (term,)


def _is_method(term: Term, names: tuple[str, ...]) -> bool:
    return (
        term.op in ("attr", "lib")
        and str(term.value).rpartition(".")[2] in names
        and isinstance(term.node, ast.Attribute)
    )


def _is_function(file: File, node: ast.expr) -> bool:
    """Whether a name or a path of attributes is a function for sure."""
    path = (written_path(node) or "").split(".")
    space = file.names.space(node)
    if space is None or not path[0]:
        return False
    if len(path) == 2 and space.is_parameter(path[0]):
        return _is_own_method(file, space, *path)
    known = file.body.ends.get(path[0]) if space.owner(path[0]) is file.names.module else None
    if known is None or known.op == "function":
        return known is not None and len(path) == 1
    return known.op == "lib" and _is_library_function(file, ".".join([str(known.value), *path[1:]]))


def _is_own_method(file: File, space: Space, first: str, name: str) -> bool:
    """``self.name`` where the class has a plain method of that name and sets no attribute of it."""
    method = next((f for f in file.every if f.node is space.function()), None)
    owner = method.owner if method is not None else None
    if method is None or owner is None or not method.node.args.args or method.node.args.args[0].arg != first:
        return False
    found = file.method(owner, name)
    return found is not None and not found.decorators and name not in owner.attributes


def _is_library_function(file: File, name: str) -> bool:
    other = file.imported(name)
    if other is not None:
        return other[1].op == "function"
    return bool(ASKED.search(name)) and name.startswith((".", *CHECKED))


def _missing(file: File, where: Term | ast.AST, what: str) -> Problem:
    code = file.code(where)
    return _problem(
        file, where, what, f"{code}()", Fix("unsafe", "Call it.", (replace(file.place(where), f"{code}()"),))
    )


def _problem(file: File, where: Term | ast.AST, what: str, repair: str, fix: Fix) -> Problem:
    return Problem(
        file.place(where),
        {"code": file.code(where), "what": what},
        (file.step(where, f"{file.code(where)}: {what}"),),
        f"Write {repair}",
        fix=fix,
    )
