"""A network that has to predict noise ends in a bounded activation: trained with it and without it."""

from __future__ import annotations

from ..arms import Arms
from ..bench import Bench
from ..facts import BadFact, Facts
from ..images import moderate
from ..reference import channels
from ..symptoms import measure
from ..train import PICTURES
from ..trial import Trial, head, trial_arm

SIGNED = (-1.0, 1.0)


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: the activation at the output. Repaired: none. Pictures in [-1, 1], all else equal."""
    target, activation = facts.get("target"), facts.get("activation")
    if target not in ("eps", "v", "score"):
        raise BadFact(f"target has to be eps, v or score, not {target!r}")
    facts.note("repair", "no activation at the output")
    data = moderate(PICTURES, bench.seed, channels(facts)).to(bench.device)
    written = Trial(str(activation), target, data, SIGNED, head(activation))
    repaired = Trial("unbounded", target, data, SIGNED)
    return Arms(trial_arm(written, facts, bench), trial_arm(repaired, facts, bench), measure(data, data))
