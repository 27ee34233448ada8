"""The registry of experiments: each module is one kind, named as in the finding, with ``run(facts, bench) -> Arms``.

Adding a kind is adding a file: nothing here has to be edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import cast

from ..arms import Arms
from ..bench import Bench
from ..facts import Facts

Experiment = Callable[[Facts, Bench], Arms]


class UnknownExperiment(ValueError):
    """Raised when a finding asks for a kind of experiment that has no module here."""


def kinds() -> tuple[str, ...]:
    """All kinds of experiments, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def experiment(kind: object) -> Experiment:
    """The experiment of that kind."""
    if kind not in kinds():
        raise UnknownExperiment(f"there is no experiment of kind {kind!r}; known are {', '.join(kinds())}")
    return cast(Experiment, importlib.import_module(f".{kind}", __name__).run)
