"""The facts of a finding: what the linter knew of the user's code, with a documented default for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Range = tuple[float, float]

# What stands in for a fact that the finding lacks. The reference is a pixel-space DDPM on pictures in [-1, 1].
DEFAULTS: dict[str, Any] = {
    "schedule": {"name": "linear", "T": 1000, "beta_start": 1e-4, "beta_end": 0.02},
    "prediction": "eps",
    "sampler": "ddim",
    "sampler_steps": 50,
    "channels": 3,
    "unit": [0.0, 1.0],
    "domain": [-1.0, 1.0],
    "data": [-1.0, 1.0],
    "hard": [None, None],
    "steps": [],
    "data_steps": [{"op": "affine", "scale": [2.0], "shift": [-1.0]}],
    "display_steps": [],
    "sampled": True,
    "repeated": [0, 0],
    "cast": {"dtype": "uint8", "outside": "wrap"},
    "sink": {"name": "the display", "takes": [0.0, 1.0], "outside": "clamp"},
    # How far a trained network's picture in [-1, 1] is off: the reference UNet's samples are 0.03 to 0.08 away.
    "x0_error": 0.03,
    "activation": {"name": "sigmoid", "low": 0.0, "high": 1.0},
    "target": "eps",
    "mode": "autocast",
    "dtype": "float16",
    # 16 pictures of 3 x 256 x 256.
    "numel": 3145728,
    "reduction": "mean",
}


class BadFact(ValueError):
    """Raised when a fact of the finding cannot be used, with the key and the value."""


class Facts:
    """Reads the facts of one experiment and keeps account of which were used and which of those are defaults."""

    def __init__(self, experiment: Mapping[str, Any]) -> None:
        self._experiment = experiment
        self._used: dict[str, Any] = {}
        self._defaults: list[str] = []

    def get(self, key: str, default: Any = None) -> Any:
        """The finding's value for the key, else the experiment's default, else that of the table; null is missing."""
        value = self._experiment.get(key)
        if value is None:
            value = DEFAULTS[key] if default is None else default
            if key not in self._defaults:
                self._defaults.append(key)
        elif isinstance(value, Mapping) and isinstance(DEFAULTS.get(key), Mapping):
            value = self._filled(key, value)
        self._used[key] = value
        return value

    def has(self, key: str) -> bool:
        """Whether the finding itself says something about the key."""
        return self._experiment.get(key) is not None

    def range(self, key: str) -> Range:
        """A pair of finite numbers, low before high."""
        pair = self.get(key)
        if not isinstance(pair, Sequence) or len(pair) != 2 or None in pair or not pair[0] < pair[1]:
            raise BadFact(f"{key} has to be two finite numbers, low before high, not {pair!r}")
        return float(pair[0]), float(pair[1])

    def note(self, key: str, value: Any) -> None:
        """Record a constant that the experiment chose itself, such as the repair it compares with."""
        self._used[key] = value

    @property
    def constants(self) -> dict[str, Any]:
        """Every constant that was used; "defaults" lists those that did not come from the finding."""
        return {**self._used, "defaults": sorted(self._defaults)}

    def _filled(self, key: str, value: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: entry for name, entry in value.items() if entry is not None}
        for name in DEFAULTS[key]:
            if name not in known and f"{key}.{name}" not in self._defaults:
                self._defaults.append(f"{key}.{name}")
        return {**DEFAULTS[key], **known}
