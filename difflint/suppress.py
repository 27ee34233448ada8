"""Applies the comments that silence findings: ``# difflint: ignore[DFL101]``, ``ignore-file`` and ``# noqa``."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from difflint.findings import Edit, Finding, Fix, Place

_CODES = r"[A-Z]+[0-9]+(?:[\s,]+[A-Z]+[0-9]+)*"
_OWN = re.compile(rf"#\s*difflint:\s*(?P<kind>ignore-file|ignore)\b(?:\[\s*(?P<codes>{_CODES})\s*,?\s*\])?", re.I)
_NOQA = re.compile(rf"#\s*noqa\b(?P<colon>\s*:\s*(?P<codes>{_CODES})?)?", re.I)
_CODE = re.compile(r"[A-Z]+[0-9]+")


@dataclass(frozen=True)
class Suppression:
    """One comment: what it silences (no codes: every rule) and where it stands."""

    place: Place
    codes: frozenset[str]
    whole_file: bool
    own: bool  # a bare noqa is meant for other tools as well and is never called unused

    def covers(self, finding: Finding) -> bool:
        """Whether the comment silences the finding: by code, and on the first or last line of its span."""
        place = finding.place
        on_line = self.whole_file or self.place.line in (place.line, place.end_line)
        return place.path == self.place.path and on_line and (not self.codes or finding.rule in self.codes)


def find_suppressions(path: str, text: str) -> tuple[Suppression, ...]:
    """The suppressions in a file's comments; text inside strings does not count."""
    if "difflint:" not in text.lower() and "noqa" not in text.lower():
        return ()
    return tuple(found for token in _comments(text) for found in _parse(path, token))


def split(
    findings: Iterable[Finding], suppressions: Collection[Suppression]
) -> tuple[list[Finding], list[Finding], list[Suppression]]:
    """The findings that stay, those that are silenced, and the suppressions that silenced nothing."""
    by_path: dict[str, list[Suppression]] = {}
    for suppression in suppressions:
        by_path.setdefault(suppression.place.path, []).append(suppression)
    kept: list[Finding] = []
    silenced: list[Finding] = []
    used: set[Suppression] = set()
    for finding in findings:
        covering = [s for s in by_path.get(finding.place.path, ()) if s.covers(finding)]
        used.update(covering)
        (silenced if covering else kept).append(finding)
    return kept, silenced, [s for s in suppressions if s not in used]


def claim(suppression: Suppression, running: Collection[str]) -> str | None:
    """What an unused comment claims to silence, or None when that cannot be judged.

    A comment is judged only when every rule it names is among those ``running``: one that was not selected might
    have needed it. A comment that names no rule is judged when any runs; a bare noqa is never judged.
    """
    if not suppression.own or not suppression.codes <= set(running):
        return None
    return ", ".join(sorted(suppression.codes)) or "any rule"


def removal(suppression: Suppression, lines: Sequence[str]) -> Fix | None:
    """The comment goes; unless more follows on its line, or it silences what is not ours."""
    place = suppression.place
    line = lines[place.line - 1]
    comment, rest = line[place.column - 1 : place.end_column - 1], line[place.end_column - 1 :]
    if rest.strip() or not all(code.startswith("DFL") for code in _codes(comment)):
        return None
    ahead = len(line[: place.column - 1].rstrip())
    whole = not ahead and place.line < len(lines)
    end = (place.line + 1, 1) if whole else (place.line, len(line) + 1)
    return Fix("safe", "Delete the comment.", (Edit(Place(place.path, place.line, ahead + 1, *end), ""),))


def _comments(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return  # a file that does not parse is reported by the parser, not here


def _parse(path: str, token: tokenize.TokenInfo) -> Iterator[Suppression]:
    for match in _OWN.finditer(token.string):
        whole_file = match["kind"].lower() == "ignore-file"
        yield Suppression(_place(path, token, match), _codes(match["codes"]), whole_file, own=True)
    for match in _NOQA.finditer(token.string):
        codes = frozenset(code for code in _codes(match["codes"]) if code.startswith("DFL"))
        if codes or not match["colon"]:
            yield Suppression(_place(path, token, match), codes, whole_file=False, own=bool(codes))


def _codes(text: str | None) -> frozenset[str]:
    return frozenset(_CODE.findall((text or "").upper()))


def _place(path: str, token: tokenize.TokenInfo, match: re.Match[str]) -> Place:
    line, column = token.start
    start = column + match.start() + 1
    return Place(path, line, start, line, column + match.end() + 1)
