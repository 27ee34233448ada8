"""Ways through whole programs as people write them: what reaches the sink, where a step on the way is not known."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, UNIT, UNKNOWN, at_sink, at_sinks

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
