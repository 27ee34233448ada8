import torch
from torch import nn


def sinusoidal(t, dim):
    position = t.float().unsqueeze(1)
    div = torch.pow(10000.0, torch.arange(0, dim, 2, device=t.device).float() / dim)
    return torch.cat([torch.sin(position / div), torch.cos(position / div)], dim=1)


class ResBlock(nn.Module):
    def __init__(self, cin, cout, tdim, dropout):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, cin), nn.SiLU(), nn.Conv2d(cin, cout, 3, 1, 1))
        self.time = nn.Linear(tdim, cout)
        self.second = nn.Sequential(
            nn.GroupNorm(8, cout), nn.SiLU(), nn.Dropout(dropout), nn.Conv2d(cout, cout, 3, 1, 1)
        )
        self.shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x, t):
        h = self.first(x) + self.time(t)[:, :, None, None]
        return self.second(h) + self.shortcut(x)


class UNet(nn.Module):
    def __init__(self, channels, dim, dropout):
        super().__init__()
        self.dim = dim
        self.time = nn.Sequential(nn.Linear(dim, dim * 4), nn.SiLU(), nn.Linear(dim * 4, dim * 4))
        self.stem = nn.Conv2d(channels, dim, 3, 1, 1)
        self.enc1 = ResBlock(dim, dim, dim * 4, dropout)
        self.down = nn.Conv2d(dim, dim * 2, 3, 2, 1)
        self.enc2 = ResBlock(dim * 2, dim * 2, dim * 4, dropout)
        self.up = nn.ConvTranspose2d(dim * 2, dim, 4, 2, 1)
        self.dec = ResBlock(dim * 2, dim, dim * 4, dropout)
        self.head = nn.Sequential(nn.GroupNorm(8, dim), nn.SiLU(), nn.Conv2d(dim, channels, 3, 1, 1))

    def forward(self, x, t):
        temb = self.time(sinusoidal(t, self.dim))
        h1 = self.enc1(self.stem(x), temb)
        h2 = self.enc2(self.down(h1), temb)
        h = self.dec(torch.cat([self.up(h2), h1], dim=1), temb)
        return self.head(h)
