"""A normalisation is done twice: the same value with and without the steps that repeat it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ..arms import Arms
from ..bench import Bench
from ..facts import BadFact, Facts, Range
from ..images import moderate
from ..reference import Chain, Way, channels, placed, sample_ideal, show_arm, show_arms
from ..sinks import Sink, sink
from ..steps import Steps, apply, concrete, inverse, rescale
from ..symptoms import measure

UNIT = (0.0, 1.0)


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: all steps. Repaired: the steps without the repetition. Without a sink, the value trains a model."""
    domain = facts.range("domain")
    steps = concrete(facts.get("steps"), domain)
    kept = without(steps, facts.get("repeated"))
    facts.note("repair", kept)
    data = moderate(64, bench.seed, channels(facts)).to(bench.device)
    if not facts.has("sink"):
        return _train_on(data, domain, steps, kept, facts, bench)
    to = sink(facts.get("sink"))
    chains = [sample_ideal(data * 2 - 1, facts, bench, seed) for seed in bench.seeds]
    origin = placed(domain)
    return show_arms(chains, Way([*origin, *steps], to), Way([*origin, *kept], to), data)


def without(steps: Steps, repeated: Sequence[int]) -> Steps:
    """The steps with the slice [i, j) left out."""
    is_pair = isinstance(repeated, (list, tuple)) and len(repeated) == 2
    if not is_pair or not 0 <= repeated[0] < repeated[1] <= len(steps):
        raise BadFact(f"repeated has to be a slice [i, j] of the {len(steps)} steps, not {repeated!r}")
    return [*steps[: repeated[0]], *steps[repeated[1] :]]


def _train_on(data: Tensor, domain: Range, steps: Steps, kept: Steps, facts: Facts, bench: Bench) -> Arms:
    """Both arms show their samples as someone does who believes that the value was changed once."""
    back = Way([*inverse(kept, domain), rescale(domain, UNIT)], Sink("the display", UNIT, "clamp"))
    facts.note("display_steps", list(back.steps))

    def sampled(made: Steps) -> list[Chain]:
        seen = apply([rescale(UNIT, domain), *made], data)
        return [sample_ideal(seen, facts, bench, seed) for seed in bench.seeds]

    return Arms(show_arm(sampled(steps), back, data), show_arm(sampled(kept), back, data), measure(data, data))
