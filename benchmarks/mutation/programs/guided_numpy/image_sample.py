import argparse

import numpy as np
import torch as th
from PIL import Image

from script_util import ConvModel, create_gaussian_diffusion


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timestep_respacing", type=int, default=250)
    parser.add_argument("--num_samples", type=int, default=16)
    parser.add_argument("--batch_size", type=int, default=16)
    args = parser.parse_args()
    device = "cuda" if th.cuda.is_available() else "cpu"
    model = ConvModel().to(device)
    model.load_state_dict(th.load("ema.pt", map_location="cpu"))
    diffusion = create_gaussian_diffusion(
        steps=1000, noise_schedule="linear", timestep_respacing=args.timestep_respacing
    )
    model.eval()

    all_images = []
    while len(all_images) * args.batch_size < args.num_samples:
        sample = diffusion.p_sample_loop(model, (args.batch_size, 3, 32, 32), device, clip_denoised=True)
        sample = ((sample + 1) * 127.5).clamp(0, 255).to(th.uint8)
        sample = sample.permute(0, 2, 3, 1)
        sample = sample.contiguous()
        all_images.append(sample.cpu().numpy())

    arr = np.concatenate(all_images, axis=0)[: args.num_samples]
    for i, image in enumerate(arr):
        Image.fromarray(image).save(f"sample_{i:04d}.png")
    np.savez("samples.npz", arr)


if __name__ == "__main__":
    main()
