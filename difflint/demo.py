"""Chooses what ``difflint demo`` lints and confirms: one small project for each rule, and a few whole programs."""

from __future__ import annotations

from pathlib import Path

from difflint import places
from difflint.files import shown_path


def projects(folder: Path = places.ROOT / "fixtures") -> list[str]:
    """For each rule a folder of several files where there is one, else a single file; then the whole programs."""
    chosen = [_richest(rule) for rule in sorted(folder.glob("DFL*")) if any(rule.glob("bad_*"))]
    return [shown_path(path) for path in (*chosen, folder / "projects")]


def _richest(rule: Path) -> Path:
    bad = sorted(rule.glob("bad_*"))
    return next((path for path in bad if path.is_dir()), bad[0])
