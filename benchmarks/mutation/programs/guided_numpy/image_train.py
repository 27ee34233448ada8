import argparse
import copy

import torch as th
from torch.optim import AdamW

from image_datasets import load_data
from script_util import ConvModel, create_gaussian_diffusion


class TrainLoop:
    def __init__(self, *, model, diffusion, data, microbatch, batch_size, lr, ema_rate, steps, device):
        self.model = model
        self.diffusion = diffusion
        self.data = data
        self.microbatch = microbatch
        self.batch_size = batch_size
        self.ema_rate = ema_rate
        self.steps = steps
        self.device = device
        self.opt = AdamW(self.model.parameters(), lr=lr, weight_decay=0.0)
        self.ema_params = copy.deepcopy(list(self.model.parameters()))

    def run_loop(self):
        for step in range(self.steps):
            batch = next(self.data)
            self.run_step(batch)
        self.save()

    def run_step(self, batch):
        self.forward_backward(batch)
        self.opt.step()
        self.update_ema()

    def forward_backward(self, batch):
        self.opt.zero_grad()
        for i in range(0, batch.shape[0], self.microbatch):
            micro = batch[i : i + self.microbatch].to(self.device)
            t = th.randint(0, self.diffusion.num_timesteps, (micro.shape[0],), device=self.device)
            losses = self.diffusion.training_losses(self.model, micro, t)
            loss = losses["loss"].mean() * micro.shape[0] / batch.shape[0]
            loss.backward()

    @th.no_grad()
    def update_ema(self):
        for targ, src in zip(self.ema_params, self.model.parameters()):
            targ.detach().mul_(self.ema_rate).add_(src, alpha=1 - self.ema_rate)

    def save(self):
        state_dict = self.model.state_dict()
        for (name, _), value in zip(self.model.named_parameters(), self.ema_params):
            state_dict[name] = value
        th.save(state_dict, "ema.pt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data_dir", default="images")
    parser.add_argument("--steps", type=int, default=100000)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--microbatch", type=int, default=16)
    args = parser.parse_args()
    device = "cuda" if th.cuda.is_available() else "cpu"
    model = ConvModel().to(device)
    diffusion = create_gaussian_diffusion(steps=1000, noise_schedule="linear")
    data = load_data(data_dir=args.data_dir, batch_size=args.batch_size, image_size=32)
    TrainLoop(
        model=model, diffusion=diffusion, data=data, microbatch=args.microbatch, batch_size=args.batch_size,
        lr=1e-4, ema_rate=0.9999, steps=args.steps, device=device,
    ).run_loop()


if __name__ == "__main__":
    main()
