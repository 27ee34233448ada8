"""Releases of a library as ranges, compared as PEP 440 orders them, and the requirement texts that name them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Key = tuple[tuple[float, ...], float, float, float]
"""A place in the order of releases: its numbers, its phase, the phase's number, and 1 for just behind it."""

VERSION = re.compile(
    r"v?(?:\d+!)?(?P<numbers>\d+(?:\.\d+)*)"
    r"(?:[._-]?(?P<phase>alpha|a|beta|b|rc|c|preview|pre|post|rev|r|dev)[._-]?(?P<n>\d*))?",
    re.IGNORECASE,
)
PHASES = {"d": -4, "a": -3, "b": -2, "c": -1, "p": 1, "r": 1}
FINAL = 0.0
CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s*([^\s,<>=!~^]+)")


@dataclass(frozen=True)
class Releases:
    """The releases from ``low`` on and before ``high``."""

    low: Key
    high: Key

    def both(self, other: Releases) -> Releases:
        """The releases in both; without any, all in either: what contradicts itself decides nothing."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Releases(low, high) if low < high else self.either(other)

    def either(self, other: Releases) -> Releases:
        """From the lowest to the highest of both."""
        return Releases(min(self.low, other.low), max(self.high, other.high))

    def lie_in(self, wanted: Releases) -> bool | None:
        """Whether all of them are among the wanted ones; None where only some are."""
        if wanted.low <= self.low and self.high <= wanted.high:
            return True
        return None if self.low < wanted.high and wanted.low < self.high else False


FIRST: Key = ((), -math.inf, 0.0, 0.0)
NEWEST: Key = ((math.inf,), FINAL, 0.0, 0.0)
END: Key = ((math.inf,), FINAL, 0.0, 1.0)
ALL = Releases(FIRST, END)
CURRENT = Releases(NEWEST, END)  # what an installation today would fetch


def key(text: str) -> Key | None:
    """Where a version stands in the order of releases, local parts (+cu118) left out; None for what is no version."""
    found = VERSION.match(text.strip())
    if found is None:
        return None
    phase = (found["phase"] or "").lower()
    rank = FINAL if not phase else float(-1 if phase[:2] in ("rc", "pr") else PHASES[phase[0]])
    return _trimmed(found["numbers"]), rank, float(found["n"] or 0), 0.0


def _trimmed(numbers: str) -> tuple[float, ...]:
    """1.0 and 1.0.0 are the same release."""
    parts = [float(part) for part in numbers.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def releases(text: str) -> Releases:
    """The releases that ``>=1.2,<2``, ``~=1.4``, ``^1.2``, ``==1.2.*`` or ``1.2`` allow; nonsense allows all."""
    if "|" in text:
        return ALL
    found = ALL
    for operator, version in CLAUSE.findall(text):
        found = found.both(_clause(operator, version))
    return found


def _clause(operator: str, version: str) -> Releases:
    start = key(version.rstrip("*").rstrip(".")) if version.strip("*") else None
    if start is None or operator == "!=":
        return ALL
    if version.endswith("*"):
        return Releases(_before(start), _next(version, len(_parts(version))))
    if operator in COMPATIBLE:
        return Releases(start, _next(version, COMPATIBLE[operator](_parts(version))))
    behind: Key = (*start[:3], 1.0)
    ends = {
        "<": (FIRST, _before(start)),
        "<=": (FIRST, behind),
        ">": ((start[0], math.inf, 0.0, 0.0), END),
        ">=": (start, END),
    }
    return Releases(*ends.get(operator, (start, behind)))


def _before(start: Key) -> Key:
    """In front of a release's own previews."""
    return (start[0], -math.inf, 0.0, 0.0) if start[1] == FINAL else start


def _parts(version: str) -> list[int]:
    found = VERSION.match(version)
    return [int(part) for part in found["numbers"].split(".")] if found is not None else []


def _first_that_counts(parts: list[int]) -> int:
    """``^1.2`` may not change the first number that is not 0."""
    return next((place for place, part in enumerate(parts, 1) if part), len(parts))


COMPATIBLE: dict[str, Callable[[list[int]], int]] = {  # how many numbers stay the same
    "=": len,
    "~=": lambda parts: len(parts) - 1,
    "~": lambda parts: min(2, len(parts)),
    "^": _first_that_counts,
}


def _next(version: str, kept: int) -> Key:
    """The first release that differs in one of the first ``kept`` numbers."""
    parts = _parts(version)[:kept] or [0]
    bumped = ".".join(str(part) for part in [*parts[:-1], parts[-1] + 1])
    return (_trimmed(bumped), -math.inf, 0.0, 0.0)


def normal(name: str) -> str:
    """A distribution's name as PEP 503 writes it; conda calls two of them otherwise."""
    plain = re.sub(r"[-_.]+", "-", name.strip().lower())
    return {"pytorch": "torch", "opencv-python-headless": "opencv-python", "opencv": "opencv-python"}.get(plain, plain)


REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*(@|(?:[<>=!~^(]|\d).*)?$")


def requirement(line: str) -> tuple[str, Releases] | None:
    """A line such as ``torchvision>=0.12 ; python_version > '3.8'``; None for comments, options and addresses."""
    text = line.partition(" #")[0].partition(";")[0].strip()
    if not text or text[0] in "#-" or "://" in text.partition("@")[0]:
        return None
    name, at, _ = text.partition("@")
    found = REQUIREMENT.match(name)
    if found is None:
        return None
    return normal(found[1]), ALL if at else releases((found[2] or "").strip("() "))


def gathered(found: Iterable[tuple[str, Releases] | None]) -> dict[str, Releases]:
    """All that one file says: where it names a library twice, either may hold."""
    said: dict[str, Releases] = {}
    for name, range_ in (entry for entry in found if entry is not None):
        said[name] = said[name].either(range_) if name in said else range_
    return said
