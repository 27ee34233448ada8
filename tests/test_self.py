"""difflint is run on itself: it must read all of its own code and find nothing in it."""

from __future__ import annotations

from difflint import places
from difflint.config import Settings
from difflint.engine import lint


def test_difflint_finds_nothing_in_its_own_code() -> None:
    result = lint([str(places.ROOT / name) for name in ("difflint", "runtime", "tests")], Settings(root=places.ROOT))
    assert result.errors == ()
    assert [(finding.place, finding.message) for finding in result.findings] == []
