"""DDPM on several GPUs: DistributedDataParallel, EMA on every rank, checkpoints that can be continued."""
import argparse
import os
from collections import OrderedDict
from copy import deepcopy

import numpy as np
import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.utils import save_image


class Model(nn.Module):
    def __init__(self, width=32, classes=10):
        super().__init__()
        self.t_embed = nn.Embedding(1000, width)
        self.y_embed = nn.Embedding(classes, width)
        self.conv_in = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(width, width, 3, padding=1) for _ in range(4)])
        self.norms = nn.ModuleList([nn.GroupNorm(8, width) for _ in range(4)])
        self.dropout = nn.Dropout(0.1)
        self.conv_out = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x, t, y):
        c = (self.t_embed(t) + self.y_embed(y))[:, :, None, None]
        h = self.conv_in(x)
        for conv, norm in zip(self.blocks, self.norms):
            h = h + conv(self.dropout(F.silu(norm(h) + c)))
        return self.conv_out(h)


class Diffusion:
    def __init__(self, num_timesteps, device):
        self.num_timesteps = num_timesteps
        betas = np.linspace(1e-4, 0.02, num_timesteps)
        alphas_cumprod = np.cumprod(1.0 - betas)
        to_torch = lambda a: torch.tensor(a, dtype=torch.float32, device=device)
        self.betas = to_torch(betas)
        self.alphas_cumprod = to_torch(alphas_cumprod)
        self.alphas_cumprod_prev = to_torch(np.append(1.0, alphas_cumprod[:-1]))

    def training_loss(self, model, x_start, t, y):
        noise = torch.randn_like(x_start)
        alpha_bar = self.alphas_cumprod[t][:, None, None, None]
        x_t = torch.sqrt(alpha_bar) * x_start + torch.sqrt(1 - alpha_bar) * noise
        return F.mse_loss(model(x_t, t, y), noise)

    def sample(self, model, shape, y, device):
        x = torch.randn(*shape, device=device)
        for i in range(self.num_timesteps)[::-1]:
            t = torch.full((shape[0],), i, device=device, dtype=torch.long)
            with torch.no_grad():
                eps = model(x, t, y)
            alpha_bar, alpha_bar_prev = self.alphas_cumprod[i], self.alphas_cumprod_prev[i]
            pred_x0 = (x - torch.sqrt(1 - alpha_bar) * eps) / torch.sqrt(alpha_bar)
            pred_x0 = torch.clamp(pred_x0, -1.0, 1.0)
            coef1 = self.betas[i] * torch.sqrt(alpha_bar_prev) / (1 - alpha_bar)
            coef2 = torch.sqrt(1 - self.betas[i]) * (1 - alpha_bar_prev) / (1 - alpha_bar)
            x = coef1 * pred_x0 + coef2 * x
            if i > 0:
                var = self.betas[i] * (1 - alpha_bar_prev) / (1 - alpha_bar)
                x = x + torch.sqrt(var) * torch.randn_like(x)
        return x


@torch.no_grad()
def update_ema(ema_model, model, decay=0.9999):
    ema_params = OrderedDict(ema_model.named_parameters())
    model_params = OrderedDict(model.named_parameters())
    for name, param in model_params.items():
        ema_params[name].mul_(decay).add_(param.data, alpha=1 - decay)


def requires_grad(model, flag=True):
    for p in model.parameters():
        p.requires_grad = flag


def main(args):
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank = dist.get_rank()
    device = torch.device(f"cuda:{rank % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(args.seed * dist.get_world_size() + rank)

    model = Model(classes=args.num_classes).to(device)
    ema = deepcopy(model).to(device)
    requires_grad(ema, False)
    model = DDP(model, device_ids=[rank] if torch.cuda.is_available() else None)
    diffusion = Diffusion(1000, device)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0)

    transform = transforms.Compose([
        transforms.Resize(args.image_size),
        transforms.CenterCrop(args.image_size),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5], inplace=True),
    ])
    dataset = ImageFolder(args.data_path, transform=transform)
    sampler = DistributedSampler(dataset, num_replicas=dist.get_world_size(), rank=rank, shuffle=True, seed=args.seed)
    loader = DataLoader(dataset, batch_size=args.batch_size, shuffle=False, sampler=sampler, drop_last=True)

    start_epoch = 0
    if args.resume:
        checkpoint = torch.load(args.resume, map_location=device)
        model.module.load_state_dict(checkpoint["model"])
        ema.load_state_dict(checkpoint["ema"])
        opt.load_state_dict(checkpoint["opt"])
        start_epoch = checkpoint["epoch"] + 1
    else:
        update_ema(ema, model.module, decay=0)
    ema.eval()

    for epoch in range(start_epoch, args.epochs):
        model.train()
        sampler.set_epoch(epoch)
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            t = torch.randint(0, diffusion.num_timesteps, (x.shape[0],), device=device)
            loss = diffusion.training_loss(model, x, t, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            update_ema(ema, model.module)
        if rank == 0:
            labels = torch.arange(8, device=device) % args.num_classes
            samples = diffusion.sample(ema, (8, 3, args.image_size, args.image_size), labels, device)
            save_image(samples, f"ddp_{epoch:04d}.png", nrow=4, normalize=True, value_range=(-1, 1))
            checkpoint = {
                "model": model.module.state_dict(), "ema": ema.state_dict(), "opt": opt.state_dict(), "epoch": epoch
            }
            torch.save(checkpoint, os.path.join(args.out, "last.pt"))
        dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-path", default="images")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--num-classes", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", default=None)
    parser.add_argument("--out", default=".")
    main(parser.parse_args())
