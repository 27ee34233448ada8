"""One self-contained HTML page of findings, for those who do not sit at a terminal."""

from __future__ import annotations

from html import escape

from difflint.findings import FileError, Finding
from difflint.report.page import article, document
from difflint.report.text import summary
from difflint.result import Result


def render(result: Result) -> str:
    """The whole page: a table of the rules, then every finding with its code and its chain."""
    parts = (
        *map(_error, result.errors),
        *([_counts(result)] if result.findings else ()),
        *map(_finding, result.findings),
    )
    return document("difflint: findings", summary(result), parts)


def _counts(result: Result) -> str:
    names = {rule.id: (rule.name, rule.summary) for rule in result.rules}
    rows = "".join(
        f"<tr><td>{count}</td><td>{escape(code)}</td>{''.join(f'<td>{escape(text)}</td>' for text in names[code])}</tr>"
        for code, count in result.counts().items()
    )
    return f'<div class="wide"><table>{rows}</table></div>'


def _finding(finding: Finding) -> str:
    return article(
        finding, f'<p><span class="verdict {escape(finding.severity)}">{escape(finding.severity)}</span></p>'
    )


def _error(error: FileError) -> str:
    return f"<p><code>{escape(error.path)}</code> {escape(error.message)}</p>"
