"""DDPM as a LightningModule: manual EMA, samples at the end of each epoch."""
import copy

import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST
from torchvision.utils import make_grid, save_image


class TinyUNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.embed = nn.Embedding(1000, width)
        self.inc = nn.Conv2d(1, width, 3, padding=1)
        self.down = nn.Conv2d(width, width, 4, stride=2, padding=1)
        self.mid = nn.Sequential(
            nn.BatchNorm2d(width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.SiLU()
        )
        self.up = nn.ConvTranspose2d(width, width, 4, stride=2, padding=1)
        self.outc = nn.Conv2d(width * 2, 1, 3, padding=1)

    def forward(self, x, t):
        h = self.inc(x) + self.embed(t)[:, :, None, None]
        return self.outc(torch.cat([h, self.up(self.mid(self.down(h)))], dim=1))


class FashionData(pl.LightningDataModule):
    def __init__(self, batch_size=64):
        super().__init__()
        self.batch_size = batch_size
        self.transform = transforms.Compose([
            transforms.Pad(2),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.5], std=[0.5]),
        ])

    def setup(self, stage=None):
        self.train_set = FashionMNIST("data", train=True, download=True, transform=self.transform)

    def train_dataloader(self):
        return DataLoader(self.train_set, batch_size=self.batch_size, shuffle=True)


class DiffusionModule(pl.LightningModule):
    def __init__(self, timesteps=1000, lr=2e-4, ema_decay=0.999):
        super().__init__()
        self.save_hyperparameters()
        self.model = TinyUNet()
        self.ema = copy.deepcopy(self.model).requires_grad_(False)
        beta = torch.linspace(0.0001, 0.02, timesteps)
        alpha_bar = (1 - beta).cumprod(0)
        self.register_buffer("beta", beta)
        self.register_buffer("alpha", 1 - beta)
        self.register_buffer("alpha_bar", alpha_bar)
        self.register_buffer("sigma", beta.sqrt())

    def diffuse(self, x0, t, eps):
        ab = self.alpha_bar[t].reshape(-1, 1, 1, 1)
        return ab.sqrt() * x0 + (1 - ab).sqrt() * eps

    def training_step(self, batch, batch_idx):
        x0, _ = batch
        t = torch.randint(0, self.hparams.timesteps, (x0.size(0),), device=self.device)
        eps = torch.randn_like(x0)
        loss = F.mse_loss(self.model(self.diffuse(x0, t, eps), t), eps)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def on_train_batch_end(self, outputs, batch, batch_idx):
        decay = self.hparams.ema_decay
        with torch.no_grad():
            for p_ema, p in zip(self.ema.parameters(), self.model.parameters()):
                p_ema.mul_(decay).add_(p, alpha=1 - decay)
            for b_ema, b in zip(self.ema.buffers(), self.model.buffers()):
                b_ema.copy_(b)

    @torch.no_grad()
    def sample(self, n):
        self.ema.eval()
        x = torch.randn(n, 1, 32, 32, device=self.device)
        for step in range(self.hparams.timesteps - 1, -1, -1):
            t = torch.full((n,), step, dtype=torch.long, device=self.device)
            eps = self.ema(x, t)
            ab = self.alpha_bar[step]
            x = (x - self.beta[step] / (1 - ab).sqrt() * eps) / self.alpha[step].sqrt()
            if step > 0:
                x = x + self.sigma[step] * torch.randn_like(x)
        return x

    def on_train_epoch_end(self):
        images = self.sample(16)
        grid = make_grid(((images + 1) / 2).clamp(0, 1), nrow=4)
        save_image(grid, f"epoch_{self.current_epoch:03d}.png")

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.hparams.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.trainer.max_epochs)
        return {"optimizer": optimizer, "lr_scheduler": schedule}


if __name__ == "__main__":
    trainer = pl.Trainer(max_epochs=30, gradient_clip_val=1.0, accelerator="auto", devices=1)
    trainer.fit(DiffusionModule(), FashionData())
