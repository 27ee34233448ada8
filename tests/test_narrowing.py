"""Findings that nobody asked about: those a baseline holds, and those about lines that have not changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CLEAN, DEFECT, Project, Run

Difflint = Callable[..., Run]
ACCEPTED = "No findings in 1 file, 1 accepted.\n"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(project: Project) -> Path:
    """One commit with one finding."""
    root = project({"bad.py": DEFECT, ".gitignore": ".difflint_cache\n"})
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "one")
    return root


def test_accepted_findings_are_counted_and_new_ones_reported(project: Project, difflint: Difflint) -> None:
    project({"bad.py": DEFECT})
    assert difflint("--baseline", "known.json", "--write-baseline", ".").out == "1 finding accepted in known.json.\n"
    assert difflint("--baseline", "known.json", ".") == Run(0, ACCEPTED, "")
    again = DEFECT + 'save_image(picture, "picture.png")\nsave_image(picture, "other.png")\n'
    project({"bad.py": again})
    run = difflint("--baseline", "known.json", "--format", "concise", ".")
    assert run.code == 1
    assert [line.split()[0] for line in run.out.splitlines()] == ["bad.py:6:1:", "bad.py:7:1:"]


def test_a_baseline_survives_moved_lines_and_another_working_folder(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"src/bad.py": DEFECT})
    difflint("--baseline", "known.json", "--write-baseline", ".")
    moved = "# new\n\n" + DEFECT.replace("save_image(pic", "if picture is not None:\n        save_image(pic")
    project({"src/bad.py": moved})
    assert difflint("--baseline", "known.json", ".").out == ACCEPTED
    monkeypatch.chdir(root / "src")
    assert difflint("--baseline", "../known.json", "bad.py").out == ACCEPTED


def test_what_is_fixed_is_not_what_was_accepted(project: Project, difflint: Difflint) -> None:
    root = project({"bad.py": DEFECT})
    difflint("--baseline", "known.json", "--write-baseline", ".")
    assert difflint("--baseline", "known.json", "--fix", "--unsafe-fixes", ".") == Run(0, ACCEPTED, "")
    assert (root / "bad.py").read_text() == DEFECT


BROKEN = {
    "no.json": (None, "cannot be read: No such file or directory"),
    "text.json": ("x", "not a baseline: Expecting value: line 1 column 1 (char 0)"),
    "report.json": ('{"version": 1}', "not a difflint baseline of version 1"),
    "list.json": ("[]", "not a difflint baseline of version 1"),
    "entry.json": ('{"version": 1, "findings": [{"rule": 1}]}', "findings[0] must have rule, path, text, number"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_baseline_is_one_line(project: Project, difflint: Difflint, name: str) -> None:
    content, message = BROKEN[name]
    project({"bad.py": DEFECT, **({name: content} if content else {})})
    assert difflint("--baseline", name, "bad.py") == Run(2, "", f"difflint: {name}: {message}\n")


def test_a_baseline_of_a_broken_project_is_not_written(project: Project, difflint: Difflint) -> None:
    root = project({"bad.py": DEFECT, "broken.py": "import torch\nx = torch.randn(\n"})
    run = difflint("--baseline", "known.json", "--write-baseline", ".")
    assert run.code == 2 and run.err.endswith("known.json: not written, for not every file could be linted\n")
    assert not (root / "known.json").exists()
    assert "needs --baseline FILE" in difflint("--write-baseline", ".").err


def test_only_changed_lines_are_asked_about(repository: Path, difflint: Difflint) -> None:
    assert difflint("--since", "HEAD", ".") == Run(0, "No findings in 1 file.\n", "")
    (repository / "bad.py").write_text(DEFECT + 'save_image(picture, "more.png")\n')
    run = difflint("--since", "HEAD", "--format", "concise", ".")
    assert (run.code, run.out.split()[0]) == (1, "bad.py:6:1:")


def test_what_a_change_breaks_elsewhere_counts(repository: Path, difflint: Difflint) -> None:
    (repository / "bad.py").write_text(CLEAN.replace(" * 2 - 1", ""))
    git(repository, "commit", "-am", "two")
    (repository / "bad.py").write_text(CLEAN.replace(" * 2 - 1", "").replace('cat.png"))', 'cat.png")) * 255'))
    run = difflint("--since", "HEAD", "--format", "concise", ".")
    assert (run.code, run.out.split()[0]) == (1, "bad.py:5:1:")


def test_new_files_have_changed_on_every_line(repository: Path, difflint: Difflint) -> None:
    (repository / "bad.py").rename(repository / "my bäd.py")
    run = difflint("--since", "HEAD", "--format", "concise", ".")
    assert (run.code, run.out.split(": ")[0]) == (1, "my bäd.py:5:1")
    git(repository, "add", ".")
    assert difflint("--since", "HEAD", ".").code == 0  # now git sees that only the name is new


def test_a_notebook_has_changed_or_has_not(repository: Path, difflint: Difflint) -> None:
    notebook = {"cells": [{"cell_type": "code", "source": DEFECT}], "metadata": {}, "nbformat": 4}
    (repository / "look.ipynb").write_text(json.dumps(notebook))
    assert difflint("--since", "HEAD", "look.ipynb").code == 1
    git(repository, "add", ".")
    git(repository, "commit", "-m", "two")
    assert difflint("--since", "HEAD", "look.ipynb").code == 0


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "HEAD:bad.py"])
def test_an_unknown_revision_is_one_line(repository: Path, difflint: Difflint, revision: str) -> None:
    run = difflint(f"--since={revision}", ".")
    assert run == Run(2, "", f"difflint: --since: git does not know the revision {revision!r}\n")
    assert sorted(file.name for file in repository.iterdir() if file.name[0] != ".") == ["bad.py"]


def test_without_git_or_a_repository_it_is_one_line(
    project: Project, difflint: Difflint, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"bad.py": DEFECT})
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(root.parent))
    run = difflint("--since", "HEAD", "bad.py")
    assert run.code == 2 and "not a git repository" in run.err and run.err.count("\n") == 1
    monkeypatch.setenv("PATH", "")
    run = difflint("--since", "HEAD", "bad.py")
    assert run == Run(2, "", "difflint: --since: git cannot be run: No such file or directory\n")


def test_lines_that_look_like_a_diff_are_content(repository: Path, difflint: Difflint) -> None:
    text = DEFECT + '"""\n-- x\n++ b/other.py\n"""\n'
    (repository / "bad.py").write_text(text)
    git(repository, "commit", "-am", "two")
    (repository / "bad.py").write_text(
        text.replace("-- x\n++ b/other.py\n", "++ b/other.py\n") + DEFECT.splitlines()[-1]
    )
    run = difflint("--since", "HEAD", "--format", "concise", ".")
    assert run.code == 1 and run.out.startswith("bad.py:9:1:")


def test_since_moves_no_lines(repository: Path, difflint: Difflint) -> None:
    run = difflint("--since", "HEAD", "--fix", ".")
    assert run.code == 2 and "--since does not go with --fix" in run.err
