"""Edits of whole statements: one more before or after, one less, an import."""

from __future__ import annotations

import ast
import textwrap

from difflint.findings import Edit
from difflint.fixes.source import CannotEdit, Range, Source, parsed

COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef)
ASYNC = (ast.AsyncFor, ast.AsyncWith, ast.AsyncFunctionDef)


def parenthesised(text: str, span: Range) -> Range | None:
    """The characters with the parentheses right around them, None where there are none."""
    start, end = span
    while start > 0 and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end].isspace():
        end += 1
    return (start - 1, end + 1) if text[start - 1 : start] == "(" and text[end : end + 1] == ")" else None


def before(source: Source, edit: Edit) -> tuple[Range, str]:
    """On its own lines; in front of a statement that shares its line, on the same line."""
    start, _ = source.span(_whole(source, edit))
    line = source.starts[source.line_of(start) - 1]
    indent = source.text[line:start]
    if indent.strip():
        return (start, start), f"{_simple(edit.text)}; "
    return (line, line), textwrap.indent(f"{edit.text}\n", indent)


def after(source: Source, edit: Edit) -> tuple[Range, str]:
    statement = _whole(source, edit)
    start, end = source.span(statement)
    line = source.line_of(start)
    indent = source.text[source.starts[line - 1] : start]
    last = source.ends[source.line_of(end) - 1]
    rest = source.text[end:last].strip()
    if not indent.strip() and (not rest or rest.startswith("#")):
        return (last, last), textwrap.indent(f"\n{edit.text}", indent)
    if isinstance(statement, COMPOUND + ASYNC):
        raise CannotEdit("more follows on the line of a compound statement")
    return (end, end), f"; {_simple(edit.text)}"


def delete(source: Source, edit: Edit) -> tuple[Range, str]:
    """Its lines go, or its part of the line; the only statement of a block becomes ``pass``."""
    statement = _whole(source, edit)
    start, end = source.span(statement)
    first, last = source.line_of(start), source.line_of(end)
    if _is_alone(source, statement):
        return (start, end), "pass"
    ahead, rest = source.text[source.starts[first - 1] : start], source.text[end : source.ends[last - 1]]
    if ahead.strip() or rest.strip().startswith(";"):
        return _from_line(source, (start, end), ahead, rest), ""
    if first > 1:
        return (source.ends[first - 2], source.ends[last - 1]), ""
    return (0, source.starts[last] if last < len(source.starts) else source.ends[last - 1]), ""


def _from_line(source: Source, span: Range, ahead: str, rest: str) -> Range:
    """One statement of a line with others, with one of its semicolons."""
    start, end = span
    if rest.strip().startswith(";"):
        behind = rest.index(";") + 1
        return start, end + behind + len(rest[behind:]) - len(rest[behind:].lstrip())
    if not ahead.rstrip().endswith(";"):
        raise CannotEdit("what stands before it is no statement")
    return start - len(ahead) + len(ahead.rstrip()) - 1, end


def add_import(source: Source, edit: Edit) -> tuple[Range, str] | None:
    """After the last import above the place; where there is none, before the first statement that is no docstring."""
    wanted = parsed(edit.text).body[0]
    body = source.tree.body
    if any(_imports(statement, wanted) for statement in body):
        return None
    above = [s for s in body if isinstance(s, ast.Import | ast.ImportFrom) and s.lineno <= edit.place.line]
    if above or _is_docstring(body[0]):
        end = source.span(above[-1] if above else body[0])[1]
        last = source.ends[source.line_of(end) - 1]
        return (last, last), f"\n{edit.text}"
    line = source.starts[source.line_of(source.span(body[0])[0]) - 1]
    return (line, line), f"{edit.text}\n"


def _imports(statement: ast.stmt, wanted: ast.stmt) -> bool:
    """Whether an import brings everything that another one does."""
    if isinstance(wanted, ast.ImportFrom) and isinstance(statement, ast.ImportFrom):
        same = (statement.module, statement.level) == (wanted.module, wanted.level)
    else:
        same = isinstance(wanted, ast.Import) and isinstance(statement, ast.Import)
    return same and _aliases(wanted) <= _aliases(statement)


def _aliases(statement: ast.stmt) -> set[tuple[str, str | None]]:
    return {(alias.name, alias.asname) for alias in getattr(statement, "names", ())}


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _whole(source: Source, edit: Edit) -> ast.stmt:
    """The statement that holds the place; an ``elif`` is part of its ``if``."""
    statement = source.statement(edit.place)
    while source.code(statement).startswith("elif"):
        statement = source.statement_of(source.parents[statement])
    return statement


def _is_alone(source: Source, statement: ast.stmt) -> bool:
    parent = source.parents[statement]
    blocks = [block for _, block in ast.iter_fields(parent) if isinstance(block, list) and statement in block]
    return not isinstance(parent, ast.Module) and any(len(block) == 1 for block in blocks)


def _simple(code: str) -> str:
    """A statement that can share a line with others; raises `CannotEdit` for another."""
    if "\n" in code or any(isinstance(s, COMPOUND + ASYNC) for s in parsed(code).body):
        raise CannotEdit("a compound statement needs lines of its own")
    return code
