"""Training of the tiny UNet on procedural pictures, within seconds on a CPU: a data set in, a model (x_t, t) out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .bench import generator
from .schedules import Schedule
from .unet import TinyUNet

Head = Callable[[Tensor], Tensor]
LEARNING_RATE = 4e-3
BATCH = 64
STEPS = 400
PICTURES = 8


@dataclass(frozen=True, eq=False)
class Trained:
    """A network beside what it predicts; called as a sampler calls its model."""

    net: TinyUNet
    schedule: Schedule
    prediction: str

    def __call__(self, x_t: Tensor, t: int) -> Tensor:
        """x_t [batch, c, h, w] at step t -> output of the type ``prediction``, same shape."""
        with torch.no_grad():
            return self.at(x_t, torch.full((len(x_t),), t, device=x_t.device))

    def at(self, x_t: Tensor, t: Tensor) -> Tensor:
        """The same with gradients and one step t [batch] for each picture."""
        gain = 1.0 if self.prediction != "score" else 1 / sigma(self.schedule, t, x_t)
        output: Tensor = self.net(x_t, t.to(x_t) / self.schedule.T, gain)
        return output


def new(schedule: Schedule, prediction: str, like: Tensor, head: Head | None, seed: int) -> Trained:
    """An untrained model for pictures shaped as those in ``like``; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = TinyUNet(like.shape[1], head=head)
    return Trained(net.to(like.device), schedule, prediction)


def losses(model: Trained, data: Tensor, seed: int) -> Iterator[Tensor]:
    """Endless training losses on random batches (Ho et al. 2020, algorithm 1); the caller steps the optimizer."""
    rng = generator(seed)
    while True:
        rows = torch.randint(len(data), (BATCH,), generator=rng)
        t = torch.randint(model.schedule.T, (BATCH,), generator=rng)
        eps = torch.randn((BATCH, *data.shape[1:]), generator=rng)
        yield loss(model, data[rows.to(data.device)], t.to(data.device), eps.to(data))


def loss(model: Trained, x0: Tensor, t: Tensor, eps: Tensor) -> Tensor:
    """Mean squared error of the prediction; a score is weighted with sigma^2 (Song et al. 2021, section 3.3)."""
    a, s = sigma(model.schedule, t, x0, signal=True), sigma(model.schedule, t, x0)
    x_t = a * x0 + s * eps
    output = model.at(x_t, t)
    if model.prediction == "score":
        return (s * output + eps).square().mean()
    target = {"eps": eps, "x0": x0, "v": a * eps - s * x0}[model.prediction]
    return (output - target).square().mean()


def sigma(schedule: Schedule, t: Tensor, like: Tensor, *, signal: bool = False) -> Tensor:
    """sqrt(1 - alpha_bar_t), or sqrt(alpha_bar_t) for the signal, as [batch, 1, 1, 1]."""
    alpha_bars = schedule.alpha_bars.to(like)[t][:, None, None, None]
    return (alpha_bars if signal else 1 - alpha_bars).sqrt()


def plain(current: Tensor) -> bool:
    """The backward pass in full precision, after which the optimizer always steps."""
    current.backward()  # type: ignore[no-untyped-call]
    return True


def train(model: Trained, data: Tensor, seed: int, descend: Callable[[Tensor], bool] = plain) -> Iterator[float]:
    """Train in place with Adam and yield each loss; ``descend`` fills the gradients and says whether to step."""
    optimizer = torch.optim.Adam(model.net.parameters(), lr=LEARNING_RATE)
    for step, current in zip(range(STEPS), losses(model, data, seed), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        if descend(current):
            optimizer.step()
        yield float(current.detach())


def rate(step: int) -> float:
    """The learning rate: constant, then falling to zero over the second half."""
    return LEARNING_RATE * min(1.0, 2 * (STEPS - step) / STEPS)


def evaluate(model: Trained, data: Tensor) -> float:
    """The loss on fixed noise at evenly spread t: it does not depend on the seed of the training."""
    rng = generator(12345)
    rows = torch.arange(256) % len(data)
    t = (torch.arange(256) * model.schedule.T) // 256
    eps = torch.randn((256, *data.shape[1:]), generator=rng)
    with torch.no_grad():
        return float(loss(model, data[rows.to(data.device)], t.to(data.device), eps.to(data)))
