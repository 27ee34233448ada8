"""Findings that have to do with lines changed since a git revision."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from difflint.errors import DifflintError
from difflint.findings import Place, TraceStep
from difflint.result import Result

Changed = Mapping[str, Collection[int]]  # by absolute path: the lines that are new or different

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_PLAIN = (
    *("--unified=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)  # whatever the user's own settings are
EVERY = range(1, 10**9)  # all lines of a file


def about_changes(result: Result, changed: Changed) -> Result:
    """The findings on changed lines, and those whose chain passes one: what a change breaks elsewhere counts too."""
    kept = tuple(f for f in result.findings if _is_new(f.place, changed) or any(_is_new(s, changed) for s in f.trace))
    return replace(result, findings=kept)


def _is_new(place: Place | TraceStep, changed: Changed) -> bool:
    lines = changed.get(os.path.realpath(place.path), ())
    if place.cell is not None:
        return bool(lines)  # the lines of a notebook are those of its cells, git counts those of its JSON
    last = place.end_line if isinstance(place, Place) else place.line
    return any(line in lines for line in range(place.line, last + 1))


def changed_since(revision: str, folder: Path) -> Changed:
    """The lines that differ between a revision and the files as they are, new files included."""
    root = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
    if revision.startswith("-") or not _knows(root, revision):
        raise DifflintError(f"--since: git does not know the revision {revision!r}")
    plain = (
        "--unified=0",
        "--find-renames",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--src-prefix=a/",
        "--dst-prefix=b/",
    )
    changed = _lines(root, _git(root, "-c", "core.quotepath=off", "diff", *plain, revision, "--"))
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    return {**changed, **{os.path.realpath(root / name): EVERY for name in new if name}}


def _lines(root: Path, diff: str) -> dict[str, set[int]]:
    changed: dict[str, set[int]] = {}
    lines: set[int] = set()
    content = 0  # lines of a hunk that are still to come, whatever they look like
    for line in diff.split("\n"):
        if content and line[:1] in ("+", "-"):
            content -= 1
        elif line.startswith("+++ b/"):
            lines = changed.setdefault(os.path.realpath(root / line[6:].rstrip("\t")), set())
        elif hunk := _HUNK.match(line):
            gone, start, come = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
            content = gone + come
            lines.update(range(start, start + come))
    return changed


def _knows(root: Path, revision: str) -> bool:
    try:
        return bool(_git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"))
    except DifflintError:
        return False


def _git(folder: Path, *arguments: str) -> str:
    try:
        run = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise DifflintError(f"--since: git cannot be run: {error.strerror or error}") from error
    if run.returncode:
        reason = run.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise DifflintError(f"--since: git in {folder}: {reason or f'exit code {run.returncode}'}")
    return run.stdout.decode(errors="surrogateescape")
