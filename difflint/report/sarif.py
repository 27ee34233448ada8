"""SARIF 2.1.0, for code scanning: rules, results, and the chain of evidence as a code flow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import difflint
from difflint.findings import FileError, Finding, Fix, Place, TraceStep
from difflint.result import Result
from difflint.rules import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_PRECISION = {"high": "very-high", "medium": "high", "low": "medium"}  # GitHub's words for our confidence

_NO_LINE = {"startLine": 1}  # a viewer would look for the lines of a notebook in its JSON; the message names the cell


def render(result: Result) -> str:
    """One run with every finding of the result."""
    indices = {rule.id: index for index, rule in enumerate(result.rules)}
    run = {
        "tool": {"driver": _driver(result)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not result.errors,
                "toolExecutionNotifications": [_notification(error) for error in result.errors],
            }
        ],
        "results": [_result(finding, indices[finding.rule]) for finding in result.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _driver(result: Result) -> dict[str, Any]:
    return {
        "name": "difflint",
        "semanticVersion": difflint.__version__,
        "rules": [_rule(rule) for rule in result.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    links = "\n".join(f"- {reference}" for reference in rule.references)
    markdown = f"{rule.why}\n\n## Write instead\n\n{rule.fix}\n\n{links}".rstrip()
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"precision": _PRECISION[rule.confidence], "tags": ["diffusion", "numerics"]},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    text = f"{finding.message}\n{finding.repair}".strip()
    flow = [{"location": _step(step)} for step in finding.trace]
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": _in_cell(finding.place, text)},
        "locations": [{"physicalLocation": _physical(finding.place)}],
        **({"codeFlows": [{"threadFlows": [{"locations": flow}]}]} if flow else {}),
        **({"fixes": [_fix(finding.fix)]} if finding.fix is not None and finding.place.cell is None else {}),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    """File by file what is replaced; a notebook's cells are no places of its file."""
    changes = [
        {
            "artifactLocation": _artifact(path),
            "replacements": [
                {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
                for edit in fix.edits
                if edit.place.path == path
            ],
        }
        for path in dict.fromkeys(edit.place.path for edit in fix.edits)
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(place.path),
        "region": _region(place) if place.cell is None else _NO_LINE,
    }


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _step(step: TraceStep) -> dict[str, Any]:
    region = {"startLine": step.line} if step.cell is None else _NO_LINE
    physical = {"artifactLocation": _artifact(step.path), "region": region}
    return {"physicalLocation": physical, "message": {"text": _in_cell(step, step.what)}}


def _in_cell(place: Place | TraceStep, text: str) -> str:
    return text if place.cell is None else f"cell {place.cell}, line {place.line}: {text}"


def _notification(error: FileError) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": _artifact(error.path)}}
    return {"level": "error", "message": {"text": error.message}, "locations": [location]}


def _artifact(path: str) -> dict[str, str]:
    """Relative to the folder difflint ran in, unless the file lies outside it; the same on every machine."""
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
