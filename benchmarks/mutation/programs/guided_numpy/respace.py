"""A schedule that skips steps, and a model that is told the original ones."""
import numpy as np
import torch as th

from gaussian_diffusion import GaussianDiffusion


def space_timesteps(num_timesteps, section_count):
    stride = (num_timesteps - 1) / max(section_count - 1, 1)
    return {round(stride * i) for i in range(section_count)}


class SpacedDiffusion(GaussianDiffusion):
    def __init__(self, use_timesteps, **kwargs):
        self.use_timesteps = set(use_timesteps)
        self.timestep_map = []
        base = GaussianDiffusion(**kwargs)
        last_alpha_cumprod = 1.0
        new_betas = []
        for i, alpha_cumprod in enumerate(base.alphas_cumprod):
            if i in self.use_timesteps:
                new_betas.append(1 - alpha_cumprod / last_alpha_cumprod)
                last_alpha_cumprod = alpha_cumprod
                self.timestep_map.append(i)
        kwargs["betas"] = np.array(new_betas)
        super().__init__(**kwargs)

    def p_mean_variance(self, model, *args, **kwargs):
        return super().p_mean_variance(_WrappedModel(model, self.timestep_map), *args, **kwargs)

    def training_losses(self, model, *args, **kwargs):
        return super().training_losses(_WrappedModel(model, self.timestep_map), *args, **kwargs)


class _WrappedModel:
    def __init__(self, model, timestep_map):
        self.model = model
        self.timestep_map = timestep_map

    def __call__(self, x, ts, **kwargs):
        map_tensor = th.tensor(self.timestep_map, device=ts.device, dtype=ts.dtype)
        return self.model(x, map_tensor[ts], **kwargs)
