"""Super-resolution: the upsampled small picture is concatenated to x_t, the noise level is a continuous sqrt(alpha_bar)."""
import argparse
import os

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Large pictures from disk, and what is left of them after shrinking and enlarging again; both in [-1, 1]."""

    def __init__(self, root, size=64, factor=4):
        self.paths = sorted(os.path.join(root, name) for name in os.listdir(root) if name.endswith(".png"))
        self.size = size
        self.factor = factor

    def __len__(self):
        return len(self.paths)

    def to_tensor(self, img):
        img = img.astype(np.float32) / 255.0
        img = torch.from_numpy(np.ascontiguousarray(img.transpose(2, 0, 1)))
        return img * 2 - 1

    def __getitem__(self, index):
        hr = cv2.imread(self.paths[index], cv2.IMREAD_COLOR)
        hr = cv2.cvtColor(hr, cv2.COLOR_BGR2RGB)
        hr = cv2.resize(hr, (self.size, self.size), interpolation=cv2.INTER_AREA)
        small = self.size // self.factor
        lr = cv2.resize(hr, (small, small), interpolation=cv2.INTER_AREA)
        sr = cv2.resize(lr, (self.size, self.size), interpolation=cv2.INTER_CUBIC)
        return {"HR": self.to_tensor(hr), "SR": self.to_tensor(sr)}


class ConditionalNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.level = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
        self.inp = nn.Conv2d(6, width, 3, padding=1)
        self.mid1 = nn.Conv2d(width, width, 3, padding=1)
        self.mid2 = nn.Conv2d(width, width, 3, padding=1)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Conv2d(width, 3, 3, padding=1)
        self.act = nn.SiLU()

    def forward(self, x, level):
        emb = self.level(level.view(-1, 1))[:, :, None, None]
        h = self.act(self.inp(x) + emb)
        h = h + self.mid1(self.act(h))
        h = h + self.mid2(self.drop(self.act(h)))
        return self.out(h)


class SR3(nn.Module):
    def __init__(self, denoise_fn, n_timestep=2000, linear_start=1e-6, linear_end=1e-2):
        super().__init__()
        self.denoise_fn = denoise_fn
        self.num_timesteps = n_timestep
        betas = np.linspace(linear_start, linear_end, n_timestep, dtype=np.float64)
        alphas = 1.0 - betas
        alphas_cumprod = np.cumprod(alphas, axis=0)
        alphas_cumprod_prev = np.append(1.0, alphas_cumprod[:-1])
        self.sqrt_alphas_cumprod_prev = np.sqrt(np.append(1.0, alphas_cumprod))

        def buffer(name, value):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))

        buffer("sqrt_recip_alphas_cumprod", np.sqrt(1.0 / alphas_cumprod))
        buffer("sqrt_recipm1_alphas_cumprod", np.sqrt(1.0 / alphas_cumprod - 1))
        posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
        buffer("posterior_log_variance", np.log(np.maximum(posterior_variance, 1e-20)))
        buffer("posterior_mean_coef1", betas * np.sqrt(alphas_cumprod_prev) / (1.0 - alphas_cumprod))
        buffer("posterior_mean_coef2", (1.0 - alphas_cumprod_prev) * np.sqrt(alphas) / (1.0 - alphas_cumprod))

    def forward(self, x_in):
        x_start = x_in["HR"]
        b = x_start.shape[0]
        t = np.random.randint(1, self.num_timesteps + 1)
        level = np.random.uniform(self.sqrt_alphas_cumprod_prev[t - 1], self.sqrt_alphas_cumprod_prev[t], size=b)
        level = torch.FloatTensor(level).to(x_start.device).view(b, -1)
        noise = torch.randn_like(x_start)
        gamma = level.view(-1, 1, 1, 1)
        x_noisy = gamma * x_start + (1 - gamma**2).sqrt() * noise
        x_recon = self.denoise_fn(torch.cat([x_in["SR"], x_noisy], dim=1), level)
        return nn.functional.l1_loss(x_recon, noise)

    def predict_start(self, x_t, t, noise):
        return self.sqrt_recip_alphas_cumprod[t] * x_t - self.sqrt_recipm1_alphas_cumprod[t] * noise

    @torch.no_grad()
    def super_resolution(self, condition):
        b = condition.shape[0]
        img = torch.randn_like(condition)
        for i in reversed(range(0, self.num_timesteps)):
            level = torch.FloatTensor([self.sqrt_alphas_cumprod_prev[i + 1]]).repeat(b, 1).to(condition.device)
            eps = self.denoise_fn(torch.cat([condition, img], dim=1), level)
            x_recon = self.predict_start(img, i, eps)
            x_recon.clamp_(-1.0, 1.0)
            mean = self.posterior_mean_coef1[i] * x_recon + self.posterior_mean_coef2[i] * img
            noise = torch.randn_like(img) if i > 0 else torch.zeros_like(img)
            img = mean + noise * (0.5 * self.posterior_log_variance[i]).exp()
        return img


def tensor2img(tensor, min_max=(-1, 1)):
    tensor = tensor.squeeze().float().cpu().clamp_(*min_max)
    tensor = (tensor - min_max[0]) / (min_max[1] - min_max[0])
    img = np.transpose(tensor.numpy(), (1, 2, 0))
    return (img * 255.0).round().astype(np.uint8)


def save_img(img, path):
    cv2.imwrite(path, cv2.cvtColor(img, cv2.COLOR_RGB2BGR))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default="images")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--timesteps", type=int, default=2000)
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = PairDataset(args.root)
    loader = DataLoader(data, batch_size=8, shuffle=True)
    sr3 = SR3(ConditionalNet(), args.timesteps).to(device)
    optimizer = torch.optim.Adam(sr3.parameters(), lr=1e-4)
    for epoch in range(args.epochs):
        sr3.train()
        for batch in loader:
            batch = {key: value.to(device) for key, value in batch.items()}
            optimizer.zero_grad()
            loss = sr3(batch)
            loss.backward()
            optimizer.step()
        sr3.eval()
        sample = data[0]
        result = sr3.super_resolution(sample["SR"][None].to(device))
        save_img(tensor2img(result), f"{epoch}_sr.png")
        save_img(tensor2img(sample["HR"]), f"{epoch}_hr.png")
        torch.save(sr3.state_dict(), "sr3.pth")


if __name__ == "__main__":
    main()
