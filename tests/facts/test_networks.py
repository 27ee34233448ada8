"""Networks and samplers: what a picture made from noise is, by the data that its network was trained on."""

from __future__ import annotations

from tests.facts.interpreting import SIGNED, UNIT, at_sink

TRAINED = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3)
    def forward(self, x, t):
        return self.layer(x)
def train(net, data):
    noise = torch.randn_like(data)
    loss = ((net(data * a + noise * b, t) - noise) ** 2).mean()
    loss.backward()
def sample(net):
    y = torch.randn(1, 3, 8, 8)
    for t in range(1000):
        y = y - net(y, t) * c
    return y
"""


def test_a_sample_lies_where_the_training_data_did() -> None:
    text = "net = Net()\ntrain(net, x * 2 - 1)\nsave_image(sample(net), 'a.png')"
    assert at_sink(TRAINED + text) == {SIGNED}


def test_a_sample_that_is_denormalised_is_in_the_unit_range() -> None:
    text = "net = Net()\ntrain(net, x * 2 - 1)\nsave_image(sample(net) * 0.5 + 0.5, 'a.png')"
    assert at_sink(TRAINED + text) == {UNIT}


def test_each_network_has_the_domain_of_its_own_object() -> None:
    text = "a1 = Net()\na2 = Net()\ntrain(a1, x * 2 - 1)\ntrain(a2, x)\nsave_image(sample(a2), 'a.png')"
    assert at_sink(TRAINED + text) == {UNIT}


def test_another_object_of_the_class_has_the_domain_of_the_class() -> None:
    text = "train(Net(), x * 2 - 1)\nother = Net()\nsave_image(sample(other), 'a.png')"
    assert at_sink(TRAINED + text) == {SIGNED}


def test_two_domains_of_one_network_are_kept_apart() -> None:
    text = "net = Net()\ntrain(net, x * 2 - 1)\ntrain(net, x)\nsave_image(sample(net), 'a.png')"
    assert at_sink(TRAINED + text) == {SIGNED, UNIT}


def test_a_network_that_nobody_trained_gives_something_unknown() -> None:
    assert at_sink(TRAINED + "save_image(sample(Net()), 'a.png')") == {"unknown"}


def test_a_clamp_says_what_an_unknown_sample_was_meant_to_be() -> None:
    assert at_sink(TRAINED + "save_image(sample(Net()).clamp(-1, 1), 'a.png')") == {SIGNED}


def test_a_network_that_is_only_a_parameter_is_the_one_of_its_file() -> None:
    text = "train(Net(), x * 2 - 1)\ndef show(model): save_image(sample(model), 'a.png')\n"
    assert at_sink(TRAINED + text) == {SIGNED}


def test_a_last_tanh_says_where_an_output_lies() -> None:
    text = "save_image(torch.tanh(Net()(torch.randn(1, 3, 8, 8), 0)), 'a.png')"
    assert at_sink(TRAINED + text) == {SIGNED}


def test_a_parameter_is_the_only_class_with_its_attributes() -> None:
    text = """
    class Scaler:
        def up(self, t): return t * 2 - 1
        def down(self, t): return t
    class Other:
        def up(self, t): return t
    def show(scaler):
        save_image(scaler.up(scaler.down(x)), "a.png")
    """
    assert at_sink(text) == {SIGNED}
