"""Discovery takes every Python file that git and the configuration do not leave out, in a fixed order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from difflint.discovery import DEFAULT_EXCLUDE, discover
from difflint.files import shown_path
from tests.conftest import Project


def found(*paths: str, exclude: tuple[str, ...] = ()) -> list[str]:
    """What discovery finds from the working directory."""
    files = discover(paths, (*DEFAULT_EXCLUDE, *exclude), Path.cwd()).files
    return [shown_path(file) for file in files]


def test_python_files_come_sorted_and_once(project: Project) -> None:
    project({"b.py": "", "a.py": "", "c.txt": "", "pkg/d.py": ""})
    assert found(".", "a.py", "pkg") == ["a.py", "b.py", "pkg/d.py"]


def test_environments_and_caches_are_left_out(project: Project) -> None:
    project({"a.py": "", ".venv/b.py": "", "node_modules/c.py": "", "x/__pycache__/d.py": "", "build/e.py": ""})
    assert found(".") == ["a.py"]


def test_a_virtual_environment_is_known_under_any_name(project: Project) -> None:
    project({"a.py": "", "my-env/pyvenv.cfg": "", "my-env/lib/b.py": ""})
    assert found(".") == ["a.py"]


def test_nested_gitignore_files_hold_and_can_take_back(project: Project) -> None:
    project({
        ".git/HEAD": "", ".gitignore": "*_out.py\n/top.py\n", "top.py": "", "a_out.py": "",
        "pkg/.gitignore": "!keep_out.py\nlocal.py\n", "pkg/keep_out.py": "", "pkg/local.py": "", "pkg/top.py": "",
    })  # fmt: skip
    assert found(".") == ["pkg/keep_out.py", "pkg/top.py"]


def test_gitignore_files_above_the_named_folder_hold(project: Project) -> None:
    project({".git/HEAD": "", ".gitignore": "secret.py\n", "pkg/secret.py": "", "pkg/a.py": ""})
    assert found("pkg") == ["pkg/a.py"]


def test_a_broken_gitignore_line_does_no_harm(project: Project) -> None:
    project({".gitignore": "!\n/\n[\nb.py\n\\\n", "a.py": "", "b.py": ""})
    assert "a.py" in found(".")


def test_what_is_named_explicitly_is_always_taken(project: Project) -> None:
    project({".git/HEAD": "", ".gitignore": "out/\nb.py\n", "out/a.py": "", "b.py": "", "build/c.py": "", "d": ""})
    assert found("out", "b.py", "build", "d") == ["b.py", "build/c.py", "d", "out/a.py"]


def test_exclude_patterns_are_relative_to_the_root(project: Project) -> None:
    project({"a.py": "", "old/a.py": "", "new/old/a.py": ""})
    assert found(".", exclude=("/old/",)) == ["a.py", "new/old/a.py"]


def test_a_folder_called_like_a_file_is_walked(project: Project) -> None:
    project({"x.py/a.py": ""})
    assert found(".") == ["x.py/a.py"]


def test_links_to_folders_are_not_followed_round_in_circles(project: Project) -> None:
    root = project({"pkg/a.py": ""})
    os.symlink(root, root / "pkg" / "loop")
    os.symlink(root, root / "pkg" / "loop.py")
    assert found(".") == ["pkg/a.py"]


def test_editor_locks_are_not_files(project: Project) -> None:
    root = project({"a.py": ""})
    os.symlink("user@host.123", root / ".#a.py")
    assert found(".") == ["a.py"]


def test_a_folder_that_cannot_be_listed_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project({"pkg/a.py": "", "b.py": ""})
    listed = os.scandir

    def scandir(folder: str) -> object:
        if str(folder).endswith("pkg"):
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    result = discover(["."], (), root)
    assert [shown_path(file) for file in result.files] == ["b.py"]
    assert [(error.path, error.message) for error in result.errors] == [("pkg", "cannot be listed: Permission denied")]
