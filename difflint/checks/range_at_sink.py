"""DFL101: a picture whose own way gives it a range that the sink does not take."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Facts, Problem
from difflint.facts.activations import shown_as_signed
from difflint.facts.conversions import first_repeat
from difflint.facts.events import Sink
from difflint.facts.interval import Interval
from difflint.facts.report import interval_json, steps_json
from difflint.facts.shown import Shown, shown
from difflint.facts.steps import Affine

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
            yield _problem(facts, sink, every[0])


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
    scale = takes.width / reaches.width if reaches.width else 1.0
    step = Affine((scale,), (takes.low - scale * reaches.low,))
    if reaches.near(Interval(-1.0, 1.0)) and takes.near(Interval(0.0, 1.0)):
        code = "(x + 1) / 2"
    elif step.shift[0] == 0:
        code = f"x * {step.scale[0]:.4g}" if scale >= 1 else f"x / {1 / step.scale[0]:.4g}"
    else:
        code = f"x * {step.scale[0]:.4g} + {step.shift[0]:.4g}"
    return f"Give {sink} ({code}).clamp({takes.low:g}, {takes.high:g}) instead of x."
