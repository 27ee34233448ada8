"""Records of earlier runs: one is good as long as its file, the files it imports and where they are found stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from difflint.cache import Store, digest, digest_of
from difflint.files import SourceFile
from difflint.lookups import Lookups
from difflint.syntax.live import Piece

Probes = dict[str, str | None]  # by what was looked for: what was found
Key = tuple[object, ...]


class Kept:
    """What a store knows of files, and what a run has come to depend on."""

    def __init__(self, store: Store) -> None:
        self._store, self._lookups = store, Lookups()
        self._digest = cache(digest_of)
        self._stays = cache(self._finds_the_same)
        self.asked: dict[str, Probes] = {}  # by file: what it looked for
        self.consulted: set[str] = set()
        self._new: set[str] = set()  # files whose imports were followed in this run

    @property
    def needs(self) -> dict[str, str | None]:
        """The digests of all files that took part."""
        return {file: self._digest(file) for file in sorted({*self.asked, *self.consulted})}

    @property
    def probes(self) -> Probes:
        """What was looked for, all files together."""
        return {target: found for probes in self.asked.values() for target, found in probes.items()}

    def pieces(self, source: SourceFile, cut: Callable[[SourceFile], Sequence[Piece]]) -> Sequence[Piece]:
        """The pieces of a file, as they were cut before."""
        key = "pieces", digest(source.text.encode())
        found = self._store.get(*key)
        if isinstance(found, list):
            return [Piece(line, tuple(names), frozenset(calls), hit) for line, names, calls, hit in found]
        pieces = cut(source)
        self._store.put([[p.line, p.names, sorted(p.calls), p.hit] for p in pieces], *key)
        return pieces

    def recall(self, key: Key) -> dict[str, Any] | None:
        """The record of a file, if nothing that it depends on has changed."""
        found = self._store.get(*key)
        if not isinstance(found, dict):
            return None
        same = all(self._digest(file) == known for file, known in found["needs"].items())
        if not same or not all(self._stays(file) for file in found["asked"]):
            return None
        self.consulted.update(found["record"]["consulted"])
        return dict(found["record"])

    def keep(self, key: Key, record: Mapping[str, Any], asked: Mapping[str, Probes]) -> None:
        """Keep a record; ``asked`` tells for each file that took part what it looked for and found."""
        for file, probes in asked.items():
            self.asked.setdefault(file, {}).update(probes)
        self._new.update(asked)
        self.consulted.update(record["consulted"])
        needs = {file: self._digest(file) for file in (*asked, *record["consulted"])}
        self._store.put({"record": record, "needs": needs, "asked": sorted(asked)}, *key)

    def finish(self) -> None:
        """Keep what files look for, all of it together."""
        for file in sorted(self._new):
            self._store.put(self.asked[file], "imports", file, self._digest(file))

    def _finds_the_same(self, file: str) -> bool:
        """Whether the imports of a file still mean the same files."""
        probes = self._store.get("imports", file, self._digest(file))
        if not isinstance(probes, dict) or any(self._lookups.file(target) != hit for target, hit in probes.items()):
            return False
        self.asked.setdefault(file, {}).update(probes)
        return True


def key_of(what: str, source: SourceFile, *more: object) -> Key:
    """The key of what is worked out about a file: its content, and where it stands."""
    content = digest(source.text.encode())
    return what, source.path, str(source.location), str(source.project), content, *more
