"""Writes files whole or not at all: what stood there before stays until the new content is on the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from difflint.errors import DifflintError


def write_text(text: str, file: Path) -> None:
    """Either the whole text or what stood there before: never half a file; a device or a pipe is written to."""
    with _named(file):
        if file.exists() and not file.is_file():
            file.write_text(text, "utf-8")
        else:
            _replace(file.resolve(), text.encode())


def replace_files(new: Mapping[Path, bytes]) -> None:
    """Give files that exist other contents: all of them or, with a `DifflintError` that names the cause, none."""
    drafts: dict[Path, Path] = {}
    try:
        for file, content in new.items():
            with _named(file):
                drafts[file] = _draft(file.resolve(), content)
        _swap(drafts)
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink()


def _swap(drafts: Mapping[Path, Path]) -> None:
    """Every draft into its place; what went before one that fails is taken back."""
    done: list[tuple[Path, bytes]] = []
    for file, draft in drafts.items():
        try:
            with _named(file):
                old = file.read_bytes()
                draft.replace(file.resolve())
                done.append((file, old))
        except BaseException:  # Ctrl-C included
            for earlier, content in done:
                with contextlib.suppress(OSError):
                    earlier.write_bytes(content)
            raise


def _draft(file: Path, content: bytes) -> Path:
    """The new content beside a file, with the file's permissions."""
    if not os.access(file, os.W_OK) or not file.stat().st_mode & 0o222:
        raise PermissionError(None, "is read-only")
    draft = _beside(file)
    try:
        draft.write_bytes(content)
        shutil.copymode(file, draft)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    return draft


def _replace(file: Path, content: bytes) -> None:
    draft = _beside(file)
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except BaseException:  # Ctrl-C included
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}.{os.getpid()}")


@contextlib.contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DifflintError(f"{file}: cannot be written: {error.strerror or error}") from error
