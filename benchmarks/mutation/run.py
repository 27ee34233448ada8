"""Lints every planted defect and says which are found: python -m benchmarks.mutation.run [--program P] [--family F].

A defect is found when a rule that its family names reports within three lines of the change, or when its chain
passes through a changed line; where lines were only taken away, wherever in the file. Everything runs in one process.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutation.mutants import (
    PROGRAMS,
    Line,
    Mutant,
    Planted,
    content,
    families,
    files,
    line_of,
    mutants,
    plant,
    programs,
    text_of,
)
from benchmarks.mutation.table import Outcome, document, misses, share, table
from difflint.cache import Store
from difflint.config import Settings
from difflint.engine import lint
from difflint.facts import Kept
from difflint.findings import Finding

NEAR = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", nargs="*", choices=programs(), default=programs())
    parser.add_argument("--family", nargs="*", choices=families(), default=list(families()))
    parser.add_argument("--others", action="store_true", help="lint defects without rules too: what do others report?")
    parser.add_argument("--misses", type=Path, help="where the spellings that were missed are written")
    parser.add_argument("--write", action="store_true", help="write docs/mutation.md")
    options = parser.parse_args()
    known, outcomes = families(), list[Outcome]()
    for program in options.program:
        own = list(run(program, options.family, known, everything=options.others))
        print(f"{program}: {share(own)}, {sum(o.seconds for o in own):.0f} s", file=sys.stderr, flush=True)
        outcomes += own
        if options.misses:
            options.misses.write_text(misses(outcomes, known), "utf-8")
    print(table(outcomes, known))
    print(f"{sum(o.seconds for o in outcomes):.0f} s for {len(outcomes)} mutants")
    if options.write:
        (PROGRAMS.parents[2] / "docs" / "mutation.md").write_text(document(outcomes, known), "utf-8")


def run(
    program: str, wanted: Sequence[str], known: Mapping[str, Mapping[str, Any]], *, everything: bool = False
) -> Iterator[Outcome]:
    """The outcomes of a program's mutants, each planted into one copy of it in turn.

    A defect that no rule is named for is missed without a look, unless ``everything`` is to be looked at.
    """
    texts = files(program)
    with tempfile.TemporaryDirectory() as scratch:
        folder = shutil.copytree(PROGRAMS / program, Path(scratch).resolve() / program)
        for mutant in (mutant for mutant in mutants(program) if mutant.family in wanted):
            rules, planted = known[mutant.family]["rules"], plant(mutant, texts)
            if not (rules or everything):
                yield Outcome(mutant)
                continue
            with written(program, planted, folder):
                yield outcome(mutant, planted, folder, rules)


@contextlib.contextmanager
def written(program: str, planted: Planted, folder: Path) -> Iterator[None]:
    """The mutant's files in a copy of the program; afterwards they are as before."""
    for name, text in planted.texts.items():
        (folder / name).write_text(content(program, name, text), "utf-8")
    yield
    for name in planted.texts:
        shutil.copy(PROGRAMS / program / name, folder / name)


def outcome(mutant: Mutant, planted: Planted, folder: Path, rules: Sequence[str]) -> Outcome:
    start = time.perf_counter()
    earlier = Kept(Store(folder.parent / "cache"))  # files that the mutant leaves alone are not analysed again
    result = lint([str(folder)], Settings(root=folder, preview=True), earlier=earlier)
    seconds = time.perf_counter() - start
    expected = [finding for finding in result.findings if finding.rule in rules]
    near = {finding.rule for finding in expected if is_near(finding, planted, folder)}
    return Outcome(
        mutant,
        found=tuple(sorted(near)),
        elsewhere=tuple(sorted({finding.rule for finding in expected} - near)),
        others=tuple(sorted({finding.rule for finding in result.findings} - set(rules))),
        errors=tuple(f"{error.path}: {error.message}" for error in result.errors),
        seconds=seconds,
    )


def is_near(finding: Finding, planted: Planted, folder: Path) -> bool:
    """Whether a finding stands at what was changed, or its chain passes through it."""
    stands = place(finding.place.path, finding.place.cell, finding.place.line, planted, folder)
    if stands[0] in planted.anywhere:
        return True
    steps = {place(step.path, step.cell, step.line, planted, folder) for step in finding.trace}
    if steps & planted.lines:
        return True
    return any(file == stands[0] and abs(line - stands[1]) <= NEAR for file, line in planted.lines)


def place(path: str, cell: int | None, line: int, planted: Planted, folder: Path) -> Line:
    """A place of a finding as a file of the program and a line of its text."""
    file = Path(path).resolve()
    name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else path
    if cell is None:
        return name, line
    return name, line_of(planted.texts[name] if name in planted.texts else text_of(file), cell, line)


if __name__ == "__main__":
    main()
