import math

import torch
import torch.nn.functional as F
from torch import nn


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        half = self.dim // 2
        emb = torch.exp(torch.arange(half, device=x.device) * -(math.log(10000) / (half - 1)))
        emb = x[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class ResnetBlock(nn.Module):
    def __init__(self, dim, dim_out, time_dim):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, dim_out * 2))
        self.proj1 = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, dim_out)
        self.proj2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(4, dim_out)
        self.dropout = nn.Dropout(0.1)
        self.res_conv = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, time_emb):
        scale, shift = self.mlp(time_emb)[:, :, None, None].chunk(2, dim=1)
        h = self.norm1(self.proj1(x)) * (scale + 1) + shift
        h = self.norm2(self.proj2(self.dropout(F.silu(h))))
        return F.silu(h) + self.res_conv(x)


class Unet(nn.Module):
    def __init__(self, dim=32, channels=3, dim_mults=(1, 2)):
        super().__init__()
        self.channels = channels
        time_dim = dim * 4
        self.time_mlp = nn.Sequential(
            SinusoidalPosEmb(dim), nn.Linear(dim, time_dim), nn.GELU(), nn.Linear(time_dim, time_dim)
        )
        self.init_conv = nn.Conv2d(channels, dim, 7, padding=3)
        dims = [dim, *(dim * m for m in dim_mults)]
        self.downs = nn.ModuleList([])
        self.ups = nn.ModuleList([])
        for dim_in, dim_out in zip(dims[:-1], dims[1:]):
            self.downs.append(
                nn.ModuleList([ResnetBlock(dim_in, dim_out, time_dim), nn.Conv2d(dim_out, dim_out, 4, 2, 1)])
            )
        self.mid = ResnetBlock(dims[-1], dims[-1], time_dim)
        for dim_in, dim_out in zip(reversed(dims[:-1]), reversed(dims[1:])):
            self.ups.append(
                nn.ModuleList(
                    [nn.ConvTranspose2d(dim_out, dim_out, 4, 2, 1), ResnetBlock(dim_out * 2, dim_in, time_dim)]
                )
            )
        self.final_conv = nn.Conv2d(dim, channels, 1)

    def forward(self, x, time):
        x = self.init_conv(x)
        t = self.time_mlp(time)
        skips = []
        for block, down in self.downs:
            x = block(x, t)
            skips.append(x)
            x = down(x)
        x = self.mid(x, t)
        for up, block in self.ups:
            x = up(x)
            x = block(torch.cat((x, skips.pop()), dim=1), t)
        return self.final_conv(x)
