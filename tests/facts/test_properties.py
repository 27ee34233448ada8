"""Whatever the interpreter claims of a program's values is what they are when the program runs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests import torchvision_shim

pytest.importorskip("torch")
torchvision_shim.install()
pytest.importorskip("torchvision", exc_type=ImportError)

from tests.facts.programs import Program, holds, interpreted, programs  # noqa: E402

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]
few = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=SLOW)


@few
@given(programs())
def test_what_is_claimed_of_a_value_is_what_it_is(program: Program) -> None:
    claims = interpreted(program.text)
    for name, real in program.names.items():
        assert holds(claims[name], real) is None, f"{name}: {holds(claims[name], real)}\n{program.text}"
