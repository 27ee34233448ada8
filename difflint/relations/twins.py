"""Statements written alike: where one was copied from the other and its names were changed, was each of them?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from difflint.relations.words import words

NEAR = 5  # statements between two that are compared
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FIELDS = {ast.Name: "id", ast.Attribute: "attr", ast.keyword: "arg"}


@dataclass(frozen=True)
class Leaf:
    """A name in a statement: of a variable, an attribute, a keyword, or the text of a string."""

    node: ast.AST
    text: str
    kind: str

    @property
    def words(self) -> tuple[str, ...]:
        return words(self.text)


@dataclass(frozen=True, eq=False)
class Assigned:
    """``target = value`` with one simple target."""

    node: ast.Assign
    target: Leaf
    value: ast.expr

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(_leaves(self.value))

    @cached_property
    def shape(self) -> str:
        return shape(self.value)


def assignments(body: list[ast.stmt]) -> list[Assigned]:
    """The plain assignments of a block, in order."""
    found = [s for s in body if isinstance(s, ast.Assign) and len(s.targets) == 1]
    made = [(s, next(_leaf(s.targets[0]), None)) for s in found]
    return [Assigned(s, target, s.value) for s, target in made if target is not None and _simple(s.targets[0])]


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements of a function or module, without those of the definitions in it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting += [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block
                waiting += [statement for statement in block if not isinstance(statement, DEFINITIONS)]


def pairs(body: list[ast.stmt]) -> Iterator[tuple[Assigned, Assigned]]:
    """Assignments near each other whose values have one shape and whose targets are two."""
    made = assignments(body)
    places = {id(statement): number for number, statement in enumerate(body)}
    for number, first in enumerate(made):
        for second in made[number + 1 :]:
            near = places[id(second.node)] - places[id(first.node)] <= NEAR
            alike = first.shape == second.shape and len(first.leaves) == len(second.leaves)
            if near and alike and first.target.text != second.target.text:
                yield first, second


def changed_words(first: str, second: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The words by which two names differ: ``loss_real`` and ``loss_fake`` by real and fake."""
    a, b = words(first), words(second)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    old, new = a[start : len(a) - end], b[start : len(b) - end]
    return (old, new) if old and new else None


def replaced_words(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words of a name with some replaced, None where they do not stand in it."""
    mine = words(name)
    for start in range(len(mine) - len(old) + 1):
        if mine[start : start + len(old)] == old:
            return (*mine[:start], *new, *mine[start + len(old) :])
    return None


def shape(node: ast.AST) -> str:
    """How an expression is written when its names, texts and numbers are left out."""
    if isinstance(node, ast.Constant):
        return "'" if isinstance(node.value, str) else "0"
    if isinstance(node, ast.Name):
        return "n"
    inner = ",".join(shape(child) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context))
    return f"{type(node).__name__}({inner})"


def _simple(target: ast.expr) -> bool:
    return isinstance(target, ast.Name | ast.Attribute) or (
        isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
    )


def _leaf(node: Any) -> Iterator[Leaf]:
    if isinstance(node, ast.Subscript):
        node = node.slice
    name = FIELDS.get(type(node))
    text = getattr(node, name) if name else node.value if isinstance(node, ast.Constant) else None
    if isinstance(text, str):
        yield Leaf(node, text, type(node).__name__)


def _leaves(node: ast.AST) -> Iterator[Leaf]:
    if not isinstance(node, ast.Subscript):
        yield from _leaf(node)
    for child in ast.iter_child_nodes(node):
        yield from _leaves(child)
