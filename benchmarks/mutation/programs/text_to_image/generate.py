"""Text to image with the parts of Stable Diffusion: the denoising loop written out, with guidance."""
import argparse

import numpy as np
import torch
from diffusers import AutoencoderKL, LMSDiscreteScheduler, UNet2DConditionModel
from PIL import Image
from tqdm.auto import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

MODEL = "runwayml/stable-diffusion-v1-5"


def load(device):
    vae = AutoencoderKL.from_pretrained(MODEL, subfolder="vae").to(device)
    unet = UNet2DConditionModel.from_pretrained(MODEL, subfolder="unet").to(device)
    tokenizer = CLIPTokenizer.from_pretrained(MODEL, subfolder="tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(MODEL, subfolder="text_encoder").to(device)
    scheduler = LMSDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000
    )
    return vae, unet, tokenizer, text_encoder, scheduler


@torch.no_grad()
def embed_prompts(tokenizer, text_encoder, prompts, device):
    def embed(texts):
        tokens = tokenizer(
            texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
        )
        return text_encoder(tokens.input_ids.to(device))[0]

    text_embeddings = embed(prompts)
    uncond_embeddings = embed([""] * len(prompts))
    return torch.cat([uncond_embeddings, text_embeddings])


@torch.no_grad()
def denoise(unet, scheduler, embeddings, height, width, steps, guidance_scale, generator, device):
    batch_size = embeddings.shape[0] // 2
    latents = torch.randn((batch_size, unet.config.in_channels, height // 8, width // 8), generator=generator)
    latents = latents.to(device)
    scheduler.set_timesteps(steps)
    latents = latents * scheduler.init_noise_sigma
    for t in tqdm(scheduler.timesteps, disable=True):
        latent_model_input = torch.cat([latents] * 2)
        latent_model_input = scheduler.scale_model_input(latent_model_input, t)
        noise_pred = unet(latent_model_input, t, encoder_hidden_states=embeddings).sample
        noise_pred_uncond, noise_pred_text = noise_pred.chunk(2)
        noise_pred = noise_pred_uncond + guidance_scale * (noise_pred_text - noise_pred_uncond)
        latents = scheduler.step(noise_pred, t, latents).prev_sample
    return latents


@torch.no_grad()
def to_images(vae, latents):
    latents = 1 / 0.18215 * latents
    image = vae.decode(latents).sample
    image = (image / 2 + 0.5).clamp(0, 1)
    image = image.detach().cpu().permute(0, 2, 3, 1).numpy()
    images = (image * 255).round().astype("uint8")
    return [Image.fromarray(image) for image in images]


@torch.no_grad()
def to_latents(vae, path, size, device):
    image = Image.open(path).convert("RGB").resize((size, size), resample=Image.LANCZOS)
    image = np.array(image).astype(np.float32) / 255.0
    image = torch.from_numpy(image[None].transpose(0, 3, 1, 2)).to(device)
    image = 2.0 * image - 1.0
    return 0.18215 * vae.encode(image).latent_dist.sample()


@torch.no_grad()
def image_to_image(unet, scheduler, embeddings, init_latents, strength, steps, guidance_scale, device):
    scheduler.set_timesteps(steps)
    start = max(steps - int(steps * strength), 0)
    timesteps = scheduler.timesteps[start:]
    noise = torch.randn_like(init_latents)
    latents = scheduler.add_noise(init_latents, noise, timesteps[:1].repeat(init_latents.shape[0]))
    for t in timesteps:
        model_input = scheduler.scale_model_input(torch.cat([latents, latents]), t)
        pred = unet(model_input, t, encoder_hidden_states=embeddings).sample
        uncond, cond = pred.chunk(2)
        guided = uncond + guidance_scale * (cond - uncond)
        latents = scheduler.step(guided, t, latents).prev_sample
    return latents


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompt", default="a photograph of an astronaut riding a horse")
    parser.add_argument("--init_image", default=None)
    parser.add_argument("--strength", type=float, default=0.75)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance_scale", type=float, default=7.5)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seed", type=int, default=32)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    vae, unet, tokenizer, text_encoder, scheduler = load(device)
    embeddings = embed_prompts(tokenizer, text_encoder, [args.prompt], device)
    if args.init_image:
        init = to_latents(vae, args.init_image, args.size, device)
        latents = image_to_image(
            unet, scheduler, embeddings, init, args.strength, args.steps, args.guidance_scale, device
        )
    else:
        generator = torch.manual_seed(args.seed)
        latents = denoise(
            unet, scheduler, embeddings, args.size, args.size, args.steps, args.guidance_scale, generator, device
        )
    for i, image in enumerate(to_images(vae, latents)):
        image.save(f"image_{i}.png")


if __name__ == "__main__":
    main()
