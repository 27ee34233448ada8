"""The whole result of an earlier run, given again when nothing has changed: without LibCST, without an analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from difflint.cache import Store, digest, digest_of
from difflint.config import Settings
from difflint.discovery import Found
from difflint.errors import ConfirmError
from difflint.exchange import finding_to_json, findings_from_json
from difflint.files import Stdin
from difflint.findings import FileError, Place
from difflint.lookups import Lookups
from difflint.result import Result, Stats
from difflint.rules import load_rules


class Run:
    """One run as the store knows it: by the settings and by every file that was named."""

    def __init__(self, store: Store, settings: Settings, found: Found, stdin: Stdin | None) -> None:
        self._store, self._settings = store, settings
        piped = (stdin.filename, digest(stdin.content)) if stdin else None
        files = [(str(file), digest_of(file)) for file in found.files]
        errors = [astuple(error) for error in found.errors]
        self._key = ("run", str(Path.cwd()), repr(settings), files, errors, piped)

    def recall(self) -> Result | None:
        """The result of the same run, if the files it depends on besides are the same too."""
        kept = self._store.get(*self._key)
        try:
            return _result(kept["result"], self._settings) if kept and _holds(kept["needs"], kept["probes"]) else None
        except (ConfirmError, KeyError, TypeError, ValueError):
            return None  # not what we wrote

    def keep(self, result: Result, needs: Mapping[str, str | None], probes: Mapping[str, str | None]) -> None:
        """Keep a result, with what it depends on: files with their digests, and what imports were looked for."""
        self._store.put({"result": _to_json(result), "needs": needs, "probes": probes}, *self._key)


def _holds(needs: Mapping[str, str | None], probes: Mapping[str, str | None]) -> bool:
    lookups = Lookups()
    return all(digest_of(file) == known for file, known in needs.items()) and all(
        lookups.file(target) == found for target, found in probes.items()
    )


def _to_json(result: Result) -> dict[str, Any]:
    return {
        "findings": [finding_to_json(finding) for finding in result.findings],
        "errors": [astuple(error) for error in result.errors],
        "lines": [[*astuple(place), text] for place, text in result.lines.items()],
        "stats": astuple(result.stats),
    }


def _result(kept: Mapping[str, Any], settings: Settings) -> Result:
    findings = findings_from_json({"version": 1, "findings": kept["findings"]}, "cache")
    return Result(
        findings=findings,
        errors=tuple(FileError(*error) for error in kept["errors"]),
        rules=settings.active(load_rules()),
        lines={Place(*place): text for *place, text in kept["lines"]},
        stats=Stats(*kept["stats"]),
    )
