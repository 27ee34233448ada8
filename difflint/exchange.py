"""The JSON form of findings and verdicts, in both directions; reading checks every field it uses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from difflint.errors import ConfirmError
from difflint.findings import Edit, Finding, Fix, Place, TraceStep

VERSION = 1

SAFETIES = ("safe", "unsafe")
_TEXTS = ("rule", "name", "severity", "confidence", "message")
_NUMBERS = ("line", "column", "end_line", "end_column")


@dataclass(frozen=True)
class Verdict:
    """What the experiment said about a finding; ``record`` is the runtime's own JSON object."""

    finding: Finding
    record: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def verdict(self) -> str:
        """``confirmed``, ``refuted`` or ``undecided``."""
        return str(self.record["verdict"])

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        return str(self.record.get("reason", ""))


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """One finding as the JSON report and the runtime's request hold it."""
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "confidence": finding.confidence,
        **_span(finding.place),
        "message": finding.message,
        "repair": finding.repair,
        "trace": [_step(step) for step in finding.trace],
        "fix": None if finding.fix is None else _fix_to_json(finding.fix),
        "experiment": _plain(finding.experiment),
        **_cell_to_json(finding.place),
    }


def _span(place: Place) -> dict[str, Any]:
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }


def _cell_to_json(place: Place | TraceStep) -> dict[str, int]:
    return {} if place.cell is None else {"cell": place.cell}


def _fix_to_json(fix: Fix) -> dict[str, Any]:
    edits = [{**_span(edit.place), "text": edit.text, **_cell_to_json(edit.place)} for edit in fix.edits]
    return {"safety": fix.safety, "title": fix.title, "edits": edits}


def _step(step: TraceStep) -> dict[str, Any]:
    return {"path": step.path, "line": step.line, "what": step.what, **_cell_to_json(step)}


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """One verdict; the runtime's index gives way to the finding itself."""
    record = {key: value for key, value in verdict.record.items() if key != "index"}
    return {"finding": finding_to_json(verdict.finding), **record}


def findings_from_json(document: Any, origin: str) -> tuple[Finding, ...]:
    """The findings of a JSON report; raises `ConfirmError` naming ``origin`` and the field that is wrong."""
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ConfirmError(f"{origin}: not a difflint JSON report of version {VERSION}")
    findings = document.get("findings")
    if not isinstance(findings, list):
        raise ConfirmError(f"{origin}: 'findings' must be a list")
    return tuple(_finding(item, f"{origin}: findings[{index}]") for index, item in enumerate(findings))


def _plain(value: Any) -> Any:
    """``value`` as JSON can hold it: an end of an interval that is not bounded is null, for JSON has no infinity."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finding(item: Any, where: str) -> Finding:
    if not isinstance(item, dict):
        raise ConfirmError(f"{where} must be an object")
    texts = {key: _field(item, key, str, where) for key in _TEXTS}
    return Finding(
        rule=texts["rule"],
        name=texts["name"],
        severity=texts["severity"],
        confidence=texts["confidence"],
        place=_place(item, where),
        message=texts["message"],
        repair=str(item.get("repair", "")),
        trace=_trace(item.get("trace", []), f"{where}: trace"),
        experiment=_field(item, "experiment", dict, where),
        fix=_fix(item.get("fix"), f"{where}: fix"),
    )


def _place(item: Mapping[str, Any], where: str) -> Place:
    numbers = {key: _field(item, key, int, where) for key in _NUMBERS}
    return Place(_field(item, "path", str, where), **numbers, cell=_cell(item, where))


def _fix(item: Any, where: str) -> Fix | None:
    if item is None:
        return None
    safety, title = (_field(item, key, str, where) for key in ("safety", "title"))
    edits = item.get("edits")
    if safety not in SAFETIES or not isinstance(edits, list) or not all(isinstance(edit, dict) for edit in edits):
        raise ConfirmError(f"{where} must have 'safety' (safe or unsafe) and 'edits', a list of objects")
    texts = [_field(edit, "text", str, f"{where}: edits") for edit in edits]
    places = [_place(edit, f"{where}: edits") for edit in edits]
    return Fix(safety, title, tuple(map(Edit, places, texts)))


def _trace(items: Any, where: str) -> tuple[TraceStep, ...]:
    if not isinstance(items, Sequence) or not all(isinstance(item, dict) for item in items):
        raise ConfirmError(f"{where} must be a list of objects")
    return tuple(_trace_step(item, where) for item in items)


def _trace_step(item: Mapping[str, Any], where: str) -> TraceStep:
    path, what = _field(item, "path", str, where), _field(item, "what", str, where)
    return TraceStep(path, _field(item, "line", int, where), what, _cell(item, where))


def _cell(item: Mapping[str, Any], where: str) -> int | None:
    """The number of a notebook's cell, None for other files."""
    return None if item.get("cell") is None else _field(item, "cell", int, where)


def _field(item: Any, key: str, kind: type, where: str) -> Any:
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        names = {str: "a text", int: "a whole number", dict: "an object"}
        raise ConfirmError(f"{where}: {key!r} must be {names[kind]}")
    return value
