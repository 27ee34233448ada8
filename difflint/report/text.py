"""The report for people: place, message, the line of code, the chain that leads there, and the repair."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from difflint.findings import Finding
from difflint.report import coverage
from difflint.report.style import Paint, plain, plural
from difflint.result import Result

WIDTH = 110


def render(result: Result, paint: Paint = plain) -> str:
    """Every finding as a block, then one line that counts, then the coverage where it was asked for."""
    blocks = ["\n".join(_block(finding, result, paint)) for finding in result.findings]
    parts = [
        *blocks,
        summary(result) + _fixable(result),
        *([coverage.text(result.coverage)] if result.coverage is not None else []),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def summary(result: Result) -> str:
    """How much was found in how many files."""
    count = len(result.findings)
    severities = [finding.severity for finding in result.findings]
    parts = [plural(severities.count(name), name) for name in ("error", "warning") if name in severities]
    found = f"{plural(count, 'finding')} ({', '.join(parts)})" if count else "No findings"
    suppressed = f", {result.stats.suppressed} suppressed" if result.stats.suppressed else ""
    suppressed += f", {result.stats.accepted} accepted" if result.stats.accepted else ""
    failed = f"; {plural(len(result.errors), 'error')}" if result.errors else ""
    return f"{found} in {plural(result.stats.files, 'file')}{suppressed}{failed}."


def _fixable(result: Result) -> str:
    """A line that says what ``--fix`` would do, nothing where it would do nothing."""
    safeties = [finding.fix.safety for finding in result.findings if finding.fix is not None]
    safe, unsafe = safeties.count("safe"), safeties.count("unsafe")
    more = f"{unsafe}{' more' if safe else ''} with --fix --unsafe-fixes" if unsafe else ""
    told = ", ".join([*([f"{safe} with --fix"] if safe else []), *([more] if more else [])])
    return f"\nFixable: {told}." if told else ""


def statistics(result: Result) -> str:
    """Findings per rule, most frequent first."""
    names = {rule.id: rule.name for rule in result.rules}
    return "".join(f"{count:6}  {code}  {names[code]}\n" for code, count in result.counts().items())


def header(finding: Finding, paint: Paint) -> str:
    """``path:line:column: severity CODE name``, marked ``[*]`` where ``--fix`` can help; a notebook's cell stands
    before the line."""
    where = paint(finding.place.where, "bold")
    mark = " [*]" if finding.fix is not None and finding.fix.safety == "safe" else ""
    return f"{where}: {paint(finding.severity, finding.severity)} {paint(finding.rule, 'bold')} {finding.name}{mark}"


def _block(finding: Finding, result: Result, paint: Paint) -> Iterator[str]:
    yield header(finding, paint)
    yield from _wrapped(finding.message, "  ", "  ")
    code = result.lines.get(finding.place)
    if code is not None:
        yield from _excerpt(finding, code, paint)
    yield from _chain(finding, paint)
    if finding.repair:
        yield from _wrapped(finding.repair, f"  {paint('repair:', 'good')} ", "    ")


def _excerpt(finding: Finding, code: str, paint: Paint) -> Iterator[str]:
    place = finding.place
    number = str(place.line)
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(code.rstrip())
    # The gap repeats the tabs of the line, so that the carets stand right at any tab width.
    gap = "".join("\t" if char == "\t" else " " for char in code[:start])
    bar = paint("|", "dim")
    yield ""
    yield f"  {paint(number, 'dim')} {bar} {code.rstrip()}"
    yield f"  {' ' * len(number)} {bar} {gap}{paint('^' * max(1, end - start), finding.severity)}"


def _chain(finding: Finding, paint: Paint) -> Iterator[str]:
    yield ""
    places = [step.where for step in finding.trace]
    width = max(map(len, places), default=0)
    for place, step in zip(places, finding.trace, strict=True):
        yield f"    {paint(place.ljust(width), 'place')}  {step.what}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """``text`` at a readable width; the breaks its author made are kept, for repairs hold code."""
    lines: list[str] = []
    for paragraph in text.strip().splitlines():
        indent = rest if lines else first
        lines += textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [""]
    return lines
