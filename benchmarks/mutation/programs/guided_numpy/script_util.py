import math

import torch as th
import torch.nn as nn

from gaussian_diffusion import ModelMeanType, ModelVarType, get_named_beta_schedule
from respace import SpacedDiffusion, space_timesteps


def create_gaussian_diffusion(*, steps=1000, noise_schedule="linear", timestep_respacing=None, predict_xstart=False):
    betas = get_named_beta_schedule(noise_schedule, steps)
    return SpacedDiffusion(
        use_timesteps=space_timesteps(steps, timestep_respacing or steps),
        betas=betas,
        model_mean_type=ModelMeanType.START_X if predict_xstart else ModelMeanType.EPSILON,
        model_var_type=ModelVarType.FIXED_LARGE,
    )


def timestep_embedding(timesteps, dim, max_period=10000):
    half = dim // 2
    freqs = th.exp(-math.log(max_period) * th.arange(start=0, end=half, dtype=th.float32) / half)
    args = timesteps[:, None].float() * freqs[None].to(timesteps.device)
    return th.cat([th.cos(args), th.sin(args)], dim=-1)


class ConvModel(nn.Module):
    def __init__(self, channels=32, depth=4):
        super().__init__()
        self.channels = channels
        self.embed = nn.Sequential(nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, channels * depth))
        self.inp = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(8, channels), nn.SiLU(), nn.Dropout(0.1), nn.Conv2d(channels, channels, 3, padding=1))
            for _ in range(depth)
        )
        self.out = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x, timesteps):
        embs = self.embed(timestep_embedding(timesteps, self.channels)).chunk(len(self.blocks), dim=1)
        h = self.inp(x)
        for block, emb in zip(self.blocks, embs):
            h = h + block(h + emb[:, :, None, None])
        return self.out(h)
