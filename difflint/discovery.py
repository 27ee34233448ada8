"""Finds the Python files and notebooks below the named paths: gitignore-aware, excludes applied, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from difflint.files import NOTEBOOK, absolute, shown_path
from difflint.findings import FileError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

DEFAULT_EXCLUDE = (
    *(".git/", ".hg/", ".svn/", ".venv/", "venv/", ".tox/", ".nox/", ".direnv/", "site-packages/", "node_modules/"),
    *(".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".difflint_cache/", ".ipynb_checkpoints/", "__pycache__/"),
    *("__pypackages__/", "build/", "dist/", ".eggs/", "*.egg-info/"),
)


@dataclass(frozen=True)
class Ignore:
    """Patterns in .gitignore's language that hold below ``base``."""

    base: Path
    spec: GitIgnoreSpec

    def verdict(self, location: Path, *, folder: bool) -> bool | None:
        """True: ignored; False: kept by a negated pattern; None: not spoken of."""
        if not location.is_relative_to(self.base) or location == self.base:
            return None
        relative = location.relative_to(self.base).as_posix()
        return self.spec.check_file(relative + "/" if folder else relative).include


@dataclass
class Found:
    """What discovery returns: the files in report order, and the paths that could not be walked."""

    files: list[Path] = field(default_factory=list)
    errors: list[FileError] = field(default_factory=list)


def discover(paths: Sequence[str], exclude: Sequence[str], root: Path) -> Found:
    """The files named by ``paths`` and the ``.py`` and ``.ipynb`` files below its folders.

    A file or folder named explicitly is always taken; ``exclude`` holds patterns relative to ``root``.
    """
    found = Found()
    for path in paths:
        location = absolute(path)
        if os.path.isdir(location):
            found.files.extend(_walk_top(location, exclude, root, found.errors))
        else:
            found.files.append(location)  # reading it tells whether it exists
    found.files = sorted(set(found.files))
    return found


def is_pattern(line: str) -> bool:
    """Whether ``line`` is a pattern, comment or blank line of .gitignore's language."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _walk_top(top: Path, exclude: Sequence[str], root: Path, errors: list[FileError]) -> Iterator[Path]:
    ignores = [_ignore(root if top.is_relative_to(root) else top, exclude), *_ignores_above(top)]
    # A folder named on the command line is linted even when a pattern above it excludes it.
    return _walk(top, [i for i in ignores if i.verdict(top, folder=True) is not True], errors)


def _walk(folder: Path, ignores: list[Ignore], errors: list[FileError]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        errors.append(FileError(shown_path(folder), f"cannot be listed: {error.strerror or error}"))
        return
    names = {entry.name for entry in entries}
    if ".gitignore" in names:
        ignores = [*ignores, *_read_ignore(folder, folder / ".gitignore")]
    for entry in entries:
        location = folder / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder and not _is_python(entry):
            continue
        if _ignored(location, ignores, folder=is_folder):
            continue
        if not is_folder:
            yield location
        elif not (location / "pyvenv.cfg").exists():  # a virtual environment under any name
            yield from _walk(location, ignores, errors)


def _is_python(entry: os.DirEntry[str]) -> bool:
    """Such a name that is not an editor's lock (``.#x.py``) nor a link to a folder, which could loop."""
    # Unlike `DirEntry.is_dir`, this does not fail for a link to itself; reading the file will say so.
    return entry.name.endswith((".py", NOTEBOOK)) and not entry.name.startswith(".#") and not os.path.isdir(entry.path)


def _ignored(location: Path, ignores: Sequence[Ignore], *, folder: bool) -> bool:
    """The pattern file nearest to the location decides, as in git."""
    for ignore in reversed(ignores):
        verdict = ignore.verdict(location, folder=folder)
        if verdict is not None:
            return verdict
    return False


def _ignores_above(top: Path) -> list[Ignore]:
    """The .gitignore files that hold above ``top``, outermost first; none outside a git work tree."""
    parents = [top, *top.parents]
    depth = next((i for i, folder in enumerate(parents) if (folder / ".git").exists()), None)
    if depth is None:
        return []
    work_tree = parents[depth]
    ignores = _read_ignore(work_tree, work_tree / ".git" / "info" / "exclude")
    for folder in reversed(parents[1 : depth + 1]):
        ignores.extend(_read_ignore(folder, folder / ".gitignore"))
    return ignores


def _read_ignore(base: Path, file: Path) -> list[Ignore]:
    """git, too, goes on without a pattern file that it cannot read and without a pattern that means nothing."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [_ignore(base, [line for line in lines if is_pattern(line)])]


def _ignore(base: Path, patterns: Sequence[str]) -> Ignore:
    from pathspec import GitIgnoreSpec  # 40 ms that a run over named files does not need

    return Ignore(base, GitIgnoreSpec.from_lines(patterns))
