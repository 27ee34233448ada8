"""The pipeline card for people and for programs."""

from __future__ import annotations

import json
from typing import Any

from difflint.card import SAMPLING, TRAINING, Card, CardLine, Inspection
from difflint.findings import Place
from difflint.report.style import Paint, plain, plural

VERSION = 1
UNKNOWN = "unknown"


def render(inspection: Inspection, paint: Paint = plain) -> str:
    """A block for each card, its lines as topic, value, file:line; then how many there are."""
    blocks = ["\n".join(_block(card, paint)) for card in inspection.cards]
    kinds = [card.kind for card in inspection.cards]
    counts = [f"{plural(kinds.count(kind), f'{kind} path')}" for kind in (TRAINING, SAMPLING)]
    return "\n\n".join([*blocks, f"{' and '.join(counts)}."]) + "\n"


def _block(card: Card, paint: Paint) -> list[str]:
    topics = max((len(line.topic) for line in card.lines), default=0)
    values = max((len(line.value or UNKNOWN) for line in card.lines), default=0)
    title = f"{card.kind}: {card.name} ({_where(card.place)})"
    return [paint(title, "bold"), *(_line(line, topics, min(values, 60), paint) for line in card.lines)]


def _line(line: CardLine, topics: int, values: int, paint: Paint) -> str:
    value = line.value if line.value is not None else UNKNOWN
    where = f"  {paint(_where(line.place), 'place')}" if line.place is not None else ""
    return f"  {line.topic.ljust(topics)}  {value.ljust(values) if where else value}{where}"


def _where(place: Place) -> str:
    return f"{place.path}:{place.line}" if place.cell is None else f"{place.path}:cell {place.cell}:{place.line}"


def to_json(inspection: Inspection) -> str:
    """Version 1: cards with their lines; an unknown value is null."""
    document = {
        "version": VERSION,
        "cards": [_card(card) for card in inspection.cards],
        "errors": [{"path": error.path, "message": error.message} for error in inspection.errors],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _card(card: Card) -> dict[str, Any]:
    lines = [{"topic": line.topic, "value": line.value, **_place(line.place)} for line in card.lines]
    return {"kind": card.kind, "name": card.name, **_place(card.place), "lines": lines}


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"path": None, "line": None}
    record = {"path": place.path, "line": place.line}
    return record if place.cell is None else {**record, "cell": place.cell}
