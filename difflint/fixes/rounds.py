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
from difflint.findings import Finding
from difflint.fixes.patch import choose, patched
from difflint.fixes.source import CannotEdit
from difflint.result import Result
from difflint.writing import replace_files

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
        self._lint, self._safeties, self._files = lint, safeties, files
        self._failed: set[tuple[str, str, str]] = set()

    def run(self) -> Fixed:
        """Lint, and fix in memory until no round brings anything."""
        with drafts() as held:
            fixed = Fixed(self._lint())
            for _ in range(ROUNDS):
                chosen = choose(filter(self._may_fix, fixed.result.findings), self._safeties)
                if not chosen or not self._round(fixed, chosen, held):
                    break
            return fixed

    def _may_fix(self, finding: Finding) -> bool:
        edits = finding.fix.edits if finding.fix is not None else ()
        inside = all(absolute(edit.place.path) in self._files for edit in edits)
        return inside and _key(finding) not in self._failed

    def _round(self, fixed: Fixed, chosen: Sequence[Finding], held: Drafts) -> bool:
        """Whether these fixes did what they should, all together or some of them one by one."""
        if self._attempt(fixed, chosen, held):
            return True
        if len(chosen) == 1:
            self._failed.add(_key(chosen[0]))
            return False
        half = len(chosen) // 2  # the edits of the second half may have moved: the next round finds them anew
        return self._round(fixed, chosen[:half], held) or self._round(fixed, chosen[half:], held)

    def _attempt(self, fixed: Fixed, chosen: Sequence[Finding], held: Drafts) -> bool:
        """Make the fixes, and take them back unless their findings are gone."""
        earlier = dict(held.instead)
        try:
            new = dict(_patches(chosen, fixed, held))
        except CannotEdit:
            return False
        held.instead.update((str(file), content) for file, content in new.items())
        result = self._lint()
        if not _are_gone(chosen, fixed.result, result):
            held.instead.clear()
            held.instead.update(earlier)
            return False
        fixed.result = result
        fixed.after.update(new)
        fixed.done.extend(chosen)
        return True


def _patches(chosen: Sequence[Finding], fixed: Fixed, held: Drafts) -> Iterator[tuple[Path, bytes]]:
    edits = [edit for finding in chosen if finding.fix is not None for edit in finding.fix.edits]
    for path in dict.fromkeys(edit.place.path for edit in edits):
        file = absolute(path)
        if file not in fixed.before:
            content = _read(file)
            if not held.is_as_it_was(str(file), content):
                raise DifflintError(f"{path}: has changed since it was read; nothing was written")
            fixed.before[file] = content
        now = fixed.after.get(file, fixed.before[file])
        yield file, patched(now, file, [edit for edit in edits if edit.place.path == path])


def _are_gone(chosen: Sequence[Finding], before: Result, after: Result) -> bool:
    """Whether there are as many findings fewer of each rule, and no new errors."""
    wanted, was, now = Counter(f.rule for f in chosen), before.counts(), after.counts()
    gone = all(now.get(rule, 0) <= was[rule] - count for rule, count in wanted.items())
    return gone and set(after.errors) <= set(before.errors)


def _key(finding: Finding) -> tuple[str, str, str]:
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
