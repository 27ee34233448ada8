"""Latent diffusion: a frozen VAE, a small UNet on its latents, a DDIM sampler written by hand."""
import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DModel
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class Folder(Dataset):
    def __init__(self, root, size):
        self.files = sorted(Path(root).glob("*.png"))
        self.transform = transforms.Compose([
            transforms.Resize(size, interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.transform(Image.open(self.files[i]).convert("RGB"))


@torch.no_grad()
def encode(vae, pixels):
    latents = vae.encode(pixels).latent_dist.sample()
    return latents * vae.config.scaling_factor


@torch.no_grad()
def decode(vae, latents):
    latents = latents / vae.config.scaling_factor
    images = vae.decode(latents).sample
    return (images / 2 + 0.5).clamp(0, 1)


def build_unet():
    return UNet2DModel(
        sample_size=32,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        dropout=0.1,
    )


def build_scheduler():
    return DDPMScheduler(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )


@torch.no_grad()
def sample(unet, vae, scheduler, count, steps, device):
    unet.eval()
    alphas_cumprod = scheduler.alphas_cumprod.to(device)
    total = scheduler.config.num_train_timesteps
    timesteps = torch.arange(0, total, total // steps, device=device).flip(0)
    latents = torch.randn(count, 4, 32, 32, device=device)
    for index, t in enumerate(timesteps):
        t_prev = timesteps[index + 1] if index + 1 < len(timesteps) else None
        a_t = alphas_cumprod[t]
        a_prev = alphas_cumprod[t_prev] if t_prev is not None else torch.ones_like(a_t)
        eps = unet(latents, t.expand(count)).sample
        x0 = (latents - (1 - a_t).sqrt() * eps) / a_t.sqrt()
        latents = a_prev.sqrt() * x0 + (1 - a_prev).sqrt() * eps
    unet.train()
    return decode(vae, latents)


def save_grid(images, path):
    images = images.cpu().permute(0, 2, 3, 1).float().numpy()
    images = (images * 255).round().astype("uint8")
    width = images.shape[2]
    sheet = Image.new("RGB", (width * len(images), images.shape[1]))
    for i, image in enumerate(images):
        sheet.paste(Image.fromarray(image), (i * width, 0))
    sheet.save(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="images")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=50)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"

    vae = AutoencoderKL.from_pretrained("stabilityai/sd-vae-ft-mse").to(device)
    vae.requires_grad_(False)
    vae.eval()
    unet = build_unet().to(device)
    scheduler = build_scheduler()
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-4, weight_decay=1e-2)
    loader = DataLoader(Folder(args.data, args.size), batch_size=8, shuffle=True)

    for epoch in range(args.epochs):
        for pixels in loader:
            latents = encode(vae, pixels.to(device))
            noise = torch.randn_like(latents)
            t = torch.randint(0, scheduler.config.num_train_timesteps, (latents.shape[0],), device=device).long()
            noisy = scheduler.add_noise(latents, noise, t)
            pred = unet(noisy, t).sample
            loss = F.mse_loss(pred.float(), noise.float())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
            optimizer.step()
        save_grid(sample(unet, vae, scheduler, 4, args.steps, device), f"epoch_{epoch}.png")
        unet.save_pretrained("unet")


if __name__ == "__main__":
    main()
