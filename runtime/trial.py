"""A training trial: one way to train in, one arm with the pictures that the trained networks draw out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor

from .arms import Arm, Measures
from .bench import Bench
from .facts import Facts, Range
from .reference import Chain, Way, chosen_schedule, frames, sample
from .sinks import Sink
from .steps import Step, bounded, rescale
from .train import Head, Trained, evaluate, new, train

UNIT = (0.0, 1.0)
# Trains the model in place on the data with the seed; yields after each step.
Training = Callable[[Trained, Tensor, int], Iterator[float]]


@dataclass(frozen=True, eq=False)
class Trial:
    """What one arm trains: ``name`` tells trials apart; ``data`` [n, c, h, w] in [0, 1] are seen in ``domain``."""

    name: str
    prediction: str
    data: Tensor
    domain: Range
    head: Head | None = None
    training: Training = train

    @property
    def seen(self) -> Tensor:
        """The pictures in the range in which the network sees them."""
        return self.data * (self.domain[1] - self.domain[0]) + self.domain[0]

    @property
    def way(self) -> Way:
        """The display of the network's samples."""
        return Way([rescale(self.domain, UNIT)], Sink("the display", UNIT, "clamp"))


@dataclass(frozen=True, eq=False)
class Result:
    """A trained network, and its loss on fixed noise before and after."""

    model: Trained
    before: float
    after: float

    @property
    def measures(self) -> dict[str, float]:
        """``unlearned`` is the share of the first loss that is left."""
        after = self.after if math.isfinite(self.after) else math.inf
        return {
            "loss": self.after,
            "log_loss": math.log(max(after, 1e-12)),
            "unlearned": after / self.before,
        }


def head(activation: Step) -> Head:
    """The output activation as a function."""
    return lambda output: bounded(activation, output)


def trial_arm(trial: Trial, facts: Facts, bench: Bench) -> Arm:
    """Train once for each seed and sample with the finding's sampler; x0 is clipped to the range of the data."""
    results = [trained(trial, facts, bench, seed) for seed in bench.seeds]
    chains = [_sampled(trial, result, facts, bench, seed) for result, seed in zip(results, bench.seeds, strict=True)]
    measures: list[Measures] = [
        trial.way.measure(chain.final, trial.data) | result.measures
        for chain, result in zip(chains, results, strict=True)
    ]
    return Arm(tuple(measures), frames(chains[0], trial.way))


def trained(trial: Trial, facts: Facts, bench: Bench, seed: int) -> Result:
    """The trained network of this trial; equal trials are trained once."""
    constants = str(sorted(facts.get("schedule").items()))
    key = (trial.name, trial.prediction, trial.domain, trial.data.shape, constants, seed)

    def make() -> Result:
        model = new(chosen_schedule(facts), trial.prediction, trial.data, trial.head, seed)
        before = evaluate(model, trial.seen)
        for _ in trial.training(model, trial.seen, seed):
            bench.check()
        return Result(model, before, evaluate(model, trial.seen))

    return bench.once(key, make)


def _sampled(trial: Trial, result: Result, facts: Facts, bench: Bench, seed: int) -> Chain:
    facts.note("x0_clip", list(trial.domain))
    return sample(result.model, facts, bench, seed, trial.data, trial.prediction, trial.domain)
