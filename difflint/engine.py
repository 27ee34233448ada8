"""The flow, to be read from top to bottom in `lint`: files -> facts -> findings -> a `Result` for the reporters."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from difflint.config import Settings
from difflint.discovery import discover
from difflint.errors import RuleError
from difflint.facts import Facts, Problem, RowError, analyse
from difflint.files import SourceFile, Sources, Stdin, absolute, read_all, read_source, split_lines
from difflint.findings import FileError, Finding, Place
from difflint.result import Result, Stats
from difflint.rules import UNUSED_SUPPRESSION, Rule, load_check, load_rules
from difflint.suppress import Suppression, claim, find_suppressions, split

log = logging.getLogger(__name__)


def lint(paths: Sequence[str], settings: Settings, stdin: Stdin | None = None) -> Result:
    """Everything difflint has to say about the files at ``paths``, and about ``stdin`` when it is given."""
    rules = settings.active(load_rules())
    found = discover(paths, settings.excludes, settings.root)
    sources = read_all(found.files, stdin)
    facts = _facts(sources)
    errors = [*found.errors, *sources.errors, *facts.errors]
    findings = [f for rule in rules for f in _check(rule, facts, errors) if _is_asked_for(f, sources, settings)]
    texts = _texts(findings, sources)
    kept, silenced, unused = split(findings, [s for path, text in texts.items() for s in find_suppressions(path, text)])
    kept += _unused_suppressions(unused, rules, sources, settings)
    return Result(
        findings=_one_each(kept),
        errors=tuple(sorted(set(errors))),
        rules=rules,
        lines=_code_lines(kept, texts),
        stats=Stats(len(sources.by_path), len(sources.relevant), len(silenced)),
    )


def _facts(sources: Sources) -> Facts:
    try:
        return analyse(sources.relevant)
    except RowError as error:
        raise RuleError(" ".join(str(error).split())) from error


def _one_each(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each rule at each place, in the order of the report; the shortest chain speaks for the others."""
    chosen: dict[tuple[str, Place], Finding] = {}
    for finding in sorted(findings, key=lambda f: (f.sort_key, len(f.trace))):
        chosen.setdefault((finding.rule, finding.place), finding)
    return tuple(chosen.values())


def _check(rule: Rule, facts: Facts, errors: list[FileError]) -> list[Finding]:
    if rule.id == UNUSED_SUPPRESSION:
        return []
    check = load_check(rule)
    try:
        return [_finding(rule, problem) for problem in check(facts)]
    except Exception as error:  # the boundary: a defect in one check must not hide what the others found
        log.debug("%s failed", rule.id, exc_info=True)
        errors.append(FileError(rule.id, f"internal error in {rule.name}, please report it: {error!r}"))
        return []


def _finding(rule: Rule, problem: Problem) -> Finding:
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
    )


def _is_asked_for(finding: Finding, sources: Sources, settings: Settings) -> bool:
    """Whether a requested file has a part in it; what lies wholly in imported files was not asked about."""
    paths = (finding.place.path, *(step.path for step in finding.trace))
    return any(path in sources.by_path for path in paths) and settings.runs(finding.rule, finding.place.path)


def _texts(findings: Iterable[Finding], sources: Sources) -> Mapping[str, str]:
    """The requested files, and those that were only imported but hold a finding."""
    imported = {finding.place.path for finding in findings} - sources.by_path.keys()
    files: list[SourceFile] = [*sources.by_path.values(), *(read_source(absolute(path)) for path in sorted(imported))]
    return {file.path: file.text for file in files}


def _unused_suppressions(
    unused: Iterable[Suppression], rules: Sequence[Rule], sources: Sources, settings: Settings
) -> Iterator[Finding]:
    by_id = {rule.id: rule for rule in rules}
    if UNUSED_SUPPRESSION not in by_id:
        return
    rule = by_id[UNUSED_SUPPRESSION]
    for suppression in unused:
        path = suppression.place.path
        running = [code for code in by_id if settings.runs(code, path)]
        codes = claim(suppression, running)
        if path in sources.by_path and codes and UNUSED_SUPPRESSION in running:
            message, repair = rule.message.format(codes=codes), "Delete the comment."
            yield Finding(rule.id, rule.name, rule.severity, rule.confidence, suppression.place, message, repair)


def _code_lines(findings: Iterable[Finding], texts: Mapping[str, str]) -> dict[tuple[str, int], str]:
    wanted = {(finding.place.path, finding.place.line) for finding in findings}
    lines = {path: split_lines(texts[path]) for path, _ in wanted}
    return {(path, line): lines[path][line - 1] for path, line in sorted(wanted) if line <= len(lines[path])}
