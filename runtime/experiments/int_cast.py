"""A value is cast to bytes without a clamp: what overshoots the range of bytes wraps round to the other end."""

from __future__ import annotations

from collections.abc import Sequence

from ..arms import Arms
from ..bench import Bench
from ..facts import BadFact, Facts, Range
from ..images import full_range
from ..reference import Way, channels, sample_ideal, show_arms
from ..sinks import Sink
from ..steps import INTEGERS, Steps, concrete, interval, rescale

USUAL: tuple[Range, ...] = ((-1.0, 1.0), (0.0, 1.0))


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: steps, cast. Repaired: steps, clamp, cast. The samples overshoot as those of a trained network do."""
    hard, dtype = facts.get("hard"), facts.get("cast")["dtype"]
    if dtype not in INTEGERS:
        raise BadFact(f"unknown cast to {dtype!r}; known are {', '.join(INTEGERS)}")
    takes = INTEGERS[dtype]
    domain = chosen_domain(facts, takes)
    steps = concrete(facts.get("steps"), domain)
    repair = [*in_range(steps, domain, takes), {"op": "clamp", "low": takes[0], "high": takes[1]}]
    facts.note("repair", repair)
    data = full_range(64, bench.seed, channels(facts)).to(bench.device)
    error = float(facts.get("x0_error"))
    chains = [sample_ideal(data * 2 - 1, facts, bench, seed, error) for seed in bench.seeds]
    origin = [rescale((-1.0, 1.0), domain), *limits(hard)]
    cast = {"op": "cast", "dtype": dtype}
    shown = Sink("the bytes", takes, "clamp")
    return show_arms(chains, Way([*origin, *steps, cast], shown), Way([*origin, *repair, cast], shown), data)


def limits(hard: Sequence[float | None]) -> Steps:
    """The clamp that stands for what is guaranteed of the value where it comes from."""
    return [{"op": "clamp", "low": hard[0], "high": hard[1]}]


def in_range(steps: Steps, domain: Range, takes: Range) -> Steps:
    """The steps as written if they bring the domain into the range of the integers, else one that does.

    A clamp alone does not heal a value in [-1, 1], nor one in [0, 1] whose bytes are all 0 or 1.
    """
    return steps if fit(steps, domain, takes) else [rescale(domain, takes)]


def fit(steps: Steps, domain: Range, takes: Range) -> bool:
    """Whether the steps bring the domain into the range of the integers, and use more than a tenth of it."""
    low, high = interval(steps, domain)
    margin = 0.01 * (takes[1] - takes[0])
    return takes[0] - margin <= low and high <= takes[1] + margin and high - low > 10 * margin


def chosen_domain(facts: Facts, takes: Range) -> Range:
    """The domain of the finding; where it names none, the usual one that its steps are made for."""
    if facts.has("domain"):
        return facts.range("domain")
    steps = facts.get("steps")
    meant = next((domain for domain in USUAL if fit(concrete(steps, domain), domain, takes)), None)
    if meant:
        facts.note("domain", list(meant))
        return meant
    return facts.range("domain")
