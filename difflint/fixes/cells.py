"""Edits the cells of a notebook in its JSON, of which every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from difflint.fixes.source import CannotEdit, Range

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


def with_sources(document: str, sources: Mapping[int, str]) -> str:
    """The JSON of a notebook in which the cells of these numbers have other sources."""
    spans = list(_sources(document))
    for number in sorted(sources, reverse=True):
        span = spans[number - 1]
        if span is None:
            raise CannotEdit(f"cell {number} has no source")
        document = document[: span[0]] + _encoded(document, span, sources[number]) + document[span[1] :]
    return document


def source_of(document: str, number: int) -> str:
    """The source of a cell; cells count from 1."""
    span = list(_sources(document))[number - 1]
    value = _DECODER.raw_decode(document, span[0])[0] if span else None
    return value if isinstance(value, str) else "".join(value or ())


def _sources(document: str) -> Iterator[Range | None]:
    """Where the source of each cell stands, in format 4 or 3."""
    root = _BLANK.match(document, 0)
    assert root is not None
    start = root.end()
    sheets = dict(_members(document, start)).get("worksheets")
    for sheet in [start] if sheets is None else [item[0] for item in _items(document, sheets[0])]:
        cells = dict(_members(document, sheet))["cells"]
        for cell, _ in _items(document, cells[0]):
            members = dict(_members(document, cell))
            yield members.get("source", members.get("input"))


def _members(document: str, start: int) -> Iterator[tuple[str, Range]]:
    """The keys of an object, and where their values stand."""
    at = _skip(document, start + 1)
    while document[at] != "}":
        key, at = _DECODER.raw_decode(document, at)
        value = _skip(document, _skip(document, at) + 1)
        _, at = _DECODER.raw_decode(document, value)
        yield key, (value, at)
        at = _next(document, at)


def _items(document: str, start: int) -> Iterator[Range]:
    """Where the items of an array stand."""
    at = _skip(document, start + 1)
    while document[at] != "]":
        _, end = _DECODER.raw_decode(document, at)
        yield at, end
        at = _next(document, end)


def _next(document: str, end: int) -> int:
    """Past a comma, if one comes."""
    at = _skip(document, end)
    return _skip(document, at + 1) if document[at] == "," else at


def _skip(document: str, start: int) -> int:
    found = _BLANK.match(document, start)
    return found.end() if found else start


def _encoded(document: str, span: Range, source: str) -> str:
    """A source as the notebook writes it: one text, or its lines one by one of which the unchanged ones stay."""
    plain = document.isascii()
    if document[span[0]] != "[":
        return json.dumps(source, ensure_ascii=plain)
    old, new = list(_items(document, span[0])), _LINES.findall(source)
    if not old:
        raise CannotEdit("an empty cell")
    texts = [json.loads(document[start:end]) for start, end in old]
    head = _in_common(texts, new)
    tail = _in_common(texts[head:][::-1], new[head:][::-1])
    if len(texts) == head + tail or len(new) == head + tail:  # lines only come or only go: a neighbour is written anew
        head, tail = (head - 1, tail) if head else (head, tail - 1)
    raw = {text: document[start:end] for text, (start, end) in zip(texts, old, strict=True)}
    between = document[old[0][1] : old[1][0]] if len(old) > 1 else f",{document[span[0] + 1 : old[0][0]]}"
    lines = [raw.get(line) or json.dumps(line, ensure_ascii=plain) for line in new[head : len(new) - tail]]
    return document[span[0] : old[head][0]] + between.join(lines) + document[old[len(old) - tail - 1][1] : span[1]]


def _in_common(one: list[str], other: list[str]) -> int:
    """How many first items are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
