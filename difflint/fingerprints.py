"""What a finding is known by from one run to the next, however many lines have come or gone above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from difflint.findings import Finding
from difflint.result import Result


class Fingerprint(NamedTuple):
    """A rule, a file, the text of the line without its indentation, and which one of several alike it is (from 1)."""

    rule: str
    path: str
    text: str
    number: int


def fingerprints(result: Result) -> Iterator[tuple[Finding, Fingerprint]]:
    """Every finding with its own."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in result.findings:
        key = finding.rule, finding.place.path, " ".join(result.lines.get(finding.place, "").split())
        seen[key] += 1
        yield finding, Fingerprint(*key, seen[key])
