"""Mixed precision with gradient scaling, clipping and accumulation; a Karras-style EMA and an lr schedule."""
import copy
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.cuda.amp import GradScaler
from torch.utils.data import DataLoader
from torchvision import datasets, transforms, utils

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TIMESTEPS = 1000
ACCUMULATE = 4
GRAD_CLIP = 1.0
EPOCHS = 100


class Attention(nn.Module):
    def __init__(self, dim, heads=4):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(1, dim)
        self.qkv = nn.Conv2d(dim, dim * 3, 1)
        self.proj = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, 3, self.heads, c // self.heads, h * w).unbind(1)
        out = F.scaled_dot_product_attention(q.transpose(-1, -2), k.transpose(-1, -2), v.transpose(-1, -2))
        return x + self.proj(out.transpose(-1, -2).reshape(b, c, h, w))


class Denoiser(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.dim = dim
        self.time = nn.Sequential(nn.Linear(dim, dim * 4), nn.SiLU(), nn.Linear(dim * 4, dim * 2))
        self.stem = nn.Conv2d(3, dim, 3, padding=1)
        self.down = nn.Conv2d(dim, dim * 2, 4, 2, 1)
        self.attn = Attention(dim * 2)
        self.drop = nn.Dropout2d(0.1)
        self.up = nn.ConvTranspose2d(dim * 2, dim, 4, 2, 1)
        self.head = nn.Conv2d(dim * 2, 3, 3, padding=1)

    def forward(self, x, t):
        freqs = torch.exp(torch.arange(self.dim // 2, device=x.device) * -math.log(10000) / (self.dim // 2 - 1))
        emb = t[:, None].float() * freqs
        emb = self.time(torch.cat([emb.sin(), emb.cos()], dim=1))[:, :, None, None]
        skip = self.stem(x)
        h = self.attn(self.drop(F.silu(self.down(skip) + emb)))
        return self.head(torch.cat([self.up(h), skip], dim=1))


class Schedule:
    def __init__(self, timesteps, device):
        self.beta = torch.linspace(1e-4, 2e-2, timesteps, device=device)
        self.alpha = 1 - self.beta
        self.alpha_bar = self.alpha.cumprod(dim=0)

    def noise(self, x0, t, eps):
        alpha_bar = self.alpha_bar.index_select(0, t).view(-1, 1, 1, 1)
        return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * eps

    @torch.no_grad()
    def sample(self, model, shape):
        x = torch.randn(shape, device=self.beta.device)
        for i in range(len(self.beta) - 1, -1, -1):
            t = torch.full((shape[0],), i, device=x.device, dtype=torch.long)
            eps = model(x, t).float()
            x0 = ((x - (1 - self.alpha_bar[i]).sqrt() * eps) / self.alpha_bar[i].sqrt()).clamp(-1, 1)
            prev = self.alpha_bar[i - 1] if i > 0 else torch.tensor(1.0, device=x.device)
            mean = (prev.sqrt() * self.beta[i] * x0 + self.alpha[i].sqrt() * (1 - prev) * x) / (1 - self.alpha_bar[i])
            variance = self.beta[i] * (1 - prev) / (1 - self.alpha_bar[i])
            x = mean + variance.sqrt() * torch.randn_like(x)
        return x


def main():
    transform = transforms.Compose([
        transforms.ToTensor(),
        transforms.Lambda(lambda x: x * 2 - 1),
    ])
    dataset = datasets.CIFAR10("data", train=True, download=True, transform=transform)
    loader = DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True, pin_memory=True)
    model = Denoiser().to(DEVICE)
    ema_model = copy.deepcopy(model).requires_grad_(False).eval()
    schedule = Schedule(TIMESTEPS, DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
    lr_scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-4, total_steps=EPOCHS * math.ceil(len(loader) / ACCUMULATE)
    )
    scaler = GradScaler(enabled=DEVICE == "cuda")

    for epoch in range(EPOCHS):
        model.train()
        optimizer.zero_grad(set_to_none=True)
        for step, (x0, _) in enumerate(loader):
            x0 = x0.to(DEVICE, non_blocking=True)
            t = torch.randint(0, TIMESTEPS, (x0.shape[0],), device=DEVICE)
            eps = torch.randn_like(x0)
            with torch.autocast(device_type=DEVICE, dtype=torch.float16, enabled=DEVICE == "cuda"):
                pred = model(schedule.noise(x0, t, eps), t)
                loss = F.mse_loss(pred, eps) / ACCUMULATE
            scaler.scale(loss).backward()
            if (step + 1) % ACCUMULATE == 0 or step + 1 == len(loader):
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), GRAD_CLIP)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
                lr_scheduler.step()
                with torch.no_grad():
                    for ema_p, p in zip(ema_model.parameters(), model.parameters()):
                        ema_p.lerp_(p, 1e-4)
        samples = schedule.sample(ema_model, (16, 3, 32, 32))
        utils.save_image(samples * 0.5 + 0.5, f"amp_{epoch}.png", nrow=4)
        torch.save({"model": model.state_dict(), "ema": ema_model.state_dict()}, "amp.pt")


if __name__ == "__main__":
    main()
