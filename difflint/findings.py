"""What the linter says: frozen findings, made by the checks and read by every reporter and by the runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, order=True)
class Place:
    """A span of source text; lines and columns count from 1, ``cell`` is set for notebooks only."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None

    @property
    def where(self) -> str:
        """``path:line:column``, or ``path:cell 3:line:column``."""
        return f"{_file(self.path, self.cell)}:{self.line}:{self.column}"


@dataclass(frozen=True)
class TraceStep:
    """One link of the chain of evidence, in the order in which the value passes it."""

    path: str
    line: int
    what: str
    cell: int | None = None

    @property
    def where(self) -> str:
        """``path:line``, or ``path:cell 3:line``."""
        return f"{_file(self.path, self.cell)}:{self.line}"


@dataclass(frozen=True)
class Edit:
    """A change to the code at a place: what stands there becomes ``text``.

    That is what a finding carries. A check says what it means with the functions of `difflint.edits`; ``action`` and
    ``detail`` hold that until `difflint.fixes` has worked out which text it is."""

    place: Place
    text: str
    action: str = "text"
    detail: str = ""


@dataclass(frozen=True)
class Fix:
    """Edits that together make a finding go away, made all or none.

    ``safe``: the program does what it did, but for the defect. ``unsafe``: it is likely what the writer wants."""

    safety: str
    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Finding:
    """A defect at a place, with the chain that proves it and the facts its experiment needs."""

    rule: str
    name: str
    severity: str
    confidence: str
    place: Place
    message: str
    repair: str
    trace: tuple[TraceStep, ...] = ()
    experiment: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)
    fix: Fix | None = None

    @property
    def sort_key(self) -> tuple[Place, str, str]:
        """Findings are reported by place, then rule."""
        return (self.place, self.rule, self.message)


@dataclass(frozen=True, order=True)
class FileError:
    """A file that could not be linted, and why, in one line."""

    path: str
    message: str


def _file(path: str, cell: int | None) -> str:
    return path if cell is None else f"{path}:cell {cell}"
