"""DDPM on MNIST, one plain script."""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

T = 1000
EPOCHS = 20
BATCH = 128
LR = 2e-4
IMG = 32
device = "cuda" if torch.cuda.is_available() else "cpu"

# noise schedule
betas = torch.linspace(1e-4, 0.02, T, device=device)
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, dim=0)
alphas_cumprod_prev = torch.cat([torch.ones(1, device=device), alphas_cumprod[:-1]])
posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)


def time_embedding(t, dim):
    half = dim // 2
    freqs = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)
    args = t[:, None].float() * freqs[None]
    return torch.cat([args.sin(), args.cos()], dim=-1)


class Block(nn.Module):
    def __init__(self, cin, cout, tdim):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.norm1 = nn.GroupNorm(8, cout)
        self.norm2 = nn.GroupNorm(8, cout)
        self.temb = nn.Linear(tdim, cout)
        self.drop = nn.Dropout(0.1)
        self.skip = nn.Conv2d(cin, cout, 1) if cin != cout else nn.Identity()

    def forward(self, x, temb):
        h = F.silu(self.norm1(self.conv1(x)))
        h = h + self.temb(temb)[:, :, None, None]
        h = F.silu(self.norm2(self.conv2(self.drop(h))))
        return h + self.skip(x)


class UNet(nn.Module):
    def __init__(self, ch=32):
        super().__init__()
        self.ch = ch
        self.mlp = nn.Sequential(nn.Linear(ch, ch * 4), nn.SiLU(), nn.Linear(ch * 4, ch * 4))
        self.inp = nn.Conv2d(1, ch, 3, padding=1)
        self.down1 = Block(ch, ch, ch * 4)
        self.down2 = Block(ch, ch * 2, ch * 4)
        self.mid = Block(ch * 2, ch * 2, ch * 4)
        self.up2 = Block(ch * 4, ch, ch * 4)
        self.up1 = Block(ch * 2, ch, ch * 4)
        self.out = nn.Conv2d(ch, 1, 3, padding=1)

    def forward(self, x, t):
        temb = self.mlp(time_embedding(t, self.ch))
        x = self.inp(x)
        h1 = self.down1(x, temb)
        h2 = self.down2(F.avg_pool2d(h1, 2), temb)
        h = self.mid(F.avg_pool2d(h2, 2), temb)
        h = F.interpolate(h, scale_factor=2)
        h = self.up2(torch.cat([h, h2], dim=1), temb)
        h = F.interpolate(h, scale_factor=2)
        h = self.up1(torch.cat([h, h1], dim=1), temb)
        return self.out(h)


def q_sample(x0, t, noise):
    a_bar = alphas_cumprod[t].view(-1, 1, 1, 1)
    return torch.sqrt(a_bar) * x0 + torch.sqrt(1.0 - a_bar) * noise


@torch.no_grad()
def sample(model, n):
    model.eval()
    x = torch.randn(n, 1, IMG, IMG, device=device)
    for i in reversed(range(T)):
        t = torch.full((n,), i, device=device, dtype=torch.long)
        eps = model(x, t)
        mean = (x - betas[i] / torch.sqrt(1.0 - alphas_cumprod[i]) * eps) / torch.sqrt(alphas[i])
        if i > 0:
            noise = torch.randn_like(x)
            x = mean + torch.sqrt(posterior_variance[i]) * noise
        else:
            x = mean
    model.train()
    return x


tf = transforms.Compose([
    transforms.Resize(IMG),
    transforms.ToTensor(),
    transforms.Normalize((0.5,), (0.5,)),
])
dataset = datasets.MNIST("data", train=True, download=True, transform=tf)
loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=0, drop_last=True)

model = UNet().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
os.makedirs("samples", exist_ok=True)

for epoch in range(EPOCHS):
    for x0, _ in loader:
        x0 = x0.to(device)
        t = torch.randint(0, T, (x0.shape[0],), device=device)
        noise = torch.randn_like(x0)
        x_t = q_sample(x0, t, noise)
        pred = model(x_t, t)
        loss = F.mse_loss(pred, noise)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(epoch, loss.item())

    images = sample(model, 16)
    images = (images.clamp(-1, 1) + 1) / 2
    save_image(images, f"samples/{epoch:03d}.png", nrow=4)
    torch.save(model.state_dict(), "model.pt")
