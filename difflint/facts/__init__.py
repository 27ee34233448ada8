"""The facts about a project's code: ``analyse`` makes them, the checks read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from difflint import places
from difflint.cache import Store
from difflint.facts import units
from difflint.facts.analysis import interpret
from difflint.facts.coverage import measure
from difflint.facts.kept import Kept
from difflint.facts.library import Library, RowError, load_rows
from difflint.facts.project import Project
from difflint.facts.report import Facts, Problem
from difflint.files import SourceFile, Unreadable, absolute, may_matter, read_source
from difflint.findings import FileError

__all__ = ["Facts", "Kept", "Problem", "RowError", "analyse", "examine", "measure"]


LARGE = 20_000  # characters: an imported file this long that names no tensors at all is not worth its parsing


@cache
def knowledge() -> Library:
    """The API rows; raises RowError when one is broken."""
    return load_rows(places.RULES / "apis")


def analyse(sources: Sequence[SourceFile]) -> Facts:
    """Interpret these files as one project. Raises RowError; a file that cannot be understood becomes an error."""
    analysis = interpret(sources, knowledge(), _read)
    errors = tuple(FileError(failure.path, failure.message) for failure in analysis.failures)
    return Facts(analysis.seen, analysis.project, errors, analysis.unknown_calls, analysis.project.text)


def examine(sources: Sequence[SourceFile], kept: Kept | None = None, jobs: int = 1) -> Facts:
    """As `analyse`, file by file: what a file imports is interpreted for it, and nobody else's work changes it."""
    texts = {source.path: source.text for source in sources}
    seen, failures = units.examine(sources, units.looked_for(knowledge()), _observer, kept or Kept(Store(None)), jobs)
    errors = tuple(FileError(failure.path, failure.message) for failure in failures)
    return Facts(seen, Project(_read), errors, text=lambda path: texts.get(path) or read_source(absolute(path)).text)


def _observer() -> units.Observing:
    return units.Observer(knowledge(), _read).observe


def _read(location: Path) -> tuple[str, str] | None:
    try:
        source = read_source(location)
    except Unreadable:
        return None
    if len(source.text) > LARGE and not may_matter(source.text.encode()):
        return None
    return source.path, source.text
