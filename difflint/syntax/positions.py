"""Where syntax nodes stand in their file.

LibCST's nodes do not know; its own providers write the whole tree out again to find out. Python's tree of the same
lines does know, so both are walked in the order of the text and matched type by type.
"""

from __future__ import annotations

import ast
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from difflint.syntax import walk
from difflint.syntax.outline import Chunk, ClassDefinition, Definition, python_tree
from difflint.syntax.walk import fields_of


class Span(NamedTuple):
    """A piece of a file: lines and columns from 1, the end exclusive; a function or class is its first line."""

    line: int
    column: int
    end_line: int
    end_column: int
    definition: bool = False


SAME: dict[type[cst.CSTNode], type[ast.AST]] = {
    cst.Call: ast.Call,
    cst.BinaryOperation: ast.BinOp,
    cst.UnaryOperation: ast.UnaryOp,
    cst.List: ast.List,
    cst.Dict: ast.Dict,
    cst.Attribute: ast.Attribute,
    cst.Subscript: ast.Subscript,
    cst.Name: ast.Name,
    cst.Param: ast.arg,
    cst.Assign: ast.Assign,
    cst.AugAssign: ast.AugAssign,
    cst.AnnAssign: ast.AnnAssign,
    cst.Comparison: ast.Compare,
    cst.IfExp: ast.IfExp,
    cst.Lambda: ast.Lambda,
    cst.ListComp: ast.ListComp,
    cst.For: ast.For,
    cst.FunctionDef: ast.FunctionDef,
    cst.While: ast.While,
    cst.With: ast.With,
    cst.Return: ast.Return,
    cst.FunctionDef: ast.FunctionDef,
    cst.ClassDef: ast.ClassDef,
}

# Fields in the order of the text where LibCST's own order is another, without what is no node in Python's tree.
TEXTUAL: dict[type[cst.CSTNode], tuple[str, ...]] = {
    cst.FunctionDef: ("decorators", "params", "returns", "body"),
    cst.ClassDef: ("decorators", "bases", "keywords", "body"),
    cst.Parameters: ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    cst.Param: ("annotation", "default"),
    cst.IfExp: ("body", "test", "orelse"),
    cst.Try: ("body", "handlers", "orelse", "finalbody"),
    cst.ExceptHandler: ("type", "body"),
    cst.MatchCase: ("guard", "body"),
    cst.Attribute: ("value",),
    cst.Arg: ("value",),
    cst.NamedExpr: ("target", "value"),
    cst.Import: (),
    cst.ImportFrom: (),
    cst.Global: (),
    cst.Nonlocal: (),
    cst.FormattedString: (),
}

CONSTANTS = ("None", "True", "False")


def locate(parsed: Iterable[Chunk], nodes: Iterable[Any]) -> dict[int, Span]:
    """The places of those ``nodes`` (by id) that stand in one of the pieces."""
    wanted = {id(node): node for node in nodes}
    definitions = ((key, n) for key, n in wanted.items() if isinstance(n, Definition | ClassDefinition))
    found = {key: Span(n.line, 1, n.line, 1, True) for key, n in definitions}
    for look in (_quickly, _slowly):
        for chunk in parsed:
            rest = wanted.keys() - found.keys()
            if rest:
                found.update(look(chunk, rest))
    return found


def cut(text: str, span: Span) -> str:
    """The piece of a text."""
    lines = io.StringIO(text, newline="").readlines()[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "".join(lines)


def _quickly(chunk: Chunk, wanted: Set[int]) -> Mapping[int, Span]:
    """By Python's tree; all places of a piece at once, since who asks for one asks for more."""
    if chunk.known is None:
        chunk.known = {id(node): node for node in _textual(chunk.tree)}
    here = wanted & chunk.known.keys()
    if here and not chunk.spans:
        chunk.spans = _matched(chunk, chunk.known.values())
    return {key: chunk.spans[key] for key in here if key in chunk.spans}


def _matched(chunk: Chunk, in_order: Iterable[cst.CSTNode]) -> dict[int, Span]:
    tree = python_tree(chunk.source)
    if tree is None:
        return {}
    theirs, ours = _by_type(tree), defaultdict(list)
    for node in in_order:
        ours[type(node)].append(node)
    lines = io.StringIO(chunk.source, newline="").readlines()
    found: dict[int, Span] = {}
    for kind, nodes in ours.items():
        twins = theirs[SAME.get(kind, ast.AST)]
        if len(twins) == len(nodes):
            pairs = zip(nodes, twins, strict=True)
            found.update((id(ours), _span(theirs, lines, chunk.offset)) for ours, theirs in pairs)
    return found


def _textual(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes that Python's tree has too, outer ones first, from the start of the text to its end."""
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list | tuple):
            waiting.extend(reversed(node))
            continue
        kind: Any = type(node)
        names = TEXTUAL.get(kind) if kind in TEXTUAL else fields_of(kind)
        if names is None:
            continue
        if kind in SAME and not (kind is cst.Name and node.value in CONSTANTS):
            yield node
        waiting.extend(getattr(node, name) for name in reversed(names))


def _by_type(tree: ast.Module) -> dict[type, list[Any]]:
    """Python's nodes with a place, by type, in the same order."""
    found: dict[type, list[Any]] = defaultdict(list)
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        found[type(node)].append(node)
        if not isinstance(node, ast.JoinedStr | ast.pattern):
            waiting.extend(ast.iter_child_nodes(node))
    for kind in SAME.values():
        found[kind].sort(key=_order)
    return found


def _order(node: Any) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, -node.end_lineno, -node.end_col_offset


def _span(node: Any, lines: list[str], offset: int) -> Span:
    start = _column(lines[node.lineno - 1], node.col_offset)
    end = _column(lines[node.end_lineno - 1], node.end_col_offset)
    definition = isinstance(node, ast.FunctionDef | ast.ClassDef)
    return Span(node.lineno + offset, start, node.end_lineno + offset, end, definition)


def _column(line: str, byte: int) -> int:
    """Python counts columns in bytes of UTF-8 from 0."""
    return (byte if line.isascii() else len(line.encode()[:byte].decode(errors="replace"))) + 1


def _slowly(chunk: Chunk, wanted: Set[int]) -> dict[int, Span]:
    """As LibCST finds places, for what has no twin: what stands in formatted strings, say."""
    if wanted.isdisjoint(map(id, walk.nodes(chunk.tree))):
        return {}
    ranges = MetadataWrapper(chunk.tree, unsafe_skip_copy=True).resolve(PositionProvider)
    return {
        id(node): Span(r.start.line + chunk.offset, r.start.column + 1, r.end.line + chunk.offset, r.end.column + 1)
        for node, r in ranges.items()
        if id(node) in wanted
    }
