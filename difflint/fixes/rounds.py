"""Fixes and lints in turns, in memory, until nothing is left to fix; then the files are written, all or none."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from difflint.contents import Drafts, drafts
from difflint.errors import DifflintError
from difflint.files import NOTEBOOK, absolute, encoding_of, shown_path
from difflint.findings import Edit, Finding
from difflint.fixes.patch import choose, patched
from difflint.fixes.source import CannotEdit
from difflint.result import Result
from difflint.writing import replace_files

Key = tuple[str, str, str]
ROUNDS = 5  # one fix may uncover the next defect; what is not done by then is told


@dataclass
class Fixed:
    """What was fixed, what the files were and became, and what is found in them now."""

    result: Result
    before: dict[Path, bytes] = field(default_factory=dict)
    after: dict[Path, bytes] = field(default_factory=dict)
    done: list[Finding] = field(default_factory=list)

    def write(self) -> None:
        """Write every changed file, or none where one cannot be written or has changed meanwhile."""
        for file, content in self.before.items():
            if _read(file) != content:
                raise DifflintError(f"{shown_path(file)}: has changed since it was read; nothing was written")
        replace_files({Path(shown_path(file)): content for file, content in self.after.items()})

    def diff(self) -> str:
        """What would be written, as a unified diff."""
        return "".join(line for file in sorted(self.after) for line in _diff(file, self.before[file], self.after[file]))


class Fixer:
    """Makes fixes of these kinds in files that it may touch; ``lint`` looks at the files as they would be."""

    def __init__(self, lint: Callable[[], Result], safeties: Collection[str], files: Collection[Path]) -> None:
        self._lint, self._safeties, self._files = lint, safeties, frozenset(files)
        self._suspects: set[Key] = set()  # fixes that did not work beside others, to be tried alone
        self._failed: set[Key] = set()

    def run(self) -> Fixed:
        """Lint, and fix in memory until no round brings anything."""
        with drafts() as held:
            fixed = Fixed(self._lint())
            for _ in range(ROUNDS):
                chosen = choose(self._candidates(fixed, self._suspects | self._failed), self._safeties)
                if not chosen or not self._round(fixed, chosen, held):
                    break
            for _ in fixed.result.findings:
                alone = choose(self._candidates(fixed, self._failed), self._safeties)[:1]
                self._failed.update(map(_key, self._attempt(fixed, alone, held) if alone else ()))
            return fixed

    def _candidates(self, fixed: Fixed, without: Collection[Key]) -> Iterator[Finding]:
        """The findings whose fixes may be tried."""
        for finding in fixed.result.findings:
            edits = finding.fix.edits if finding.fix is not None else ()
            if all(absolute(edit.place.path) in self._files for edit in edits) and _key(finding) not in without:
                yield finding

    def _round(self, fixed: Fixed, chosen: Sequence[Finding], held: Drafts) -> bool:
        """Whether some of these fixes did what they should; those that did not are left to be tried alone."""
        while chosen:
            blamed = self._attempt(fixed, chosen, held)
            if not blamed:
                return True
            self._suspects.update(map(_key, blamed))
            chosen = [finding for finding in chosen if _key(finding) not in self._suspects]
        return False

    def _attempt(self, fixed: Fixed, chosen: Sequence[Finding], held: Drafts) -> list[Finding]:
        """Make the fixes, or none of them and say which did not make their findings go away."""
        earlier = dict(held.instead)
        new: dict[Path, bytes] = {}
        for path, edits in _by_file(chosen).items():
            try:
                new[absolute(path)] = self._patched(path, edits, fixed, held)
            except CannotEdit:
                return _about({path}, chosen)
        held.instead.update((str(file), content) for file, content in new.items())
        result = self._lint()
        blamed = _not_gone(chosen, fixed.result, result)
        if blamed:
            held.instead.clear()
            held.instead.update(earlier)
        else:
            fixed.result = result
            fixed.after.update(new)
            fixed.done.extend(chosen)
        return blamed

    def _patched(self, path: str, edits: Sequence[Edit], fixed: Fixed, held: Drafts) -> bytes:
        file = absolute(path)
        if file not in fixed.before:
            content = _read(file)
            if not held.is_as_it_was(str(file), content):
                raise DifflintError(f"{path}: has changed since it was read; nothing was written")
            fixed.before[file] = content
        return patched(fixed.after.get(file, fixed.before[file]), file, edits)


def _by_file(chosen: Sequence[Finding]) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for finding in chosen:
        for edit in finding.fix.edits if finding.fix is not None else ():
            found.setdefault(edit.place.path, []).append(edit)
    return found


def _not_gone(chosen: Sequence[Finding], before: Result, after: Result) -> list[Finding]:
    """Those of whose rule there are still too many in their file, and those in files with new errors."""
    broken = {error.path for error in after.errors} - {error.path for error in before.errors}
    if broken:
        return _about(broken, chosen) or list(chosen)
    wanted, was, now = (
        Counter((f.rule, f.place.path) for f in findings) for findings in (chosen, before.findings, after.findings)
    )
    return [f for f in chosen if now[key := (f.rule, f.place.path)] > was[key] - wanted[key]]


def _about(paths: Collection[str], chosen: Sequence[Finding]) -> list[Finding]:
    """Those that change one of these files."""
    return [f for f in chosen if f.fix is not None and any(edit.place.path in paths for edit in f.fix.edits)]


def _key(finding: Finding) -> Key:
    return finding.rule, finding.place.path, finding.message


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DifflintError(f"{shown_path(file)}: cannot be read: {error.strerror or error}") from error


def _diff(file: Path, before: bytes, after: bytes) -> Iterator[str]:
    name, encoding = shown_path(file), "utf-8-sig" if file.suffix == NOTEBOOK else encoding_of(before)
    old, new = (content.decode(encoding).splitlines(keepends=True) for content in (before, after))
    for line in difflib.unified_diff(old, new, name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
