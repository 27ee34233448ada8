"""Every known cause, the rules that see it, their experiments, and what can be measured instead: docs/coverage.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from difflint import places
from difflint.errors import RuleError
from difflint.rules import Rule, read_yaml

FILE = "causes.yaml"
HEAD = "| cause | rules | experiments | probe at run time |\n| --- | --- | --- | --- |\n"


def as_causes(rules: Sequence[Rule]) -> str:
    """A table for each group of causes, as Markdown; raises RuleError for a rule that there is not."""
    by_id = {rule.id: rule for rule in rules}
    groups = read_yaml(places.RULES / FILE, list)
    return "\n".join(f"## {group['group']}\n\n{HEAD}{''.join(_rows(group['causes'], by_id))}" for group in groups)


def _rows(causes: Sequence[Mapping[str, Any]], by_id: Mapping[str, Rule]) -> Iterator[str]:
    for cause in causes:
        missing = [code for code in cause["rules"] if code not in by_id]
        if missing:
            raise RuleError(f"{places.RULES / FILE}: no rule {missing[0]} ({cause['cause']})")
        rules = [by_id[code] for code in cause["rules"]]
        named = ", ".join(f"{rule.id}{' (preview)' if rule.preview else ''}" for rule in rules) or "none"
        note = f": {cause['note']}" if "note" in cause else ""
        kinds = ", ".join(dict.fromkeys(rule.experiment for rule in rules if rule.experiment)) or "none"
        yield f"| {cause['cause']} | {named}{note} | {kinds} | {cause['probe'] or 'none'} |\n"
