"""Pictures are normalised for the model and brought back in another way for the sink."""

from __future__ import annotations

from ..arms import Arm, Arms
from ..bench import Bench
from ..facts import Facts
from ..images import moderate
from ..reference import Way, channels, placed, sample_ideal, show_arm, show_arms
from ..sinks import sink
from ..steps import Steps, apply, concrete, interval, inverse, rescale
from ..symptoms import measure

SIGNED = (-1.0, 1.0)
# Beyond this no display helps: noise of variance 1 cannot hide the data, and a sampler does not start where they are.
LARGEST = 5.0


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: the model's domain, the display steps, the sink. Repaired: what undoes the data steps, the sink."""
    unit, to = facts.range("unit"), sink(facts.get("sink"))
    data_steps = concrete(facts.get("data_steps"), unit)
    domain = interval(data_steps, unit)
    sane = [rescale(unit, SIGNED)] if max(map(abs, domain)) > LARGEST else data_steps
    repair = [*inverse(sane, unit), rescale(unit, to.takes)]
    facts.note("repair", {"data_steps": list(sane), "display_steps": repair})
    display = concrete(facts.get("display_steps"), domain)
    data = moderate(64, bench.seed, channels(facts)).to(bench.device)
    if not facts.get("sampled"):
        chains = [sample_ideal(data * 2 - 1, facts, bench, seed) for seed in bench.seeds]
        written = Way([*placed(unit), *data_steps, *display], to)
        return show_arms(chains, written, Way([*placed(unit), *sane, *repair], to), data)
    written, repaired = Way(display, to), Way(repair, to)

    def sampled(steps: Steps, way: Way) -> Arm:
        seen = apply([rescale((0.0, 1.0), unit), *steps], data)
        return show_arm([sample_ideal(seen, facts, bench, seed) for seed in bench.seeds], way, data)

    return Arms(sampled(data_steps, written), sampled(sane, repaired), measure(data, data))
