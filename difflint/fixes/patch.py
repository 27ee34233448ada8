"""Puts edits into the bytes of a file or notebook; its encoding, byte order mark and newlines stay."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from difflint.files import NOTEBOOK, Unreadable, encoding_of, source_from_bytes, syntax_error
from difflint.findings import Edit, Finding
from difflint.fixes.cells import source_of, with_sources
from difflint.fixes.source import CannotEdit, Lines


def choose(findings: Iterable[Finding], safeties: Collection[str]) -> list[Finding]:
    """Those whose fixes can be made together: of two that touch the same code, the first."""
    chosen: list[Finding] = []
    taken: list[Edit] = []
    for finding in findings:
        edits = finding.fix.edits if finding.fix is not None and finding.fix.safety in safeties else ()
        if edits and not any(_clash(edit, other) for edit in edits for other in taken):
            chosen.append(finding)
            taken += edits
    return chosen


def _clash(one: Edit, other: Edit) -> bool:
    """Whether both change the same characters, or insert something else at the same place."""
    a, b = one.place, other.place
    if one == other or (a.path, a.cell) != (b.path, b.cell):
        return False
    starts, ends = ((a.line, a.column), (b.line, b.column)), ((a.end_line, a.end_column), (b.end_line, b.end_column))
    return starts[0] == starts[1] or (starts[0] < ends[1] and starts[1] < ends[0])


def patched(content: bytes, location: Path, edits: Sequence[Edit]) -> bytes:
    """The file with the edits in it; raises `CannotEdit` when they make no Python of it."""
    new = _notebook(content, edits) if location.suffix == NOTEBOOK else _python(content, edits)
    if _faults(new, location) - _faults(content, location):
        raise CannotEdit("the result is not Python")
    return new


def _python(content: bytes, edits: Sequence[Edit]) -> bytes:
    encoding = encoding_of(content)
    try:
        return spliced(content.decode(encoding), edits).encode(encoding)
    except UnicodeEncodeError as error:
        raise CannotEdit(f"the result is not {encoding} text") from error


def _notebook(content: bytes, edits: Sequence[Edit]) -> bytes:
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    document = content[len(mark) :].decode()
    numbers = {edit.place.cell for edit in edits}
    sources = {
        number: spliced(source_of(document, number), [edit for edit in edits if edit.place.cell == number])
        for number in numbers
        if number is not None
    }
    return mark + with_sources(document, sources).encode()


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """A text with the edits in it, from the last one to the first; what is inserted has the newlines of the text."""
    lines = Lines(text)
    spans = {(lines.range(edit.place), edit.text) for edit in edits}
    for (start, end), new in sorted(spans, reverse=True):
        text = text[:start] + new.replace("\n", lines.newline) + text[end:]
    return text


def _faults(content: bytes, location: Path) -> set[str]:
    """What makes a file no Python."""
    try:
        source = source_from_bytes(content, location)
    except Unreadable as unreadable:
        return {unreadable.error.message}
    fault = syntax_error(source.text)
    return {*(error.message for error in source.errors), *([fault] if fault else [])}
