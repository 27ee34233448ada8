"""The reference model without training: pictures sampled with the ideal denoiser, shown by each arm in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .arms import Arm, Arms, Frame, Measures
from .bench import Bench, generator
from .denoisers import Ideal, Model, imperfect
from .facts import Facts, Range
from .predictions import NAMES as PREDICTIONS
from .predictions import UnknownPrediction
from .samplers import State, ddim, ddpm
from .schedules import Schedule, schedule
from .sinks import Sink
from .steps import Steps, apply, rescale
from .symptoms import measure, measure_sink

SHOWN = 8
# Which states of a chain the strip shows, as shares of the way.
MILESTONES = (0.0, 0.4, 0.7, 0.9)


@dataclass(frozen=True, eq=False)
class Way:
    """How one arm shows a value: the steps on its way to the sink, and the sink."""

    steps: Steps
    sink: Sink

    def show(self, x: Tensor) -> Tensor:
        """The displayed pictures in [0, 1]."""
        return self.sink.show(apply(self.steps, x))

    def frames(self, label: str, x: Tensor) -> list[Frame]:
        """The displayed pictures for the strip; where the sink raises an error there is none, and a label says so."""
        refused = self.sink.refuses(apply(self.steps, x)).tolist()
        return [Frame("error" if no else label, shown) for no, shown in zip(refused, self.show(x), strict=True)]

    def measure(self, x: Tensor, data: Tensor) -> dict[str, float]:
        """Measures of what is displayed."""
        return measure_sink(apply(self.steps, x), self.sink, data)


@dataclass(frozen=True, eq=False)
class Chain:
    """The states of one sampled batch, in the order in which they were reached."""

    states: Sequence[State]

    @property
    def final(self) -> Tensor:
        """The sampled batch [batch, c, h, w], in the range of the data."""
        return self.states[-1].x_prev

    @property
    def milestones(self) -> list[tuple[str, Tensor]]:
        """A few noisy states, each with a label."""
        chosen = [self.states[int(share * len(self.states))] for share in MILESTONES]
        return [(f"t = {state.t}", state.x_t) for state in chosen]


def chosen_schedule(facts: Facts) -> Schedule:
    """The schedule of the finding."""
    entry = facts.get("schedule")
    return schedule(entry["name"], int(entry["T"]), float(entry["beta_start"]), float(entry["beta_end"]))


def chosen_prediction(facts: Facts) -> str:
    """The prediction type of the finding."""
    prediction = facts.get("prediction")
    if prediction not in PREDICTIONS:
        raise UnknownPrediction(f"unknown prediction {prediction!r}; known are {', '.join(PREDICTIONS)}")
    return str(prediction)


def channels(facts: Facts) -> int:
    """One channel if the finding says so, else three: the procedural pictures come in these two kinds."""
    return 1 if facts.get("channels") == 1 else 3


def sample(
    model: Model, facts: Facts, bench: Bench, seed: int, like: Tensor, prediction: str, clip: Range | None = None
) -> Chain:
    """A batch of pictures shaped as those in ``like``, sampled with the schedule and sampler of the finding."""
    rng = generator(seed)
    x_T = torch.randn((SHOWN, *like.shape[1:]), generator=rng).to(like)
    table = chosen_schedule(facts)
    if facts.get("sampler") == "ddpm":
        states = ddpm(model, table, x_T, prediction=prediction, clip=clip, generator=rng)
    else:
        steps = int(facts.get("sampler_steps"))
        states = ddim(model, table, x_T, prediction=prediction, steps=steps, clip=clip, generator=rng)
    return Chain(list(_checked(states, bench)))


def sample_ideal(data: Tensor, facts: Facts, bench: Bench, seed: int, x0_error: float = 0.0) -> Chain:
    """Pictures that a perfectly trained model draws after training on ``data`` [n, c, h, w]."""
    prediction = chosen_prediction(facts)
    ideal = Ideal(data, chosen_schedule(facts), prediction)
    model = imperfect(ideal, x0_error, generator(seed + 1000)) if x0_error else ideal
    return sample(model, facts, bench, seed, data, prediction)


def show_arm(chains: Sequence[Chain], way: Way, data: Tensor) -> Arm:
    """One arm that shows chains, one for each seed, in its way; ``data`` are the training pictures in [0, 1]."""
    measures: list[Measures] = [way.measure(chain.final, data) for chain in chains]
    return Arm(tuple(measures), frames(chains[0], way))


def frames(chain: Chain, way: Way) -> tuple[Frame, ...]:
    """A few noisy states of the first picture of a chain, then some samples."""
    noisy = [way.frames(label, x_t)[0] for label, x_t in chain.milestones]
    return (*noisy, *way.frames("sample", chain.final)[:5])


def show_arms(chains: Sequence[Chain], as_written: Way, repaired: Way, data: Tensor) -> Arms:
    """Two arms that show the same chains in two ways."""
    return Arms(show_arm(chains, as_written, data), show_arm(chains, repaired, data), measure(data, data))


def placed(domain: Range) -> Steps:
    """The steps that take samples of data in [-1, 1] to where a value of this nominal range comes from."""
    return [{"op": "clamp", "low": -1.0, "high": 1.0}, rescale((-1.0, 1.0), domain)]


def _checked(states: Iterator[State], bench: Bench) -> Iterator[State]:
    for state in states:
        bench.check()
        yield state
