import math

import torch
from torch import nn


class NoisePredictor(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.width = width
        self.temb = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.ModuleList([nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in (1, 2, 4, 2, 1)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for _ in range(5)])
        self.tail = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x, t):
        half = self.width // 2
        freq = torch.exp(torch.arange(half, device=x.device) * (-math.log(10000.0) / (half - 1)))
        emb = t.float()[:, None] * freq[None, :]
        emb = self.temb(torch.cat([emb.sin(), emb.cos()], dim=1))[:, :, None, None]
        h = self.head(x)
        for conv, norm in zip(self.body, self.norms):
            h = h + conv(torch.relu(norm(h + emb)))
        return self.tail(h)
