"""Train a score network with denoising score matching; sample with Euler-Maruyama or predictor-corrector."""
import argparse

import torch
from torch.optim import Adam
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST
from torchvision.utils import make_grid, save_image

from model import ScoreNet
from sde import VESDE, VPSDE


def get_loader(batch_size):
    tf = transforms.Compose([transforms.Resize(32), transforms.ToTensor(), transforms.Lambda(lambda x: x * 2.0 - 1.0)])
    return DataLoader(MNIST(".", train=True, transform=tf, download=True), batch_size=batch_size, shuffle=True)


def loss_fn(model, x, sde):
    random_t = torch.rand(x.shape[0], device=x.device) * (1.0 - sde.eps) + sde.eps
    z = torch.randn_like(x)
    mean, std = sde.marginal_prob(x, random_t)
    perturbed_x = mean + z * std[:, None, None, None]
    score = model(perturbed_x, random_t)
    return torch.mean(torch.sum((score * std[:, None, None, None] + z) ** 2, dim=(1, 2, 3)))


@torch.no_grad()
def euler_maruyama(model, sde, shape, num_steps, device):
    x = sde.prior_sampling(shape, device)
    time_steps = torch.linspace(1.0, sde.eps, num_steps, device=device)
    step_size = time_steps[0] - time_steps[1]
    for time_step in time_steps:
        batch_t = torch.ones(shape[0], device=device) * time_step
        drift, g = sde.sde(x, batch_t)
        g = g[:, None, None, None]
        mean_x = x - (drift - g**2 * model(x, batch_t)) * step_size
        x = mean_x + torch.sqrt(step_size) * g * torch.randn_like(x)
    return mean_x


@torch.no_grad()
def predictor_corrector(model, sde, shape, num_steps, device, snr=0.16):
    x = sde.prior_sampling(shape, device)
    time_steps = torch.linspace(1.0, sde.eps, num_steps, device=device)
    step_size = time_steps[0] - time_steps[1]
    for time_step in time_steps:
        batch_t = torch.ones(shape[0], device=device) * time_step
        # corrector: one step of Langevin dynamics
        grad = model(x, batch_t)
        noise = torch.randn_like(x)
        grad_norm = torch.norm(grad.reshape(grad.shape[0], -1), dim=-1).mean()
        noise_norm = torch.norm(noise.reshape(noise.shape[0], -1), dim=-1).mean()
        langevin = 2 * (snr * noise_norm / grad_norm) ** 2
        x = x + langevin * grad + torch.sqrt(2 * langevin) * noise
        # predictor: reverse diffusion
        drift, g = sde.sde(x, batch_t)
        g = g[:, None, None, None]
        x_mean = x - (drift - g**2 * model(x, batch_t)) * step_size
        x = x_mean + torch.sqrt(g**2 * step_size) * torch.randn_like(x)
    return x_mean


@torch.no_grad()
def probability_flow(model, sde, shape, num_steps, device):
    x = sde.prior_sampling(shape, device)
    time_steps = torch.linspace(1.0, sde.eps, num_steps, device=device)
    for t, t_next in zip(time_steps[:-1], time_steps[1:]):
        batch_t = torch.ones(shape[0], device=device) * t
        drift, g = sde.sde(x, batch_t)
        velocity = drift - 0.5 * g[:, None, None, None] ** 2 * model(x, batch_t)
        x = x + velocity * (t_next - t)
    return x


SAMPLERS = {"em": euler_maruyama, "pc": predictor_corrector, "ode": probability_flow}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sde", choices=["ve", "vp"], default="vp")
    parser.add_argument("--sampler", choices=list(SAMPLERS), default="pc")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--num_steps", type=int, default=500)
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sde = VESDE() if args.sde == "ve" else VPSDE()
    model = ScoreNet(sde).to(device)
    optimizer = Adam(model.parameters(), lr=1e-4)
    for epoch in range(args.epochs):
        model.train()
        for x, _ in get_loader(32):
            loss = loss_fn(model, x.to(device), sde)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.save(model.state_dict(), "score.pth")
    model.eval()
    samples = SAMPLERS[args.sampler](model, sde, (16, 1, 32, 32), args.num_steps, device)
    samples = (samples.clamp(-1.0, 1.0) + 1.0) / 2.0
    save_image(make_grid(samples, nrow=4), f"{args.sde}_{args.sampler}.png")


if __name__ == "__main__":
    main()
