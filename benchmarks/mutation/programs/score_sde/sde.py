"""The two forward SDEs; all of their functions take a batch of times in [eps, 1]."""
import math

import torch


class VESDE:
    def __init__(self, sigma_min=0.01, sigma_max=50.0):
        self.sigma_min = sigma_min
        self.sigma_max = sigma_max
        self.eps = 1e-5

    def marginal_prob(self, x, t):
        std = self.sigma_min * (self.sigma_max / self.sigma_min) ** t
        return x, std

    def sde(self, x, t):
        sigma = self.sigma_min * (self.sigma_max / self.sigma_min) ** t
        drift = torch.zeros_like(x)
        diffusion = sigma * math.sqrt(2 * (math.log(self.sigma_max) - math.log(self.sigma_min)))
        return drift, diffusion

    def prior_sampling(self, shape, device):
        return torch.randn(*shape, device=device) * self.sigma_max


class VPSDE:
    def __init__(self, beta_min=0.1, beta_max=20.0):
        self.beta_0 = beta_min
        self.beta_1 = beta_max
        self.eps = 1e-3

    def marginal_prob(self, x, t):
        log_mean_coeff = -0.25 * t**2 * (self.beta_1 - self.beta_0) - 0.5 * t * self.beta_0
        mean = torch.exp(log_mean_coeff[:, None, None, None]) * x
        std = torch.sqrt(1.0 - torch.exp(2.0 * log_mean_coeff))
        return mean, std

    def sde(self, x, t):
        beta_t = self.beta_0 + t * (self.beta_1 - self.beta_0)
        drift = -0.5 * beta_t[:, None, None, None] * x
        diffusion = torch.sqrt(beta_t)
        return drift, diffusion

    def prior_sampling(self, shape, device):
        return torch.randn(*shape, device=device)
