"""The planted defects: operators/PROGRAM.yaml in, frozen `Mutant`s out, and a program's texts with one of them planted.

An operator file lists, by family, hunks like those of a diff without numbers: a line with ``-`` is taken away, one with
``+`` put in, and ``=`` stands unchanged. Indentation counts from the first line, which must fit at exactly one place.
``@ file`` begins a hunk in that file (the program's main file otherwise). ``! line`` names a line, unique in its file
after the change, at which the finding may stand as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
OPERATORS = HERE / "operators"
KINDS = (".py", ".ipynb", ".yaml")
CELL = "# %%"  # between the cells of a notebook

Line = tuple[str, int]  # a file of the program and a line of it


class MisfitError(ValueError):
    """A hunk does not fit its program."""


@dataclass(frozen=True)
class Hunk:
    """Lines to be replaced in one file, without their common indentation, and other lines the finding may be at."""

    file: str
    old: tuple[str, ...]
    new: tuple[tuple[bool, str], ...]  # whether the line was put in, and its text
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Mutant:
    """One spelling of one defect in one program."""

    program: str
    family: str
    number: int
    hunks: tuple[Hunk, ...]

    @property
    def name(self) -> str:
        return f"{self.program}/{self.family}/{self.number}"


@dataclass(frozen=True)
class Planted:
    """The files of a program that a mutant changes, and where a finding of it may stand: at lines, anywhere in a file.

    What is only taken away stands nowhere: a rule may report it wherever in the file it is missed.
    """

    texts: Mapping[str, str]
    lines: frozenset[Line]
    anywhere: frozenset[str]


def families() -> dict[str, dict[str, Any]]:
    """The defects by name: their group, what they are, and the rules that ought to find them."""
    table: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "families.yaml").read_text("utf-8"))
    return table


def programs() -> list[str]:
    return sorted(folder.name for folder in PROGRAMS.iterdir() if folder.is_dir())


def files(program: str) -> dict[str, str]:
    """The texts of a program's files by name."""
    found = sorted(path for path in (PROGRAMS / program).rglob("*") if path.suffix in KINDS)
    names = [path.relative_to(PROGRAMS / program).as_posix() for path in found]
    return {name: text_of(path) for name, path in zip(names, found, strict=True)}


def text_of(path: Path) -> str:
    """A file as one text; of a notebook the code cells."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    return f"\n{CELL}\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def content(program: str, name: str, text: str) -> str:
    """What is written to disk for a text: itself, or the notebook with these cells."""
    if not name.endswith(".ipynb"):
        return text
    document = json.loads((PROGRAMS / program / name).read_text("utf-8"))
    for cell, source in zip(document["cells"], text.split(f"\n{CELL}\n"), strict=True):
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(document)


def line_of(text: str, cell: int | None, line: int) -> int:
    """The line of the text that a place means; places in notebooks are lines of cells."""
    if cell is None:
        return line
    before = text.split(f"\n{CELL}\n")[: cell - 1]
    return line + sum(part.count("\n") + 2 for part in before)


def mutants(program: str) -> Iterator[Mutant]:
    operators = yaml.safe_load((OPERATORS / f"{program}.yaml").read_text("utf-8"))
    first = operators.pop("file")
    for family, spellings in operators.items():
        for number, spelling in enumerate(spellings, 1):
            yield Mutant(program, family, number, tuple(parse(spelling, first)))


def parse(spelling: str, first: str) -> Iterator[Hunk]:
    """The hunks of a mutant."""
    file, lines = first, list[str]()
    for line in [*spelling.splitlines(), f"@ {first}"]:
        if not line.startswith("@"):
            lines.append(line)
            continue
        if lines:
            yield hunk(file, lines)
        file, lines = line[1:].strip() or first, []


def hunk(file: str, lines: list[str]) -> Hunk:
    bad = [line for line in lines if line[:1] not in "-+=!"]
    if bad:
        raise MisfitError(f"not a line of a hunk: {bad[0]!r}")
    old = tuple(line[1:] for line in lines if line[0] in "-=")
    new = tuple((line[0] == "+", line[1:]) for line in lines if line[0] in "+=")
    return Hunk(file, old, new, tuple(line[1:].strip() for line in lines if line[0] == "!"))


def plant(mutant: Mutant, texts: Mapping[str, str]) -> Planted:
    """The changed files of a program; every hunk has to fit."""
    changed: dict[str, list[str]] = {}
    spots: dict[Line, None] = {}
    for part in mutant.hunks:
        if part.file not in texts:
            raise MisfitError(f"{mutant.name}: no file {part.file}")
        lines = changed.get(part.file, texts[part.file].split("\n"))
        start, indent = position(part, lines, mutant.name)
        new = [(put, indent + text if text else "") for put, text in part.new]
        changed[part.file] = [*lines[:start], *(text for _, text in new), *lines[start + len(part.old) :]]
        added = [start + 1 + i for i, (put, _) in enumerate(new) if put] or [start, start + 1, start + len(new)]
        shift = len(new) - len(part.old)
        spots = {(f, n + shift if f == part.file and n > start + 1 else n): None for f, n in spots}
        spots |= {(part.file, line): None for line in added}
    marks = {(part.file, mark) for part in mutant.hunks for mark in part.marks}
    spots |= {(file, marked(changed[file], mark, mutant.name)): None for file, mark in marks}
    after = {file: "\n".join(lines) for file, lines in changed.items()}
    poorer = {part.file for part in mutant.hunks if len(part.new) < len(part.old)}
    richer = {part.file for part in mutant.hunks if any(put for put, _ in part.new)}
    return Planted(after, frozenset(spots), frozenset(poorer - richer))


def position(part: Hunk, lines: list[str], name: str) -> tuple[int, str]:
    """The index of the only place that a hunk fits, and the indentation there."""
    fits = []
    for start, line in enumerate(lines[: len(lines) - len(part.old) + 1]):
        if not part.old or not line.endswith(part.old[0]):
            continue
        indent = line[: len(line) - len(part.old[0])]
        wanted = [indent + text if text else "" for text in part.old]
        if not indent.strip() and lines[start : start + len(wanted)] == wanted:
            fits.append((start, indent))
    if len(fits) != 1:
        raise MisfitError(f"{name}: {part.old[:1]} fits at {len(fits)} places of {part.file}")
    return fits[0]


def marked(lines: list[str], mark: str, name: str) -> int:
    numbers = [number for number, line in enumerate(lines, 1) if line.strip() == mark]
    if len(numbers) != 1:
        raise MisfitError(f"{name}: {mark!r} is {len(numbers)} lines")
    return numbers[0]
