"""Names as words: ``sqrt_one_minus_alphas`` and ``sqrtOneMinusAlphas`` are the same four."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


def words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def distance(a: str, b: str, limit: int = 3) -> int:
    """How many letters to change, add or take away to get from one to the other; at most ``limit``."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return min(row[-1], limit)


def alike(a: str, b: str) -> bool:
    """Whether two names differ by a slip of the pen: one letter, and no digit or single letter of its own meaning."""
    if a == b or min(len(a), len(b)) < 4 or distance(a, b) != 1:
        return False
    mine, others = words(a), words(b)
    changed = {*mine} ^ {*others}
    return len(mine) == len(others) and all(len(word) > 2 and not word.isdigit() for word in changed)


def extends(name: str, base: str) -> bool:
    """Whether a name is another with a word more, or with its last word changed: ``x_norm`` of ``x``."""
    mine, others = words(name), words(base)
    if mine == others or not mine or not others:
        return False
    shared = next(
        (n for n, (a, b) in enumerate(zip(mine, others, strict=False)) if a != b), min(len(mine), len(others))
    )
    longer = len(mine) > len(others) and (shared == len(others) or mine[-len(others) :] == others)
    changed = len(mine) == len(others) and len(mine) > 1 and shared == len(mine) - 1
    return longer or changed
