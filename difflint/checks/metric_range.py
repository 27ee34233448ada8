"""DFL901: a measure of pictures that is told of, or assumes, another range than theirs."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.events import Judged
from difflint.facts.interval import BYTE, SIGNED, UNIT, Interval
from difflint.facts.report import interval_json, steps_json
from difflint.facts.values import Const, Tensor, Value, choices

OPTIONS = ("normalize", "self.normalize", "data_range", "self.data_range")
WHOLE = ("uint8", "int16", "int32", "int64")
SLACK = 0.05


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.judged):
        found = [_misfit(event) for event in group]
        if all(found) and found[0] is not None:
            yield _problem(facts, group[0], *found[0])


def _misfit(event: Judged) -> tuple[Tensor, Interval | float] | None:
    """A picture whose range is known to differ from the one that is measured in, and that one (or its width)."""
    for name, value in event.given:
        if name not in OPTIONS:
            every = choices(value)
            wanted = [_wanted(event, picture) for picture in every]
            if all(w is not None and _differs(picture, w) for picture, w in zip(every, wanted, strict=True)):
                first, expected = every[0], wanted[0]
                assert isinstance(first, Tensor)
                assert expected is not None
                return first, expected
    return None


def _wanted(event: Judged, picture: Value) -> Interval | float | None:
    """The range that a measure takes, or how wide it is told that it is; None when that is not known."""
    last = event.api.removesuffix(".update").rpartition(".")[2]
    normalize = _option(event, "normalize")
    if last in ("LPIPS", "LearnedPerceptualImagePatchSimilarity"):
        return (UNIT if normalize else SIGNED) if isinstance(normalize, bool) else None
    if last == "FrechetInceptionDistance":
        whole = isinstance(picture, Tensor) and picture.dtype in WHOLE
        return UNIT if normalize is True and not whole else BYTE if normalize is False and whole else None
    told = _option(event, "data_range")
    if isinstance(told, int | float) and not isinstance(told, bool):
        return float(told)
    return Interval(*told) if isinstance(told, tuple | list) and len(told) == 2 else None


def _option(event: Judged, name: str) -> object:
    value = event.argument(name) or event.argument(f"self.{name}")
    return value.value if isinstance(value, Const) else None


def _differs(picture: Value, wanted: Interval | float) -> bool:
    reaches = picture.nominal if isinstance(picture, Tensor) else None
    if reaches is None or not reaches.bounded or reaches.width == 0:
        return False
    if isinstance(wanted, Interval):
        return not reaches.near(wanted, SLACK)
    return not 1 - SLACK < reaches.width / wanted < 1 + SLACK if wanted > 0 else False


def _problem(facts: Facts, event: Judged, picture: Tensor, wanted: Interval | float) -> Problem:
    reaches = picture.nominal
    assert reaches is not None
    name = event.api.removesuffix(".update").rpartition(".")[2]
    takes = f"takes {wanted}" if isinstance(wanted, Interval) else f"is told data_range={wanted:g}"
    trace = (
        *facts.origin(picture.origin),
        *facts.chain(picture.links, picture.base),
        *facts.calls(event),
        facts.step(event.site, f"{name} {takes}"),
    )
    return Problem(
        facts.place(event.site),
        {"measure": name, "takes": takes, "range": str(reaches)},
        trace,
        _repair(name, reaches, wanted),
        {"domain": interval_json(picture.base), "steps": steps_json(picture.links)},
    )


def _repair(name: str, reaches: Interval, wanted: Interval | float) -> str:
    if isinstance(wanted, Interval):
        return f"Bring the pictures to {wanted} before {name}, both of them alike."
    return f"Tell {name} data_range={reaches.width:g}, the width of what it is given."
