"""The project's modules: parsed on demand, found by import name from the importing file's folder upward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

from difflint.facts.scope import Scope


@dataclass(eq=False)
class Module:
    """One source file: its tree once parsed, its global names once interpreted."""

    name: str
    path: str
    text: str
    location: Path
    root: Path
    stub: bool = False
    state: str = "new"
    scope: Scope = field(init=False)
    _tree: cst.Module | None = None

    def __post_init__(self) -> None:
        self.scope = Scope(self)

    @property
    def tree(self) -> cst.Module:
        """The syntax tree; raises cst.ParserSyntaxError."""
        if self._tree is None:
            self._tree = cst.parse_module(self.text)
        return self._tree


class Project:
    """All files of one run, by path, and the files they import."""

    def __init__(self, read: Callable[[Path], tuple[str, str] | None]) -> None:
        self.modules: dict[str, Module] = {}
        self._read = read
        self._exists: dict[Path, Path | None] = {}

    def add(self, path: str, text: str, location: Path, root: Path) -> Module:
        """A file named ``path`` in reports that lies at ``location``; imports are looked for up to ``root``."""
        module = Module(_dotted(location), path, text, location, root)
        self.modules[str(location)] = module
        return module

    def find(self, name: str, importer: Module) -> Module | None:
        """The project file that ``import name`` in ``importer`` means: its folder first, then every folder above."""
        if importer.stub:
            return None
        for base in _bases(importer):
            found = self._file(base, name)
            if found is not None:
                return self._module(found, importer)
        return None

    def relative(self, level: int, name: str, importer: Module) -> Module | None:
        """The file that ``from ..name import`` means."""
        base = importer.location.parent
        for _ in range(level - 1):
            base = base.parent
        found = self._file(base, name) if name else _existing(base / "__init__.py")
        return self._module(found, importer) if found else None

    def _file(self, base: Path, name: str) -> Path | None:
        target = base.joinpath(*name.split("."))
        if target not in self._exists:
            self._exists[target] = _existing(target.with_suffix(".py")) or _existing(target / "__init__.py")
        return self._exists[target]

    def _module(self, file: Path, importer: Module) -> Module | None:
        module = self.modules.get(str(file))
        if module is None:
            read = self._read(file)
            if read is None:
                return None
            module = self.add(*read, file, importer.root)
        return module


def _bases(importer: Module) -> list[Path]:
    """Where absolute imports are looked for: the file's folder and those above it, up to the project's root."""
    folder, above = importer.location.parent, []
    while True:
        above.append(folder)
        if folder == importer.root or folder == folder.parent:
            break
        folder = folder.parent
    return [base for folder in above for base in (folder, folder / "src")]


def _existing(file: Path) -> Path | None:
    return file if file.is_file() else None


def _dotted(file: Path) -> str:
    """A readable module name: the file below its topmost package folder."""
    parts = [file.stem] if file.stem != "__init__" else []
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or file.parent.name
