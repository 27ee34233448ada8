"""DFL105: what is done before the sink does not undo the normalisation of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from difflint.checks.range_at_sink import fix, repair
from difflint.facts import Facts, Problem
from difflint.facts.conversions import first_repeat
from difflint.facts.events import Sink
from difflint.facts.interval import BYTE, UNIT
from difflint.facts.report import interval_json, steps_json
from difflint.facts.shown import Shown, shown
from difflint.facts.steps import Affine, Link

ROUGHLY = 0.05  # of the sink's range: an inverse with rounded statistics is one all the same


def check(facts: Facts) -> Iterator[Problem]:
    for group in facts.groups(facts.seen.sinks):
        ways = [shown(facts.seen, sink) for sink in group]
        if all(way is not None and _wrong(sink, way) for sink, way in zip(group, ways, strict=True)):
            sink, every = group[0], ways[0]
            assert every is not None
            yield replace(_problem(facts, sink, every[0]), fix=fix(facts, sink, every))


def _wrong(sink: Sink, ways: tuple[Shown, ...]) -> bool:
    return bool(ways) and all(_mismatch(sink, way) for way in ways)


def _mismatch(sink: Sink, way: Shown) -> bool:
    takes, reaches = sink.takes_of(way.tensor), way.reaches
    if takes is None or reaches is None or way.stretched or not (way.sampled or way.inverted):
        return False
    if (
        first_repeat(way.display, way.domain) is not None
        or first_repeat((*way.data, *way.display), way.base) is not None
    ):
        return False
    return not reaches.near(takes, ROUGHLY)


def _problem(facts: Facts, sink: Sink, way: Shown) -> Problem:
    takes, reaches = sink.takes_of(way.tensor), way.reaches
    assert takes is not None and reaches is not None
    data, display = (way.data, way.display) if way.sampled else split(way)
    trace = (
        *facts.way(way),
        *facts.calls(sink),
        facts.step(sink.site, f"{sink.name} takes {takes}, a perfect picture arrives in {reaches}"),
    )
    return Problem(
        facts.place(sink.site),
        {
            "data": f"{facts.written(data)}, {way.base} -> {way.domain if way.sampled else _after(way, data)}",
            "display": facts.written(display),
            "range": str(reaches),
            "sink": sink.name,
        },
        trace,
        repair(way.domain or reaches, takes, sink.name) if way.sampled else repair(reaches, takes, sink.name),
        {
            "unit": interval_json(UNIT),
            "data_steps": unit_steps(way, data),
            "display_steps": steps_json(display),
            "sink": {"name": sink.name, "takes": interval_json(takes), "outside": sink.outside.partition("-")[0]},
            "sampled": way.sampled,
            **(facts.diffusion(way.tensor.origin.networks) if way.sampled else {}),
        },
    )


def split(way: Shown) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """The normalisation and its would-be inverse: the chain is cut where it was normalised."""
    links = way.tensor.links
    for end in range(1, len(links)):
        part = Shown(way.tensor, way.base, (), links[: end + 1])
        if part.inverted:
            return links[:end], links[end:]
    return links, ()


def _after(way: Shown, data: tuple[Link, ...]) -> str:
    return str(Shown(way.tensor, way.base, (), data).reaches)


def unit_steps(way: Shown, data: tuple[Link, ...]) -> list[dict[str, object]]:
    """The normalisation as steps from the unit image."""
    to_base = [Affine((255.0,), (0.0,)).to_json()] if way.base.near(BYTE) else []
    return [*to_base, *steps_json(data)]
