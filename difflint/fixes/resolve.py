"""Works out the text of edits: from ``wrap this call's receiver`` to characters that are replaced by others."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from difflint.edits import RECEIVER, VALUE
from difflint.files import SourceFile
from difflint.findings import Edit, Finding, Fix
from difflint.fixes import statements
from difflint.fixes.fit import fitted
from difflint.fixes.source import CannotEdit, Range, Source

Change = tuple[Range, str]  # what becomes of some characters

ARITHMETIC = ("mul", "multiply", "div", "divide", "true_divide", "add", "sub", "subtract")

_OPENS = re.compile(r"[\s)]*\(")
_COMMA_AFTER = re.compile(r"\s*,\s*")
_COMMA_BEFORE = re.compile(r",\s*\Z")


def resolved(finding: Finding, files: Mapping[str, SourceFile]) -> Finding:
    """The finding with the text of its fix; without a fix where one of its edits cannot be made exactly."""
    if finding.fix is None:
        return finding
    try:
        found = [_text(edit, files) for edit in finding.fix.edits]
    except CannotEdit:
        return replace(finding, fix=None)
    edits = tuple(dict.fromkeys(edit for edit in found if edit is not None))
    return replace(finding, fix=Fix(finding.fix.safety, finding.fix.title, edits) if edits else None)


def _text(edit: Edit, files: Mapping[str, SourceFile]) -> Edit | None:
    """The edit as plain text in its file or cell, None where there is nothing to do."""
    file = files.get(edit.place.path)
    if file is None:
        raise CannotEdit("its file was not read")
    source = _source(file.text)
    change = (source.range(edit.place), edit.text) if edit.action == "text" else ACTIONS[edit.action](source, edit)
    if change is None:
        return None
    text = change[1].replace("\r\n", "\n").replace("\r", "\n")
    return _in_cell(Edit(source.place(edit.place.path, change[0]), text), file)


@lru_cache(maxsize=16)
def _source(text: str) -> Source:
    return Source(text)


def _in_cell(edit: Edit, file: SourceFile) -> Edit:
    """The same edit for who edits the cell of a notebook; its lines are indented like the cell's."""
    if file.cells is None:
        return edit
    place, end = file.place(edit.place), file.place(replace(edit.place, line=edit.place.end_line))
    if place.cell != end.cell:
        raise CannotEdit("it reaches from one cell into another")
    return Edit(place, edit.text.replace("\n", "\n" + " " * (place.column - edit.place.column)))


def _part(source: Source, edit: Edit) -> ast.expr:
    """The expression at the place, or the part of it that ``detail`` names."""
    if edit.detail == VALUE:
        return _value(source.statement(edit.place))
    if not edit.detail:
        return source.expression(edit.place)
    call = source.call(edit.place)
    if edit.detail != RECEIVER:
        argument = _argument(call, edit.detail)
        return argument.value if isinstance(argument, ast.keyword) else argument
    if not isinstance(call.func, ast.Attribute):
        raise CannotEdit("it is no method")
    return call.func.value


def _value(statement: ast.stmt) -> ast.expr:
    """What is assigned to one target, or returned."""
    unpacks = isinstance(statement, ast.Assign) and any(isinstance(t, ast.Tuple | ast.List) for t in statement.targets)
    if unpacks or not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return) or statement.value is None:
        raise CannotEdit("the statement has no single value")
    return statement.value


def _argument(call: ast.Call, names: str) -> ast.expr | ast.keyword:
    """The argument at a position or of a name: ``1 image``."""
    for name in names.split():
        if name.isdigit():
            before = call.args[: int(name) + 1]
            if len(before) > int(name) and not any(isinstance(a, ast.Starred) for a in before):
                return before[-1]
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword
    raise CannotEdit("the call has no such argument")


def _replace(source: Source, edit: Edit) -> Change:
    return fitted(source, _part(source, edit), edit.text)


def _unwrap(source: Source, edit: Edit) -> Change:
    whole = inner = source.expression(edit.place)
    for _ in range(int(edit.detail)):
        inner = _operand(inner)
    parent = source.parents[whole]
    if isinstance(parent, ast.Expr | ast.Lambda):
        raise CannotEdit("nothing would be left to do")
    if isinstance(parent, ast.Assign) and [ast.dump(t) for t in parent.targets] == [ast.dump(_stored(inner))]:
        return statements.delete(source, edit)
    return fitted(source, whole, source.code(inner))


def _operand(node: ast.expr) -> ast.expr:
    """What an arithmetic step is done to: the one operand that is no number, or the left one where order matters."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ARITHMETIC:
        return node.func.value
    if not isinstance(node, ast.BinOp):
        raise CannotEdit("no arithmetic stands there")
    if isinstance(node.left, ast.Constant):
        return node.right
    if isinstance(node.right, ast.Constant) or isinstance(node.op, ast.Sub | ast.Div):
        return node.left
    raise CannotEdit("either operand may be the value")


def _stored(node: ast.expr) -> ast.expr:
    return ast.Name(node.id, ast.Store()) if isinstance(node, ast.Name) else node


def _add_argument(source: Source, edit: Edit) -> Change:
    call = source.call(edit.place)
    try:
        there = _argument(call, edit.detail)
    except CannotEdit:
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            raise  # it may be among those
        return _appended(source, call, f"{edit.detail.split()[-1]}={edit.text}")
    return fitted(source, there.value if isinstance(there, ast.keyword) else there, edit.text)


def _add_positional(source: Source, edit: Edit) -> Change:
    call, index = source.call(edit.place), int(edit.detail)
    there: list[ast.expr | ast.keyword] = [
        *call.args,
        *sorted(call.keywords, key=lambda keyword: (keyword.lineno, keyword.col_offset)),
    ]
    if index > len(call.args) or any(isinstance(argument, ast.Starred) for argument in call.args[:index]):
        raise CannotEdit("the call has not so many arguments")
    if index == len(there):
        return _appended(source, call, edit.text)
    start, _ = _outer(source, call, there[index])
    return (start, start), f"{edit.text}, "


def _appended(source: Source, call: ast.Call, code: str) -> Change:
    """Behind the last argument of a call."""
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    ends = [_outer(source, call, argument)[1] for argument in arguments]
    end = max(ends, default=source.span(call)[1] - 1)
    return (end, end), f", {code}" if ends else code


def _without(source: Source, edit: Edit) -> Change:
    call = source.call(edit.place)
    start, end = _outer(source, call, _argument(call, edit.detail))
    after = _COMMA_AFTER.match(source.text, end)
    before = _COMMA_BEFORE.search(source.text, 0, start)
    is_last = after is None or source.text[after.end()] == ")"
    if is_last and before is not None:
        return (before.start(), end), ""
    if after is None and len(call.args) + len(call.keywords) > 1:
        raise CannotEdit("a comment stands between the arguments")
    return (start, after.end() if after else end), ""


def _outer(source: Source, call: ast.Call, argument: ast.expr | ast.keyword) -> Range:
    """An argument with the parentheses around it that are not the call's."""
    opening = _OPENS.match(source.text, source.span(call.func)[1])
    if opening is None:
        raise CannotEdit("a comment stands before the arguments")
    start, end = source.span(argument)
    if end == source.span(call)[1]:
        raise CannotEdit("a generator without parentheses of its own is the only argument")
    while (wider := statements.parenthesised(source.text, (start, end))) is not None and wider[0] >= opening.end():
        start, end = wider
    return start, end


def _rename(source: Source, edit: Edit) -> Change:
    found = source.expression(edit.place)
    named = found.func if isinstance(found, ast.Call) else found
    end = source.span(named)[1]
    if isinstance(named, ast.Attribute | ast.Name):
        old = named.attr if isinstance(named, ast.Attribute) else named.id
        if source.text[end - len(old) : end] == old:
            return (end - len(old), end), edit.text
    raise CannotEdit("nothing that stands there has a name")


ACTIONS: dict[str, Callable[[Source, Edit], Change | None]] = {
    "replace": _replace,
    "wrap": _replace,
    "unwrap": _unwrap,
    "argument": _add_argument,
    "positional": _add_positional,
    "without": _without,
    "rename": _rename,
    "before": statements.before,
    "after": statements.after,
    "delete": statements.delete,
    "import": statements.add_import,
}
