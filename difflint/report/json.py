"""The report for programs: version 1 of difflint's JSON, the same bytes for the same input."""

from __future__ import annotations

import json
from typing import Any

from difflint.exchange import VERSION, finding_to_json
from difflint.report.coverage import to_json
from difflint.result import Result


def render(result: Result) -> str:
    """Findings, errors and counts as one JSON object."""
    stats = result.stats
    document: dict[str, Any] = {
        "version": VERSION,
        "findings": [finding_to_json(finding) for finding in result.findings],
        "errors": [{"path": error.path, "message": error.message} for error in result.errors],
        "stats": {
            "files": stats.files,
            "analysed": stats.analysed,
            "findings": len(result.findings),
            "suppressed": stats.suppressed,
            "accepted": stats.accepted,
            "rules": result.counts(),
        },
    }
    if result.coverage is not None:
        document["coverage"] = to_json(result.coverage)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
