"""Whole programs in each framework, shortened: data, training, sampling, display; one range for each sink."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, SIGNED, UNIT, UNKNOWN, at_sinks

CASES: dict[str, tuple[str, list[str]]] = {
    "lightning": (
        """
        import pytorch_lightning as pl
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms
        import torchvision, torch.nn as nn, torch.nn.functional as F
        class DM(pl.LightningDataModule):
            def __init__(self, root="d", bs=4):
                super().__init__()
                self.root = root
                self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
                self.save_hyperparameters()
            def prepare_data(self):
                datasets.MNIST(self.root, download=True)
            def setup(self, stage=None):
                if stage == "fit" or stage is None:
                    full = datasets.MNIST(self.root, train=True, transform=self.transform)
                    self.train, self.val = torch.utils.data.random_split(full, [1, 2])
                if stage == "test" or stage is None:
                    self.test = datasets.MNIST(self.root, train=False, transform=self.transform)
            def train_dataloader(self): return DataLoader(self.train, batch_size=4)
            def val_dataloader(self): return DataLoader(self.val, batch_size=4)
            def test_dataloader(self): return DataLoader(self.test, batch_size=4)
        class Gen(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(10, 20), nn.Tanh())
            def forward(self, z): return self.net(z)
        class GAN(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.save_hyperparameters()
                self.automatic_optimization = False
                self.G = Gen()
                self.validation_z = torch.randn(8, 10)
            def forward(self, z): return self.G(z)
            def training_step(self, batch, batch_idx):
                imgs, _ = batch
                opt_g, opt_d = self.optimizers()
                z = torch.randn(imgs.shape[0], 10).type_as(imgs)
                self.generated = self(z)
                grid = torchvision.utils.make_grid(self.generated[:6])
                self.logger.experiment.add_image("generated", grid, 0)
                self.manual_backward(F.mse_loss(self.generated, imgs))
            def validation_step(self, batch, idx):
                x, y = batch
                save_image(x, "v.png")
            def test_step(self, batch, idx):
                save_image(batch[0], "t.png")
            def on_train_epoch_end(self):
                z = self.validation_z.type_as(self.G)
                s = self(z)
                grid = torchvision.utils.make_grid(s, normalize=True)
                self.logger.experiment.add_image("e", grid, self.current_epoch)
        class Cb(pl.Callback):
            def on_train_epoch_end(self, trainer, pl_module):
                imgs = pl_module(torch.randn(3, 10))
                save_image(imgs, "cb.png")
            def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
                save_image(batch[0], "cbv.png")
        dm = DM()
        model = GAN()
        trainer = pl.Trainer(max_epochs=3, callbacks=[Cb()])
        trainer.fit(model, dm)
        """,
        [SIGNED, SIGNED, UNIT, UNIT, SIGNED, SIGNED, UNKNOWN],
    ),
    "lightning2": (
        """
        import lightning as L
        from torch.utils.data import DataLoader
        from torchvision import datasets, transforms
        class M(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = torch.nn.Conv2d(3, 3, 3)
            def training_step(self, batch, batch_idx):
                x = batch["image"]
                noise = torch.randn_like(x)
                loss = torch.nn.functional.mse_loss(self.net(x + 0.3 * noise), noise)
                self.log("loss", loss)
                return loss
            def sample(self, n):
                x = torch.randn(n, 3, 32, 32)
                for t in range(1000):
                    x = x - 0.1 * self.net(x)
                return x
        class LogImages(L.Callback):
            def on_train_epoch_end(self, trainer, pl_module):
                x = pl_module.sample(4)
                save_image((x + 1) / 2, "s.png")
        class D(torch.utils.data.Dataset):
            def __getitem__(self, i):
                return {"image": transforms.ToTensor()(Image.open("p").convert("RGB")) * 2 - 1}
        loader = DataLoader(D())
        trainer = L.Trainer(callbacks=[LogImages()])
        trainer.fit(M(), train_dataloaders=loader)
        """,
        [UNIT],
    ),
    "accelerate": (
        """
        from accelerate import Accelerator
        from diffusers import UNet2DModel, DDPMScheduler, DDPMPipeline
        from datasets import load_dataset
        from torchvision import transforms
        from diffusers.optimization import get_cosine_schedule_with_warmup
        from diffusers.utils import make_image_grid
        import os, torch.nn.functional as F
        dataset = load_dataset("huggan", split="train")
        preprocess = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5])])
        def transform(examples):
            images = [preprocess(image.convert("RGB")) for image in examples["image"]]
            return {"images": images}
        dataset.set_transform(transform)
        train_dataloader = torch.utils.data.DataLoader(dataset, batch_size=3, shuffle=True)
        model = UNet2DModel(sample_size=64)
        noise_scheduler = DDPMScheduler(num_train_timesteps=1000)
        def evaluate(config, epoch, pipeline):
            images = pipeline(batch_size=16, generator=torch.Generator(device="cpu").manual_seed(1)).images
            image_grid = make_image_grid(images, rows=4, cols=4)
            image_grid.save("x.png")
        def train_loop(model, noise_scheduler, optimizer, train_dataloader, lr_scheduler):
            accelerator = Accelerator(mixed_precision="fp16")
            model, optimizer, train_dataloader, lr_scheduler = accelerator.prepare(model, optimizer,
                    train_dataloader, lr_scheduler)
            for epoch in range(50):
                for step, batch in enumerate(train_dataloader):
                    clean_images = batch["images"]
                    save_image(clean_images, "c.png")
                    noise = torch.randn(clean_images.shape, device=clean_images.device)
                    bs = clean_images.shape[0]
                    timesteps = torch.randint(0, noise_scheduler.config.num_train_timesteps, (bs,))
                    noisy_images = noise_scheduler.add_noise(clean_images, noise, timesteps)
                    with accelerator.accumulate(model):
                        noise_pred = model(noisy_images, timesteps, return_dict=False)[0]
                        loss = F.mse_loss(noise_pred, noise)
                        accelerator.backward(loss)
                pipeline = DDPMPipeline(unet=accelerator.unwrap_model(model), scheduler=noise_scheduler)
                evaluate(1, epoch, pipeline)
                images = pipeline(batch_size=4, output_type="np").images
                images_processed = (images * 255).round().astype("uint8")
                accelerator.get_tracker("tensorboard").add_images("test", images_processed.transpose(0, 3, 1,
                        2), epoch)
                save_image(torch.from_numpy(images), "x.png")
        train_loop(model, noise_scheduler, torch.optim.AdamW(model.parameters()), train_dataloader, 3)
        sample = torch.randn(8, 3, 32, 32)
        for i, t in enumerate(noise_scheduler.timesteps):
            with torch.no_grad():
                residual = model(sample, t).sample
            sample = noise_scheduler.step(residual, t, sample).prev_sample
        save_image(sample, "a.png")
        save_image((sample / 2 + 0.5).clamp(0, 1), "a.png")
        """,
        [SIGNED, BYTES, UNIT, SIGNED, UNIT],
    ),
    "latent": (
        """
        from diffusers import AutoencoderKL, UNet2DConditionModel, DDIMScheduler
        vae = AutoencoderKL.from_pretrained("x", subfolder="vae")
        unet = UNet2DConditionModel.from_pretrained("x", subfolder="unet")
        scheduler = DDIMScheduler.from_pretrained("x")
        vae.requires_grad_(False)
        vae.to("cuda", dtype=torch.float16)
        px = x * 2 - 1
        latents = vae.encode(px).latent_dist.sample()
        latents = latents * vae.config.scaling_factor
        latents = torch.randn((1, 4, 64, 64)) * scheduler.init_noise_sigma
        scheduler.set_timesteps(50)
        for t in scheduler.timesteps:
            inp = torch.cat([latents] * 2)
            inp = scheduler.scale_model_input(inp, t)
            noise_pred = unet(inp, t, encoder_hidden_states=None).sample
            u, c = noise_pred.chunk(2)
            noise_pred = u + 7.5 * (c - u)
            latents = scheduler.step(noise_pred, t, latents).prev_sample
        latents = 1 / 0.18215 * latents
        image = vae.decode(latents).sample
        save_image(image, "q.png")
        image = (image / 2 + 0.5).clamp(0, 1)
        save_image(image, "r.png")
        image = image.detach().cpu().permute(0, 2, 3, 1).numpy()
        images = (image * 255).round().astype("uint8")
        pil_images = [Image.fromarray(image) for image in images]
        image = vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0]
        save_image(image, "q.png")
        """,
        [SIGNED, UNIT, BYTES, SIGNED],
    ),
    "pipe": (
        """
        from diffusers import StableDiffusionPipeline, DiffusionPipeline, DDIMPipeline, UNet2DModel
        import numpy as np
        pipe = StableDiffusionPipeline.from_pretrained("x", torch_dtype=torch.float16).to("cuda")
        pipe.scheduler = None
        image = pipe("a prompt").images[0]
        image.save("x.png")
        a = np.array(image)
        Image.fromarray(a)
        im = pipe("p", output_type="np").images[0]
        import matplotlib.pyplot as plt
        plt.imshow(im)
        t = pipe("p", output_type="pt").images
        save_image(t, "x.png")
        save_image(pipe("p", output_type="pt", return_dict=False)[0], "x.png")
        save_image(pipe("p", output_type="pt")[0], "x.png")
        unet = UNet2DModel.from_pretrained("google/ddpm")
        p2 = DDIMPipeline(unet, pipe.scheduler)
        out = p2(batch_size=3, output_type="numpy").images
        save_image(torch.tensor(out).permute(0, 3, 1, 2), "x.png")
        """,
        [BYTES, UNIT, UNIT, UNIT, UNIT, UNIT],
    ),
    "albumentations": (
        """
        import albumentations as A
        from albumentations.pytorch import ToTensorV2
        import cv2, numpy as np
        tf = A.Compose([A.Resize(256, 256), A.HorizontalFlip(p=0.5), A.OneOf([A.GaussianBlur(), A.GaussNoise()],
                p=0.3), A.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5,
                        0.5], max_pixel_value=255.0), ToTensorV2()], additional_targets={"image0": "image"})
        class D(torch.utils.data.Dataset):
            def __init__(self, t): self.t = t
            def __getitem__(self, i):
                img = cv2.cvtColor(cv2.imread("x"), cv2.COLOR_BGR2RGB)
                other = np.array(Image.open("y"))
                aug = self.t(image=img, image0=other)
                return aug["image"], aug["image0"]
        for a, b in torch.utils.data.DataLoader(D(tf)):
            save_image(a, "x.png"); save_image(b, "y.png")
        n = A.Compose([A.ToFloat(max_value=255), ToTensorV2()])
        save_image(n(image=cv2.imread("p"))["image"], "n.png")
        n = A.Compose([A.Normalize(mean=0, std=1, max_pixel_value=255), ToTensorV2()])
        save_image(n(image=cv2.imread("p"))["image"], "n.png")
        both = A.Compose([A.HorizontalFlip(p=0.5)], additional_targets={"image0": "image"})
        aug = both(image=cv2.imread("a"), image0=cv2.imread("b"))
        save_image(torch.from_numpy(aug["image0"]).permute(2, 0, 1) / 255, "x.png")
        n = A.Compose([A.Normalize(), ToTensorV2()])
        save_image(n(image=cv2.imread("p"))["image"], "n.png")
        n = A.Compose([A.Normalize((0.5,), (0.5,)), A.pytorch.ToTensorV2()], is_check_shapes=False)
        save_image(n(image=cv2.imread("p"))["image"], "n.png")
        """,
        [SIGNED, SIGNED, UNIT, UNIT, UNIT, "[-2.118, 2.64]", SIGNED],
    ),
    "v2": (
        """
        import torchvision
        from torchvision.transforms import v2
        from torchvision.io import read_image, ImageReadMode, decode_image
        t = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(p=0.5), v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(mean=[0.5], std=[0.5])])
        save_image(t(Image.open("p")), "x.png")
        img = read_image("p.png", ImageReadMode.RGB)
        save_image(img / 255.0, "x.png")
        save_image(t(img), "x.png")
        save_image(img.float() / 127.5 - 1, "x.png")
        t = v2.Compose([v2.ToTensor(), v2.Normalize(mean=[0.5], std=[0.5])])
        save_image(t(Image.open("p")), "x.png")
        save_image(v2.functional.to_dtype(img, torch.float32, scale=True), "x.png")
        t = v2.Compose([v2.PILToTensor(), v2.ConvertImageDtype(torch.float32), v2.Lambda(lambda x: x * 2 - 1)])
        save_image(t(Image.open("p")), "x.png")
        a, b = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])(Image.open("p"), Image.open("q"))
        save_image(a, "x.png")
        torchvision.io.write_png((a * 255).to(torch.uint8), "q.png")
        """,
        [SIGNED, UNIT, SIGNED, SIGNED, SIGNED, UNIT, SIGNED, UNIT, BYTES],
    ),
    "kornia": (
        """
        import kornia, kornia.augmentation as K
        aug = torch.nn.Sequential(K.RandomHorizontalFlip(p=0.5), K.Normalize(mean=0.5, std=0.5))
        save_image(aug(x), "x.png")
        aug2 = K.AugmentationSequential(K.RandomAffine(10.), K.ColorJitter(0.1), data_keys=["input"])
        save_image(aug2(x), "x.png")
        save_image(kornia.io.load_image("p", kornia.io.ImageLoadType.RGB32), "y.png")
        save_image(kornia.enhance.normalize(x, torch.tensor([0.5, 0.5, 0.5]), torch.tensor([0.5, 0.5, 0.5])), "y.png")
        save_image(kornia.enhance.Denormalize(0.5, 0.5)(x * 2 - 1), "y.png")
        """,
        [SIGNED, UNIT, UNIT, SIGNED, UNIT],
    ),
    "sinks": (
        """
        import matplotlib.pyplot as plt, numpy as np, cv2, imageio, wandb
        from torchvision.utils import make_grid
        from torchvision import transforms
        from torch.utils.tensorboard import SummaryWriter
        w = SummaryWriter("x")
        w.add_image("a", make_grid(x), 1)
        w.add_images("a", x, 1)
        fig, axs = plt.subplots(2, 2)
        axs[0, 0].imshow(x.permute(1, 2, 0).numpy())
        for ax, im in zip(axs.flat, x): ax.imshow(im.cpu().numpy().transpose(1, 2, 0))
        plt.imshow(np.transpose(make_grid(x, padding=2, normalize=True).cpu(), (1, 2, 0)))
        plt.imshow(x.squeeze(), cmap="gray")
        cv2.imwrite("x.png", cv2.cvtColor((x.permute(1, 2, 0).numpy() * 255).astype(np.uint8), cv2.COLOR_RGB2BGR))
        frames = []
        for i in range(10):
            frames.append((x.permute(1, 2, 0).numpy() * 255).astype(np.uint8))
        imageio.mimsave("x.gif", frames, fps=3)
        wandb.log({"s": [wandb.Image(i) for i in x]})
        wandb.log({"s": wandb.Image(make_grid(x))})
        Image.fromarray(make_grid(x).mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to("cpu",
                torch.uint8).numpy()).save("x")
        transforms.ToPILImage()(x).save("p.png")
        import torchvision.transforms.functional as TF
        TF.to_pil_image(x)
        import torchvision
        torchvision.io.write_video("x.mp4", (x * 255).byte(), 4)
        import skimage.io, tifffile, mediapy
        skimage.io.imsave("x", (x.numpy() * 255).astype("uint8"))
        tifffile.imwrite("x", x.numpy())
        mediapy.write_image("x", x.permute(1, 2, 0).numpy())
        import streamlit as st
        st.image(x.permute(1, 2, 0).numpy())
        wr = imageio.get_writer("x.gif")
        wr.append_data((x.permute(1, 2, 0).numpy() * 255).astype(np.uint8))
        plt.imsave("x.png", x.permute(1, 2, 0).numpy())
        Image.fromarray(np.uint8(x.permute(1, 2, 0).numpy() * 255))
        """,
        [
            UNIT,
            UNIT,
            UNIT,
            UNIT,
            UNIT,
            UNIT,
            UNIT,
            BYTES,
            BYTES,
            UNIT,
            UNIT,
            BYTES,
            UNIT,
            UNIT,
            BYTES,
            BYTES,
            UNIT,
            UNIT,
            UNIT,
            BYTES,
            UNIT,
            BYTES,
        ],
    ),
    "ema nets": (
        """
        import copy
        from torch import nn
        import torch.nn.functional as F
        from ema_pytorch import EMA
        class Net(nn.Module):
            def __init__(self):
                super().__init__(); self.c = nn.Conv2d(3, 3, 3)
            def forward(self, x, t): return self.c(x)
        def sample(net):
            z = torch.randn(4, 3, 32, 32)
            for t in range(100):
                z = z - 0.1 * net(z, t)
            return z
        net = Net()
        ema = copy.deepcopy(net).eval()
        e2 = EMA(net, beta=0.9)
        ddp = torch.nn.parallel.DistributedDataParallel(net.cuda(), device_ids=[0])
        comp = torch.compile(net)
        dp = nn.DataParallel(net)
        from torch.optim.swa_utils import AveragedModel
        avg = AveragedModel(net)
        data = x * 2 - 1
        noise = torch.randn_like(data)
        loss = F.mse_loss(ddp(data + 0.5 * noise, 3), noise)
        save_image(sample(net), "a.png"); save_image(sample(ema), "b.png"); save_image(sample(e2), "c.png")
        save_image(sample(e2.ema_model), "d.png")
        save_image(sample(ddp), "e.png"); save_image(sample(ddp.module), "f.png"); save_image(sample(comp),
                "g.png"); save_image(sample(dp.module), "h.png")
        save_image(sample(avg), "i.png"); save_image(sample(avg.module), "j.png")
        n2 = Net(); n2.load_state_dict(torch.load("x")["model"]); n2.eval()
        save_image(sample(n2), "k.png")
        n3 = Net(); n3 = n3.to("cuda").eval().requires_grad_(False)
        save_image(sample(n3), "l.png")
        n4 = torch.load("x.pt");
        save_image(sample(n4), "m.png")
        """,
        [SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, SIGNED, UNKNOWN],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_range_at_each_sink(name: str) -> None:
    code, expected = CASES[name]
    assert at_sinks(code) == [{answer} for answer in expected]
