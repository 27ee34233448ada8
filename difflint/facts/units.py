"""One analysis for each file, so that what is found depends on that file and what it imports and on nothing else."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import libcst as cst

from difflint import workers
from difflint.facts import record
from difflint.facts.analysis import Failure, interpret_alone, shared_machine
from difflint.facts.events import Observations
from difflint.facts.kept import Kept, Key, key_of
from difflint.facts.library import Library
from difflint.facts.machine import Machine
from difflint.facts.project import Project, Read
from difflint.facts.tensors import forget_identities
from difflint.files import SourceFile
from difflint.lookups import Lookups
from difflint.syntax.live import Piece, live, pieces
from difflint.syntax.outline import HELD, forget, outline

# What a rule can speak about besides sinks: casts, losses, gradients, noise, and conversions of pictures.
WORDS = (
    r"uint8|\bu1\b|\.byte\(|wandb|ToTensor|to_tensor|Normalize\b|127\.5|\b255\b|randn|backward|autocast|float16|\.half\("
    r"|Scaler|mse_loss|MSELoss|l1_loss|L1Loss|SmoothL1|smooth_l1|huber|BCE|binary_cross|training_step|manual_backward|cumprod"
    r"|(?i:lpips|psnr|ssim)|\b[Ff][Ii][Dd]\b"
)

MOST_HELD = 20_000_000  # characters of text whose nodes are in memory, 15 bytes for each
COLLECTING = 50_000, 20, 20  # how seldom Python looks for garbage: most of what there is stays

Observed = tuple[dict[str, Any], dict[str, dict[str, str | None]]]  # a record, and what each file looked for


@dataclass(frozen=True)
class Unit:
    """A file to analyse, and the lines at which its definitions that can matter begin."""

    source: SourceFile
    lines: frozenset[int]

    @property
    def key(self) -> Key:
        """What its record is kept under."""
        return key_of("file", self.source, sorted(self.lines))


def looked_for(knowledge: Library) -> re.Pattern[str]:
    """What makes a definition worth running: the words above, and a call of what is a sink or judged in the rows."""
    return re.compile(rf"{WORDS}|\b(?:{'|'.join(sorted(knowledge.sinks | knowledge.judged))})\b")


def units(sources: Sequence[SourceFile], words: re.Pattern[str], kept: Kept) -> list[Unit]:
    """The files in which something can matter, each with the definitions it is about."""
    found = [kept.pieces(source, partial(_pieces, words)) for source in sources]
    return [Unit(source, lines) for source, lines in zip(sources, live(found), strict=True) if lines]


def _pieces(words: re.Pattern[str], source: SourceFile) -> Sequence[Piece]:
    try:
        return tuple(pieces(outline(source.text, str(source.location)), words))
    except (cst.ParserSyntaxError, cst.CSTValidationError):
        return (Piece(1, (), frozenset(), True),)  # the analysis will say what is wrong with it


Observing = Callable[[Unit], Observed]


class Observer:
    """Analyses files one by one; what they import is interpreted once for all of them."""

    def __init__(self, knowledge: Library, read: Read) -> None:
        gc.set_threshold(*COLLECTING)
        self._knowledge, self._read, self._lookups = knowledge, read, Lookups()
        self._shared = self._new()

    def _new(self) -> Machine:
        self._failures: list[Failure] = []
        return shared_machine(self._knowledge, Project(self._read, self._lookups), self._failures)

    def observe(self, unit: Unit) -> Observed:
        """The record of one file, and what it depends on."""
        analysis = interpret_alone(unit.source, self._shared, unit.lines)
        project = analysis.project
        needs = project.needs(unit.source.location)
        imported = {module.path for module in project.modules.values() if str(module.location) in needs}
        failures = [*analysis.failures, *(failure for failure in self._failures if failure.path in imported)]
        found = {
            **record.write(analysis.seen),
            "errors": [[failure.path, failure.message] for failure in failures],
            "consulted": sorted(project.consulted),
        }
        if analysis.trespassed:
            self._shared = self._new()
        if HELD.characters > MOST_HELD:
            forget()
            forget_identities()
            self._shared = self._new()
        return found, needs


def examine(
    sources: Sequence[SourceFile], words: re.Pattern[str], make: Callable[[], Observing], kept: Kept, jobs: int
) -> tuple[Observations, list[Failure]]:
    """What there is to see in these files, each analysed by itself; the result is the same with any number of jobs."""
    wanted = units(sources, words, kept)
    known = {number: found for number, unit in enumerate(wanted) if (found := kept.recall(unit.key)) is not None}
    missing = [number for number in range(len(wanted)) if number not in known]
    new = workers.each([wanted[number] for number in missing], make, jobs)
    reader, failures = record.Reader(), list[Failure]()
    for number, unit in enumerate(wanted):  # none of them stays in memory longer than it takes to read it
        found = known.pop(number, None)
        if found is None:
            found, asked = next(new)
            kept.keep(unit.key, found, asked)
        reader.add(found)
        failures += [Failure(*error) for error in found["errors"]]
    kept.finish()
    return reader.seen, list(dict.fromkeys(failures))
