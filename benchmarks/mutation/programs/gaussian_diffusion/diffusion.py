"""Gaussian diffusion as a module: the schedule lives in buffers, the network is passed in."""
from collections import namedtuple
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

Prediction = namedtuple("Prediction", ["noise", "x_start"])


def extract(a, t, x_shape):
    b, *_ = t.shape
    out = a.gather(-1, t)
    return out.reshape(b, *((1,) * (len(x_shape) - 1)))


def linear_beta_schedule(timesteps):
    scale = 1000 / timesteps
    return torch.linspace(scale * 0.0001, scale * 0.02, timesteps, dtype=torch.float64)


def cosine_beta_schedule(timesteps, s=0.008):
    steps = timesteps + 1
    u = torch.linspace(0, timesteps, steps, dtype=torch.float64) / timesteps
    bar = torch.cos((u + s) / (1 + s) * torch.pi * 0.5) ** 2
    bar = bar / bar[0]
    betas = 1 - (bar[1:] / bar[:-1])
    return torch.clip(betas, 0, 0.999)


def normalize_to_neg_one_to_one(img):
    return img * 2 - 1


def unnormalize_to_zero_to_one(img):
    return (img + 1) * 0.5


class GaussianDiffusion(nn.Module):
    def __init__(self, model, *, image_size, timesteps=1000, objective="pred_noise", beta_schedule="cosine"):
        super().__init__()
        self.model = model
        self.channels = model.channels
        self.image_size = image_size
        self.objective = objective
        assert objective in {"pred_noise", "pred_x0", "pred_v"}

        betas = cosine_beta_schedule(timesteps) if beta_schedule == "cosine" else linear_beta_schedule(timesteps)
        alphas = 1.0 - betas
        alphas_cumprod = torch.cumprod(alphas, dim=0)
        alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
        self.num_timesteps = timesteps

        register = lambda name, val: self.register_buffer(name, val.to(torch.float32))
        register("betas", betas)
        register("alphas_cumprod", alphas_cumprod)
        register("alphas_cumprod_prev", alphas_cumprod_prev)
        register("sqrt_alphas_cumprod", torch.sqrt(alphas_cumprod))
        register("sqrt_one_minus_alphas_cumprod", torch.sqrt(1.0 - alphas_cumprod))
        register("sqrt_recip_alphas_cumprod", torch.sqrt(1.0 / alphas_cumprod))
        register("sqrt_recipm1_alphas_cumprod", torch.sqrt(1.0 / alphas_cumprod - 1))

        posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
        register("posterior_variance", posterior_variance)
        register("posterior_log_variance_clipped", torch.log(posterior_variance.clamp(min=1e-20)))
        register("posterior_mean_coef1", betas * torch.sqrt(alphas_cumprod_prev) / (1.0 - alphas_cumprod))
        register("posterior_mean_coef2", (1.0 - alphas_cumprod_prev) * torch.sqrt(alphas) / (1.0 - alphas_cumprod))

        snr = alphas_cumprod / (1 - alphas_cumprod)
        clipped = snr.clone().clamp_(max=5)
        if objective == "pred_noise":
            register("loss_weight", clipped / snr)
        elif objective == "pred_x0":
            register("loss_weight", clipped)
        else:
            register("loss_weight", clipped / (snr + 1))

    @property
    def device(self):
        return self.betas.device

    def predict_start_from_noise(self, x_t, t, noise):
        return (
            extract(self.sqrt_recip_alphas_cumprod, t, x_t.shape) * x_t
            - extract(self.sqrt_recipm1_alphas_cumprod, t, x_t.shape) * noise
        )

    def predict_noise_from_start(self, x_t, t, x0):
        return (
            extract(self.sqrt_recip_alphas_cumprod, t, x_t.shape) * x_t - x0
        ) / extract(self.sqrt_recipm1_alphas_cumprod, t, x_t.shape)

    def predict_v(self, x_start, t, noise):
        return (
            extract(self.sqrt_alphas_cumprod, t, x_start.shape) * noise
            - extract(self.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * x_start
        )

    def predict_start_from_v(self, x_t, t, v):
        return (
            extract(self.sqrt_alphas_cumprod, t, x_t.shape) * x_t
            - extract(self.sqrt_one_minus_alphas_cumprod, t, x_t.shape) * v
        )

    def q_posterior(self, x_start, x_t, t):
        mean = (
            extract(self.posterior_mean_coef1, t, x_t.shape) * x_start
            + extract(self.posterior_mean_coef2, t, x_t.shape) * x_t
        )
        return mean, extract(self.posterior_log_variance_clipped, t, x_t.shape)

    def model_predictions(self, x, t, clip_x_start=False):
        out = self.model(x, t)
        maybe_clip = partial(torch.clamp, min=-1.0, max=1.0) if clip_x_start else lambda v: v
        if self.objective == "pred_noise":
            noise = out
            x_start = maybe_clip(self.predict_start_from_noise(x, t, noise))
        elif self.objective == "pred_x0":
            x_start = maybe_clip(out)
            noise = self.predict_noise_from_start(x, t, x_start)
        else:
            x_start = maybe_clip(self.predict_start_from_v(x, t, out))
            noise = self.predict_noise_from_start(x, t, x_start)
        return Prediction(noise, x_start)

    @torch.no_grad()
    def p_sample(self, x, t):
        times = torch.full((x.shape[0],), t, device=x.device, dtype=torch.long)
        preds = self.model_predictions(x, times)
        x_start = preds.x_start.clamp(-1.0, 1.0)
        mean, log_variance = self.q_posterior(x_start, x, times)
        noise = torch.randn_like(x) if t > 0 else 0.0
        return mean + (0.5 * log_variance).exp() * noise

    @torch.no_grad()
    def sample(self, batch_size=16):
        img = torch.randn((batch_size, self.channels, self.image_size, self.image_size), device=self.device)
        for t in tqdm(reversed(range(0, self.num_timesteps)), total=self.num_timesteps, disable=True):
            img = self.p_sample(img, t)
        return unnormalize_to_zero_to_one(img)

    @torch.no_grad()
    def ddim_sample(self, batch_size=16, sampling_timesteps=50, eta=0.0):
        times = torch.linspace(-1, self.num_timesteps - 1, steps=sampling_timesteps + 1)
        times = list(reversed(times.int().tolist()))
        img = torch.randn((batch_size, self.channels, self.image_size, self.image_size), device=self.device)
        for time, time_next in zip(times[:-1], times[1:]):
            cond = torch.full((batch_size,), time, device=self.device, dtype=torch.long)
            pred_noise, x_start = self.model_predictions(img, cond, clip_x_start=True)
            if time_next < 0:
                img = x_start
                continue
            alpha = self.alphas_cumprod[time]
            alpha_next = self.alphas_cumprod[time_next]
            sigma = eta * ((1 - alpha / alpha_next) * (1 - alpha_next) / (1 - alpha)).sqrt()
            c = (1 - alpha_next - sigma**2).sqrt()
            img = x_start * alpha_next.sqrt() + c * pred_noise + sigma * torch.randn_like(img)
        return unnormalize_to_zero_to_one(img)

    def q_sample(self, x_start, t, noise):
        return (
            extract(self.sqrt_alphas_cumprod, t, x_start.shape) * x_start
            + extract(self.sqrt_one_minus_alphas_cumprod, t, x_start.shape) * noise
        )

    def p_losses(self, x_start, t, noise=None):
        noise = torch.randn_like(x_start) if noise is None else noise
        x = self.q_sample(x_start, t, noise)
        model_out = self.model(x, t)
        if self.objective == "pred_noise":
            target = noise
        elif self.objective == "pred_x0":
            target = x_start
        else:
            target = self.predict_v(x_start, t, noise)
        loss = F.mse_loss(model_out, target, reduction="none")
        loss = loss.mean(dim=(1, 2, 3))
        loss = loss * extract(self.loss_weight, t, loss.shape)
        return loss.mean()

    def forward(self, img):
        b = img.shape[0]
        t = torch.randint(0, self.num_timesteps, (b,), device=img.device).long()
        img = normalize_to_neg_one_to_one(img)
        return self.p_losses(img, t)
