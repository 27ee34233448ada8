"""The coverage of a run as a work list: what to model next, and what that would let difflint see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from difflint.coverage import Coverage, Frequency, Share, SinkPlace
from difflint.findings import Place
from difflint.report.style import plural

SHOWN = 40  # names in the text; JSON has them all


def text(coverage: Coverage) -> str:
    """Unknown calls by frequency, then the sinks: how many are known, and why the others are not."""
    return "\n".join(_lines(coverage)) + "\n"


def to_json(coverage: Coverage) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "calls": [_frequency(call) for call in coverage.most_frequent()],
        "causes": [_frequency(cause) for cause in coverage.causes()],
        "sinks": [asdict(share) for share in coverage.by_sink()],
        "projects": [asdict(share) for share in coverage.by_project()],
        "unknown": [_unknown(sink) for sink in coverage.unknown()],
    }


def _lines(coverage: Coverage) -> Iterator[str]:
    calls = coverage.most_frequent()
    places = plural(sum(call.count for call in calls), "place")
    yield f"Unknown calls: {plural(len(calls), 'name')} at {places}."
    yield from _list(calls)
    yield ""
    yield f"Sinks with a known range: {_count(coverage.whole)}."
    yield from _shares(coverage.by_sink())
    if len(coverage.by_project()) > 1:
        yield "By project:"
        yield from _shares(coverage.by_project())
    if any(coverage.unknown()):
        yield "What the others show:"
        yield from _list(coverage.causes())
        yield "Where:"
        yield from (line for sink in coverage.unknown() for line in _sink(sink))


def _list(names: Sequence[Frequency]) -> Iterator[str]:
    width = max((len(name.name) for name in names[:SHOWN]), default=0)
    for name in names[:SHOWN]:
        yield f"  {name.count:5}  {name.name:<{width}}  {_line(name.example)}".rstrip()
    if len(names) > SHOWN:
        yield f"         and {len(names) - SHOWN} more (--format json has them all)"


def _shares(shares: Sequence[Share]) -> Iterator[str]:
    width = max((len(share.name) for share in shares), default=0)
    yield from (f"  {share.name:<{width}}  {_count(share)}" for share in shares)


def _count(share: Share) -> str:
    partly = f", {share.partly} of them not in every call" if share.partly else ""
    return f"{share.known} of {share.total}{partly}"


def _sink(sink: SinkPlace) -> Iterator[str]:
    state = "known in other calls" if sink.partly else "unknown"
    yield f"  {sink.place.where}: {sink.sink}: {state}"
    for cause in sink.why:
        yield f"      {cause.what}{f', {_line(cause.place)}' if cause.place else ''}"


def _line(place: Place | None) -> str:
    return place.where.rpartition(":")[0] if place else ""


def _frequency(name: Frequency) -> dict[str, Any]:
    return {"name": name.name, "count": name.count, "example": _place(name.example)}


def _unknown(sink: SinkPlace) -> dict[str, Any]:
    why = [{"what": cause.what, "place": _place(cause.place)} for cause in sink.why]
    return {"sink": sink.sink, "known": sink.known, "place": _place(sink.place), "why": why}


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    found: dict[str, Any] = {"path": place.path, "line": place.line, "column": place.column}
    return found if place.cell is None else found | {"cell": place.cell}
