"""DDIM sampling from a trained noise predictor, with eta and a subsequence of the steps."""
import argparse

import numpy as np
import torch
from torchvision.utils import save_image

from model import NoisePredictor


def make_betas(n, start=1e-4, end=2e-2):
    return np.linspace(start, end, n, dtype=np.float64)


def select_steps(total, count, method="uniform"):
    if method == "uniform":
        skip = total // count
        return list(range(0, total, skip))
    return [int(s) for s in np.linspace(0, np.sqrt(total * 0.8), count) ** 2]


def alpha_at(betas, t):
    betas = torch.cat([torch.zeros(1, device=betas.device), betas], dim=0)
    return (1 - betas).cumprod(dim=0).index_select(0, t + 1).view(-1, 1, 1, 1)


def generalized_steps(x, seq, model, betas, eta=0.0):
    n = x.size(0)
    seq_next = [-1, *seq[:-1]]
    for i, j in zip(reversed(seq), reversed(seq_next)):
        t = (torch.ones(n, device=x.device) * i).long()
        next_t = (torch.ones(n, device=x.device) * j).long()
        at = alpha_at(betas, t)
        at_next = alpha_at(betas, next_t)
        et = model(x, t)
        x0_t = (x - et * (1 - at).sqrt()) / at.sqrt()
        x0_t = x0_t.clamp(-1, 1)
        et = (x - at.sqrt() * x0_t) / (1 - at).sqrt()
        c1 = eta * ((1 - at / at_next) * (1 - at_next) / (1 - at)).sqrt()
        c2 = ((1 - at_next) - c1**2).sqrt()
        x = at_next.sqrt() * x0_t + c1 * torch.randn_like(x) + c2 * et
    return x


def ddim_invert(x0, seq, model, betas):
    """The deterministic way back from a picture to its noise."""
    x = x0
    n = x.size(0)
    for i, j in zip(seq[:-1], seq[1:]):
        t = torch.full((n,), i, device=x.device, dtype=torch.long)
        at = alpha_at(betas, t)
        at_next = alpha_at(betas, torch.full((n,), j, device=x.device, dtype=torch.long))
        et = model(x, t)
        x0_t = (x - (1 - at).sqrt() * et) / at.sqrt()
        x = at_next.sqrt() * x0_t + (1 - at_next).sqrt() * et
    return x


@torch.no_grad()
def main(args):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = NoisePredictor().to(device)
    states = torch.load(args.ckpt, map_location=device)
    model.load_state_dict(states["model"], strict=True)
    model.eval()
    betas = torch.from_numpy(make_betas(args.timesteps)).float().to(device)
    seq = select_steps(args.timesteps, args.steps, args.skip)
    x = torch.randn(args.n, 3, args.size, args.size, device=device)
    x = generalized_steps(x, seq, model, betas, eta=args.eta)
    x = (x + 1.0) / 2.0
    x = torch.clamp(x, 0.0, 1.0)
    for k in range(args.n):
        save_image(x[k], f"ddim_{k:03d}.png")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--ckpt", default="ckpt.pth")
    p.add_argument("--timesteps", type=int, default=1000)
    p.add_argument("--steps", type=int, default=50)
    p.add_argument("--skip", choices=["uniform", "quad"], default="uniform")
    p.add_argument("--eta", type=float, default=0.0)
    p.add_argument("--n", type=int, default=8)
    p.add_argument("--size", type=int, default=32)
    main(p.parse_args())
