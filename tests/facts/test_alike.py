"""A network is run once for each kind of input, and what leaves it still belongs to the call."""

from __future__ import annotations

from typing import Any

import pytest

from difflint.facts import calls
from difflint.facts.machine import Machine
from difflint.facts.values import Tensor, Value
from tests.facts.interpreting import SIGNED, at_sinks, facts_of

NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
    def hidden(self, h):
        return self.first(h)
    def forward(self, x, scale=None):
        return self.last(self.hidden(x))
net = Net()
y, z = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 8, 8)
"""


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions whose bodies are run, each time."""
    names: list[str] = []
    run_body = calls.run_body

    def noted(machine: Machine, frame: Any, function: Any, *rest: Any) -> Value:
        names.append(getattr(getattr(function.node, "name", None), "value", ""))
        return run_body(machine, frame, function, *rest)

    monkeypatch.setattr(calls, "run_body", noted)
    return names


def test_noise_from_two_places_goes_through_the_layers_once(runs: list[str]) -> None:
    facts_of(NET + "net(y)\nnet(z)\n")
    assert runs.count("hidden") == 1


def test_other_flags_and_known_pictures_are_other_kinds(runs: list[str]) -> None:
    facts_of(NET + "net(y)\nnet(z, 2)\nnet(x)\nnet(x * 2 - 1)\n")
    assert runs.count("hidden") == 4


def test_the_output_belongs_to_the_call(runs: list[str]) -> None:
    sinks = facts_of(NET + "save_image(net(y), 'a.png')\nsave_image(net(z), 'b.png')\n").seen.sinks
    assert runs.count("hidden") == 1
    origins = [sink.value.origin for sink in sinks if isinstance(sink.value, Tensor)]
    assert len({origin.site for origin in origins}) == len({origin.parts for origin in origins}) == 2


def test_what_comes_back_as_it_was_given_is_not_taken_from_another_call() -> None:
    passing = NET.replace("return self.last(self.hidden(x))", "return x if scale is None else self.last(x)")
    sinks = facts_of(passing + "save_image(net(y), 'a.png')\nsave_image(net(z), 'b.png')\n").seen.sinks
    assert len({sink.value.origin.site for sink in sinks if isinstance(sink.value, Tensor)}) == 2


def test_code_around_a_network_too_large_to_be_followed_is_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "has_seen_enough_layers", True)
    assert at_sinks(NET + "net(y)\nsave_image(x * 2 - 1, 'a.png')\n") == [{SIGNED}]
