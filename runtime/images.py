"""Procedural pictures, made on the fly: seed and size in, float32 pictures [n, channels, size, size] in [0, 1] out."""

from __future__ import annotations

import torch
from torch import Tensor

SIZE = 16


def moderate(n: int, seed: int, channels: int = 3) -> Tensor:
    """Pictures with mean 0.5 that stay well inside (0, 1), so that each white or black pixel is a symptom."""
    return _scenes(n, seed, channels) * 0.76 + 0.12


def full_range(n: int, seed: int, channels: int = 3) -> Tensor:
    """The same pictures with areas at 0 and at 1, as photographs have them: there any overshoot leaves the range."""
    return (_scenes(n, seed, channels) * 1.2 - 0.1).clamp(0, 1)


def _scenes(n: int, seed: int, channels: int) -> Tensor:
    """A disc of one colour before a slanted gradient of two others, each picture using all of [0, 1]."""
    rng = torch.Generator().manual_seed(seed)
    colours = torch.rand(n, 3, channels, 1, 1, generator=rng)
    angle, cx, cy, radius = torch.rand(4, n, 1, 1, 1, generator=rng)
    axis = torch.linspace(-1, 1, SIZE)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    slope = (x * torch.cos(angle * 6.283) + y * torch.sin(angle * 6.283)) / 2.83 + 0.5  # [n, 1, size, size]
    background = colours[:, 0] * (1 - slope) + colours[:, 1] * slope
    distance = ((x - cx + 0.5) ** 2 + (y - cy + 0.5) ** 2).sqrt()
    disc = torch.sigmoid((0.35 + 0.35 * radius - distance) * 12)
    return _stretch(background * (1 - disc) + colours[:, 2] * disc)


def _stretch(pictures: Tensor) -> Tensor:
    low, high = pictures.amin((1, 2, 3), keepdim=True), pictures.amax((1, 2, 3), keepdim=True)
    return (pictures - low) / (high - low)
