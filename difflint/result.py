"""What a lint run returns: one frozen value that every reporter is a function of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from difflint.coverage import Coverage
from difflint.findings import FileError, Finding, Place
from difflint.rules import Rule


@dataclass(frozen=True)
class Stats:
    """How much was looked at: ``analysed`` files held a word that matters, the other ``files`` did not; how many
    findings a comment silenced, and how many a baseline holds."""

    files: int = 0
    analysed: int = 0
    suppressed: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Result:
    """Findings in report order, what could not be linted, the rules that ran, and the code lines to show."""

    findings: tuple[Finding, ...] = ()
    errors: tuple[FileError, ...] = ()
    rules: tuple[Rule, ...] = ()
    lines: Mapping[Place, str] = field(default_factory=dict)
    stats: Stats = field(default_factory=Stats)
    coverage: Coverage | None = None  # measured only when it is asked for

    def counts(self) -> dict[str, int]:
        """Findings per rule id, most frequent first, then by id."""
        counts = Counter(finding.rule for finding in self.findings)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
