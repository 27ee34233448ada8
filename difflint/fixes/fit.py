"""Puts new code in the place of an expression, with parentheses only where they are needed.

With parentheses around everything the result is surely what is meant; whatever has the same tree with fewer of them
is meant as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress

from difflint.fixes.source import CannotEdit, Range, Source, parsed
from difflint.fixes.statements import parenthesised

HOLE = "{}"


def fitted(source: Source, node: ast.expr, template: str) -> tuple[Range, str]:
    """What the expression is replaced by: the template, with its own code where that has a hole."""
    span, code = source.span(node), source.code(node)
    if template.startswith("({})"):
        template = HOLE + template[4:]
    whole = _around(source, node)
    meant = _tree(source, whole, span, f"({template.replace(HOLE, f'({code})')})")
    for place, text in _candidates(source, span, code, template):
        with suppress(CannotEdit):
            if _tree(source, whole, place, text) == meant:
                return place, text
    raise CannotEdit("the new code does not fit in there")


def _candidates(source: Source, span: Range, code: str, template: str) -> Iterator[tuple[Range, str]]:
    wider = parenthesised(source.text, span)
    if HOLE in template and wider is not None:
        yield wider, template.replace(HOLE, source.text[wider[0] : wider[1]])
    for whole in ("{}", "({})"):
        for inner in (code, f"({code})"):
            yield span, whole.replace("{}", template.replace(HOLE, inner))


def _around(source: Source, node: ast.expr) -> Range:
    """As little of the text as can be parsed by itself: the statement, else all of it."""
    start, end = source.span(source.statement_of(node))
    line = source.starts[source.line_of(start) - 1]
    whole = (start if source.text[line:start].strip() else line, end)
    try:
        _tree(source, whole, (end, end), "")
    except CannotEdit:  # an elif, say
        return 0, len(source.text)
    return whole


def _tree(source: Source, whole: Range, span: Range, text: str) -> str:
    """The tree of a piece of the text in which some characters are others; raises `CannotEdit` if it has none."""
    piece = f"{source.text[whole[0] : span[0]]}{text}{source.text[span[1] : whole[1]]}"
    return ast.dump(parsed(f"if 1:\n{piece}" if piece[:1].isspace() else piece))
