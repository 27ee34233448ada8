"""The unit conversions of images, and where a chain takes the same one twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from difflint.facts.interval import BYTE, SIGNED, UNIT, Interval
from difflint.facts.steps import Affine, Clamp, Link, affine_of, through

CENTRED = Interval(-0.5, 0.5)


@dataclass(frozen=True)
class Conversion:
    """A map from one image range onto another."""

    what: str
    direction: str
    before: Interval
    after: Interval

    @property
    def slack(self) -> float:
        """How far the constants may be off: 128 for 127.5 is rounding, 256 for 255 is another thing (bits)."""
        return 0.002 if self.direction == "byte" else 0.02

    @property
    def affine(self) -> Affine:
        scale = self.after.width / self.before.width
        return Affine((scale,), (self.after.low - scale * self.before.low,))


CONVERSIONS = (
    Conversion("normalised", "normalize", UNIT, SIGNED),
    Conversion("normalised", "normalize", BYTE, SIGNED),
    Conversion("denormalised", "denormalize", SIGNED, UNIT),
    Conversion("divided by 255", "byte", BYTE, UNIT),
    Conversion("multiplied by 255", "byte", UNIT, BYTE),
    Conversion("denormalised", "denormalize", SIGNED, BYTE),
)


def implied_base(links: Sequence[Link]) -> Interval | None:
    """Something unknown that is divided by 255 or brought from bytes to [-1, 1] was meant to be bytes."""
    for stop in (1, 2):
        found = conversion(links[:stop])
        if found is not None and found.before == BYTE:
            return BYTE
    return None


def meant_base(links: Sequence[Link]) -> Interval | None:
    """What the writer took something unknown to be, judged by the first conversion: ``(x + 1) / 2`` is for [-1, 1]."""
    found = (conversion(links[:stop]) for stop in range(1, 4))
    return next((c.before for c in found if c is not None), None)


@dataclass(frozen=True)
class Repeat:
    """Links ``start:stop`` do again what was done before them."""

    what: str
    direction: str
    start: int
    stop: int


def final_repeat(links: Sequence[Link], base: Interval | None) -> Repeat | None:
    """The repetition that the last link completes, if it completes one."""
    stop = len(links)
    for start in range(stop - 1, -1, -1):
        second = conversion(links[start:stop])
        if second is not None and _done_before(links, start, second, base):
            return Repeat(second.what, second.direction, start, stop)
        if _same_statistics(links, start):
            return Repeat("normalised", "normalize", start, stop)
    return None


def _same_statistics(links: Sequence[Link], start: int) -> bool:
    """Whether the last links subtract and divide by the very channel statistics that were used before."""
    second = affine_of(links[start:])
    if second is None or len(second.scale) == 1 or not all(abs(a) > 1 for a in second.scale):
        return False
    wholes = (affine_of(links[begin:end]) for begin, end in _windows(links, start))
    return any(whole is not None and len(whole.scale) > 1 and whole.near(second) for whole in wholes)


def first_repeat(links: Sequence[Link], base: Interval | None) -> Repeat | None:
    """The first repetition anywhere in the chain."""
    found = (final_repeat(links[:stop], base) for stop in range(2, len(links) + 1))
    return next((repeat for repeat in found if repeat is not None), None)


def _done_before(links: Sequence[Link], start: int, second: Conversion, base: Interval | None) -> bool:
    """Whether the links before ``start`` end in a conversion to the same range, and the value is there."""
    now = through(links[:start], base)
    if now is not None and now.near(second.before):
        return False
    return any(_leads_to(links, begin, end, second, base) for begin, end in _windows(links, start))


def _windows(links: Sequence[Link], start: int) -> Iterator[tuple[int, int]]:
    """Slices that end just before ``start``, up to clamps."""
    end = start
    while end > 0 and isinstance(links[end - 1].step, Clamp):
        end -= 1
    for begin in range(end - 1, -1, -1):
        yield begin, end


def _leads_to(links: Sequence[Link], begin: int, end: int, second: Conversion, base: Interval | None) -> bool:
    first = conversion(links[begin:end])
    if first is None or not _same_deed(first, second):
        return False
    before = through(links[:begin], base)
    if before is None:  # of something unknown, only a repeated normalisation is surely a mistake
        return second.after != BYTE
    return before.near(first.before)


def _same_deed(first: Conversion, second: Conversion) -> bool:
    """Both lead to the same range the same way, or both take bytes that only the first one finds."""
    return (
        first.direction == second.direction and first.after.near(second.after)
    ) or first.before == second.before == BYTE


def conversion(links: Sequence[Link]) -> Conversion | None:
    """The conversion that these links are together, if they are one."""
    if not links or not isinstance(links[0].step, Affine):
        return None
    if len(links) == 1 and links[0].what in ("Normalize", "normalize"):
        return _by_statistics(links[0])
    whole = affine_of(links)
    if whole is None:
        return None
    return next((c for c in CONVERSIONS if whole.near(c.affine, c.slack)), None)


def _by_statistics(link: Link) -> Conversion | None:
    """``Normalize(mean, std)``: whatever its constants, it expects [0, 1]; unless it is written as an inverse."""
    assert isinstance(link.step, Affine)
    known = next((c for c in CONVERSIONS if link.step.near(c.affine)), None)
    if known is not None:
        return known
    normalises = all(abs(a) > 1 for a in link.step.scale) and all(b <= 0 for b in link.step.shift)
    return CONVERSIONS[0] if normalises else None
