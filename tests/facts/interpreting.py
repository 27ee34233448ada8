"""Interprets snippets: source text in, the ranges that its sinks are given out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from difflint.facts import Facts, analyse, examine
from difflint.facts.events import Sink
from difflint.facts.shown import shown
from difflint.facts.steps import through
from difflint.facts.values import Value
from difflint.files import SourceFile

# Every snippet has a picture ``x`` in [0, 1] to begin with.
HEAD = """\
import torch
from PIL import Image
from torchvision.transforms.functional import to_tensor
from torchvision.utils import save_image
x = to_tensor(Image.open("cat.png"))
"""
SIGNED, UNIT, BYTES, UNKNOWN = "[-1, 1]", "[0, 1]", "[0, 255]", "unknown"


def facts_of(text: str, folder: Path = Path("/nowhere"), **others: str) -> Facts:
    """The facts about a snippet, and about the other files of its project, which are written into ``folder``."""
    return analyse([_snippet(text, folder, others)])


def _snippet(text: str, folder: Path, others: Mapping[str, str]) -> SourceFile:
    for name, other in others.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(other), "utf-8")
    return SourceFile("snippet.py", HEAD + dedent(text), folder / "snippet.py", folder)


def at_sinks(text: str, folder: Path = Path("/nowhere"), **others: str) -> list[set[str]]:
    """For each picture that a sink is given: the ranges it may have, as `difflint check` sees them."""
    facts = examine([_snippet(text, folder, others)])
    assert facts.errors == ()
    return [{answer for sink in group for answer in _ranges(facts, sink)} for group in facts.groups(facts.seen.sinks)]


def at_sink(text: str, folder: Path = Path("/nowhere"), **others: str) -> set[str]:
    """The ranges that the one picture of a snippet may have where it is shown."""
    (only,) = at_sinks(text, folder, **others)
    return only


def _ranges(facts: Facts, sink: Sink) -> set[str]:
    ways = shown(facts.seen, sink)
    if ways is None:
        return {UNKNOWN}
    return {str(through((*way.data, *way.display), way.base)) for way in ways}


def names_of(text: str) -> dict[str, Value]:
    """The global names of a module and their values."""
    facts = analyse([SourceFile("snippet.py", dedent(text), Path("/nowhere/snippet.py"), Path("/nowhere"))])
    assert facts.errors == ()
    return next(m for m in facts.project.modules.values() if m.path == "snippet.py").scope.names
