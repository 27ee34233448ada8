import argparse

import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CIFAR10

from model import NoisePredictor
from sample_ddim import alpha_at, make_betas


def noise_estimation_loss(model, x0, t, e, betas):
    a = alpha_at(betas, t)
    x = x0 * a.sqrt() + e * (1.0 - a).sqrt()
    output = model(x, t)
    return (e - output).square().sum(dim=(1, 2, 3)).mean(dim=0)


def main(args):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = CIFAR10("data", train=True, download=True, transform=transforms.Compose([
        transforms.RandomHorizontalFlip(p=0.5),
        transforms.ToTensor(),
    ]))
    loader = DataLoader(data, batch_size=args.batch, shuffle=True)
    model = NoisePredictor().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4, eps=1e-8)
    betas = torch.from_numpy(make_betas(args.timesteps)).float().to(device)
    for epoch in range(args.epochs):
        model.train()
        for x, _ in loader:
            n = x.size(0)
            x = 2 * x.to(device) - 1.0
            e = torch.randn_like(x)
            # antithetic: each step and its mirror image
            t = torch.randint(low=0, high=args.timesteps, size=(n // 2 + 1,), device=device)
            t = torch.cat([t, args.timesteps - t - 1], dim=0)[:n]
            loss = noise_estimation_loss(model, x, t, e, betas)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        torch.save({"model": model.state_dict(), "epoch": epoch}, args.ckpt)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--ckpt", default="ckpt.pth")
    p.add_argument("--timesteps", type=int, default=1000)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--epochs", type=int, default=500)
    main(p.parse_args())
