"""Every fixture finds exactly what its ``# expect: CODE`` marks say, line by line, and its good twin nothing.

A file or folder added under fixtures/ is a test at once: ``bad_*`` and ``good_*`` for each rule, where a folder is a
project of several files, and whole programs in fixtures/projects.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from difflint import places
from difflint.config import Settings
from difflint.engine import lint
from difflint.files import shown_path

FIXTURES = places.ROOT / "fixtures"
SETTINGS = Settings(root=FIXTURES, preview=True)
_MARK = re.compile(r"#\s*expect:\s*(DFL\d+(?:\s*,\s*DFL\d+)*)\s*$")

Marks = list[tuple[str, int, str]]


def cases() -> list[Path]:
    """Every file or folder that stands for itself."""
    entries = [entry for folder in sorted(FIXTURES.iterdir()) if folder.is_dir() for entry in sorted(folder.iterdir())]
    return [entry for entry in entries if entry.suffix == ".py" or (entry.is_dir() and entry.name != "__pycache__")]


def python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def expected(path: Path) -> Marks:
    """(path, line, code) for each mark in the file or folder."""
    return sorted(
        (shown_path(file), number, code)
        for file in python_files(path)
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if (match := _MARK.search(line))
        for code in re.split(r"\s*,\s*", match[1])
    )


def found(path: Path) -> Marks:
    """(path, line, code) for each finding in the file or folder."""
    result = lint([str(path)], SETTINGS)
    assert result.errors == ()
    return sorted((finding.place.path, finding.place.line, finding.rule) for finding in result.findings)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases(), ids=lambda case: case.relative_to(FIXTURES).as_posix())


def test_a_fixture_finds_exactly_what_it_marks(case: Path) -> None:
    assert found(case) == expected(case)


def test_a_fixture_says_what_it_shows(case: Path) -> None:
    files = python_files(case)
    assert all(file.read_text("utf-8").startswith('"""') for file in files if file.name != "__init__.py")


def test_a_bad_fixture_marks_its_rule_and_has_a_good_twin(case: Path) -> None:
    if case.name.startswith("bad_"):
        assert case.parent.name in {code for _, _, code in expected(case)}
        assert case.with_name(case.name.replace("bad_", "good_", 1)).exists()
    elif case.name.startswith("good_"):
        assert expected(case) == []


def test_all_fixtures_at_once_find_what_they_find_one_by_one() -> None:
    everything = found(FIXTURES)
    assert everything == sorted(mark for case in cases() for mark in expected(case))
    assert found(FIXTURES) == everything
