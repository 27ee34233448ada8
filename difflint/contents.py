"""What files hold: the bytes on the disk, or those that stand in for them while fixes are tried in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

_DRAFTS: list[Drafts] = []  # at most one


class Drafts:
    """Contents that files do not have yet, and what those had that were read meanwhile."""

    def __init__(self) -> None:
        self.instead: dict[str, bytes] = {}
        self._seen: dict[str, bytes] = {}

    def read(self, file: str) -> bytes:
        """The draft of a file, else the file."""
        if file in self.instead:
            return self.instead[file]
        content = Path(file).read_bytes()
        self._seen.setdefault(file, _digest(content))
        return content

    def is_as_it_was(self, file: str, content: bytes) -> bool:
        """Whether this is what the file held when it was first read."""
        return self._seen.get(file) == _digest(content)


@contextmanager
def drafts() -> Iterator[Drafts]:
    """From here on, what is put into ``instead`` is read in place of the files."""
    _DRAFTS.append(Drafts())
    try:
        yield _DRAFTS[-1]
    finally:
        _DRAFTS.pop()


def read(file: str | Path) -> bytes:
    """The content of a file; raises OSError."""
    return _DRAFTS[-1].read(str(file)) if _DRAFTS else Path(file).read_bytes()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
