"""A value in one range reaches a sink that takes another: the same samples, as written and as the sink takes them."""

from __future__ import annotations

from ..arms import Arms
from ..bench import Bench
from ..facts import Facts
from ..images import moderate
from ..reference import Way, channels, placed, sample_ideal, show_arms
from ..sinks import sink
from ..steps import concrete, rescale


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: the user's steps, then the sink. Repaired: the domain brought to what the sink takes."""
    domain, to = facts.range("domain"), sink(facts.get("sink"))
    steps = concrete(facts.get("steps"), domain)
    repair = [rescale(domain, to.takes)]
    facts.note("repair", repair)
    data = moderate(64, bench.seed, channels(facts)).to(bench.device)
    chains = [sample_ideal(data * 2 - 1, facts, bench, seed) for seed in bench.seeds]
    origin = placed(domain)
    return show_arms(chains, Way([*origin, *steps], to), Way([*origin, *repair], to), data)
