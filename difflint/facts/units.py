"""One analysis for each file, so that what is found depends on that file and what it imports and on nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst

from difflint.facts import record
from difflint.facts.analysis import Failure, interpret_alone
from difflint.facts.events import Observations
from difflint.facts.library import Library
from difflint.facts.project import Lookups, Project
from difflint.facts.steps import Site
from difflint.files import SourceFile
from difflint.syntax.live import Piece, live, pieces
from difflint.syntax.outline import outline
from difflint.syntax.positions import Span, locate

Read = Callable[[Path], tuple[str, str] | None]

# What a rule can speak about: sinks, casts, losses, gradients, and conversions of pictures.
LOOKED_FOR = re.compile(
    r"save_image|make_grid|ToPILImage|to_pil_image|fromarray|imshow|imsave|imwrite|mimsave|wandb|add_images?\b|write_video"
    r"|uint8|\.byte\(|ToTensor|to_tensor|Normalize\b|127\.5|\b255\b|randn|backward|autocast|float16|\.half\(|Scaler"
    r"|mse_loss|MSELoss|l1_loss|L1Loss|SmoothL1|smooth_l1|huber|BCE|binary_cross|training_step|manual_backward"
)


@dataclass(frozen=True)
class Unit:
    """A file to analyse, and the lines at which its definitions that can matter begin."""

    source: SourceFile
    lines: frozenset[int]


def units(sources: Sequence[SourceFile]) -> list[Unit]:
    """The files in which something can matter, each with the definitions it is about."""
    found = [_pieces(source) for source in sources]
    return [Unit(source, lines) for source, lines in zip(sources, live(found), strict=True) if lines]


def _pieces(source: SourceFile) -> Sequence[Piece]:
    try:
        return tuple(pieces(outline(source.text), LOOKED_FOR))
    except (cst.ParserSyntaxError, cst.CSTValidationError):
        return (Piece(1, (), frozenset(), True),)  # the analysis will say what is wrong with it


def observe(unit: Unit, knowledge: Library, read: Read, lookups: Lookups) -> dict[str, Any]:
    """The record of one file: what was observed, what went wrong, and what it depends on."""
    project = Project(read, lookups)
    analysis = interpret_alone(unit.source, knowledge, project, unit.lines)
    return {
        **record.write(analysis.seen, _Places(project).span),
        "errors": [[failure.path, failure.message] for failure in analysis.failures],
        "modules": sorted(str(m.location) for m in project.modules.values() if not m.stub and m.state == "done"),
        "probed": project.probed,
        "consulted": sorted(project.consulted),
    }


class _Places:
    """Where syntax nodes stand, file by file."""

    def __init__(self, project: Project) -> None:
        self.parsed = {
            module.path: module.outline.parsed for module in project.modules.values() if module.state == "done"
        }

    def span(self, site: Site) -> Span:
        """The place of a node; the start of the file where it has none."""
        return locate(self.parsed.get(site.path, ()), [site.node]).get(id(site.node), Span(1, 1, 1, 1))


def examine(sources: Sequence[SourceFile], knowledge: Library, read: Read) -> tuple[Observations, list[Failure]]:
    """What there is to see in these files, each analysed by itself."""
    lookups = Lookups()
    records = [observe(unit, knowledge, read, lookups) for unit in units(sources)]
    failures = [Failure(*error) for one in records for error in one["errors"]]
    return record.read(records), list(dict.fromkeys(failures))
