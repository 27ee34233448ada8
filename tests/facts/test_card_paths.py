"""Whose facts a card may show: nothing of another path, of a latent or of a way not taken."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from difflint.card import Card
from difflint.facts import analyse
from difflint.facts.cards import cards
from difflint.files import SourceFile

HEAD = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x, t=None):
        return self.conv(x)

T = 500
betas = torch.linspace(1e-4, 0.02, T)
alpha_bar = torch.cumprod(1 - betas, 0)
to_signed = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
"""

GAN = """
class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(64, 3, 32)

    def forward(self, z):
        return torch.tanh(self.up(z))

def train():
    generator, critic = Generator(), Net()
    optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4)
    for real, _ in DataLoader(datasets.ImageFolder("pictures", transform=to_signed)):
        fake = generator(torch.randn(8, 64, 1, 1))
        loss = critic(fake).mean() - critic(real).mean()
        loss.backward()
        optimizer.step()
    save_image(generator(torch.randn(8, 64, 1, 1)) * 0.5 + 0.5, "fake.png")

train()
"""

DENOISER = """
class Diffusion:
    def __init__(self, net):
        self.net = net

    def step(self, x, t, clip_x0=True):
        eps = self.net(x, t)
        x0 = (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()
        if clip_x0:
            x0 = x0.clamp(-1, 1)
        mean = alpha_bar[t].sqrt() * betas[t] * x0 + (1 - betas[t]).sqrt() * x
        return mean + betas[t].sqrt() * torch.randn_like(x)

    def sample(self, shape, clip_x0=True):
        x = torch.randn(shape)
        for t in reversed(range(T)):
            x = self.step(x, t, clip_x0)
        return x

    def walk(self, x):
        for t in reversed(range(T)):
            x = self.step(x, t)
        return x
"""

IMPLICIT = """
class DDIM(Diffusion):
    def step(self, x, t, clip_x0=True, eta=0.0):
        eps = self.net(x, t)
        x0 = (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()
        return alpha_bar[t - 1].sqrt() * x0 + (1 - alpha_bar[t - 1]).sqrt() * eps
"""


def cards_of(text: str) -> list[Card]:
    folder = Path("/nowhere")
    facts = analyse([SourceFile("program.py", HEAD + dedent(text), folder / "program.py", folder)])
    assert facts.errors == ()
    return list(cards(facts))


def value(card: Card, topic: str) -> str | None:
    line = card.line(topic)
    assert line is not None, topic
    return line.value


def sampler_of(text: str) -> Card:
    (found,) = (card for card in cards_of(text) if card.kind == "sampling")
    return found


def training_of(text: str) -> Card:
    (found,) = (card for card in cards_of(text) if card.kind == "training")
    return found


def test_the_latent_of_a_generator_is_no_picture() -> None:
    for card in cards_of(GAN):
        assert value(card, "channels") is None
        assert value(card, "size") is None


def test_the_activation_of_a_generator_closes_it_and_is_no_inverse() -> None:
    found = cards_of(GAN)
    assert {card.kind for card in found} == {"training", "sampling"}
    assert {value(card, "output activation") for card in found} == {"tanh"}
    (inverse,) = (value(card, "inverse normalisation") for card in found if card.kind == "sampling")
    assert inverse is not None and inverse.endswith("* 0.5 + 0.5") and "tanh" not in inverse


def test_a_sampler_that_nobody_shows_borrows_no_sink() -> None:
    card = sampler_of(DENOISER + 'save_image((Diffusion(Net()).sample((8, 3, 32, 32)) + 1) / 2, "a.png")\n')
    assert card.name == "Diffusion.sample"
    assert value(card, "sink") == "save_image (takes [0, 1])"


def test_what_a_refinement_does_does_not_name_the_sampler_of_its_base() -> None:
    shown = 'save_image(Diffusion(Net()).sample((8, 3, 32, 32)), "a.png")\nDDIM(Net()).sample((8, 3, 32, 32))\n'
    assert value(sampler_of(DENOISER + IMPLICIT + shown), "sampler") == "DDPM ancestral (noise in each step)"


@pytest.mark.parametrize(("given", "clamp"), [("", "x0.clamp(-1, 1)"), (", clip_x0=True", "x0.clamp(-1, 1)")])
def test_the_clamp_of_x0_is_shown(given: str, clamp: str) -> None:
    card = sampler_of(DENOISER + f'save_image(Diffusion(Net()).sample((8, 3, 32, 32){given}), "a.png")\n')
    assert (value(card, "x0 clamp") or "").startswith(clamp)


def test_the_clamp_of_x0_can_be_switched_off_by_who_calls() -> None:
    card = sampler_of(DENOISER + 'save_image(Diffusion(Net()).sample((8, 3, 32, 32), clip_x0=False), "a.png")\n')
    assert value(card, "x0 clamp") == "none (its callers switch it off)"


def test_a_clamp_beside_the_chain_says_nothing_of_the_chain() -> None:
    card = sampler_of("""
    def step(net, x, t):
        eps = net(x, t)
        x0 = (x - (1 - alpha_bar[t]).sqrt() * eps) / alpha_bar[t].sqrt()
        x0 = x0.clamp(-1, 1)
        mean = (x - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()
        return mean + betas[t].sqrt() * torch.randn_like(x), x0

    def sample(net):
        x = torch.randn(8, 3, 32, 32)
        for t in reversed(range(T)):
            x, x0 = step(net, x, t)
        save_image((x + 1) / 2, "a.png")

    sample(Net())
    """)
    assert value(card, "x0 clamp") is None


def test_a_clamp_before_showing_each_round_is_the_final_one() -> None:
    card = sampler_of("""
    def sample(net):
        x = torch.randn(8, 3, 32, 32)
        for t in reversed(range(T)):
            x = (x - betas[t] * net(x, t)) / (1 - betas[t]).sqrt() + betas[t].sqrt() * torch.randn_like(x)
            shown = torch.clamp(x, -1, 1)
            save_image((shown + 1) / 2, f"{t}.png")

    sample(Net())
    """)
    assert value(card, "final clamp") == "torch.clamp(x, -1, 1)"


LEARN = """
def train(net, vae):
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-4)
    {before}
    for x, _ in DataLoader(datasets.ImageFolder("pictures", transform={transform})):
        {encode}
        t = torch.randint(0, T, (8,))
        a, noise = alpha_bar[t][:, None, None, None], torch.randn_like(x)
        loss = F.mse_loss(net(a.sqrt() * x + (1 - a).sqrt() * noise, t), noise)
        loss.backward()
        optimizer.step()
        {after}
"""


def learning(before: str = "", encode: str = "", after: str = "", transform: str = "to_signed", make: str = "") -> Card:
    text = LEARN.format(before=before or "pass", encode=encode or "pass", after=after or "pass", transform=transform)
    return training_of(text + (make or "train(Net(), None)\n"))


def test_what_may_be_encoded_before_the_model_has_no_known_range() -> None:
    assert value(learning(), "data range") == "[-1, 1]"
    encoded = learning(encode="x = vae.encode(x) if vae is not None else x", make="def main(vae): train(Net(), vae)\n")
    assert value(encoded, "data range") is None


def test_autocast_and_scaler_that_are_off_leave_float32() -> None:
    card = learning(before="scaler = torch.cuda.amp.GradScaler(enabled=False)")
    assert value(card, "precision") == "float32 (autocast and scaler are off)"


def test_running_the_averaged_network_is_no_averaging() -> None:
    card = learning(before="ema = Net()", encode="shown = ema(x, None)")
    assert value(card, "EMA") is None


def test_a_crop_that_is_resized_again_is_not_the_size() -> None:
    resized = "transforms.Compose([transforms.CenterCrop(140), transforms.Resize(SIDE), transforms.ToTensor()])"
    cropped = "transforms.Compose([transforms.Resize(70), transforms.CenterCrop(64), transforms.ToTensor()])"
    make = "def main(SIDE): train(Net(), None)\n"
    assert value(learning(transform=resized, make=make), "size") is None
    assert value(learning(transform=cropped, make=make), "size") == "64"


def test_a_loop_that_trains_in_each_round_is_no_sampler() -> None:
    found = cards_of("""
    def learn(net, optimizer, x):
        loss = F.mse_loss(net(x, 0), x)
        loss.backward()
        optimizer.step()

    def run(net, optimizer):
        x = torch.randn(8, 3, 32, 32)
        for t in reversed(range(T)):
            x = x - 0.1 * net(x, t)
            learn(net, optimizer, x)

    net = Net()
    run(net, torch.optim.Adam(net.parameters()))
    """)
    assert [card.kind for card in found] == ["training"]


def test_noise_drawn_when_a_network_is_made_is_no_step_of_the_sampler() -> None:
    card = sampler_of("""
    class Embedding(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.randn(16)

        def forward(self, x, t):
            return x * self.weights.mean()

    def sample(net, steps=10):
        x = torch.randn(8, 3, 32, 32)
        dt = 1 / steps
        for t in torch.linspace(0, 1, steps):
            x = x + dt * net(x, t)
        save_image((x + 1) / 2, "a.png")

    sample(Embedding())
    """)
    assert value(card, "sampler") == "Euler (deterministic)"


def test_each_path_has_the_table_it_asks_for() -> None:
    found = cards_of("""
    def make_beta_schedule(steps, last):
        return torch.linspace(1e-4, last, steps)

    def cumulated(betas):
        return torch.cumprod(1 - betas, 0)

    def learn_short(net, x):
        table = cumulated(make_beta_schedule(100, 0.2))
        F.mse_loss(net(x * table[3], 3), x).backward()

    def learn_long(net, x):
        table = cumulated(make_beta_schedule(1000, 0.02))
        F.mse_loss(net(x * table[3], 3), x).backward()
    """)
    schedules = {card.name: value(card, "schedule") or "" for card in found}
    assert schedules["learn_short"].startswith("linear, T=100, beta 0.0001 to 0.2,")
    assert schedules["learn_long"].startswith("linear, T=1000, beta 0.0001 to 0.02,")


def test_an_autoencoder_that_only_an_option_brings_is_not_there_by_default() -> None:
    encode = "if vae is not None: x = vae.encode(x).latent_dist.sample()"
    make = (
        "import argparse\n"
        "from diffusers import AutoencoderKL\n"
        "parser = argparse.ArgumentParser()\n"
        'parser.add_argument("--vae", type=str, default=DEFAULT)\n'
        "args = parser.parse_args()\n"
        "if args.vae is None:\n"
        "    train(Net(), None)\n"
        "else:\n"
        "    train(Net(), AutoencoderKL.from_pretrained(args.vae))\n"
    )
    absent = learning(encode=encode, make=make.replace("DEFAULT", "None"))
    assert value(absent, "data range") == "[-1, 1] by default"
    given = learning(encode=encode, make=make.replace("DEFAULT", '"some"'))
    assert "latents of pictures in [-1, 1]" in (value(given, "data range") or "")


def test_a_loop_over_files_is_no_sampler() -> None:
    found = cards_of("""
    import os

    def restore(net):
        names = os.listdir("noisy")
        x = torch.randn(8, 3, 32, 32)
        for name in names:
            x = x - 0.1 * net(x, 0)

    restore(Net())
    """)
    assert found == []
