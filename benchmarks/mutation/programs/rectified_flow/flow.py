"""Rectified flow on CIFAR-10: x_t = (1 - t) x_0 + t x_1, from noise at 0 to data at 1."""
import math
from copy import deepcopy

import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as T
from torch.utils.data import DataLoader
from torchvision.utils import save_image


class DiTBlock(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, elementwise_affine=False)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(dim, elementwise_affine=False)
        self.mlp = nn.Sequential(nn.Linear(dim, dim * 4), nn.GELU(), nn.Dropout(0.1), nn.Linear(dim * 4, dim))
        self.ada = nn.Sequential(nn.SiLU(), nn.Linear(dim, dim * 6))

    def forward(self, x, c):
        s1, b1, g1, s2, b2, g2 = self.ada(c)[:, None].chunk(6, dim=-1)
        h = self.norm1(x) * (1 + s1) + b1
        x = x + g1 * self.attn(h, h, h, need_weights=False)[0]
        h = self.norm2(x) * (1 + s2) + b2
        return x + g2 * self.mlp(h)


class DiT(nn.Module):
    def __init__(self, size=32, patch=4, dim=64, depth=2, heads=4, classes=10):
        super().__init__()
        self.size, self.patch, self.classes = size, patch, classes
        self.embed = nn.Linear(3 * patch * patch, dim)
        self.pos = nn.Parameter(torch.randn(1, (size // patch) ** 2, dim) * 0.02)
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.label = nn.Embedding(classes + 1, dim)
        self.blocks = nn.ModuleList([DiTBlock(dim, heads) for _ in range(depth)])
        self.head = nn.Linear(dim, 3 * patch * patch)
        self.dim = dim

    def time_embedding(self, t):
        freqs = torch.exp(-math.log(10000) * torch.arange(self.dim // 2, device=t.device) / (self.dim // 2))
        args = 1000 * t[:, None] * freqs[None]
        return torch.cat([torch.cos(args), torch.sin(args)], dim=-1)

    def forward(self, x, t, y):
        p, n = self.patch, self.size // self.patch
        b = x.shape[0]
        x = x.reshape(b, 3, n, p, n, p).permute(0, 2, 4, 1, 3, 5).reshape(b, n * n, 3 * p * p)
        x = self.embed(x) + self.pos
        c = self.time(self.time_embedding(t)) + self.label(y)
        for block in self.blocks:
            x = block(x, c)
        x = self.head(x)
        return x.reshape(b, n, n, 3, p, p).permute(0, 3, 1, 4, 2, 5).reshape(b, 3, n * p, n * p)


class RectifiedFlow:
    def __init__(self, net, label_dropout=0.1):
        self.net = net
        self.label_dropout = label_dropout

    def loss(self, x1, y):
        x0 = torch.randn_like(x1)
        t = torch.sigmoid(torch.randn(x1.shape[0], device=x1.device))
        t_ = t.view(-1, 1, 1, 1)
        xt = (1 - t_) * x0 + t_ * x1
        drop = torch.rand(y.shape[0], device=y.device) < self.label_dropout
        y = torch.where(drop, torch.full_like(y, self.net.classes), y)
        v = self.net(xt, t, y)
        target = x1 - x0
        return (v - target).pow(2).mean()

    def velocity(self, net, x, t, y, cfg):
        t = t.expand(x.shape[0])
        v_cond = net(x, t, y)
        v_uncond = net(x, t, torch.full_like(y, net.classes))
        return v_uncond + cfg * (v_cond - v_uncond)

    @torch.no_grad()
    def sample_euler(self, net, y, steps=50, cfg=2.0):
        x = torch.randn(y.shape[0], 3, 32, 32, device=y.device)
        ts = torch.linspace(0, 1, steps + 1, device=y.device)
        for i in range(steps):
            x = x + (ts[i + 1] - ts[i]) * self.velocity(net, x, ts[i], y, cfg)
        return x

    @torch.no_grad()
    def sample_heun(self, net, y, steps=25, cfg=2.0):
        x = torch.randn(y.shape[0], 3, 32, 32, device=y.device)
        dt = 1.0 / steps
        for i in range(steps):
            t = torch.tensor(i / steps, device=y.device)
            v1 = self.velocity(net, x, t, y, cfg)
            v2 = self.velocity(net, x + dt * v1, t + dt, y, cfg)
            x = x + dt * 0.5 * (v1 + v2)
        return x


def main(epochs=100, device="cuda"):
    transform = T.Compose([T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
    dataset = torchvision.datasets.CIFAR10("./data", train=True, download=True, transform=transform)
    loader = DataLoader(dataset, batch_size=256, shuffle=True)
    net = DiT().to(device)
    flow = RectifiedFlow(net)
    ema = deepcopy(net).eval().requires_grad_(False)
    opt = torch.optim.AdamW(net.parameters(), lr=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs * len(loader))
    for epoch in range(epochs):
        net.train()
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            loss = flow.loss(x, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            scheduler.step()
            with torch.no_grad():
                for p, q in zip(ema.parameters(), net.parameters()):
                    p.lerp_(q, 0.001)
        labels = torch.arange(16, device=device) % 10
        images = flow.sample_heun(ema, labels)
        images = images * 0.5 + 0.5
        save_image(images.clamp(0, 1), f"sample_{epoch}.png", nrow=4)


if __name__ == "__main__":
    main()
