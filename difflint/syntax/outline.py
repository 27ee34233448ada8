"""A file cut into pieces whose nodes are made when they are run; most of them never are."""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import libcst as cst

from difflint.syntax import tree

BUILT_IN = ("property", "cached_property", "setter", "staticmethod", "classmethod", "abstractmethod")
TRANSPARENT = frozenset((*BUILT_IN, "no_grad", "inference_mode"))  # decorators whose name says all
LARGEST = 1e300  # beyond it numbers are left to whoever evaluates them


class _Held:
    """How many characters of parsed text are held in memory, a hundred times as large as trees."""

    characters = 0


HELD = _Held()


def forget() -> None:
    """Let go of the outlines of all files; who still needs one has it made again."""
    outline.cache_clear()
    HELD.characters = 0


@dataclass(eq=False)
class Chunk:
    """Consecutive lines of a file, the first of them numbered ``first`` from 1, and their statements.

    Indented lines are parsed as the body of an ``if``, so that columns stay what they are.
    """

    text: str
    first: int
    indented: bool
    parsed: list[Chunk] = field(repr=False)  # the pieces of this file that were parsed, in that order
    error: str | None = None

    @cached_property
    def statements(self) -> Sequence[Any]:
        """What the lines say; nothing, with ``error`` set, if they cannot be parsed by themselves."""
        self.parsed.append(self)
        HELD.characters += len(self.text)
        source = f"if 1:\n{self.text}" if self.indented else self.text
        parsed = python_tree(source)
        if parsed is None:
            self.error = "not Python by themselves"
            return ()
        made = tree.statements(parsed, source, self.first - 1 - self.indented)
        return made[0].body.body if self.indented else made


@dataclass(eq=False)
class Definition:
    """A function whose body has not been parsed yet; it can be asked for what a ``cst.FunctionDef`` has."""

    label: str
    line: int
    chunk: Chunk
    decorator_names: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]  # its defaults
    plain: bool  # decorators and defaults say all without being evaluated

    @cached_property
    def tree(self) -> cst.FunctionDef:
        found = self.chunk.statements or tree.statements(ast.parse(f"def {self.label}(*_, **__): ..."), "")
        return cst.ensure_type(found[0], cst.FunctionDef)

    @cached_property
    def name(self) -> cst.Name:
        return cst.Name(self.label)

    @property
    def params(self) -> cst.Parameters:
        return self.tree.params

    @property
    def body(self) -> cst.BaseSuite:
        return self.tree.body

    @property
    def decorators(self) -> Sequence[cst.Decorator]:
        return self.tree.decorators

    @property
    def asynchronous(self) -> cst.Asynchronous | None:
        return self.tree.asynchronous


@dataclass(eq=False)
class ClassDefinition:
    """A class whose methods have not been parsed yet."""

    label: str
    line: int
    header: Chunk
    decorator_names: tuple[str, ...]
    derived: bool  # whether it has bases or keywords
    parts: tuple[Part, ...]

    @cached_property
    def name(self) -> cst.Name:
        return cst.Name(self.label)

    @property
    def bases(self) -> Sequence[cst.Arg]:
        found = self.header.statements if self.derived else ()
        return found[0].bases if found else ()

    @property
    def decorators(self) -> Sequence[cst.Decorator]:
        found = self.header.statements if self.decorator_names else ()
        return found[0].decorators if found else ()

    @property
    def statements(self) -> Iterator[Any]:
        """What stands in its body, in order: parsed statements and definitions."""
        return statements(self.parts)


Part = Chunk | Definition | ClassDefinition


@dataclass(eq=False)
class Outline:
    """A whole file in pieces."""

    parts: tuple[Part, ...]
    parsed: list[Chunk]

    @property
    def statements(self) -> Iterator[Any]:
        return statements(self.parts)

    @property
    def errors(self) -> list[str]:
        """What could not be parsed piece by piece."""
        return [f"cannot be parsed from line {c.first} on: {c.error}" for c in self.parsed if c.error is not None]


def statements(parts: Sequence[Part]) -> Iterator[Any]:
    """The parts as something to run: chunks are parsed, definitions stay as they are."""
    for part in parts:
        if isinstance(part, Chunk):
            yield from part.statements
        else:
            yield part


@lru_cache(maxsize=4096)
def outline(text: str, file: str) -> Outline:
    """The pieces of a file; its name tells it from a copy of it.

    Raises cst.ParserSyntaxError where neither Python nor LibCST can parse it.
    """
    cutter = _Cutter(text)
    parsed = python_tree(text)
    if parsed is None:
        return _in_one_piece(text)
    return Outline(tuple(cutter.parts(parsed.body, False)), cutter.parsed)


def python_tree(text: str) -> ast.Module | None:
    """Python's own tree, None where this version of Python cannot parse the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python finds odd in a string is not our subject
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _in_one_piece(text: str) -> Outline:
    """Syntax newer than the Python we run on."""
    parsed: list[Chunk] = []
    chunk = Chunk(text, 1, False, parsed)
    chunk.__dict__["statements"] = tree.parsed_statements(text)
    parsed.append(chunk)
    return Outline((chunk,), parsed)


class _Cutter:
    """Cuts the lines of one text."""

    def __init__(self, text: str) -> None:
        self.lines = io.StringIO(text, newline="").readlines()
        self.parsed: list[Chunk] = []

    def parts(self, body: Sequence[ast.stmt], indented: bool) -> Iterator[Part]:
        run: list[ast.stmt] = []
        for node in body:
            part = self._definition(node, indented)
            if part is None and not _is_text(node):
                run.append(node)
            elif run:
                yield self._chunk(_start(run[0]), _end(run[-1]), indented)
                run = []
            if part is not None:
                yield part
        if run:
            yield self._chunk(_start(run[0]), _end(run[-1]), indented)

    def _definition(self, node: ast.stmt, indented: bool) -> Part | None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._function(node, indented)
        if isinstance(node, ast.ClassDef) and len(self._indentation(node.body[0])) == node.body[0].col_offset:
            return self._class(node, indented)
        return None

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, indented: bool) -> Definition:
        names, constants = tuple(map(_last_name, node.decorator_list)), _constant_defaults(node.args)
        return Definition(
            node.name,
            node.lineno,
            self._chunk(_start(node), _end(node), indented),
            names,
            constants or (),
            constants is not None and TRANSPARENT.issuperset(names),
        )

    def _class(self, node: ast.ClassDef, indented: bool) -> ClassDefinition:
        above = "".join(self.lines[_start(node) - 1 : _start(node.body[0]) - 1])
        header = Chunk(f"{above}{self._indentation(node.body[0])}pass\n", _start(node), indented, self.parsed)
        names = tuple(map(_last_name, node.decorator_list))
        parts = tuple(self.parts(node.body, True))
        return ClassDefinition(node.name, node.lineno, header, names, bool(node.bases or node.keywords), parts)

    def _indentation(self, node: ast.stmt) -> str:
        line = self.lines[_start(node) - 1]
        return line[: len(line) - len(line.lstrip())]

    def _chunk(self, first: int, last: int, indented: bool) -> Chunk:
        return Chunk("".join(self.lines[first - 1 : last]), first, indented, self.parsed)


def _is_text(node: ast.stmt) -> bool:
    """A docstring, or a string that serves as a comment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _start(node: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(d.lineno for d in decorators)])


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _constant_defaults(args: ast.arguments) -> tuple[tuple[str, Any], ...] | None:
    """The defaults where all of them are plain constants, else None."""
    positional = [*args.posonlyargs, *args.args]
    given = [*zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True)]
    given += [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None]
    found = [(parameter.arg, _constant(default)) for parameter, default in given]
    return None if any(value is NotImplemented for _, value in found) else tuple(found)


def _constant(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand)
        return -value if type(value) in (int, float) else NotImplemented
    value = node.value if isinstance(node, ast.Constant) else NotImplemented
    ordinary = isinstance(value, str | None) or (isinstance(value, int | float) and abs(value) < LARGEST)
    return value if ordinary else NotImplemented
