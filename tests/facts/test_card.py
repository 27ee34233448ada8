"""The pipeline card of programs in the styles that people write: every line as a reader of the code would put it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from difflint.card import Card
from difflint.facts import analyse
from difflint.facts.cards import cards
from difflint.files import SourceFile

NETWORK = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, in_channels, 3, padding=1)

    def forward(self, x, t):
        return self.conv(x)
"""

SCRIPT = """
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.utils import save_image

T = 500
betas = torch.linspace(1e-4, 0.02, 500)
alpha_bar = torch.cumprod(1 - betas, 0)

def train():
    transform = transforms.Compose([transforms.Resize(32), transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    loader = DataLoader(datasets.ImageFolder("pictures", transform=transform), batch_size=64)
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-4)
    for x0, _ in loader:
        t = torch.randint(0, T, (x0.shape[0],))
        noise = torch.randn_like(x0)
        a = alpha_bar[t][:, None, None, None]
        x_t = a.sqrt() * x0 + (1 - a).sqrt() * noise
        loss = F.mse_loss(net(x_t, t), noise)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    sample(net)

@torch.no_grad()
def sample(net):
    x = torch.randn(16, 3, 32, 32)
    for t in reversed(range(T)):
        eps = net(x, t)
        x = (x - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()
        x = x + betas[t].sqrt() * torch.randn_like(x)
    x = (x + 1) / 2
    save_image(x.clamp(0, 1), "samples.png")

train()
"""


def cards_of(text: str, folder: Path = Path("/nowhere")) -> dict[str, Card]:
    """The cards of a program by kind; at most one of each."""
    source = SourceFile("program.py", dedent(text), folder / "program.py", folder)
    facts = analyse([source])
    assert facts.errors == ()
    found = cards(facts)
    assert len({card.kind for card in found}) == len(found), [card.name for card in found]
    return {card.kind: card for card in found}


def values(card: Card) -> dict[str, str | None]:
    return {line.topic: line.value for line in card.lines}


def subset(card: Card, *topics: str) -> dict[str, str | None]:
    known = values(card)
    return {topic: known[topic] for topic in topics}


def test_a_plain_script_that_trains() -> None:
    known = values(cards_of(NETWORK + SCRIPT)["training"])
    assert known.pop("schedule", "").startswith("linear")  # type: ignore[union-attr]
    assert known == {
        "data set": "ImageFolder",
        "data range": "[-1, 1]",
        "normalisation": "transforms.ToTensor(), then transforms.Normalize((0.5,), (0.5,))",
        "channels": "3",
        "size": "32",
        "prediction": "eps (the noise)",
        "output activation": "none",
        "loss": "MSE",
        "precision": "float32",
        "optimizer": "AdamW(lr=0.0002)",
        "grad clip": "norm 1",
        "EMA": "none",
        "VAE scale": "none (no autoencoder)",
    }


def test_a_plain_script_that_samples() -> None:
    known = subset(
        cards_of(NETWORK + SCRIPT)["sampling"],
        "data range", "inverse normalisation", "prediction", "sampler", "steps", "x0 clamp", "final clamp", "sink",
    )  # fmt: skip
    assert known == {
        "data range": "[-1, 1]",
        "inverse normalisation": "(x + 1) / 2",
        "prediction": "eps (the noise)",
        "sampler": "DDPM ancestral (noise in each step)",
        "steps": "range(500), backwards",
        "x0 clamp": "none",
        "final clamp": "x.clamp(0, 1)",
        "sink": "save_image (takes [0, 1])",
    }


def test_each_known_line_has_the_place_where_it_is_written() -> None:
    text = NETWORK + SCRIPT
    card = cards_of(text)["training"]
    lines = dedent(text).splitlines()
    for topic, code in (("optimizer", "torch.optim.AdamW"), ("grad clip", "clip_grad_norm_"), ("loss", "F.mse_loss")):
        line = card.line(topic)
        assert line is not None and line.place is not None and code in lines[line.place.line - 1]


def test_what_occurs_nowhere_is_absent_and_what_is_only_mentioned_is_unknown() -> None:
    plain = NETWORK + SCRIPT.replace("        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)\n", "")
    assert values(cards_of(plain)["training"])["grad clip"] == "none"
    hidden = plain.replace("optimizer.step()", "getattr(helper, 'clip_grad_norm')(net)\n        optimizer.step()")
    assert values(cards_of(hidden)["training"])["grad clip"] is None


def test_a_comment_mentions_nothing() -> None:
    text = NETWORK + SCRIPT.replace("optimizer.step()", "optimizer.step()  # an EMA and autocast would help")
    assert subset(cards_of(text)["training"], "EMA", "precision") == {"EMA": "none", "precision": "float32"}


CLASS = """
from accelerate import Accelerator

class EMA:
    def __init__(self, model, decay=0.995):
        self.model, self.decay = model, decay

    def update(self, other):
        for a, b in zip(self.model.parameters(), other.parameters()):
            a.data = a.data * self.decay + (1 - self.decay) * b.data

class Trainer:
    def __init__(self, model, loader, lr=1e-4, max_grad_norm=1.0, amp=False):
        self.accelerator = Accelerator(mixed_precision="fp16" if amp else "no")
        self.model, self.loader, self.max_grad_norm = model, loader, max_grad_norm
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.99))
        self.ema = EMA(model)

    def train(self):
        for x1 in self.loader:
            x0 = torch.randn_like(x1)
            t = torch.rand(x1.shape[0], 1, 1, 1)
            loss = (self.model(t * x1 + (1 - t) * x0, t) - (x1 - x0)).pow(2).mean()
            self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.max_grad_norm)
            self.optimizer.step()
            self.ema.update(self.model)
"""


def test_a_trainer_class_with_a_flow() -> None:
    loader = "from torchvision.datasets import CIFAR10\nfrom torchvision.transforms import ToTensor\n"
    use = 'Trainer(Net(), [x for x, _ in CIFAR10("x", transform=ToTensor())]).train()\n'
    known = subset(
        cards_of(loader + NETWORK + CLASS + use)["training"],
        "prediction", "precision", "optimizer", "grad clip", "EMA", "channels",
    )  # fmt: skip
    assert known == {
        "prediction": "velocity (flow)",
        "precision": "float32",
        "optimizer": "Adam(lr=0.0001, betas=(0.9, 0.99))",
        "grad clip": "norm 1",
        "EMA": "decay 0.995",
        "channels": "3",
    }


def test_a_class_that_nobody_makes_is_a_path_of_its_own() -> None:
    known = subset(cards_of(NETWORK + CLASS)["training"], "optimizer", "grad clip", "EMA")
    assert known == {"optimizer": "Adam(lr=0.0001, betas=(0.9, 0.99))", "grad clip": "norm 1", "EMA": "decay 0.995"}


def test_half_precision_with_a_scaler() -> None:
    text = NETWORK + SCRIPT.replace(
        "        loss = F.mse", "        with torch.autocast('cuda'):\n            loss = F.mse"
    )
    text = text.replace("    for x0, _", "    scaler = torch.cuda.amp.GradScaler()\n    for x0, _")
    text = text.replace("loss.backward()", "scaler.scale(loss).backward()")
    assert values(cards_of(text)["training"])["precision"] == "autocast('cuda') + GradScaler()"


def test_an_option_is_shown_with_its_default() -> None:
    text = "import flags\nFLAGS = flags.FLAGS\nflags.DEFINE_float('lr', 3e-4, help='rate')\n" + NETWORK + SCRIPT
    known = values(cards_of(text.replace("lr=2e-4", "lr=FLAGS.lr"))["training"])
    assert known["optimizer"] == "AdamW(lr=FLAGS.lr (3e-4 by default))"


LIGHTNING = """
import pytorch_lightning as pl

class Diffusion(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = Net()

    def training_step(self, batch, index):
        x0, noise = batch, torch.randn_like(batch)
        t = torch.rand(x0.shape[0], 1, 1, 1)
        return F.l1_loss(self.net((1 - t) * x0 + t * noise, t), noise)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-4, weight_decay=0.01)

pl.Trainer(gradient_clip_val=0.5, precision=16).fit(Diffusion())
"""


def test_a_lightning_module() -> None:
    known = subset(
        cards_of(NETWORK + LIGHTNING)["training"], "prediction", "loss", "optimizer", "grad clip", "precision"
    )
    assert known == {
        "prediction": "eps (the noise)",
        "loss": "L1",
        "optimizer": "AdamW(lr=0.0001, weight_decay=0.01)",
        "grad clip": "norm 0.5",
        "precision": "Trainer(16)",
    }


LATENT = """
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from datasets import load_dataset
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torchvision import transforms

def main():
    accelerator = Accelerator(mixed_precision="fp16")
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    vae = AutoencoderKL.from_pretrained("model", subfolder="vae")
    unet = UNet2DConditionModel.from_pretrained("model", subfolder="unet")
    optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-5)
    prepare = transforms.Compose([transforms.Resize(512), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
    data = load_dataset("pictures", split="train")

    def transform(rows):
        rows["pixels"] = [prepare(image) for image in rows["image"]]
        return rows

    for batch in torch.utils.data.DataLoader(data.with_transform(transform)):
        latents = vae.encode(batch["pixels"]).latent_dist.sample() * vae.config.scaling_factor
        noise = torch.randn_like(latents)
        t = torch.randint(0, 1000, (latents.shape[0],))
        noisy = scheduler.add_noise(latents, noise, t)
        loss = F.mse_loss(unet(noisy, t, batch["text"]).sample, noise)
        accelerator.backward(loss)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(unet.parameters(), 1.0)
        optimizer.step()
    pipeline = StableDiffusionPipeline.from_pretrained("model", unet=unet)
    pipeline("a cat", num_inference_steps=30).images[0].save("cat.png")

main()
"""


def test_latent_diffusion_with_a_library() -> None:
    found = cards_of(LATENT)
    known = values(found["training"])
    assert known == {
        "data set": "load_dataset('pictures')",
        "data range": "latents of pictures in [-1, 1]",
        "normalisation": "transforms.ToTensor(), then transforms.Normalize([0.5], [0.5])",
        "channels": known["channels"],
        "size": "512",
        "prediction": "eps (the noise)",
        "output activation": "none",
        "loss": "MSE",
        "schedule": "scaled_linear, T=1000, beta 0.00085 to 0.012, alpha_bar_T 0.00466",
        "precision": "Accelerator('fp16')",
        "optimizer": "AdamW(lr=1e-05)",
        "grad clip": "norm 1 (under a condition)",
        "EMA": "none",
        "VAE scale": "… * vae.config.scaling_factor",
    }
    sampled = subset(found["sampling"], "sampler", "steps", "final clamp")
    assert sampled == {
        "sampler": "StableDiffusionPipeline with DDPMScheduler",
        "steps": "30",
        "final clamp": "the pipeline's own",
    }


EDM = """
def loss_of(net, images):
    images = images / 127.5 - 1
    sigma = (torch.randn(images.shape[0], 1, 1, 1) * 1.2 - 1.2).exp()
    denoised = net(images + torch.randn_like(images) * sigma, sigma)
    return (((denoised - images) ** 2) * (sigma ** 2 + 0.25) / (sigma * 0.5) ** 2).mean()

def train(net, ema, loader):
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for images in loader:
        loss_of(net, images).backward()
        for param in net.parameters():
            torch.nan_to_num(param.grad, nan=0, out=param.grad)
        optimizer.step()
        for p_ema, p in zip(ema.parameters(), net.parameters()):
            p_ema.copy_(p.detach().lerp(p_ema, 0.999))

def heun_sampler(net, latents, sigmas):
    x = latents * sigmas[0]
    for s, s_next in zip(sigmas[:-1], sigmas[1:]):
        d = (x - net(x, s)) / s
        x_euler = x + (s_next - s) * d
        d_prime = (x_euler - net(x_euler, s_next)) / s_next
        x = x + (s_next - s) * (d + d_prime) / 2
    return x
"""


def test_karras_and_others() -> None:
    found = cards_of(NETWORK + EDM)
    known = subset(found["training"], "data range", "prediction", "loss", "grad clip", "EMA", "optimizer")
    assert known == {
        "data range": "[-1, 1]",
        "prediction": "x0 (the clean picture)",
        "loss": "squared error",
        "grad clip": "none, but nan_to_num on the gradients",
        "EMA": "yes: p_ema.copy_(p.detach().lerp(p_ema, 0.999))",
        "optimizer": "Adam(lr=0.001)",
    }
    assert subset(found["sampling"], "sampler", "x0 clamp") == {"sampler": "Heun (deterministic)", "x0 clamp": "none"}


def test_a_table_from_root_to_root_is_squared() -> None:
    text = NETWORK + SCRIPT.replace(
        "torch.linspace(1e-4, 0.02, 500)", "torch.linspace(0.01 ** 0.5, 0.02 ** 0.5, 500) ** 2"
    )
    assert str(values(cards_of(text)["training"])["schedule"]).startswith("scaled_linear, T=500, beta 0.01 to 0.02,")


def test_a_training_loop_is_no_sampler() -> None:
    text = NETWORK + SCRIPT.split("@torch.no_grad()")[0].replace("    sample(net)\n", "")
    assert cards_of(text + "\ntrain()\n").keys() == {"training"}


def test_a_program_that_trains_nothing_has_no_card() -> None:
    assert cards_of(NETWORK) == {}
