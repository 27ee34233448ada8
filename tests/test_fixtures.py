"""Every fixture finds exactly what its ``# expect: CODE`` marks say, line by line, and its good twin nothing.

A file, notebook or folder added under fixtures/ is a test at once: ``bad_*`` and ``good_*`` for each rule, where a
folder is a project of several files, and whole programs in fixtures/projects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from difflint import places
from difflint.config import Settings
from difflint.engine import lint
from difflint.files import shown_path

FIXTURES = places.ROOT / "fixtures"
SETTINGS = Settings(root=FIXTURES, preview=True)
_MARK = re.compile(r"#\s*expect:\s*(DFL\d+(?:\s*,\s*DFL\d+)*)\s*$")

KINDS = (".py", ".ipynb")

Marks = list[tuple[str, int, int, str]]


def cases() -> list[Path]:
    """Every file or folder that stands for itself."""
    entries = [entry for folder in sorted(FIXTURES.iterdir()) if folder.is_dir() for entry in sorted(folder.iterdir())]
    return [entry for entry in entries if entry.suffix in KINDS or (entry.is_dir() and entry.name != "__pycache__")]


def source_files(path: Path) -> list[Path]:
    return sorted(file for kind in KINDS for file in path.rglob(f"*{kind}")) if path.is_dir() else [path]


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """The text of a file, or the number and the text of each cell of a notebook."""
    if file.suffix == ".py":
        yield 0, file.read_text("utf-8")
        return
    document = json.loads(file.read_text("utf-8"))
    for number, cell in enumerate(document.get("worksheets", [document])[0]["cells"], 1):
        yield number, "".join(cell.get("source", cell.get("input")))


def expected(path: Path) -> Marks:
    """(path, cell, line, code) for each mark in the file or folder."""
    return sorted(
        (shown_path(file), cell, number, code)
        for file in source_files(path)
        for cell, text in texts(file)
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _MARK.search(line))
        for code in re.split(r"\s*,\s*", match[1])
    )


def found(path: Path) -> Marks:
    """(path, cell, line, code) for each finding in the file or folder."""
    result = lint([str(path)], SETTINGS)
    assert result.errors == ()
    places = [(finding.place, finding.rule) for finding in result.findings]
    return sorted((place.path, place.cell or 0, place.line, rule) for place, rule in places)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases(), ids=lambda case: case.relative_to(FIXTURES).as_posix())


def test_a_fixture_finds_exactly_what_it_marks(case: Path) -> None:
    assert found(case) == expected(case)


def test_a_fixture_says_what_it_shows(case: Path) -> None:
    """A file in its docstring, a notebook under the heading of its first cell."""
    starts = [next(text for _, text in texts(file)) for file in source_files(case) if file.name != "__init__.py"]
    assert all(start.startswith(('"""', "# ", "## ")) for start in starts)


def test_a_bad_fixture_marks_its_rule_and_has_a_good_twin(case: Path) -> None:
    if case.name.startswith("bad_"):
        assert case.parent.name in {code for *_, code in expected(case)}
        assert case.with_name(case.name.replace("bad_", "good_", 1)).exists()
    elif case.name.startswith("good_"):
        assert expected(case) == []


def test_all_fixtures_at_once_find_what_they_find_one_by_one() -> None:
    everything = found(FIXTURES)
    assert everything == sorted(mark for case in cases() for mark in expected(case))
    assert found(FIXTURES) == everything
