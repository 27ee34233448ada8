"""Tests of the runtime: skipped as a whole where torch is not installed, as it is not needed for linting."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runtime.bench import Bench

TORCH = importlib.util.find_spec("torch") is not None
collect_ignore_glob = [] if TORCH else ["test_*.py"]


@pytest.fixture(scope="session")
def bench() -> Bench:
    """One bench for the session, so that controls are trained once; two seeds keep it short."""
    import torch

    from runtime.bench import Bench

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    return Bench(torch.device("cpu"), repeats=2)
