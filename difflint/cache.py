"""What earlier runs found: JSON files by the digest of everything a result depends on.

A cache may lie in a repository that somebody else wrote: it is data that is checked, never code, and what cannot be
read is worked out again.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from difflint import __version__, contents, places

log = logging.getLogger(__name__)
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of difflint; see https://bford.info/cachedir/\n"


class Store:
    """A folder of results; None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, *key: object) -> Any:
        """What was kept under this key, None if nothing or if it cannot be read."""
        if self._folder is None:
            return None
        try:
            check, _, body = self._file(key).read_bytes().partition(b"\n")
            return json.loads(body) if check.decode() == digest(body) else None
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, value: object, *key: object) -> None:
        """Keep a JSON value, whole or not at all; a cache that cannot be written is given up with a warning."""
        if self._folder is None:
            return
        file, body = self._file(key), json.dumps(value).encode()
        try:
            self._begin(file.parent)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as draft:
                draft.write(b"%s\n%s" % (digest(body).encode(), body))
            os.replace(draft.name, file)
        except OSError as error:
            log.warning("difflint: cache %s is not used: %s", self._folder, error.strerror or error)
            self._folder = None

    def _file(self, key: tuple[object, ...]) -> Path:
        assert self._folder is not None
        name = digest(json.dumps([fingerprint(), *key], default=str).encode())
        return self._folder / name[:2] / f"{name[2:]}.json"

    def _begin(self, folder: Path) -> None:
        assert self._folder is not None
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "CACHEDIR.TAG").write_text(TAG, "utf-8")
            (self._folder / ".gitignore").write_text("*\n", "utf-8")


def digest(content: bytes) -> str:
    """A short name for content."""
    return blake2b(content, digest_size=16).hexdigest()


def digest_of(file: str | Path) -> str | None:
    """The digest of a file's content, None where there is none to read."""
    try:
        return digest(contents.read(file))
    except OSError:
        return None


@cache
def fingerprint() -> str:
    """Which difflint this is: its version, and the state of its own files for those who work on them."""
    own = [*places.PACKAGE.rglob("*.py"), *places.PACKAGE.rglob("*.pystub"), *places.RULES.rglob("*.yaml")]
    states = sorted((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in own)
    return digest(json.dumps([__version__, states]).encode())
