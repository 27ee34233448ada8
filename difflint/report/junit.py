"""JUnit XML, which every CI server shows: a file is a test suite, a finding a failed test."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from difflint.findings import FileError, Finding
from difflint.result import Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what no document may hold


def render(result: Result) -> str:
    """The findings and the files that could not be linted; one passed test where there are none."""
    cases = [*map(_finding, result.findings), *map(_error, result.errors)]
    counts = f'tests="{len(cases) or 1}" failures="{len(result.findings)}" errors="{len(result.errors)}"'
    body = "".join(cases) or '    <testcase name="difflint" classname="difflint"/>\n'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {counts}>\n'
        f'  <testsuite name="difflint" {counts}>\n{body}  </testsuite>\n</testsuites>\n'
    )


def _finding(finding: Finding) -> str:
    chain = "\n".join(f"{step.where}  {step.what}" for step in finding.trace)
    text = "\n\n".join(part for part in (f"{finding.place.where}: {finding.message}", chain, finding.repair) if part)
    name = f"{finding.rule} {finding.name} {finding.place.where}"
    return _case(name, finding.place.path, "failure", finding.rule, finding.message, text, finding.place.line)


def _error(error: FileError) -> str:
    return _case(error.path, error.path, "error", "difflint", error.message, f"{error.path}: {error.message}", 1)


def _case(name: str, path: str, outcome: str, kind: str, message: str, text: str, line: int) -> str:
    case = f'name={_quoted(name)} classname={_quoted(path)} file={_quoted(path)} line="{line}"'
    return (
        f"    <testcase {case}>\n      <{outcome} type={_quoted(kind)} message={_quoted(' '.join(message.split()))}>"
        f"{escape(_NOT_XML.sub('?', text))}</{outcome}>\n    </testcase>\n"
    )


def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub("?", text))
