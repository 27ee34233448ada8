"""Consistency training: a student and its slow teacher agree on neighbouring noise levels."""
import copy
import math

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST
from torchvision.utils import save_image


def kerras_boundaries(sigma, eps, N, T):
    return torch.tensor([
        (eps ** (1 / sigma) + i / (N - 1) * (T ** (1 / sigma) - eps ** (1 / sigma))) ** sigma for i in range(N)
    ])


class ConsistencyModel(nn.Module):
    def __init__(self, channels=1, width=32, eps=0.002, sigma_data=0.5):
        super().__init__()
        self.eps = eps
        self.sigma_data = sigma_data
        freqs = torch.exp(-math.log(10000) * torch.arange(start=0, end=width // 2) / (width // 2))
        self.register_buffer("freqs", freqs)
        self.time = nn.Linear(width, width)
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv3 = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, channels, 3, padding=1)
        self.norm = nn.GroupNorm(4, width)

    def net(self, x, t):
        args = t[:, None] * self.freqs[None]
        emb = self.time(torch.cat([args.cos(), args.sin()], dim=-1))[:, :, None, None]
        h = nn.functional.silu(self.conv1(x) + emb)
        h = h + nn.functional.silu(self.norm(self.conv2(h) + emb))
        h = h + nn.functional.silu(self.conv3(h))
        return self.out(h)

    def forward(self, x, t):
        t_ = t.view(-1, 1, 1, 1)
        shifted = t_ - self.eps
        c_skip = self.sigma_data**2 / (shifted.pow(2) + self.sigma_data**2)
        c_out = self.sigma_data * shifted / (t_.pow(2) + self.sigma_data**2).sqrt()
        c_in = 1 / (t_.pow(2) + self.sigma_data**2).sqrt()
        return c_skip * x + c_out * self.net(c_in * x, 0.25 * t.log())

    def loss(self, x, z, t1, t2, ema_model):
        x2 = x + z * t2[:, None, None, None]
        x2 = self(x2, t2)
        with torch.no_grad():
            x1 = x + z * t1[:, None, None, None]
            x1 = ema_model(x1, t1)
        return (x1 - x2).pow(2).mean()

    @torch.no_grad()
    def sample(self, x, ts):
        batch = x.shape[0]
        x = self(x, torch.full((batch,), ts[0], device=x.device))
        for t in ts[1:]:
            z = torch.randn_like(x)
            x = x + math.sqrt(t**2 - self.eps**2) * z
            x = self(x, torch.full((batch,), t, device=x.device))
        return x


def train(n_epochs=100, device="cuda"):
    tf = transforms.Compose([transforms.Pad(2), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    loader = DataLoader(MNIST("./data", train=True, download=True, transform=tf), batch_size=256, shuffle=True)
    model = ConsistencyModel().to(device)
    ema_model = copy.deepcopy(model)
    ema_model.requires_grad_(False)
    optim = torch.optim.AdamW(model.parameters(), lr=1e-4)
    for epoch in range(1, n_epochs + 1):
        N = math.ceil(math.sqrt((epoch * (150**2 - 4) / n_epochs) + 4) - 1) + 1
        boundaries = kerras_boundaries(7.0, 0.002, N, 80.0).to(device)
        model.train()
        for x, _ in loader:
            optim.zero_grad()
            x = x.to(device)
            z = torch.randn_like(x)
            t = torch.randint(0, N - 1, (x.shape[0],), device=device)
            loss = model.loss(x, z, boundaries[t], boundaries[t + 1], ema_model=ema_model)
            loss.backward()
            optim.step()
            with torch.no_grad():
                mu = math.exp(2 * math.log(0.95) / N)
                for p, ema_p in zip(model.parameters(), ema_model.parameters()):
                    ema_p.mul_(mu).add_(p, alpha=1 - mu)
        model.eval()
        xh = model.sample(torch.randn(16, 1, 32, 32, device=device) * 80.0, [80.0, 20.0, 5.0, 1.0])
        xh = (xh * 0.5 + 0.5).clamp(0, 1)
        save_image(xh, f"./ct_sample_{epoch}.png", nrow=4)


if __name__ == "__main__":
    train()
