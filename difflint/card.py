"""The pipeline card: what a project trains and samples, one line a topic."""

from __future__ import annotations

from dataclasses import dataclass

from difflint.findings import FileError, Place

TRAINING, SAMPLING = "training", "sampling"


@dataclass(frozen=True)
class CardLine:
    """One topic: what is known of it (None: unknown) and where it is written."""

    topic: str
    value: str | None
    place: Place | None = None


@dataclass(frozen=True)
class Card:
    """One training or sampling path; ``place`` is the step that makes it one."""

    kind: str
    name: str
    place: Place
    lines: tuple[CardLine, ...]

    def line(self, topic: str) -> CardLine | None:
        return next((line for line in self.lines if line.topic == topic), None)


@dataclass(frozen=True)
class Inspection:
    """The cards of some files, by place, and what could not be read."""

    cards: tuple[Card, ...]
    errors: tuple[FileError, ...] = ()
