"""Ways through whole programs as people write them: what reaches the sink, where a step on the way is not known."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, UNIT, UNKNOWN, at_sink, at_sinks, facts_of

SAMPLER = """
    class Denoiser(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.last = torch.nn.Conv2d(3, 3, 3)
        def forward(self, x, t):
            return self.last(x)
    net = Denoiser()
    def sample(alphas):
        y = torch.randn(4, 3, 32, 32)
        for t in reversed(range(1000)):
            estimate = (y - (1 - alphas[t]).sqrt() * net(y, t)) / alphas[t].sqrt()
            {clamp}
            y = alphas[t - 1].sqrt() * estimate + (1 - alphas[t - 1]).sqrt() * torch.randn_like(y)
        return y
    import tables
    y = sample(tables.alphas)
"""


@pytest.mark.parametrize(
    ("clamp", "shown", "expected"),
    [
        ("estimate = estimate.clamp(-1, 1)", "y * 0.5 + 0.5", UNIT),
        ("estimate = estimate.clamp(-1, 1)", "(y + 1) / 3", UNKNOWN),  # fits nothing: nobody knows what it should be
        ("estimate = estimate.clamp(-3, 3)", "y * 0.5 + 0.5", UNKNOWN),
        ("pass", "y * 0.5 + 0.5", UNKNOWN),
    ],
)
def test_the_clamp_of_the_estimate_tells_where_samples_end(clamp: str, shown: str, expected: str) -> None:
    assert at_sink(SAMPLER.format(clamp=clamp) + f'    save_image({shown}, "a.png")\n') == {expected}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("mystery(x).clamp(0, 1)", UNIT),
        ("mystery(x).clamp(-1, 1) * 0.5 + 0.5", UNIT),
        ("(torch.tanh(mystery(x)) + 1) / 2", UNIT),
        ("torch.sigmoid(mystery(x))", UNIT),
        ("mystery(x).clamp(-1, 1)", UNKNOWN),
        ("torch.tanh(mystery(x))", UNKNOWN),
        ("mystery(x).clamp(0, 0.2)", UNKNOWN),
    ],
)
def test_a_value_of_unknown_origin_is_known_where_a_bound_fits_the_sink(code: str, expected: str) -> None:
    assert at_sink(f"from elsewhere import mystery\nsave_image({code}, 'a.png')\n") == {expected}


def test_bytes_that_were_clamped_to_their_range_are_known() -> None:
    code = "mystery(x).mul(255).clamp(0, 255).to(torch.uint8).numpy()"
    assert at_sink(f"from elsewhere import mystery\nImage.fromarray({code})\n") == {BYTES}


def test_a_counter_of_a_loop_decides_nothing() -> None:
    """After a thousand rounds a picture is saved, whatever the first two rounds say."""
    code = """
        step = 0
        for batch in batches():
            step += 1
            if step % 1000 == 0:
                save_image(x, "a.png")
    """
    assert at_sinks(code) == [{UNIT}]


def test_a_number_that_a_loop_sets_anew_is_kept() -> None:
    code = """
        low = 0
        for batch in batches():
            low = 0
            y = x * 2
        if low == 1:
            save_image(x * 3, "a.png")
        save_image(x, "b.png")
    """
    assert at_sinks(code) == [{UNIT}]


@pytest.mark.parametrize("failure", ["raise ValueError(kind)", "raise NotImplementedError", "raise"])
def test_a_default_that_ends_in_an_exception_is_not_the_way_a_program_is_run(failure: str) -> None:
    code = f"""
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--kind", default="none")
        kind = parser.parse_args().kind
        if kind == "signed":
            y = x * 2 - 1
        elif kind == "plain":
            y = x
        else:
            {failure}
        save_image(y, "a.png")
    """
    assert at_sinks(code) == [{UNIT}]


def test_a_way_that_returns_is_no_failure() -> None:
    code = """
        def show(y, quiet=True):
            if quiet:
                return
            save_image(y, "a.png")
        show(x)
    """
    assert at_sinks(code) == []


NETWORK = """
    import torch.nn.functional as F
    class Denoiser(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.last = torch.nn.Conv2d(3, 3, 3)
        def forward(self, y, t):
            return self.last(y)
        def forward_guided(self, y, t, scale):
            cond, free = self.forward(torch.cat([y, y]), t).chunk(2)
            return free + scale * (cond - free)
"""


@pytest.mark.parametrize(
    ("noised", "ends"),
    [
        ("0.8 * clean + 0.6 * noise", "[-1, 1]"),
        ("0.25 * clean + 0.75 * noise", "[-1, 1]"),
        ("noise * 0.6 + clean * 0.8", "[-1, 1]"),
        ("clean / 2 + 0.1 * noise", "[-0.5, 0.5]"),  # no weights of one noising: the data are what is halved
        ("clean + 0.1 * noise", "[-1, 1]"),
    ],
)
def test_known_weights_of_a_noising_are_no_scaling_of_the_data(noised: str, ends: str) -> None:
    code = f"""{NETWORK}
    net = Denoiser()
    clean = x * 2 - 1
    noise = torch.randn_like(clean)
    F.mse_loss(net({noised}, 3), noise).backward()
    y = torch.randn(4, 3, 32, 32)
    for t in reversed(range(1000)):
        y = y - 0.1 * net(y, t)
    save_image(y, "a.png")
    """
    assert at_sink(code) == {ends}


@pytest.mark.parametrize("entry", ["net(y, t)", "net.forward(y, t)", "net.forward_guided(y, t, 2.0)"])
def test_every_forward_of_a_network_is_the_network(entry: str) -> None:
    code = f"""{NETWORK}
    net = Denoiser()
    clean = x * 2 - 1
    noise = torch.randn_like(clean)
    F.mse_loss(net(clean.lerp(noise, 0.5), 3), noise).backward()
    y = torch.randn(4, 3, 32, 32)
    for t in reversed(range(1000)):
        y = y - 0.1 * {entry}
    save_image(y * 0.5 + 0.5, "a.png")
    """
    assert at_sink(code) == {UNIT}


def test_every_forward_of_an_unknown_network_is_the_network() -> None:
    code = """
        import torch.nn.functional as F
        class Diffusion:
            def __init__(self, net):
                self.net = net
            def train(self, clean):
                noise = torch.randn_like(clean)
                return F.mse_loss(self.net(clean.lerp(noise, 0.5), 3), noise)
            def sample(self):
                y = torch.randn(4, 3, 32, 32)
                for t in reversed(range(1000)):
                    y = y - 0.1 * self.net.forward_guided(y, t, 2.0)
                return y
        from elsewhere import make
        diffusion = Diffusion(make())
        diffusion.train(x * 2 - 1)
        save_image(diffusion.sample() * 0.5 + 0.5, "a.png")
    """
    assert at_sink(code) == {UNIT}


def test_a_network_whose_forward_a_subclass_extends_is_one_network() -> None:
    code = f"""{NETWORK}
    class Wider(Denoiser):
        def forward(self, y, t):
            return super().forward(y, t) * 2
    net = Wider()
    clean = x * 2 - 1
    noise = torch.randn_like(clean)
    F.mse_loss(net(clean.lerp(noise, 0.5), 3), noise).backward()
    y = torch.randn(4, 3, 32, 32)
    for t in reversed(range(1000)):
        y = y - 0.1 * net(y, t)
    save_image(y * 0.5 + 0.5, "a.png")
    """
    assert at_sink(code) == {UNIT}


def test_a_conditioned_sampler_keeps_its_state() -> None:
    """The condition beside the state, channel by channel, is no second picture."""
    code = f"""{NETWORK}
    net = Denoiser()
    clean = x * 2 - 1
    noise = torch.randn_like(clean)
    F.mse_loss(net(torch.cat([clean.lerp(noise, 0.5), x], dim=1), 3), noise).backward()
    y = torch.randn(4, 3, 32, 32)
    for t in reversed(range(1000)):
        y = y - 0.1 * net(torch.cat([y, x], 1), t)
    save_image(y * 0.5 + 0.5, "a.png")
    """
    assert at_sinks(code) == [{UNIT}]


def test_each_of_several_pictures_is_followed_though_one_is_unknown() -> None:
    code = """
        from elsewhere import load
        save_image(torch.cat([x, load(), x * 2 - 1]), "a.png")
    """
    assert at_sinks(code) == [{UNIT}, {UNKNOWN}, {"[-1, 1]"}]


def test_a_picture_of_several_kinds_in_a_batch_is_each_of_them() -> None:
    code = """
        import sys
        y = x if len(sys.argv) > 1 else x * 2 - 1
        save_image(torch.stack([x, y]), "a.png")
    """
    assert at_sinks(code) == [{UNIT}, {UNIT, "[-1, 1]"}]


def test_a_solver_takes_noise_to_the_data() -> None:
    code = f"""{NETWORK}
    from torchdiffeq import odeint
    net = Denoiser()
    clean = x * 2 - 1
    noise = torch.randn_like(clean)
    F.mse_loss(net(noise.lerp(clean, 0.5), 0.5), clean - noise).backward()
    path = odeint(lambda t, y: net(y, t), torch.randn(4, 3, 32, 32), torch.linspace(0, 1, 50), rtol=1e-4)
    save_image(path[-1] * 0.5 + 0.5, "a.png")
    """
    assert at_sink(code) == {UNIT}


RUN_ELSEWHERE = [
    """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(max_workers=4) as pool:
            pool.map(write, list(pictures))
    """,
    """
        from concurrent.futures import ProcessPoolExecutor
        pool = ProcessPoolExecutor()
        for picture in pictures:
            pool.submit(write, picture)
    """,
    """
        import multiprocessing
        pool = multiprocessing.Pool(4)
        results = [pool.apply_async(write, (picture,)) for picture in pictures]
    """,
    """
        import threading
        thread = threading.Thread(target=write, args=(pictures[0],), daemon=True)
        thread.start()
    """,
    """
        import torch.multiprocessing as mp
        mp.spawn(lambda rank, given: write(given[0]), args=(pictures,), nprocs=2)
    """,
]


@pytest.mark.parametrize("how", RUN_ELSEWHERE)
def test_what_threads_and_processes_run_is_run(how: str) -> None:
    code = """
        def write(picture):
            save_image(picture, "a.png")
        pictures = [x * 2 - 1]
    """
    assert at_sink(code + how) == {"[-1, 1]"}


def test_frames_of_a_video_are_bytes() -> None:
    code = """
        import cv2
        video = cv2.VideoCapture("cat.mp4")
        while True:
            found, frame = video.read()
            if not found:
                break
            Image.fromarray(frame)
    """
    assert at_sink(code) == {BYTES}


def test_an_operand_that_may_be_none_is_no_operand() -> None:
    code = """
        import sys
        noise = None
        if len(sys.argv) > 1:
            noise = x
        save_image(noise * 0.5, "a.png")
    """
    assert at_sink(code) == {"[0, 0.5]"}


@pytest.mark.parametrize(("fed", "expected"), [("x * 2 - 1", "[-1, 1]"), ("x", UNKNOWN), ("load()", "[-1, 1]")])
def test_a_pretrained_autoencoder_gives_back_what_it_was_given(fed: str, expected: str) -> None:
    code = f"""
        from diffusers import AutoencoderKL
        from elsewhere import load
        vae = AutoencoderKL.from_pretrained("stabilityai/sd-vae-ft-mse")
        latents = vae.encode({fed}).latent_dist.sample() * 0.18215
        save_image(vae.decode(latents / 0.18215).sample, "a.png")
    """
    assert at_sink(code) == {expected}


def test_the_loop_over_the_layers_of_a_denoiser_is_no_sampler() -> None:
    code = """
        class Denoiser(torch.nn.Module):
            def __init__(self, blocks):
                super().__init__()
                self.blocks = blocks
            def forward(self, y, t):
                for block in self.blocks:
                    y = y + block(y)
                return y
        from elsewhere import blocks
        net = Denoiser(blocks)
        y = torch.randn(4, 3, 32, 32)
        for t in reversed(range(1000)):
            y = y - 0.1 * net(0.5 * y, t)
    """
    facts = facts_of(code)
    assert [step.inside.node for step in facts.seen.sampled] == [None]  # the loop of the script
