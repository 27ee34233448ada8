"""The project's modules: parsed on demand, found by import name from the importing file's folder upward."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from difflint.facts.scope import Scope
from difflint.facts.versions import Versions
from difflint.syntax.outline import Outline, outline


@dataclass(eq=False)
class Module:
    """One source file: its outline once cut, its global names once interpreted."""

    name: str
    path: str
    text: str
    location: Path
    root: Path
    stub: bool = False
    state: str = "new"
    scope: Scope = field(init=False)
    _outline: Outline | None = None

    def __post_init__(self) -> None:
        self.scope = Scope(self)

    @property
    def outline(self) -> Outline:
        """The file in pieces; raises cst.ParserSyntaxError."""
        if self._outline is None:
            self._outline = outline(self.text)
        return self._outline


MAX_IMPORTED = 80  # files that nobody asked to lint; a package that imports all of itself is not followed further


class Project:
    """All files of one run, by path, and the files they import."""

    def __init__(self, read: Callable[[Path], tuple[str, str] | None]) -> None:
        self.modules: dict[str, Module] = {}
        self.consulted: set[str] = set()  # absolute paths of other files that the result depends on, there or not
        self.versions = Versions(self.consulted)
        self._read = read
        self.imported = 0
        self._exists: dict[str, str | None] = {}
        self._bases: dict[str, list[str]] = {}

    def add(self, path: str, text: str, location: Path, root: Path) -> Module:
        """A file named ``path`` in reports that lies at ``location``; imports are looked for up to ``root``."""
        module = Module(_dotted(location), path, text, location, root)
        self.modules[str(location)] = module
        return module

    def find(self, name: str, importer: Module) -> Module | None:
        """The project file that ``import name`` in ``importer`` means: its folder first, then every folder above."""
        if importer.stub:
            return None
        for base in self._bases_of(importer):
            found = self._file(base, name)
            if found is not None:
                return self._module(found, importer)
        return None

    def relative(self, level: int, name: str, importer: Module) -> Module | None:
        """The file that ``from ..name import`` means."""
        base = str(importer.location.parent)
        for _ in range(level - 1):
            base = os.path.dirname(base)
        found = self._file(base, name) if name else _existing(os.path.join(base, "__init__.py"))
        return self._module(found, importer) if found else None

    def _bases_of(self, importer: Module) -> list[str]:
        folder = str(importer.location.parent)
        if folder not in self._bases:
            self._bases[folder] = [base for base in _bases(folder, str(importer.root)) if os.path.isdir(base)]
        return self._bases[folder]

    def _file(self, base: str, name: str) -> str | None:
        target = os.path.join(base, name.replace(".", os.sep))
        if target not in self._exists:
            self._exists[target] = _existing(f"{target}.py") or _existing(os.path.join(target, "__init__.py"))
        return self._exists[target]

    def _module(self, file: str, importer: Module) -> Module | None:
        module = self.modules.get(file)
        if module is None and self.imported < MAX_IMPORTED:
            self.imported += 1
            read = self._read(Path(file))
            if read is None:
                return None
            module = self.add(*read, Path(file), importer.root)
        return module


def _bases(folder: str, root: str) -> list[str]:
    """Where absolute imports are looked for: the file's folder and those above it, up to the project's root."""
    above = [folder]
    while folder not in (root, os.path.dirname(folder)):
        folder = os.path.dirname(folder)
        above.append(folder)
    return [base for folder in above for base in (folder, os.path.join(folder, "src"))]


def _existing(file: str) -> str | None:
    return file if os.path.isfile(file) else None


def _dotted(file: Path) -> str:
    """A readable module name: the file below its topmost package folder."""
    stem = file.stem if file.suffix == ".py" else file.name  # train.ipynb beside train.py is another module
    parts = [stem] if stem != "__init__" else []
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or file.parent.name
