"""Fine-tuning of the UNet of Stable Diffusion on pictures with captions, frozen VAE and text encoder."""
import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from diffusers.optimization import get_scheduler
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from transformers import CLIPTextModel, CLIPTokenizer


class Captions(Dataset):
    def __init__(self, folder, tokenizer, size):
        self.folder = Path(folder)
        self.rows = json.loads((self.folder / "captions.json").read_text())
        self.tokenizer = tokenizer
        self.transform = transforms.Compose([
            transforms.Resize(size),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = self.rows[i]
        image = Image.open(self.folder / row["file"]).convert("RGB")
        tokens = self.tokenizer(
            row["text"], max_length=self.tokenizer.model_max_length, padding="max_length", truncation=True,
            return_tensors="pt",
        )
        return {"pixel_values": self.transform(image), "input_ids": tokens.input_ids[0]}


def compute_snr(scheduler, timesteps):
    alphas_cumprod = scheduler.alphas_cumprod.to(timesteps.device)[timesteps]
    return alphas_cumprod / (1 - alphas_cumprod)


def training_loss(batch, vae, unet, text_encoder, noise_scheduler, snr_gamma):
    with torch.no_grad():
        latents = vae.encode(batch["pixel_values"]).latent_dist.sample()
        latents = latents * vae.config.scaling_factor
        encoder_hidden_states = text_encoder(batch["input_ids"])[0]
    noise = torch.randn_like(latents)
    bsz = latents.shape[0]
    timesteps = torch.randint(0, noise_scheduler.config.num_train_timesteps, (bsz,), device=latents.device).long()
    noisy_latents = noise_scheduler.add_noise(latents, noise, timesteps)
    if noise_scheduler.config.prediction_type == "epsilon":
        target = noise
    else:
        target = noise_scheduler.get_velocity(latents, noise, timesteps)
    model_pred = unet(noisy_latents, timesteps, encoder_hidden_states).sample
    if snr_gamma is None:
        return F.mse_loss(model_pred.float(), target.float(), reduction="mean")
    snr = compute_snr(noise_scheduler, timesteps)
    weights = torch.stack([snr, snr_gamma * torch.ones_like(timesteps)], dim=1).min(dim=1)[0]
    if noise_scheduler.config.prediction_type == "epsilon":
        weights = weights / snr
    else:
        weights = weights / (snr + 1)
    loss = F.mse_loss(model_pred.float(), target.float(), reduction="none")
    loss = loss.mean(dim=list(range(1, len(loss.shape)))) * weights
    return loss.mean()


@torch.no_grad()
def validate(prompt, vae, unet, tokenizer, text_encoder, train_scheduler, path, device, steps, size):
    unet.eval()
    scheduler = DDIMScheduler.from_config(train_scheduler.config)
    scheduler.set_timesteps(steps)
    ids = tokenizer(
        ["", prompt], padding="max_length", max_length=tokenizer.model_max_length, return_tensors="pt"
    ).input_ids
    embeddings = text_encoder(ids.to(device))[0]
    latents = torch.randn(1, 4, size // 8, size // 8, device=device) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        inputs = scheduler.scale_model_input(torch.cat([latents] * 2), t)
        uncond, text = unet(inputs, t, encoder_hidden_states=embeddings).sample.chunk(2)
        pred = uncond + 7.5 * (text - uncond)
        latents = scheduler.step(pred, t, latents, eta=0.0).prev_sample
    image = vae.decode(latents / vae.config.scaling_factor).sample
    image = ((image + 1) / 2).clamp(0, 1)[0].permute(1, 2, 0).cpu().numpy()
    Image.fromarray((image * 255).astype("uint8")).save(path)
    unet.train()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="runwayml/stable-diffusion-v1-5")
    parser.add_argument("--data", default="images")
    parser.add_argument("--resolution", type=int, default=512)
    parser.add_argument("--max_train_steps", type=int, default=15000)
    parser.add_argument("--learning_rate", type=float, default=1e-5)
    parser.add_argument("--snr_gamma", type=float, default=5.0)
    parser.add_argument("--validation_steps", type=int, default=500)
    parser.add_argument("--inference_steps", type=int, default=30)
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    noise_scheduler = DDPMScheduler.from_pretrained(args.model, subfolder="scheduler")
    tokenizer = CLIPTokenizer.from_pretrained(args.model, subfolder="tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(args.model, subfolder="text_encoder").to(device)
    vae = AutoencoderKL.from_pretrained(args.model, subfolder="vae").to(device)
    unet = UNet2DConditionModel.from_pretrained(args.model, subfolder="unet").to(device)
    vae.requires_grad_(False)
    text_encoder.requires_grad_(False)
    unet.train()

    optimizer = torch.optim.AdamW(unet.parameters(), lr=args.learning_rate, weight_decay=1e-2)
    lr_scheduler = get_scheduler("constant_with_warmup", optimizer, num_warmup_steps=500)
    dataset = Captions(args.data, tokenizer, args.resolution)
    loader = DataLoader(dataset, batch_size=4, shuffle=True)
    step = 0
    while step < args.max_train_steps:
        for batch in loader:
            batch = {key: value.to(device) for key, value in batch.items()}
            loss = training_loss(batch, vae, unet, text_encoder, noise_scheduler, args.snr_gamma)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
            optimizer.step()
            lr_scheduler.step()
            optimizer.zero_grad()
            step += 1
            if step % args.validation_steps == 0:
                validate(
                    "a red bird", vae, unet, tokenizer, text_encoder, noise_scheduler, f"step_{step}.png", device,
                    args.inference_steps, args.resolution,
                )
            if step >= args.max_train_steps:
                break
    unet.save_pretrained("finetuned")


if __name__ == "__main__":
    main()
