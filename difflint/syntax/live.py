"""Which definitions can matter: those that hold one of the words looked for, and those that name one that matters.

A name is followed to everything that goes by it in the same file, and to other files when few things go by it:
`forward` says nothing. What is left out is not run on its own account, and still runs when somebody calls it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from difflint.syntax.outline import Chunk, Definition, Outline, Part

NAMESAKES = 5  # a name that more things go by leads nowhere
NAMELESS = re.compile(r"__\w+__|forward")  # methods that are called without their name
CALLED = re.compile(r"\b([^\W\d]\w*)\s*\(|[(,=]\s*([^\W\d]\w*)\s*(?=[,)])")


@dataclass(frozen=True, eq=False)
class Piece:
    """A function, a method or the statements of a module or class body: its first line, the names it goes by, the
    names it calls, and whether it holds a word that was looked for."""

    line: int
    names: tuple[str, ...]
    calls: frozenset[str]
    hit: bool


def pieces(outline: Outline, looked_for: re.Pattern[str]) -> Iterator[Piece]:
    """The pieces of a file."""
    for line, names, text in _texts(outline.parts, ()):
        found = frozenset(name for match in CALLED.findall(text) for name in match if name)
        yield Piece(line, names, found, looked_for.search(text) is not None)


def _texts(parts: Sequence[Part], owners: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...], str]]:
    for part in parts:
        if isinstance(part, Chunk):
            yield part.first, owners, part.text
        elif isinstance(part, Definition):
            nameless = owners and NAMELESS.fullmatch(part.label)
            yield part.line, owners if nameless else (part.label, *owners), part.chunk.text
        else:
            yield from _texts(part.parts, (part.label,))


def live(files: Sequence[Sequence[Piece]]) -> list[frozenset[int]]:
    """For each file the lines at which what can matter begins."""
    callers = _callers(files)
    alive = {piece for file in files for piece in file if piece.hit}
    waiting = list(alive)
    while waiting:
        new = callers[waiting.pop()] - alive
        alive |= new
        waiting.extend(new)
    return [frozenset(piece.line for piece in file if piece in alive) for file in files]


def _callers(files: Sequence[Sequence[Piece]]) -> dict[Piece, set[Piece]]:
    """For each piece, those that mention a name it goes by."""
    everywhere = _by_name(piece for file in files for piece in file)
    telling = {name for name, named in everywhere.items() if len(named) <= NAMESAKES}
    callers: dict[Piece, set[Piece]] = defaultdict(set)
    for file in files:
        here = _by_name(file)
        known = telling | here.keys()
        for piece in file:
            for word in known & piece.calls:
                for callee in everywhere[word] if word in telling else here[word]:
                    callers[callee].add(piece)
    return callers


def _by_name(found: Iterable[Piece]) -> dict[str, list[Piece]]:
    named: dict[str, list[Piece]] = defaultdict(list)
    for piece in found:
        for name in piece.names:
            named[name].append(piece)
    return named
