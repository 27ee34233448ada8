"""Reporters: each module has one function from a `Result` (or from verdicts) to the text that is shown."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from difflint.result import Result

FORMATS = ("text", "concise", "json", "github", "sarif", "gitlab", "junit", "html")


def reporter(name: str) -> Callable[[Result], str]:
    """The reporter called ``name``; its module is imported only when it is asked for."""
    render: Callable[[Result], str] = importlib.import_module(f"difflint.report.{name}").render
    return render
