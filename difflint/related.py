"""What the rules about relations find, file by file: each file by itself with what it imports, its findings kept."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

from difflint import workers
from difflint.cache import Store
from difflint.exchange import finding_to_json, findings_from_json
from difflint.facts import Kept, Problem
from difflint.facts.kept import Probes, key_of
from difflint.files import SourceFile
from difflint.findings import FileError, Finding
from difflint.relations import File, Files
from difflint.rules import UNUSED_SUPPRESSION, Rule, load_check, load_rules

log = logging.getLogger(__name__)
RECURSION = 5000  # a long chain of additions is a deep tree
Found = tuple[dict[str, Any], dict[str, Probes]]  # a record, and what each file looked for


def finding_of(rule: Rule, problem: Problem) -> Finding:
    """What a check found, in the words of its rule."""
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        confidence=rule.confidence,
        place=problem.place,
        message=rule.message.format(**problem.values),
        repair=problem.repair,
        trace=tuple(problem.trace),
        experiment={"kind": rule.experiment, **problem.experiment},
        fix=problem.fix,
    )


def examine(
    sources: Sequence[SourceFile], kept: Kept | None, jobs: int
) -> tuple[dict[str, list[Finding]], list[FileError]]:
    """What every rule about relations finds, by rule, whether it was asked for or not; and what went wrong."""
    kept = kept or Kept(Store(None))
    keys = [key_of("relations", source) for source in sources]
    known = {number: record for number, key in enumerate(keys) if (record := kept.recall(key)) is not None}
    missing = [number for number in range(len(sources)) if number not in known]
    for number, (record, asked) in zip(missing, workers.each([sources[n] for n in missing], Judge, jobs), strict=True):
        known[number] = record
        kept.keep(keys[number], record, asked)
    kept.finish()
    records = [known[number] for number in range(len(sources))]
    errors = [FileError(*error) for record in records for error in record["errors"]]
    found: dict[str, list[Finding]] = {}
    for finding in (finding for record in records for finding in _read(record)):
        found.setdefault(finding.rule, []).append(finding)
    return found, errors


def _write(finding: Finding) -> dict[str, Any]:
    """A finding whose fix is still what the check means."""
    edits = finding.fix.edits if finding.fix else ()
    return {**finding_to_json(finding), "meant": [[edit.action, edit.detail] for edit in edits]}


def _read(record: Mapping[str, Any]) -> Iterator[Finding]:
    findings = findings_from_json({"version": 1, "findings": record["findings"]}, "cache")
    for finding, written in zip(findings, record["findings"], strict=True):
        if finding.fix is not None:
            edits = zip(finding.fix.edits, written["meant"], strict=True)
            meant = tuple(replace(edit, action=action, detail=detail) for edit, (action, detail) in edits)
            finding = replace(finding, fix=replace(finding.fix, edits=meant))
        yield finding


class Judge:
    """Applies all rules about relations to files, one by one."""

    def __init__(self) -> None:
        sys.setrecursionlimit(max(RECURSION, sys.getrecursionlimit()))
        loaded = ((rule, load_check(rule).of_file) for rule in load_rules() if rule.id != UNUSED_SUPPRESSION)
        self._checks = [(rule, check) for rule, check in loaded if check is not None]
        self._files = Files()

    def __call__(self, source: SourceFile) -> Found:
        errors: list[FileError] = []
        findings = [_write(finding) for finding in self._findings(source, errors)]
        record = {"findings": findings, "errors": [astuple(error) for error in errors], "consulted": []}
        return record, self._files.needs(source)

    def _findings(self, source: SourceFile, errors: list[FileError]) -> Iterator[Finding]:
        try:
            file = self._files.open(source)
        except RecursionError:
            errors.append(FileError(source.path, "is nested too deeply to be analysed"))
            return
        except Exception as error:  # the boundary: what we get wrong in one file must not hide the others
            log.debug("%s failed", source.path, exc_info=True)
            errors.append(FileError(source.path, f"internal error, please report it: {error!r:.200}"))
            return
        for rule, check in self._checks if file is not None else ():
            try:
                yield from [finding_of(rule, problem) for problem in check(_present(file))]
            except Exception as error:  # the same boundary, rule by rule
                log.debug("%s: %s failed", source.path, rule.id, exc_info=True)
                errors.append(
                    FileError(source.path, f"internal error in {rule.name}, please report it: {error!r:.200}")
                )


def _present(file: File | None) -> File:
    assert file is not None
    return file
