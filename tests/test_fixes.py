"""Fixes: from what a check means to the text of a file, in every form a report takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from difflint.errors import ConfirmError
from difflint.exchange import finding_to_json, findings_from_json
from difflint.findings import Edit, Fix, Place
from tests.samples import FINDING

FIX = Fix("unsafe", "Undo it.", (Edit(Place("src/my model.py", 3, 16, 3, 17), "(x + 1) / 2"),))
FIXABLE = replace(FINDING, fix=FIX)


def test_a_fix_survives_the_way_through_json() -> None:
    in_cell = replace(FIX.edits[0], place=replace(FIX.edits[0].place, cell=2))
    for fix in (FIX, replace(FIX, safety="safe", edits=(in_cell, *FIX.edits)), None):
        finding = replace(FINDING, fix=fix)
        document = {"version": 1, "findings": [finding_to_json(finding)]}
        assert findings_from_json(document, "report")[0].fix == fix


@pytest.mark.parametrize(
    "broken", [7, {}, {"safety": "safe", "title": "x"}, {"safety": "odd", "title": "", "edits": []}]
)
def test_a_broken_fix_is_named(broken: object) -> None:
    document = {"version": 1, "findings": [finding_to_json(FIXABLE) | {"fix": broken}]}
    with pytest.raises(ConfirmError, match=r"^report: findings\[0\]: fix"):
        findings_from_json(document, "report")
