import argparse

import numpy as np
import torch
from PIL import Image

from ddpm.config import load_config
from ddpm.data import denormalize
from ddpm.diffusion import GaussianDiffusion
from ddpm.network import UNet


def save(images, folder="."):
    images = images.clamp(0, 1).mul(255).round().byte()
    for i, image in enumerate(images.permute(0, 2, 3, 1).cpu().numpy()):
        Image.fromarray(np.ascontiguousarray(image)).save(f"{folder}/{i:04d}.png")


def main(cfg, checkpoint):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net = UNet(cfg.data.channels, cfg.model.dim, cfg.model.dropout).to(device)
    net.load_state_dict(torch.load(checkpoint, map_location=device)["ema"])
    net.eval()
    diffusion = GaussianDiffusion(cfg.sample.timesteps, cfg.diffusion.beta_start, cfg.diffusion.beta_end).to(device)
    shape = (cfg.sample.count, cfg.data.channels, cfg.data.image_size, cfg.data.image_size)
    save(denormalize(diffusion.sample(net, shape, device), cfg.data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="configs/celeba.yaml")
    parser.add_argument("--checkpoint", default="out/last.pt")
    options = parser.parse_args()
    main(load_config(options.config), options.checkpoint)
