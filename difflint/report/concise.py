"""One line a finding, for editors and for grep."""

from __future__ import annotations

from difflint.findings import Finding
from difflint.result import Result


def render(result: Result) -> str:
    """``path:line:column: CODE message`` for each finding."""
    return "".join(f"{_line(finding)}\n" for finding in result.findings)


def _line(finding: Finding) -> str:
    return f"{finding.place.where}: {finding.rule} {' '.join(finding.message.split())}"
