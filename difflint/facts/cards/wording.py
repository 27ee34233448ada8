"""Notes in a reader's words: a call with what its arguments are known to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import libcst as cst

from difflint.facts.cards.context import Context
from difflint.facts.events import Noted
from difflint.facts.steps import Site
from difflint.facts.values import Choice, Const, Items, Library, Value

MOST = 4  # alternatives in one value
LONGEST = 60  # characters of code in one value


def number(x: Any) -> str:
    """A constant as a person writes it."""
    return f"{x:.6g}" if isinstance(x, float) else repr(x)


def known(value: Value | None) -> str | None:
    """What a value surely is, None if that is not known."""
    if isinstance(value, Const) and value.value is not ...:
        return number(value.value)
    if isinstance(value, Items) and value.kind != "slice" and len(value.items) < 6:
        texts = [known(item) for item in value.items]
        return None if None in texts or not texts else f"({', '.join(str(text) for text in texts)})"
    if isinstance(value, Library) and value.name.startswith("torch."):
        return value.name.removeprefix("torch.")
    if isinstance(value, Choice):
        texts = [known(choice) for choice in value.values]
        return None if None in texts else either(str(text) for text in texts)
    return None


def either(texts: Iterable[str | None]) -> str:
    """``a``, ``a or b``, ``a, b or c``; the same thing is said once, and no more than a few."""
    distinct = list({re.sub(r"\s", "", str(text)): str(text) for text in texts}.values())
    *before, last = distinct if len(distinct) <= MOST else [*distinct[:MOST], "others"]
    return f"{', '.join(before)} or {last}" if before else last


def code(context: Context, path: str, node: Any) -> str:
    """Code on one line, cut where it gets long."""
    text = context.facts.code(Site(path, node))
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def argument(context: Context, notes: Sequence[Noted], name: str | None, position: int | None = None) -> str | None:
    """What an argument is in these notes of one call: known to some caller, else as it is written (with the default of
    the option that it is, where there is one); None where it is not given."""
    found = [(n, a) for n in notes for a in _given(n, name, position)]
    if not found:
        return None
    texts = [text for _, (_, _, value) in found if (text := known(value)) is not None]
    first, (_, node, _) = found[0]
    if texts:
        return either(texts)
    return None if node is None else _written(context, first.site.path, node)


def _written(context: Context, path: str, node: Any) -> str:
    text = code(context, path, node)
    default = context.option(node.attr.value) if isinstance(node, cst.Attribute) else None
    return f"{text} ({default} by default)" if default not in (None, "None") else text


def _given(noted: Noted, name: str | None, position: int | None) -> list[tuple[str | None, Any, Value | None]]:
    named = [arg for arg in noted.args if name is not None and arg[0] == name]
    if named or position is None:
        return named
    positional = [arg for arg in noted.args if arg[0] is None]
    return positional[position : position + 1]


def call(context: Context, notes: Sequence[Noted], skip: int = 0, names: Sequence[str] = (), leave: str = "") -> str:
    """``name(argument, key=value)`` of one call: the first ``skip`` arguments are left out, positions get ``names``."""
    parts: list[str] = []
    position = 0
    for keyword, _, _ in notes[0].args:
        if keyword is None:
            place, position = position, position + 1
            text = argument(context, notes, None, place)
            label = f"{names[place]}=" if place < len(names) else ""
            parts += [f"{label}{text}"] if place >= skip and text is not None else []
        elif keyword == "**":
            parts += [f"**{text}" for text in [argument(context, notes, keyword)] if text is not None]
        elif keyword not in leave.split() and (text := argument(context, notes, keyword)) is not None:
            parts.append(f"{keyword}={text}")
    return f"{either(n.name for n in notes)}({', '.join(parts)})"
