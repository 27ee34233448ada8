"""Findings that were accepted when difflint came to a project: kept in a file, and reported no more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from difflint.errors import DifflintError
from difflint.fingerprints import Fingerprint, fingerprints
from difflint.result import Result
from difflint.writing import write_text

VERSION = 1


def write(result: Result, file: Path) -> None:
    """Accept every finding of the result; paths are relative to the file, so that it means the same everywhere."""
    known = sorted(_beside(file, fingerprint) for _, fingerprint in fingerprints(result))
    document = {"version": VERSION, "findings": [entry._asdict() for entry in known]}
    write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", file)


def without_accepted(result: Result, accepted: frozenset[Fingerprint], file: Path) -> Result:
    """The result with the findings that the baseline in this file does not hold."""
    new = tuple(finding for finding, known_by in fingerprints(result) if _beside(file, known_by) not in accepted)
    count = len(result.findings) - len(new)
    return replace(result, findings=new, stats=replace(result.stats, accepted=count))


def read(file: Path) -> frozenset[Fingerprint]:
    """What a baseline holds; raises `DifflintError` for what is none."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise DifflintError(f"{file}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DifflintError(f"{file}: not a baseline: {error}") from error
    entries = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(entries, list) or document.get("version") != VERSION:
        raise DifflintError(f"{file}: not a difflint baseline of version {VERSION}")
    return frozenset(_entries(entries, file))


def _entries(entries: Iterable[Any], file: Path) -> Iterable[Fingerprint]:
    kinds = Fingerprint._fields
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or set(entry) != set(kinds) or type(entry["number"]) is not int:
            raise DifflintError(f"{file}: findings[{index}] must have {', '.join(kinds)}")
        yield Fingerprint(str(entry["rule"]), str(entry["path"]), str(entry["text"]), entry["number"])


def _beside(file: Path, known_by: Fingerprint) -> Fingerprint:
    """The same with its path as seen from the folder of the baseline."""
    path = os.path.relpath(os.path.abspath(known_by.path), os.path.abspath(file.parent))
    return known_by._replace(path=path.replace(os.sep, "/"))
