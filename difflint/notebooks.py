"""Reads Jupyter notebooks: the bytes of an ``.ipynb`` in, one Python text out, with where each cell stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from difflint.findings import Place, TraceStep
from difflint.magics import Fault, plain_python

_SKIPPED = {"skip", "skip-execution"}  # tags with which a cell is never run
_PYTHON = ("python", "ipython")
_EMPTY = '{"cells": []}'  # what Jupyter makes of a file without content


class NotANotebook(ValueError):
    """The bytes are no notebook; the text says why, in a few words."""


@dataclass(frozen=True)
class Cell:
    """A cell in the text: its number in the notebook (from 1, every kind of cell counts), the line of the text on
    which it begins, and by how many columns it was moved to the left."""

    number: int
    first: int
    indent: int = 0


@dataclass(frozen=True)
class Cells:
    """Where the cells of a notebook stand in its text, in order."""

    cells: tuple[Cell, ...]

    def place(self, place: Place) -> Place:
        """A place in the text as a place in its cell."""
        cell = self._at(place.line)
        return replace(
            place,
            cell=cell.number,
            line=place.line - cell.first + 1,
            column=place.column + cell.indent,
            end_line=place.end_line - cell.first + 1,
            end_column=place.end_column + cell.indent,
        )

    def step(self, step: TraceStep) -> TraceStep:
        """A step of a chain in the text as one in its cell."""
        cell = self._at(step.line)
        return replace(step, cell=cell.number, line=step.line - cell.first + 1)

    def lines(self, text: Sequence[str], number: int) -> list[str]:
        """The lines of one cell among those of the text, moved back to where they stood in the notebook."""
        ends = [*(cell.first - 1 for cell in self.cells[1:]), len(text)]
        for cell, end in zip(self.cells, ends, strict=True):
            if cell.number == number:
                return [" " * cell.indent + line for line in text[cell.first - 1 : end]]
        return []

    def _at(self, line: int) -> Cell:
        """The cell that a line of the text belongs to."""
        before = [cell for cell in self.cells if cell.first <= line]
        return before[-1] if before else Cell(1, 1)


@dataclass(frozen=True)
class Notebook:
    """A notebook's Python, and a sentence for each cell that is none although it should be."""

    text: str
    cells: Cells
    faults: tuple[str, ...] = ()


def read_notebook(content: bytes, fault: Fault) -> Notebook:
    """The code cells one after the other; ``fault`` tells what is wrong with a Python text.

    Formats 3 and 4. Cells in other languages are left out, and so are those that are never run; a notebook with
    another kernel than Python's has no cells. Raises `NotANotebook`.
    """
    texts: list[str] = []
    cells: list[Cell] = []
    faults: list[str] = []
    line = 1
    for number, source in _sources(_document(content)):
        source, indent = _dedented(source)
        code = plain_python(source, fault)
        wrong = fault(code) if code is not None else None
        if wrong is not None:
            faults.append(f"cell {number}: {wrong}")
        elif code is not None:
            cells.append(Cell(number, line, indent))
            texts.append(code if code.endswith("\n") else f"{code}\n")
            line += texts[-1].count("\n")
    return Notebook("".join(texts), Cells(tuple(cells)), tuple(faults))


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8-sig").strip() or _EMPTY)
    except UnicodeDecodeError as error:
        raise NotANotebook(f"is not utf-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise NotANotebook(f"is not a notebook: {error.msg} in line {error.lineno} of the JSON") from error
    except (ValueError, RecursionError) as error:
        raise NotANotebook(f"is not a notebook: {error}") from error
    if not isinstance(document, dict):
        raise NotANotebook("is not a notebook: the JSON is no object")
    return document


def _sources(document: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """The number and the text of each cell that the notebook's own Python runs."""
    cells = _cells(document)
    if not _is_python(_dict(document.get("metadata"))):
        return
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or "cell_type" not in cell:
            raise NotANotebook(f"is not a notebook: cell {number} has no 'cell_type'")
        if cell["cell_type"] == "code" and _runs(cell):
            yield number, _source(cell, number)


def _cells(document: dict[str, Any]) -> Sequence[Any]:
    """The cells of format 4, or those of all worksheets of format 3."""
    sheets = document.get("worksheets", [document])
    lists = [sheet.get("cells") if isinstance(sheet, dict) else None for sheet in _list(sheets, "worksheets")]
    return [cell for cells in lists for cell in _list(cells, "cells")]


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotANotebook(f"is not a notebook: it has no list of {name}")
    return value


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_python(metadata: dict[str, Any]) -> bool:
    """Whether the kernel is Python's; a notebook that does not say is taken for one of Python."""
    kernel, language = _dict(metadata.get("kernelspec")), _dict(metadata.get("language_info"))
    named = language.get("name") or kernel.get("language") or "python"
    return str(named).lower() in _PYTHON


def _runs(cell: dict[str, Any]) -> bool:
    metadata = _dict(cell.get("metadata"))
    language = cell.get("language") or _dict(metadata.get("vscode")).get("languageId") or "python"
    tags = metadata.get("tags")
    skipped = isinstance(tags, list) and not _SKIPPED.isdisjoint(tag for tag in tags if isinstance(tag, str))
    return language in _PYTHON and not skipped


def _source(cell: dict[str, Any], number: int) -> str:
    source = cell.get("source", cell.get("input"))
    text = "".join(source) if isinstance(source, list) and all(isinstance(s, str) for s in source) else source
    if not isinstance(text, str):
        raise NotANotebook(f"is not a notebook: cell {number} has no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _dedented(code: str) -> tuple[str, int]:
    """IPython takes the indentation of a cell's first line away from all of them."""
    first = next((line for line in code.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent:
        return code, 0
    return "\n".join(line.removeprefix(indent) for line in code.split("\n")), len(indent)
