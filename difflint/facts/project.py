"""The project's modules: parsed on demand, found by import name from the importing file's folder upward."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from difflint.facts.scope import Scope
from difflint.facts.values import Value
from difflint.facts.versions import Versions
from difflint.lookups import Lookups
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
    stars: list[str] = field(default_factory=list)  # libraries that ``from library import *`` took all names of
    scope: Scope = field(init=False)
    imported: dict[str, Value] = field(default_factory=dict)  # its names when its body had been run
    _outline: Outline | None = None

    def __post_init__(self) -> None:
        self.scope = Scope(self)

    @property
    def cut(self) -> bool:
        """Whether it could be cut into pieces."""
        return self._outline is not None

    @cached_property
    def changes_settings(self) -> bool:
        """Whether its body turns gradients off, or changes torch's default dtype."""
        return SETTINGS.search(self.text) is not None

    @property
    def outline(self) -> Outline:
        """The file in pieces; raises cst.ParserSyntaxError."""
        if self._outline is None:
            self._outline = outline(self.text, str(self.location))
        return self._outline


SETTINGS = re.compile(r"^torch\.set_(grad_enabled|default_dtype)\b", re.M)  # for everybody who imports the file
ABOVE = 3  # folders above the root that an edited ``sys.path`` may reach
MAX_IMPORTED = 80  # files that nobody asked to lint; a package that imports all of itself is not followed further

Read = Callable[[Path], tuple[str, str] | None]


class Project:
    """All files of one run, by path, and the files they import."""

    def __init__(
        self, read: Read, lookups: Lookups | None = None, limit: float = math.inf, own: Module | None = None
    ) -> None:
        self.modules: dict[str, Module] = {}
        self.consulted: set[str] = set()  # absolute paths of other files that the result depends on, there or not
        self.versions = Versions(self.consulted)
        self._read = read
        self.own = own
        self.imported, self._limit = 0, limit
        self._lookups = lookups or Lookups()
        self.probed: dict[str, dict[str, str | None]] = {}  # by importer, by what was looked for: what was found

    def add(self, path: str, text: str, location: Path, root: Path) -> Module:
        """A file named ``path`` in reports that lies at ``location``; imports are looked for up to ``root``."""
        module = Module(_dotted(location), path, text, location, root)
        self.modules[str(location)] = module
        return module

    def beside(self, path: str, text: str, location: Path, root: Path) -> tuple[Project, Module]:
        """The same files, and one that is interpreted for itself."""
        project = copy(self)
        project.own = Module(_dotted(location), path, text, location, root)
        return project, project.own

    def all(self) -> list[Module]:
        """Every module; the one that is interpreted for itself stands last and so wins over its shared version."""
        return [*self.modules.values(), *([self.own] if self.own is not None else [])]

    def at(self, path: str) -> Module | None:
        """The file that reports call ``path``."""
        return next((module for module in reversed(self.all()) if module.path == path), None)

    def text(self, path: str) -> str:
        """The text of the file that reports call ``path``."""
        module = self.at(path)
        return module.text if module is not None else ""

    def needs(self, location: Path) -> dict[str, dict[str, str | None]]:
        """What was looked for on behalf of a file and of what it imports, by the file that asked."""
        waiting, needs = [str(location)], dict[str, dict[str, str | None]]()
        while waiting:
            file = waiting.pop()
            if file not in needs:
                needs[file] = self.probed.get(file, {})
                waiting.extend(found for found in needs[file].values() if found is not None)
        return needs

    def find(self, name: str, importer: Module) -> Module | None:
        """The project file that ``import name`` in ``importer`` means: its folder first, then every folder above."""
        if importer.stub:
            return None
        for base in self._bases_of(importer):
            found = self._file(base, name, importer)
            if found is not None:
                return self._module(found, importer)
        found = self._elsewhere(name, importer)
        return self._module(found, importer) if found is not None else None

    def _elsewhere(self, name: str, importer: Module) -> str | None:
        """The one file that an edited ``sys.path``, or a package that is kept below another folder, can mean."""
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            return None
        edits = "sys.path" in importer.text
        bases = self._lookups.below(str(importer.root), edits)
        here = [base for base in bases if self._lookups.holds(base, top)]
        if edits and not here:
            folder = str(importer.root)
            above = [folder := os.path.dirname(folder) for _ in range(ABOVE)]
            here = [base for base in above if self._file(base, name, importer) is not None][:1]
        return self._file(here[0], name, importer) if len(here) == 1 else None

    def relative(self, level: int, name: str, importer: Module) -> Module | None:
        """The file that ``from ..name import`` means."""
        base = str(importer.location.parent)
        for _ in range(level - 1):
            base = os.path.dirname(base)
        found = self._file(base, name or "__init__", importer)
        return self._module(found, importer) if found else None

    def _bases_of(self, importer: Module) -> list[str]:
        return self._lookups.bases(str(importer.location.parent), str(importer.root))

    def _file(self, base: str, name: str, importer: Module) -> str | None:
        target = os.path.join(base, name.replace(".", os.sep))
        found = self._lookups.file(target)
        self.probed.setdefault(str(importer.location), {})[target] = found
        return found

    def _module(self, file: str, importer: Module) -> Module | None:
        if self.own is not None and file == str(self.own.location):
            return self.own
        module = self.modules.get(file)
        if module is None and self.imported < self._limit:
            self.imported += 1
            read = self._read(Path(file))
            if read is None:
                return None
            module = self.add(*read, Path(file), importer.root)
        return module


def _dotted(file: Path) -> str:
    """A readable module name: the file below its topmost package folder."""
    stem = file.stem if file.suffix == ".py" else file.name  # train.ipynb beside train.py is another module
    parts = [stem] if stem != "__init__" else []
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or file.parent.name
