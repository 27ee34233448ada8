"""What the rules say about themselves: one explained, or all listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from difflint.report.causes import as_causes
from difflint.rules import Rule


def explain(rule: Rule) -> str:
    """A rule's YAML as a page for the terminal."""
    title = f"{rule.id} {rule.name}"
    facts = f"Severity: {rule.severity}. Confidence: {rule.confidence}. Status: {rule.status}."
    parts = [_headed(title, f"{rule.summary}\n{facts}", "="), rule.why, _headed("Write instead", rule.fix)]
    if rule.references:
        parts.append(_headed("References", "\n".join(f"- {reference}" for reference in rule.references)))
    parts.append(f"To silence it on a line: # difflint: ignore[{rule.id}]")
    return "\n\n".join(parts) + "\n"


def _headed(title: str, body: str, underline: str = "-") -> str:
    return f"{title}\n{underline * len(title)}\n{body}"


def as_text(rules: Sequence[Rule]) -> str:
    """One line a rule, wrapped under its summary."""
    width = max((len(rule.name) for rule in rules), default=0)
    return "".join(f"{rule.id}  {rule.name:<{width}}  {_marks(rule)}{rule.summary}\n" for rule in rules)


def as_markdown(rules: Sequence[Rule]) -> str:
    """A table, as the README shows it."""
    rows = [f"| {rule.id} | {rule.name} | {rule.severity} | {_marks(rule)}{rule.summary} |" for rule in rules]
    return "\n".join(["| code | name | severity | finds |", "| --- | --- | --- | --- |", *rows]) + "\n"


def as_json(rules: Sequence[Rule]) -> str:
    """Everything the YAML files hold."""
    return json.dumps({"version": 1, "rules": [asdict(rule) for rule in rules]}, indent=2, ensure_ascii=False) + "\n"


LISTS: Mapping[str, Callable[[Sequence[Rule]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
    "causes": as_causes,
}


def _marks(rule: Rule) -> str:
    return "(preview) " if rule.preview else ""
