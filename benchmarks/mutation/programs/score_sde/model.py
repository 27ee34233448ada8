import numpy as np
import torch
import torch.nn as nn


class GaussianFourierProjection(nn.Module):
    def __init__(self, embed_dim, scale=16.0):
        super().__init__()
        self.W = nn.Parameter(torch.randn(embed_dim // 2) * scale, requires_grad=False)

    def forward(self, x):
        x_proj = x[:, None] * self.W[None, :] * 2 * np.pi
        return torch.cat([torch.sin(x_proj), torch.cos(x_proj)], dim=-1)


class ScoreNet(nn.Module):
    """Ends in a division by the standard deviation, as the score has its size."""

    def __init__(self, sde, width=32, embed_dim=64):
        super().__init__()
        self.sde = sde
        self.embed = nn.Sequential(GaussianFourierProjection(embed_dim), nn.Linear(embed_dim, width))
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, width)
        self.norm2 = nn.GroupNorm(4, width)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Conv2d(width, 1, 3, padding=1)
        self.act = nn.SiLU()

    def forward(self, x, t):
        emb = self.act(self.embed(t))[:, :, None, None]
        h = self.act(self.norm1(self.conv1(x) + emb))
        h = h + self.act(self.norm2(self.conv2(self.drop(h)) + emb))
        h = self.out(self.act(self.conv3(h)))
        _, std = self.sde.marginal_prob(x, t)
        return h / std[:, None, None, None]
