"""Where the files are that imports mean."""

from __future__ import annotations

import os

FOREIGN = ("third_party", "thirdparty", "submodules", "external", "extern", "vendor", "deps", "dependencies", "src")
MAX_FOLDERS = 60


class Lookups:
    """Where files and folders are, looked up once for all projects of a run."""

    def __init__(self) -> None:
        self._files: dict[str, str | None] = {}
        self._folders: dict[tuple[str, str], list[str]] = {}
        self._inner: dict[tuple[str, bool], list[str]] = {}

    def file(self, target: str) -> str | None:
        """The module ``target.py``, or the package ``target``."""
        if target not in self._files:
            self._files[target] = _existing(f"{target}.py") or _existing(os.path.join(target, "__init__.py"))
        return self._files[target]

    def bases(self, folder: str, root: str) -> list[str]:
        """The folders in which the files of a folder find what they import."""
        if (folder, root) not in self._folders:
            self._folders[folder, root] = [base for base in _bases(folder, root) if os.path.isdir(base)]
        return self._folders[folder, root]

    def below(self, root: str, edits: bool) -> list[str]:
        """Folders at most two below the root; without an edited path only those that hold what others have written."""
        if (root, edits) not in self._inner:
            first = _folders(root)
            every = [*first, *(inner for folder in first for inner in _folders(folder))]
            kept = every if edits else [f for f in every if _is_foreign(os.path.relpath(f, root))]
            self._inner[root, edits] = kept
        return self._inner[root, edits]

    def holds(self, base: str, top: str) -> bool:
        """Whether a folder holds a module or package of this name, or another folder."""
        return os.path.exists(os.path.join(base, top)) or os.path.isfile(os.path.join(base, f"{top}.py"))


def _bases(folder: str, root: str) -> list[str]:
    """Where absolute imports are looked for: the file's folder and those above it, up to the project's root."""
    above = [folder]
    while folder not in (root, os.path.dirname(folder)):
        folder = os.path.dirname(folder)
        above.append(folder)
    return [base for folder in above for base in (folder, os.path.join(folder, "src"))]


def _folders(folder: str) -> list[str]:
    """The folders in a folder, by name; hidden ones and those of no interest left out."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = (os.path.join(folder, name) for name in names if not name.startswith((".", "__")) and name != "build")
    return [path for path in found if os.path.isdir(path)][:MAX_FOLDERS]


def _is_foreign(path: str) -> bool:
    """Whether no import can name the folder, or its name says that others' projects lie in it."""
    parts = path.split(os.sep)
    return not parts[-1].isidentifier() or parts[0] in FOREIGN


def _existing(file: str) -> str | None:
    return file if os.path.isfile(file) else None
