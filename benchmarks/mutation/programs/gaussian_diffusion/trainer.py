import copy
from pathlib import Path

import torch
from PIL import Image
from torch.optim import Adam
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T
from torchvision import utils

from diffusion import GaussianDiffusion
from unet import Unet


class ImageDataset(Dataset):
    def __init__(self, folder, image_size):
        super().__init__()
        self.paths = [p for ext in ("jpg", "png") for p in Path(folder).glob(f"**/*.{ext}")]
        self.transform = T.Compose([
            T.Resize(image_size),
            T.RandomHorizontalFlip(),
            T.CenterCrop(image_size),
            T.ToTensor(),
        ])

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        img = Image.open(self.paths[index]).convert("RGB")
        return self.transform(img)


class EMA:
    def __init__(self, model, beta=0.995, update_after_step=100):
        self.beta = beta
        self.update_after_step = update_after_step
        self.step = 0
        self.ema_model = copy.deepcopy(model)
        self.ema_model.requires_grad_(False)
        self.ema_model.eval()

    @torch.no_grad()
    def update(self, model):
        self.step += 1
        if self.step <= self.update_after_step:
            self.ema_model.load_state_dict(model.state_dict())
            return
        for ema_p, p in zip(self.ema_model.parameters(), model.parameters()):
            ema_p.mul_(self.beta).add_(p, alpha=1 - self.beta)


class Trainer:
    def __init__(self, diffusion, folder, *, batch_size=16, accumulate=2, lr=8e-5, steps=100000, save_every=1000):
        self.model = diffusion
        self.accumulate = accumulate
        self.steps = steps
        self.save_every = save_every
        self.ds = ImageDataset(folder, diffusion.image_size)
        self.dl = self.cycle(DataLoader(self.ds, batch_size=batch_size, shuffle=True))
        self.opt = Adam(diffusion.parameters(), lr=lr, betas=(0.9, 0.99))
        self.ema = EMA(diffusion)
        self.results = Path("results")
        self.results.mkdir(exist_ok=True)

    @staticmethod
    def cycle(dl):
        while True:
            yield from dl

    def save(self, milestone):
        data = {"model": self.model.state_dict(), "ema": self.ema.ema_model.state_dict(), "opt": self.opt.state_dict()}
        torch.save(data, str(self.results / f"model-{milestone}.pt"))

    def train(self):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model.to(device)
        self.ema.ema_model.to(device)
        for step in range(1, self.steps + 1):
            self.model.train()
            for _ in range(self.accumulate):
                data = next(self.dl).to(device)
                loss = self.model(data) / self.accumulate
                loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.opt.step()
            self.opt.zero_grad()
            self.ema.update(self.model)
            if step % self.save_every == 0:
                milestone = step // self.save_every
                images = self.ema.ema_model.ddim_sample(batch_size=16)
                utils.save_image(images, str(self.results / f"sample-{milestone}.png"), nrow=4)
                self.save(milestone)


if __name__ == "__main__":
    unet = Unet(dim=32)
    diffusion = GaussianDiffusion(unet, image_size=32, timesteps=1000, objective="pred_v")
    Trainer(diffusion, "images").train()
