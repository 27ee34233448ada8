"""Reverse loops: their state, its start, and the calls that are given it."""

from __future__ import annotations

import ast

import pytest

from difflint.relations.draws import added, distribution, only_drawn
from difflint.relations.file import File
from difflint.relations.sampling import ReverseLoop, is_network_name, reverse_loops
from difflint.relations.terms import show


def loops(text: str) -> tuple[ReverseLoop, ...]:
    return reverse_loops(File("a.py", text, ast.parse(text)))


DDPM = """
import torch
def sample(model, abar, n):
    x = torch.randn(n, 3, 8, 8)
    for t in reversed(range(len(abar))):
        eps = model(x, torch.full((n,), t))
        x = (x - eps) / abar[t] + torch.randn_like(x)
    return x
"""
SCHEDULER = """
def sample(unet, scheduler, latents):
    for i, t in enumerate(scheduler.timesteps):
        noise = unet(scheduler.scale_model_input(latents, t), t).sample
        latents = scheduler.step(noise, t, latents).prev_sample
    return latents
"""
METHOD = """
class Diffusion:
    def p_sample(self, x, t):
        return x - self.net(x, t)
    def sample(self, x):
        for t in range(self.T - 1, -1, -1):
            x = self.p_sample(x, t)
        return x
"""


@pytest.mark.parametrize(
    ("text", "state", "start", "kinds"),
    [
        (DDPM, "x", "torch.randn(n, 3, 8, 8)", ["network"]),
        (SCHEDULER, "latents", "latents", ["network", "scheduler"]),
        (METHOD, "x", "x", ["step"]),
    ],
)
def test_a_reverse_loop_is_known_by_its_state(text: str, state: str, start: str, kinds: list[str]) -> None:
    (loop,) = loops(text)
    assert (loop.state, show(loop.start), [call.kind for call in loop.calls]) == (state, start, kinds)


def test_the_time_of_a_call_is_what_changes_with_the_loop() -> None:
    (loop,) = loops(DDPM)
    time = loop.calls[0].time
    assert time is not None
    assert loop.own(time)
    assert time.called == "full"


@pytest.mark.parametrize(
    "text",
    [
        "def train(net, data, optim):\n    for x in data:\n        loss = net(x, 1)\n        loss.backward()\n",
        "def mean(xs):\n    total = 0\n    for x in xs:\n        total = total + x\n    return total\n",
        "def deep(layers, x, t):\n    for layer in layers:\n        x = layer(x, t)\n    return x\n",
    ],
)
def test_other_loops_are_no_reverse_loops(text: str) -> None:
    assert loops(text) == ()


@pytest.mark.parametrize("name", ["model", "unet", "eps_model", "nn_model", "ScoreNet", "transformer", "ema"])
def test_names_of_networks(name: str) -> None:
    assert is_network_name(name)


@pytest.mark.parametrize("name", ["extract", "vae", "scheduler", "load_model", "text_model", "q_posterior"])
def test_names_of_other_things(name: str) -> None:
    assert not is_network_name(name)


def test_draws_that_are_added_are_found_under_scales_and_branches() -> None:
    text = "import torch\ndef f(m, s, x, t):\n    y = m + s * (torch.randn_like(x) if t > 0 else 0)\n"
    (event,) = (e for e in File("a.py", text, ast.parse(text)).every[0].events if e.target == "y")
    assert [distribution(draw) for draw in added(event.term)] == ["normal"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("2 * torch.rand(3) - 1", "uniform"), ("torch.randn(3).to(d) * s.sigma", "normal"), ("torch.rand(3) + x", "")],
)
def test_what_is_nothing_but_a_draw(code: str, kind: str) -> None:
    text = f"import torch\ndef f(x, d, s):\n    y = {code}\n"
    (event,) = (e for e in File("a.py", text, ast.parse(text)).every[0].events if e.target == "y")
    drawn = only_drawn(event.term)
    assert (distribution(drawn) if drawn is not None else "") == kind
