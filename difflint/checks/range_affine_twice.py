"""DFL103: a unit conversion that an earlier one on the same path has already made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from difflint.edits import unwrap
from difflint.facts import Facts, Problem
from difflint.facts.conversions import Repeat, conversion, final_repeat, first_repeat
from difflint.facts.events import Rescaled
from difflint.facts.interval import Interval
from difflint.facts.mixing import leaves
from difflint.facts.report import interval_json, steps_json
from difflint.facts.shown import ways
from difflint.facts.steps import Affine, Link, through
from difflint.facts.values import Kind, Tensor
from difflint.findings import Fix, Place


def check(facts: Facts) -> Iterator[Problem]:
    unfinished = set(_unfinished(facts))
    for group in facts.groups(facts.seen.rescaled):
        found = [_repeat(facts, event) if event.value not in unfinished else None for event in group]
        if all(found):
            repeat = found[0]
            assert repeat is not None
            problem = _problem(facts, group[0], repeat)
            yield replace(problem, fix=_fix(facts, problem.place, group[0], repeat))


def _unfinished(facts: Facts) -> Iterator[Tensor]:
    """Values in the middle of ``x / 256 * 255``: a factor that the next one takes back is no conversion."""
    for event in facts.seen.rescaled:
        links = event.value.links
        factors = [
            link.step.scale[0] for link in links[-2:] if isinstance(link.step, Affine) and set(link.step.shift) == {0.0}
        ]
        if len(factors) == 2 and abs(factors[0] * factors[1] - 1) < 0.1:
            yield replace(event.value, links=links[:-1])


def _repeat(facts: Facts, event: Rescaled) -> Repeat | None:
    start, links = base(facts, event), event.value.links
    if (event.value.origin, links) in facts.seen.conditional:
        return None
    if start is None and all(leaf.kind is Kind.OTHER for leaf in leaves(event.value)):
        return None  # it may be a size or a count: (n + 1) / 2 is no picture's inverse
    return final_repeat(links, start) if first_repeat(links[:-1], start) is None else None


def base(facts: Facts, event: Rescaled) -> Interval | None:
    """The range where the chain starts; for a sampler's output what its network learned, if that is one range."""
    if event.value.base is not None:
        return event.value.base
    domains = {way.domain for way in ways(facts.seen, event.value) or ()}
    return domains.pop() if len(domains) == 1 else None


def _problem(facts: Facts, event: Rescaled, repeat: Repeat) -> Problem:
    start = base(facts, event)
    ends = through(event.value.links, start)
    trace = (*facts.origin(event.value.origin), *facts.chain(event.value.links, start), *facts.calls(event))
    return Problem(
        facts.place(event.site),
        {"what": repeat.what, "range": str(ends) if ends is not None else "the wrong range"},
        trace,
        f"Remove one of the two: the value is {repeat.what} already when it gets here.",
        {
            "domain": interval_json(start),
            "steps": steps_json(event.value.links),
            "repeated": [repeat.start, repeat.stop],
            "direction": repeat.direction,
        },
    )


def _fix(facts: Facts, place: Place, event: Rescaled, repeat: Repeat) -> Fix | None:
    """The second conversion goes, where it is one expression and all that ever gets there has had the first."""
    links = event.value.links
    sites = [link.site for link in links[repeat.start : repeat.stop]]
    others = [other for other in facts.seen.rescaled if other.site == event.site]
    if (
        all(site is not None and facts.within(site, event.site) for site in sites)
        and all(_repeat(facts, other) or _is_nobodys(facts, other) for other in others)
        and _is_there(links, repeat, base(facts, event))
    ):
        return Fix("unsafe", f"Remove what makes it {repeat.what} a second time.", (unwrap(place, len(sites)),))
    return None


def _is_nobodys(facts: Facts, event: Rescaled) -> bool:
    """Whether it comes from no call that was seen and is nothing that is known: a parameter by itself."""
    return event.value.kind is Kind.OTHER and event.value.origin.nominal is None and not facts.calls(event)


def _is_there(links: Sequence[Link], repeat: Repeat, start: Interval | None) -> bool:
    """Whether the first conversion leads where the second one would: x / 127.5 - 1 after x / 255 wants more."""
    now, second = through(links[: repeat.start], start), conversion(links[repeat.start : repeat.stop])
    return second is None or now is None or now.near(second.after)
