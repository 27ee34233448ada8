"""Unconditional diffusion of CT slices: Hounsfield windows of .npy volumes, one channel, x0-prediction."""
import glob
import os

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
from PIL import Image
from torch.utils.data import DataLoader, Dataset

HU_MIN, HU_MAX = -1000.0, 400.0
STEPS = 500


class CTSlices(Dataset):
    def __init__(self, folder):
        self.files = sorted(glob.glob(os.path.join(folder, "*.npy")))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        hu = np.load(self.files[i]).astype(np.float32)
        hu = np.clip(hu, HU_MIN, HU_MAX)
        x = (hu - HU_MIN) / (HU_MAX - HU_MIN)
        x = x * 2.0 - 1.0
        return torch.from_numpy(x)[None]


class MaskSlices(Dataset):
    """8-bit grey pictures of the same slices."""

    def __init__(self, folder):
        self.files = sorted(glob.glob(os.path.join(folder, "*.png")))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        image = Image.open(self.files[i]).convert("L")
        x = np.asarray(image, dtype=np.float32) / 255.0
        x = (x - 0.5) / 0.5
        return torch.from_numpy(x).unsqueeze(0)


def cosine_alpha_bar(steps, s=0.008):
    u = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    f = torch.cos((u + s) / (1 + s) * torch.pi / 2) ** 2
    betas = (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - betas, dim=0).float()


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(1, width), nn.ReLU(), nn.Linear(width, width))
        self.conv1 = nn.Conv2d(1, width, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 5, padding=2)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 1, 5, padding=2)

    def forward(self, x, t):
        emb = self.time(t.float().view(-1, 1) / STEPS)[:, :, None, None]
        h = torch.relu(self.bn1(self.conv1(x) + emb))
        h = torch.relu(self.bn2(self.conv2(h) + emb))
        return torch.tanh(self.conv3(h))


def train(folder="slices", epochs=100, device="cuda"):
    alpha_bar = cosine_alpha_bar(STEPS).to(device)
    net = Net().to(device)
    opt = torch.optim.Adam(net.parameters(), lr=1e-4)
    loader = DataLoader(CTSlices(folder), batch_size=8, shuffle=True)
    for epoch in range(epochs):
        net.train()
        for x0 in loader:
            x0 = x0.to(device)
            t = torch.randint(0, STEPS, (len(x0),), device=device)
            a = alpha_bar[t][:, None, None, None]
            noise = torch.randn_like(x0)
            xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
            x0_hat = net(xt, t)
            loss = ((x0_hat - x0) ** 2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        show(sample(net, 4, device), epoch)
        torch.save(net.state_dict(), "ct.pt")
    return net


@torch.no_grad()
def sample(net, n, device, size=64):
    net.eval()
    alpha_bar = cosine_alpha_bar(STEPS).to(device)
    x = torch.randn(n, 1, size, size, device=device)
    for i in range(STEPS - 1, -1, -1):
        t = torch.full((n,), i, device=device)
        x0 = net(x, t)
        eps = (x - alpha_bar[i].sqrt() * x0) / (1 - alpha_bar[i]).sqrt()
        prev = alpha_bar[i - 1] if i > 0 else torch.ones((), device=device)
        x = prev.sqrt() * x0 + (1 - prev).sqrt() * eps
    return x


def to_hu(x):
    return (x.clamp(-1, 1) + 1) / 2 * (HU_MAX - HU_MIN) + HU_MIN


def show(x, epoch):
    images = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
    for k, image in enumerate(images):
        Image.fromarray(image[0], mode="L").save(f"ct_{epoch}_{k}.png")
    fig, axes = plt.subplots(1, len(x))
    for ax, one in zip(axes, x):
        ax.imshow(one[0].cpu().numpy(), cmap="gray", vmin=-1, vmax=1)
        ax.axis("off")
    fig.savefig(f"ct_{epoch}.png")
    plt.close(fig)


if __name__ == "__main__":
    model = train(device="cuda" if torch.cuda.is_available() else "cpu")
    volume = to_hu(sample(model, 8, next(model.parameters()).device))
    np.save("volume.npy", volume.cpu().numpy())
