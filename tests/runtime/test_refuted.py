"""A finding whose facts say that it is harmless comes out refuted: one for each rule that has an experiment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from difflint import places
from difflint.rules import load_rules
from tests.conftest import Run

FOLDER = places.ROOT / "fixtures" / "refuted"
# These train networks, which takes half a minute on an idle machine.
SLOW = {"DFL201", "DFL202", "DFL301"}
RULES = [rule for rule in load_rules() if rule.experiment]
CASES = [pytest.param(rule.id, marks=[pytest.mark.slow] if rule.id in SLOW else []) for rule in RULES]


@pytest.mark.parametrize("code", CASES)
def test_a_harmless_finding_is_refuted(code: str, difflint: Callable[..., Run], tmp_path: Path) -> None:
    report = str(tmp_path / "report")
    run = difflint("confirm", "--from", str(FOLDER / f"{code}.json"), "--format", "json", "--report", report)
    (verdict,) = json.loads(run.out)["verdicts"]
    assert (run.code, verdict["verdict"]) == (0, "refuted"), verdict["reason"]
    assert verdict["finding"]["rule"] == code
    assert set(verdict["arms"]) == {"as_written", "repaired"}
    assert Path(verdict["images"]["strip"]).is_file()
