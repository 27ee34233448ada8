"""The same files give the same findings, however often and in whatever order they are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from difflint import places
from difflint.config import Settings
from difflint.engine import lint
from difflint.exchange import finding_to_json
from difflint.facts import analyse
from difflint.files import Sources, read_all
from difflint.rules import UNUSED_SUPPRESSION, load_check, load_rules

FIXTURES = sorted((places.ROOT / "fixtures").glob("DFL*/*.py"))[::8]  # every eighth is a fair sample, and quick
PRINT = "import sys; from tests.facts.test_stability import printed; print(printed(sys.argv[1:]))"


def found(sources: Sources, backwards: bool = False) -> list[str]:
    """Every problem, as one sorted list of texts."""
    facts = analyse(sources.relevant[::-1] if backwards else sources.relevant)
    rules = [rule for rule in load_rules() if rule.id != UNUSED_SUPPRESSION]
    checks = ((rule, load_check(rule).of_facts) for rule in rules)
    return sorted(f"{rule.id} {p.place} {p.values}" for rule, check in checks if check for p in check(facts))


def printed(paths: list[str]) -> str:
    """The whole findings of these files as JSON."""
    result = lint(paths, Settings(root=places.ROOT, preview=True))
    return json.dumps([finding_to_json(finding) for finding in result.findings])


def test_analysing_twice_gives_the_same_findings() -> None:
    sources = read_all(FIXTURES)
    assert found(sources) == found(sources) != []


def test_the_order_of_the_files_does_not_matter() -> None:
    sources = read_all(FIXTURES)
    assert found(sources) == found(sources, backwards=True)


def test_findings_do_not_depend_on_hashing() -> None:
    command = [sys.executable, "-c", PRINT, *map(str, FIXTURES[::5])]
    outputs = {
        subprocess.run(
            command, cwd=places.ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
