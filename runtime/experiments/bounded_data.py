"""A network that has to output pictures ends in an activation whose range is not that of the pictures."""

from __future__ import annotations

from ..arms import Arm, Arms, Frame, Measures
from ..bench import Bench
from ..facts import BadFact, Facts
from ..images import moderate
from ..reference import channels
from ..symptoms import measure
from ..train import PICTURES
from ..trial import Trial, head, trained, trial_arm

SIGNED = (-1.0, 1.0)
# Beyond this a diffusion model does not work with or without the activation: its noise has variance 1.
LARGEST = 5.0


def run(facts: Facts, bench: Bench) -> Arms:
    """As written: the activation at the output. Repaired: none (and pictures in [-1, 1] if they were out of scale)."""
    domain, activation, prediction = facts.range("data"), facts.get("activation"), facts.get("prediction", "x0")
    if prediction not in ARMS:
        raise BadFact(f"prediction has to be {' or '.join(ARMS)}, not {prediction!r}")
    sane = domain if max(map(abs, domain)) <= LARGEST else SIGNED
    facts.note("repair", {"activation": None, "data": list(sane)})
    data = moderate(PICTURES, bench.seed, channels(facts)).to(bench.device)
    make = ARMS[prediction]
    written = make(Trial(str(activation), "x0", data, domain, head(activation)), facts, bench)
    return Arms(written, make(Trial("unbounded", "x0", data, sane), facts, bench), measure(data, data))


def reconstruction_arm(trial: Trial, facts: Facts, bench: Bench) -> Arm:
    """The network as an autoencoder: the same training with hardly any noise, and the training pictures shown again."""
    results = [trained(trial, QUIET, bench, seed) for seed in bench.seeds]
    outputs = [result.model(trial.seen, 0) for result in results]
    measures: list[Measures] = [
        trial.way.measure(output, trial.data) | result.measures for output, result in zip(outputs, results, strict=True)
    ]
    inputs = [Frame("input", picture) for picture in trial.data[:4]]
    return Arm(tuple(measures), (*inputs, *(Frame("output", picture) for picture in trial.way.show(outputs[0])[:4])))


QUIET = Facts({"schedule": {"name": "linear", "T": 2, "beta_start": 1e-6, "beta_end": 1e-6}})
ARMS = {"x0": trial_arm, "reconstruction": reconstruction_arm}
