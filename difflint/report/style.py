"""Terminal colours: a styled report is a plain one with escape codes around some words."""

from __future__ import annotations

from collections.abc import Callable

Paint = Callable[[str, str], str]

_CODES = {"error": "31;1", "warning": "33;1", "bold": "1", "dim": "2", "good": "32;1", "place": "36"}


def plain(text: str, style: str) -> str:
    """``text`` as it is."""
    return text


def ansi(text: str, style: str) -> str:
    """``text`` in the colour of ``style``."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def plural(count: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
