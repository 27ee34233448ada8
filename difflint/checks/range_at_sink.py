"""DFL101: a picture whose own way gives it a range that the sink does not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from difflint.edits import wrap
from difflint.facts import Facts, Problem
from difflint.facts.activations import shown_as_signed
from difflint.facts.conversions import first_repeat
from difflint.facts.events import Sink
from difflint.facts.interval import SIGNED, UNIT, Interval
from difflint.facts.report import clamp_call, interval_json, steps_json
from difflint.facts.shown import Shown, shown
from difflint.facts.steps import Affine
from difflint.findings import Fix

OUTCOMES = {
    "clamp": "what lies outside turns black or white",
    "wrap": "what lies outside wraps around to wrong colours",
    "wrap-cast": "the bytes are not the picture's",
    "raise": "the call fails on some pictures",
    "stretch": "contrast changes from picture to picture",
}


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.sinks):
        ways = [shown(facts.seen, sink) for sink in group]
        if all(way is not None and _wrong(sink, way) for sink, way in zip(group, ways, strict=True)):
            sink, every = group[0], ways[0]
            assert every is not None
            yield replace(_problem(facts, sink, every[0]), fix=fix(facts, sink, every))


def _wrong(sink: Sink, ways: tuple[Shown, ...]) -> bool:
    return bool(ways) and all(_misfits(sink, way) for way in ways)


def _misfits(sink: Sink, way: Shown) -> bool:
    takes, reaches = sink.takes_of(way.tensor), way.reaches
    if takes is None or reaches is None or way.stretched or way.sampled or way.inverted:
        return False
    if shown_as_signed(way.tensor) is not None:
        return False
    if first_repeat(way.tensor.links, way.tensor.origin.nominal) is not None:
        return False
    if way.told:
        return not reaches.near(takes)
    return not reaches.within(takes) or collapses(reaches, takes)


def collapses(reaches: Interval, takes: Interval) -> bool:
    """Whether the whole picture falls into the first grey levels."""
    return takes.width > 50 * reaches.width and reaches.high < takes.width / 50


def _problem(facts: Facts, sink: Sink, way: Shown) -> Problem:
    takes, reaches = sink.takes_of(way.tensor), way.reaches
    assert takes is not None and reaches is not None
    outcome = (
        "the whole picture is black"
        if collapses(reaches, takes)
        else OUTCOMES.get(sink.outside, "the picture is wrong")
    )
    trace = (*facts.way(way), *facts.calls(sink), facts.step(sink.site, f"{sink.name} takes {takes}"))
    return Problem(
        facts.place(sink.site),
        {"range": str(reaches), "sink": sink.name, "takes": str(takes), "outcome": outcome},
        trace,
        repair(reaches, takes, sink.name),
        {
            "domain": interval_json(way.base),
            "steps": steps_json((*way.data, *way.display)),
            "sink": {"name": sink.name, "takes": interval_json(takes), "outside": sink.outside.partition("-")[0]},
        },
    )


def repair(reaches: Interval, takes: Interval, sink: str) -> str:
    """The affine map and clamp that make a range safe for a sink, as code."""
    return f"Give {sink} ({_map(reaches, takes, 'x')}).clamp({takes.low:g}, {takes.high:g}) instead of x."


def fix(facts: Facts, sink: Sink, ways: Sequence[Shown]) -> Fix | None:
    """The same where the picture is written in the call, if that is right for each way it may have come."""
    takes = {sink.takes_of(way.tensor) for way in ways}
    call = clamp_call([way.tensor for way in ways], next(iter(takes)) or UNIT)
    codes = {_map(way.reaches, sink.takes_of(way.tensor), "{}") for way in ways if _is_plain(way)}
    if not sink.written or call is None or len(takes) > 1 or len(codes) != 1 or not all(map(_is_plain, ways)):
        return None
    edit = wrap(facts.place(sink.site), f"({codes.pop()}){call}", sink.written)
    return Fix("unsafe", f"Give {sink.name} {edit.text.replace('{}', 'x')} instead of x.", (edit,))


def _is_plain(way: Shown) -> bool:
    """Whether one map for all channels, written before the sink, is all it takes."""
    scales = [link.step.scale for link in (*way.data, *way.display) if isinstance(link.step, Affine)]
    whole = (way.tensor.dtype or "").startswith(("uint", "int"))
    return not whole and not way.told and all(len(set(scale)) == 1 for scale in scales)


def _map(reaches: Interval | None, takes: Interval | None, x: str) -> str:
    """The affine map that brings one range into another, as code."""
    if reaches is None or takes is None or not reaches.bounded or not reaches.width:
        return x  # no map brings it into the range, only the clamp does
    if reaches.near(SIGNED) and takes.near(UNIT):
        return f"({x} + 1) / 2"
    scale = takes.width / reaches.width
    shift = takes.low - scale * reaches.low
    factor = x if abs(scale - 1) < 1e-6 else (f"{x} * {scale:.4g}" if scale > 1 else f"{x} / {1 / scale:.4g}")
    return factor if abs(shift) < 1e-6 else f"{factor} {'+' if shift > 0 else '-'} {abs(shift):.4g}"
