"""What is said of a picture at its sink: more than the checks build on, and nothing that may be wrong."""

from __future__ import annotations

import pytest

from difflint.facts.shown import at_sink
from tests.facts.interpreting import facts_of

LOADED = "y = torch.load('samples.pt')\n"
KNOWN = {
    "a denormalisation says what it is for": ("save_image((y + 1) / 2, 'a.png')", "[0, 1]"),
    "in two steps": ("y = y * 0.5\nsave_image(y + 0.5, 'a.png')", "[0, 1]"),
    "bytes are bytes": ("Image.fromarray((y * 127.5 + 128).astype('uint8'))", "[0, 255]"),
    "a clamp": ("save_image(y.clamp(0, 1), 'a.png')", "[0, 1]"),
    "scaled by its own extremes": ("save_image((y - y.min()) / (y.max() - y.min()), 'a.png')", "[0, 1]"),
    "with a small number": ("save_image((y - y.min()) / (y.max() - y.min() + 1e-8), 'a.png')", "[0, 1]"),
    "in place": ("y -= y.min()\ny /= y.max()\nsave_image(y, 'a.png')", "[0, 1]"),
    "stretched by the sink": ("save_image(y, 'a.png', normalize=True)", "[0, 1]"),
    "a sampler's state": (
        "net = torch.load('net.pt')\nz = torch.randn(4, 3, 8, 8)\nfor t in range(50):\n"
        "    z = z - 0.1 * net(z, t)\nsave_image((z + 1) / 2, 'a.png')",
        "[0, 1]",
    ),
}
UNKNOWN = {
    "nothing is known": "save_image(y, 'a.png')",
    "scaled by another's extremes": "z = torch.load('z.pt')\nsave_image((y - y.min()) / (z.max() - z.min()), 'a.png')",
    "only shifted": "save_image(y - y.min(), 'a.png')",
    "only divided by the maximum": "save_image(y / y.max(), 'a.png')",
    "a large number in the divisor": "save_image((y - y.min()) / (y.max() - y.min() + 1), 'a.png')",
    "noise was added": "save_image((y + torch.randn_like(y) + 1) / 2, 'a.png')",
    "noise": "save_image((torch.randn(4, 3, 8, 8) + 1) / 2, 'a.png')",
    "one way of two": "z = (y + 1) / 2 if flag else y\nsave_image(z, 'a.png')",
}


def ranges(code: str) -> str:
    facts = facts_of(LOADED + code)
    found = [at_sink(facts.seen, sink) for sink in facts.seen.sinks]
    return "unknown" if None in found else " or ".join(str(one) for some in found for one in some or ())


@pytest.mark.parametrize("name", KNOWN)
def test_the_range_that_the_writer_means_is_known(name: str) -> None:
    code, expected = KNOWN[name]
    assert ranges(code) == expected


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_may_be_anything_stays_unknown(name: str) -> None:
    assert ranges(UNKNOWN[name]) == "unknown"
