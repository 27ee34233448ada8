"""Which definitions can matter: those that hold one of the words looked for, and those that name one that matters.

A name is followed to everything that goes by it in the same file, and to other files when few things go by it: `forward`
says nothing. What is left out is not run on its own account, and still runs when somebody calls it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from difflint.syntax.outline import Chunk, Definition, Outline, Part

NAMESAKES = 5  # a name that more things go by leads nowhere
CALLED_WITHOUT_A_NAME = (
    "__init__",
    "__call__",
    "__getitem__",
    "__iter__",
    "__next__",
    "__len__",
    "__enter__",
    "__exit__",
    "forward",
)
CALLED = re.compile(r"(?:(\.)\s*)?\b([^\W\d]\w*)\s*\(|[(,=]\s*([^\W\d]\w*)\s*(?=[,)])")


@dataclass(frozen=True, eq=False)
class Piece:
    """A function, a method or the statements of a module or class body, and the names it is reached by."""

    part: Chunk | Definition
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.part.text if isinstance(self.part, Chunk) else self.part.chunk.text


def pieces(outline: Outline) -> Iterator[Piece]:
    yield from _pieces(outline.parts, ())


def _pieces(parts: Sequence[Part], owners: tuple[str, ...]) -> Iterator[Piece]:
    for part in parts:
        if isinstance(part, Chunk):
            yield Piece(part, owners)
        elif isinstance(part, Definition):
            yield Piece(part, owners if owners and part.label in CALLED_WITHOUT_A_NAME else (part.label, *owners))
        else:
            yield from _pieces(part.parts, (part.label,))


def live(outlines: Iterable[Outline], looked_for: re.Pattern[str]) -> frozenset[Any]:
    """The chunks and definitions that can matter."""
    files = [tuple(pieces(outline)) for outline in outlines]
    callers = _callers(files)
    alive = {piece for file in files for piece in file if looked_for.search(piece.text)}
    waiting = list(alive)
    while waiting:
        new = callers[waiting.pop()] - alive
        alive |= new
        waiting.extend(new)
    return frozenset(piece.part for piece in alive)


def _callers(files: Sequence[tuple[Piece, ...]]) -> dict[Piece, set[Piece]]:
    """For each piece, those that mention a name it goes by."""
    everywhere = _by_name(piece for file in files for piece in file)
    telling = {name for name, named in everywhere.items() if len(named) <= NAMESAKES}
    callers: dict[Piece, set[Piece]] = defaultdict(set)
    for file in files:
        here = _by_name(file)
        known = telling | here.keys()
        for piece in file:
            for word in known.intersection(w for m in CALLED.findall(piece.text) for w in m[1:]):
                for callee in everywhere[word] if word in telling else here[word]:
                    callers[callee].add(piece)
    return callers


def _by_name(found: Iterable[Piece]) -> dict[str, list[Piece]]:
    named: dict[str, list[Piece]] = defaultdict(list)
    for piece in found:
        for name in piece.names:
            named[name].append(piece)
    return named
