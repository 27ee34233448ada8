"""A tiny UNet with time embedding: small enough to be trained in seconds on a CPU, on pictures of 16 x 16 pixels."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING = 128


class TinyUNet(nn.Module):
    """Maps x_t [batch, channels, 16, 16] and t [batch] in [0, 1] to an output of that shape, unbounded without a head.

    It works on 2 x 2 patches, a quarter of the pixels for a quarter of the time. Its lowest level is dense: what
    convolutions learn about a whole picture in thousands of steps, dense layers learn in hundreds. A gate that depends
    on t adds x_t to the output, since eps and v consist of x_t for the most part.
    """

    def __init__(self, channels: int = 3, width: int = 16, head: Callable[[Tensor], Tensor] | None = None) -> None:
        super().__init__()
        self.head = head
        self.time = nn.Sequential(nn.Linear(32, EMBEDDING), nn.SiLU(), nn.Linear(EMBEDDING, EMBEDDING), nn.SiLU())
        self.enter = nn.Conv2d(4 * channels, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 2, stride=2)
        self.middle = nn.ModuleList(DenseBlock(16 * width) for _ in range(2))
        self.up = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.leave = nn.Conv2d(width, 4 * channels, 3, padding=1)
        self.gate = nn.Linear(EMBEDDING, 2 * channels)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x_t: Tensor, t: Tensor, gain: Tensor | float = 1.0) -> Tensor:
        """Down to 4 x 4, dense, and up again; ``gain`` scales what reaches the head."""
        emb = self.time(embedding(t))
        inner = self.down(F.silu(self.enter(F.pixel_unshuffle(x_t, 2))))  # [batch, width, 4, 4]
        flat = inner.flatten(1)
        for block in self.middle:
            flat = block(flat, emb)
        picture = F.pixel_shuffle(self.leave(self.up(flat.view_as(inner))), 2)
        skip, scale = self.gate(emb)[:, :, None, None].chunk(2, dim=1)
        output = gain * (skip * x_t + (1 + scale) * picture)
        return output if self.head is None else self.head(output)


class DenseBlock(nn.Module):
    """Residual block over all features of the picture, scaled and shifted by the time embedding."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.first = nn.Linear(features, features)
        self.film = nn.Linear(EMBEDDING, 2 * features)
        self.second = nn.Linear(features, features)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """x [batch, features] and emb [batch, EMBEDDING] give [batch, features]."""
        scale, shift = self.film(emb).chunk(2, dim=1)
        hidden = self.first(self.norm(x)) * (1 + scale) + shift
        output: Tensor = x + self.second(F.silu(hidden))
        return output


def embedding(t: Tensor) -> Tensor:
    """Sines and cosines of t [batch] in [0, 1] -> [batch, 32] (Vaswani et al. 2017, section 3.5)."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000.0), 16, device=t.device))
    angles = t[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
