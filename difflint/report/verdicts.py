"""Verdicts for people (one block each, shown as soon as it is known) and for programs (one JSON object)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from difflint.exchange import VERSION, Verdict, verdict_to_json
from difflint.findings import Finding
from difflint.report.style import Paint, plain, plural

_STYLES = {"confirmed": "error", "refuted": "good", "undecided": "warning"}


def block(verdict: Verdict, paint: Paint = plain) -> str:
    """One verdict: the finding's place, what the experiment showed, and the measures of both arms."""
    finding, record = verdict.finding, verdict.record
    where = f"{finding.place.where}: {finding.rule} {finding.name}"
    symptom = record.get("symptom") or "none"
    shown = f" ({symptom})" if verdict.verdict == "confirmed" and symptom != "none" else ""
    lines = [f"{where}: {paint(verdict.verdict, _STYLES[verdict.verdict])}{shown}", f"  {verdict.reason}"]
    for arm, measures in moved(record.get("arms", {})).items():
        lines.append(f"    {arm.replace('_', ' '):<11} {measures_text(measures)}")
    if "strip" in record.get("images", {}):
        lines.append(f"    {paint(record['images']['strip'], 'place')}")
    return "\n".join(lines) + "\n"


def moved(arms: Any) -> dict[str, Any]:
    """The arms, the repaired one first, without the measures that are 0 in all of them."""
    ordered = dict(sorted(arms.items(), reverse=True))
    if not all(isinstance(measures, dict) for measures in ordered.values()):
        return ordered
    names = {name for measures in ordered.values() for name, value in measures.items() if value != 0}
    return {arm: {key: value for key, value in measures.items() if key in names} for arm, measures in ordered.items()}


def measures_text(measures: Any) -> str:
    """``name value`` pairs on one line."""
    if not isinstance(measures, dict):
        return str(measures)
    return ", ".join(f"{name.replace('_', ' ')} {number(value)}" for name, value in measures.items())


def number(value: Any) -> str:
    """Four significant digits for floats, the plain text for everything else."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def summary(verdicts: Iterable[Verdict], findings: Iterable[Finding] = ()) -> str:
    """``3 confirmed, 1 refuted, 0 undecided.``, and which of the findings have no experiment."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    untested = sorted({finding.rule for finding in findings if not finding.experiment.get("kind")})
    if not counts:
        return "No finding has an experiment: nothing to confirm."
    listed = ", ".join(f"{counts[name]} {name}" for name in _STYLES)
    rest = f" No experiment yet for {', '.join(untested)}." if untested else ""
    return f"{plural(counts.total(), 'finding')} put to the test: {listed}.{rest}"


def to_json(verdicts: Sequence[Verdict]) -> str:
    """Version 1 of difflint's JSON for verdicts."""
    document = {"version": VERSION, "verdicts": [verdict_to_json(verdict) for verdict in verdicts]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
