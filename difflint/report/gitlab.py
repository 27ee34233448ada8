"""GitLab's Code Quality report: what a merge request shows beside its lines."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from difflint.findings import FileError, Finding
from difflint.fingerprints import Fingerprint, fingerprints
from difflint.result import Result

_SEVERITIES = {"error": "major", "warning": "minor"}


def render(result: Result) -> str:
    """One entry for each finding and each file that could not be linted."""
    entries = [*(_finding(*pair) for pair in fingerprints(result)), *map(_error, result.errors)]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding, known_by: Fingerprint) -> dict[str, Any]:
    place = finding.place
    cell = "" if place.cell is None else f"cell {place.cell}, line {place.line}: "
    return {
        "description": f"{finding.rule} {cell}{' '.join(finding.message.split())}",
        "check_name": finding.rule,
        "fingerprint": _digest(*map(str, known_by)),
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": place.path, "lines": {"begin": place.line if place.cell is None else 1}},
    }


def _error(error: FileError) -> dict[str, Any]:
    return {
        "description": error.message,
        "check_name": "difflint",
        "fingerprint": _digest(error.path, error.message),
        "severity": "blocker",
        "location": {"path": error.path, "lines": {"begin": 1}},
    }


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
