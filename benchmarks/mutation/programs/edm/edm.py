"""Preconditioned denoiser, its loss and the Heun sampler, after Karras et al. 2022."""
import copy

import numpy as np
import PIL.Image
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SIGMA_DATA = 0.5
P_MEAN, P_STD = -1.2, 1.2


class ArrayDataset(Dataset):
    """uint8 pictures in one .npy, N x H x W x C."""

    def __init__(self, path):
        self.images = np.load(path)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i].transpose(2, 0, 1)


class RawNet(nn.Module):
    def __init__(self, ch=32):
        super().__init__()
        self.emb = nn.Sequential(nn.Linear(1, ch), nn.SiLU(), nn.Linear(ch, ch))
        self.conv_in = nn.Conv2d(3, ch, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(ch, ch, 3, padding=1) for _ in range(4)])
        self.drop = nn.Dropout(0.13)
        self.conv_out = nn.Conv2d(ch, 3, 3, padding=1)

    def forward(self, x, c_noise):
        emb = self.emb(c_noise.reshape(-1, 1))[:, :, None, None]
        h = self.conv_in(x)
        for conv in self.blocks:
            h = h + conv(self.drop(nn.functional.silu(h + emb)))
        return self.conv_out(h)


class EDMPrecond(nn.Module):
    def __init__(self, model, sigma_min=0.0, sigma_max=float("inf"), sigma_data=SIGMA_DATA):
        super().__init__()
        self.model = model
        self.sigma_min = sigma_min
        self.sigma_max = sigma_max
        self.sigma_data = sigma_data

    def forward(self, x, sigma):
        x = x.to(torch.float32)
        sigma = sigma.to(torch.float32).reshape(-1, 1, 1, 1)
        c_skip = self.sigma_data**2 / (sigma**2 + self.sigma_data**2)
        c_out = sigma * self.sigma_data / (sigma**2 + self.sigma_data**2).sqrt()
        c_in = 1 / (self.sigma_data**2 + sigma**2).sqrt()
        c_noise = sigma.log() / 4
        F_x = self.model(c_in * x, c_noise.flatten())
        D_x = c_skip * x + c_out * F_x
        return D_x

    def round_sigma(self, sigma):
        return torch.as_tensor(sigma)


class EDMLoss:
    def __init__(self, P_mean=P_MEAN, P_std=P_STD, sigma_data=SIGMA_DATA):
        self.P_mean = P_mean
        self.P_std = P_std
        self.sigma_data = sigma_data

    def __call__(self, net, images):
        rnd_normal = torch.randn([images.shape[0], 1, 1, 1], device=images.device)
        sigma = (rnd_normal * self.P_std + self.P_mean).exp()
        weight = (sigma**2 + self.sigma_data**2) / (sigma * self.sigma_data) ** 2
        n = torch.randn_like(images) * sigma
        D_yn = net(images + n, sigma)
        return weight * ((D_yn - images) ** 2)


def edm_sampler(
    net, latents, num_steps=18, sigma_min=0.002, sigma_max=80, rho=7,
    S_churn=0, S_min=0, S_max=float("inf"), S_noise=1,
):
    sigma_min = max(sigma_min, net.sigma_min)
    sigma_max = min(sigma_max, net.sigma_max)

    step_indices = torch.arange(num_steps, dtype=torch.float64, device=latents.device)
    t_steps = (
        sigma_max ** (1 / rho) + step_indices / (num_steps - 1) * (sigma_min ** (1 / rho) - sigma_max ** (1 / rho))
    ) ** rho
    t_steps = torch.cat([net.round_sigma(t_steps), torch.zeros_like(t_steps[:1])])

    x_next = latents.to(torch.float64) * t_steps[0]
    for i, (t_cur, t_next) in enumerate(zip(t_steps[:-1], t_steps[1:])):
        x_cur = x_next
        gamma = min(S_churn / num_steps, np.sqrt(2) - 1) if S_min <= t_cur <= S_max else 0
        t_hat = net.round_sigma(t_cur + gamma * t_cur)
        x_hat = x_cur + (t_hat**2 - t_cur**2).sqrt() * S_noise * torch.randn_like(x_cur)

        denoised = net(x_hat, t_hat).to(torch.float64)
        d_cur = (x_hat - denoised) / t_hat
        x_next = x_hat + (t_next - t_hat) * d_cur

        if i < num_steps - 1:
            denoised = net(x_next, t_next).to(torch.float64)
            d_prime = (x_next - denoised) / t_next
            x_next = x_hat + (t_next - t_hat) * (0.5 * d_cur + 0.5 * d_prime)
    return x_next


def training_loop(path="images.npy", total_steps=50000, batch=64, ema_halflife=50.0, lr=1e-3, device="cuda"):
    loader = DataLoader(ArrayDataset(path), batch_size=batch, shuffle=True, drop_last=True)
    net = EDMPrecond(RawNet()).train().to(device)
    loss_fn = EDMLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, betas=(0.9, 0.999), eps=1e-8)
    ema = copy.deepcopy(net).eval().requires_grad_(False)
    step = 0
    while step < total_steps:
        for images in loader:
            images = images.to(device).to(torch.float32) / 127.5 - 1
            optimizer.zero_grad(set_to_none=True)
            loss = loss_fn(net=net, images=images)
            loss.mean().backward()
            for g in optimizer.param_groups:
                g["lr"] = lr * min((step + 1) / 1000, 1)
            for param in net.parameters():
                if param.grad is not None:
                    torch.nan_to_num(param.grad, nan=0, posinf=1e5, neginf=-1e5, out=param.grad)
            optimizer.step()

            ema_beta = 0.5 ** (batch / max(ema_halflife * 1000, 1e-8))
            for p_ema, p_net in zip(ema.parameters(), net.parameters()):
                p_ema.copy_(p_net.detach().lerp(p_ema, ema_beta))
            step += 1
            if step >= total_steps:
                break
    return ema


def generate(net, count=16, size=32, seed=0, device="cuda"):
    generator = torch.Generator(device=device).manual_seed(seed)
    latents = torch.randn([count, 3, size, size], generator=generator, device=device)
    with torch.no_grad():
        images = edm_sampler(net, latents)
    images_np = (images * 127.5 + 128).clip(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    for i, image_np in enumerate(images_np):
        PIL.Image.fromarray(image_np, "RGB").save(f"{i:06d}.png")


if __name__ == "__main__":
    generate(training_loop())
