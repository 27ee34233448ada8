import argparse
from copy import deepcopy
from pathlib import Path

import torch
from torch.nn.utils import clip_grad_norm_
from torchvision.utils import save_image

from ddpm.config import load_config
from ddpm.data import build_loader, denormalize
from ddpm.diffusion import GaussianDiffusion
from ddpm.network import UNet


def update_ema(ema, net, decay):
    with torch.no_grad():
        for slow, fast in zip(ema.parameters(), net.parameters()):
            slow.data.mul_(decay).add_(fast.data, alpha=1 - decay)


def main(cfg):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = UNet(cfg.data.channels, cfg.model.dim, cfg.model.dropout).to(device)
    ema = deepcopy(net).eval()
    diffusion = GaussianDiffusion(cfg.diffusion.timesteps, cfg.diffusion.beta_start, cfg.diffusion.beta_end).to(device)
    loader = build_loader(cfg.data, cfg.train.batch_size)
    optimizer = torch.optim.Adam(net.parameters(), lr=cfg.train.lr)
    warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / cfg.train.warmup, 1.0))
    Path("out").mkdir(exist_ok=True)

    for epoch in range(cfg.train.epochs):
        net.train()
        for images, _ in loader:
            loss = diffusion.loss(net, images.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            clip_grad_norm_(net.parameters(), cfg.train.grad_clip)
            optimizer.step()
            warmup.step()
            update_ema(ema, net, cfg.train.ema_decay)

        if (epoch + 1) % cfg.sample.every == 0:
            shape = (cfg.sample.count, cfg.data.channels, cfg.data.image_size, cfg.data.image_size)
            images = diffusion.sample(ema, shape, device)
            save_image(denormalize(images, cfg.data).clamp(0, 1), f"out/{epoch:04d}.png", nrow=4)
            torch.save({"net": net.state_dict(), "ema": ema.state_dict()}, "out/last.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="configs/celeba.yaml")
    main(load_config(parser.parse_args().config))
