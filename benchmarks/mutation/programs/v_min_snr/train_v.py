"""v-prediction with a shifted cosine schedule in continuous time and min-SNR weights."""
import argparse
import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid


def get_alphas_sigmas(t):
    """The scaling of the clean picture and of the noise at times in [0, 1]."""
    return torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)


def t_to_snr(t):
    alpha, sigma = get_alphas_sigmas(t)
    return alpha**2 / sigma**2


class FourierFeatures(nn.Module):
    def __init__(self, out_features, std=1.0):
        super().__init__()
        self.register_buffer("weight", torch.randn(out_features // 2, 1) * std)

    def forward(self, t):
        f = 2 * math.pi * t[:, None] @ self.weight.T
        return torch.cat([f.cos(), f.sin()], dim=-1)


class VNet(nn.Module):
    def __init__(self, channels=32):
        super().__init__()
        self.time = FourierFeatures(16)
        self.stem = nn.Conv2d(3 + 16, channels, 3, padding=1)
        self.layers = nn.ModuleList([
            nn.Sequential(nn.GroupNorm(4, channels), nn.GELU(), nn.Dropout2d(0.05), nn.Conv2d(channels, channels, 3, padding=1))
            for _ in range(4)
        ])
        self.head = nn.Conv2d(channels, 3, 3, padding=1)
        with torch.no_grad():
            self.head.weight.mul_(0.1)

    def forward(self, x, t):
        emb = self.time(t)[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])
        h = self.stem(torch.cat([x, emb], dim=1))
        for layer in self.layers:
            h = h + layer(h)
        return self.head(h)


def min_snr_weight(t, gamma=5.0):
    snr = t_to_snr(t)
    return torch.minimum(snr, torch.full_like(snr, gamma)) / (snr + 1)


def loss_fn(model, reals):
    t = torch.rand(reals.shape[0], device=reals.device) * 0.999 + 0.0005
    alphas, sigmas = get_alphas_sigmas(t)
    alphas = alphas[:, None, None, None]
    sigmas = sigmas[:, None, None, None]
    noise = torch.randn_like(reals)
    noised_reals = reals * alphas + noise * sigmas
    targets = noise * alphas - reals * sigmas
    v = model(noised_reals, t)
    loss = F.mse_loss(v, targets, reduction="none").mean(dim=[1, 2, 3])
    return (loss * min_snr_weight(t)).mean()


@torch.no_grad()
def sample(model, x, steps, eta):
    ts = x.new_ones([x.shape[0]])
    t = torch.linspace(1, 0, steps + 1, device=x.device)[:-1]
    alphas, sigmas = get_alphas_sigmas(t)
    for i in range(steps):
        v = model(x, ts * t[i])
        pred = x * alphas[i] - v * sigmas[i]
        eps = x * sigmas[i] + v * alphas[i]
        if i < steps - 1:
            ddim_sigma = eta * (sigmas[i + 1] ** 2 / sigmas[i] ** 2).sqrt() * (
                1 - alphas[i] ** 2 / alphas[i + 1] ** 2
            ).sqrt()
            adjusted_sigma = (sigmas[i + 1] ** 2 - ddim_sigma**2).sqrt()
            x = pred * alphas[i + 1] + eps * adjusted_sigma
            if eta:
                x += torch.randn_like(x) * ddim_sigma
    return pred


def ema_update(model, averaged_model, decay):
    model_params = dict(model.named_parameters())
    averaged_params = dict(averaged_model.named_parameters())
    assert model_params.keys() == averaged_params.keys()
    for name, param in model_params.items():
        averaged_params[name].data.mul_(decay).add_(param.data, alpha=1 - decay)


def demo(model, path):
    fakes = sample(model, torch.randn(16, 3, 32, 32, device=next(model.parameters()).device), steps=100, eta=1.0)
    grid = make_grid(fakes, 4).cpu()
    to_pil_image(grid.add(1).div(2).clamp(0, 1)).save(path)
    sheet = rearrange(fakes.clamp(-1, 1), "(r c) ch h w -> ch (r h) (c w)", r=4)
    to_pil_image((sheet + 1) / 2).save(path.replace(".png", "_sheet.png"))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--train-set", default="images")
    p.add_argument("--batch-size", type=int, default=64)
    p.add_argument("--epochs", type=int, default=100)
    args = p.parse_args()
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    tf = transforms.Compose([
        transforms.Resize(32, interpolation=transforms.InterpolationMode.LANCZOS),
        transforms.CenterCrop(32),
        transforms.ToTensor(),
        transforms.Normalize([0.5], [0.5]),
    ])
    loader = DataLoader(datasets.ImageFolder(args.train_set, transform=tf), args.batch_size, shuffle=True)
    model = VNet().to(device)
    model_ema = VNet().to(device).eval().requires_grad_(False)
    model_ema.load_state_dict(model.state_dict())
    opt = optim.Adam(model.parameters(), lr=2e-4)
    for epoch in range(args.epochs):
        model.train()
        for reals, _ in loader:
            opt.zero_grad()
            loss = loss_fn(model, reals.to(device))
            loss.backward()
            opt.step()
            ema_update(model, model_ema, 0.95 if epoch < 20 else 0.999)
        demo(model_ema, f"demo_{epoch:03d}.png")


if __name__ == "__main__":
    main()
