"""The flow, to be read from top to bottom in `lint`: files -> facts -> findings -> a `Result` for the reporters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from difflint import related
from difflint.card import Card, Inspection
from difflint.config import Settings
from difflint.coverage import Coverage
from difflint.discovery import Found, discover
from difflint.errors import RuleError
from difflint.facts import Facts, Kept, RowError, analyse, examine, measure
from difflint.facts.cards import cards
from difflint.files import SourceFile, Sources, Stdin, absolute, read_all, read_source
from difflint.findings import FileError, Finding, Place
from difflint.fixes.resolve import resolved
from difflint.related import finding_of
from difflint.result import Result, Stats
from difflint.rules import UNUSED_SUPPRESSION, Rule, load_check, load_rules
from difflint.suppress import Suppression, claim, find_suppressions, removal, split

log = logging.getLogger(__name__)


def lint(
    paths: Sequence[str] | Found, settings: Settings, stdin: Stdin | None = None, *,
    coverage: bool = False, earlier: Kept | None = None, jobs: int = 1,
) -> Result:  # fmt: skip
    """Everything difflint has to say about the files at ``paths``, and about ``stdin`` when it is given."""
    found = paths if isinstance(paths, Found) else discover(paths, settings.excludes, settings.root)
    rules = settings.active(load_rules())
    sources = read_all(found.files, stdin)
    facts = _facts(sources, analyse if coverage else partial(examine, kept=earlier, jobs=jobs))
    errors = [*found.errors, *sources.errors, *facts.errors]
    about_relations, failures = related.examine(sources.relevant, earlier, jobs)
    errors += failures
    findings = [f for rule in rules for f in (*_check(rule, facts, errors), *about_relations.get(rule.id, ()))]
    findings = [f for f in _without_echoes(findings, rules) if _is_asked_for(f, sources, settings)]
    files = _files(findings, sources)
    comments = [s for path, file in files.items() for s in find_suppressions(path, file.text)]
    kept, silenced, unused = split(findings, comments)
    kept += _unused_suppressions(unused, rules, sources, settings)
    shown = tuple(_in_cells(resolved(finding, files), files) for finding in _one_each(kept))
    return Result(
        findings=shown,
        errors=tuple(sorted(set(errors))),
        rules=rules,
        lines=_code_lines(shown, files),
        stats=Stats(len(sources.by_path), len(sources.relevant), len(silenced)),
        coverage=_coverage(facts, sources) if coverage else None,
    )


def inspect(paths: Sequence[str], settings: Settings) -> Inspection:
    """The pipeline card of the files at ``paths``: what they train and sample."""
    found = discover(paths, settings.excludes, settings.root)
    sources = read_all(found.files)
    facts = _facts(sources, analyse)
    shown = tuple(_card_in_cells(card, sources) for card in cards(facts))
    return Inspection(shown, tuple(sorted({*found.errors, *sources.errors, *facts.errors})))


def _card_in_cells(card: Card, sources: Sources) -> Card:
    """The places of notebooks as cells and their lines."""

    def shown(place: Place) -> Place:
        return sources.by_path[place.path].place(place) if place.path in sources.by_path else place

    lines = (line if line.place is None else replace(line, place=shown(line.place)) for line in card.lines)
    return replace(card, place=shown(card.place), lines=tuple(lines))


def _facts(sources: Sources, analysis: Callable[[Sequence[SourceFile]], Facts]) -> Facts:
    try:
        return analysis(sources.relevant)
    except RowError as error:
        raise RuleError(" ".join(str(error).split())) from error


def _coverage(facts: Facts, sources: Sources) -> Coverage:
    files = sources.by_path
    return measure(facts, files).placed(lambda place: files[place.path].place(place) if place.path in files else place)


def _one_each(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each rule at each place, in the order of the report; the shortest chain speaks for the others."""
    chosen: dict[tuple[str, Place], Finding] = {}
    for finding in sorted(findings, key=lambda f: (f.sort_key, len(f.trace))):
        chosen.setdefault((finding.rule, finding.place), finding)
    return tuple(chosen.values())


def _without_echoes(findings: Sequence[Finding], rules: Sequence[Rule]) -> list[Finding]:
    """Without those whose rule yields to another one that speaks about the same lines."""
    yielding = {rule.id: rule.yields_to for rule in rules if rule.yields_to}
    spoken: dict[tuple[str, str], list[Place]] = {}
    for finding in findings:
        spoken.setdefault((finding.rule, finding.place.path), []).append(finding.place)

    def is_echo(finding: Finding) -> bool:
        path, others = finding.place.path, yielding.get(finding.rule, ())
        places = (place for rule in others for place in spoken.get((rule, path), ()))
        return any(p.line <= finding.place.end_line and finding.place.line <= p.end_line for p in places)

    return [finding for finding in findings if not is_echo(finding)]


def _check(rule: Rule, facts: Facts, errors: list[FileError]) -> list[Finding]:
    if rule.id == UNUSED_SUPPRESSION:
        return []
    check = load_check(rule).of_facts
    try:
        return [finding_of(rule, problem) for problem in check(facts)] if check else []
    except Exception as error:  # the boundary: a defect in one check must not hide what the others found
        log.debug("%s failed", rule.id, exc_info=True)
        errors.append(FileError(rule.id, f"internal error in {rule.name}, please report it: {error!r}"))
        return []


def _is_asked_for(finding: Finding, sources: Sources, settings: Settings) -> bool:
    """Whether a requested file has a part in it; what lies wholly in imported files was not asked about."""
    paths = (finding.place.path, *(step.path for step in finding.trace))
    return any(path in sources.by_path for path in paths) and settings.runs(finding.rule, finding.place.path)


def _files(findings: Sequence[Finding], sources: Sources) -> Mapping[str, SourceFile]:
    """The requested files, and those that were only imported but hold a finding or a part of its fix."""
    edited = {edit.place.path for finding in findings if finding.fix is not None for edit in finding.fix.edits}
    imported = ({finding.place.path for finding in findings} | edited) - sources.by_path.keys()
    files: list[SourceFile] = [*sources.by_path.values(), *(read_source(absolute(path)) for path in sorted(imported))]
    return {file.path: file for file in files}


def _in_cells(finding: Finding, files: Mapping[str, SourceFile]) -> Finding:
    """Until here places are lines of a text; who reads a notebook looks for the cell and its line."""
    trace = tuple(files[step.path].step(step) if step.path in files else step for step in finding.trace)
    return replace(finding, place=files[finding.place.path].place(finding.place), trace=trace)


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
            fix = removal(suppression, sources.by_path[path].lines())
            yield Finding(
                rule.id, rule.name, rule.severity, rule.confidence, suppression.place, message, repair, fix=fix
            )


def _code_lines(findings: Iterable[Finding], files: Mapping[str, SourceFile]) -> dict[Place, str]:
    """The line of code that each finding begins on."""
    places = [finding.place for finding in findings]
    lines = {key: files[key[0]].lines(key[1]) for key in dict.fromkeys((place.path, place.cell) for place in places)}
    own = ((place, lines[place.path, place.cell]) for place in places)
    return {place: text[place.line - 1] for place, text in own if place.line <= len(text)}
