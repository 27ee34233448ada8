import torch
from torch import nn


class GaussianDiffusion(nn.Module):
    def __init__(self, timesteps, beta_start, beta_end):
        super().__init__()
        self.timesteps = timesteps
        betas = torch.linspace(beta_start, beta_end, timesteps, dtype=torch.float64)
        alphas = 1 - betas
        alpha_bars = torch.cumprod(alphas, 0)
        alpha_bars_prev = torch.cat((torch.ones(1, dtype=torch.float64), alpha_bars[:-1]))
        self.register_buffer("betas", betas.float())
        self.register_buffer("sqrt_alpha_bars", alpha_bars.sqrt().float())
        self.register_buffer("sqrt_one_minus_alpha_bars", (1 - alpha_bars).sqrt().float())
        self.register_buffer("coef_x0", (betas * alpha_bars_prev.sqrt() / (1 - alpha_bars)).float())
        self.register_buffer("coef_xt", ((1 - alpha_bars_prev) * alphas.sqrt() / (1 - alpha_bars)).float())
        self.register_buffer("posterior_std", (betas * (1 - alpha_bars_prev) / (1 - alpha_bars)).sqrt().float())

    def _at(self, table, t):
        return table[t][:, None, None, None]

    def add_noise(self, x0, t, noise):
        return self._at(self.sqrt_alpha_bars, t) * x0 + self._at(self.sqrt_one_minus_alpha_bars, t) * noise

    def predict_x0(self, xt, t, eps):
        x0 = (xt - self._at(self.sqrt_one_minus_alpha_bars, t) * eps) / self._at(self.sqrt_alpha_bars, t)
        return x0.clamp(-1, 1)

    def loss(self, net, x0):
        t = torch.randint(0, self.timesteps, (x0.shape[0],), device=x0.device)
        noise = torch.randn_like(x0)
        xt = self.add_noise(x0, t, noise)
        return nn.functional.mse_loss(net(xt, t), noise)

    @torch.inference_mode()
    def sample(self, net, shape, device):
        x = torch.randn(shape, device=device)
        for step in range(self.timesteps - 1, -1, -1):
            t = torch.full((shape[0],), step, device=device, dtype=torch.long)
            x0 = self.predict_x0(x, t, net(x, t))
            mean = self._at(self.coef_x0, t) * x0 + self._at(self.coef_xt, t) * x
            z = torch.randn_like(x) if step > 0 else torch.zeros_like(x)
            x = mean + self._at(self.posterior_std, t) * z
        return x
