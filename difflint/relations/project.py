"""Files by what imports call them; what was looked for is remembered, since a result depends on it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from difflint.files import SourceFile, Unreadable, may_matter, read_source
from difflint.lookups import Lookups
from difflint.relations.file import File
from difflint.syntax.outline import python_tree

LARGE = 400_000  # characters: no such file defines a schedule that another one imports
MOST_HELD = 2_000_000  # characters of imported files; their trees and terms are a hundred times as large
Probes = dict[str, str | None]


class Files:
    """The files that were asked for, and those they import, each parsed once."""

    def __init__(self) -> None:
        self._lookups = Lookups()
        self._files: dict[str, File | None] = {}
        self._probed: dict[str, Probes] = {}  # by file: what it looked for and found
        self._held = 0  # characters of the imported files in memory

    def open(self, source: SourceFile) -> File | None:
        """The relations of a source file; None when this version of Python cannot parse it."""
        if self._held > MOST_HELD:
            self._files.clear()
            self._held = 0
        return self._open(source, str(source.location))

    def needs(self, source: SourceFile) -> dict[str, Probes]:
        """What a file and those it led to looked for, by the file that asked."""
        waiting, needs = [str(source.location)], dict[str, Probes]()
        while waiting:
            file = waiting.pop()
            if file not in needs:
                needs[file] = dict(self._probed.get(file, {}))
                waiting.extend(found for found in needs[file].values() if found is not None)
        return needs

    def _open(self, source: SourceFile, location: str) -> File | None:
        tree = python_tree(source.text)
        if tree is None:
            return None
        return File(source.path, source.text, tree, partial(self._find, location, str(source.project)))

    def _find(self, importer: str, root: str, name: str) -> File | None:
        for target in self._targets(importer, root, name):
            found = self._lookups.file(target)
            self._probed.setdefault(importer, {})[target] = found
            if found is not None:
                return self._imported(found)
        return None

    def _targets(self, importer: str, root: str, name: str) -> list[str]:
        folder, dotted = os.path.dirname(importer), name.lstrip(".")
        level = len(name) - len(dotted)
        inner = dotted.replace(".", os.sep) or "__init__"
        if level:
            return [os.path.join(folder, *[os.pardir] * (level - 1), inner)]
        return [os.path.join(base, inner) for base in self._lookups.bases(folder, root)]

    def _imported(self, location: str) -> File | None:
        if location not in self._files:
            self._files[location] = None  # a cyclic import sees nothing
            try:
                source = read_source(Path(location))
            except Unreadable:
                return None
            if len(source.text) < LARGE and may_matter(source.text.encode()):
                self._files[location] = self._open(source, location)
                self._held += len(source.text)
        return self._files[location]
