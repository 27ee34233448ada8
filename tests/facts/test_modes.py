"""In which mode a network is called, whether gradients are recorded, and in which dtype."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.facts.interpreting import facts_of

NET = """
import copy
from contextlib import ExitStack, nullcontext
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)

    def forward(self, x):
        return self.conv(x)

net = Net()
"""


def calls(text: str) -> set[tuple[bool | None, bool | None, str | None, str | None]]:
    """(training, gradients, dtype, amp) of every call of the network."""
    seen = facts_of(NET + text).seen.network_calls
    return {(call.training, call.grad, call.dtype, call.amp) for call in seen if call.network.name == "Net"}


def modes(text: str) -> set[bool | None]:
    return {training for training, _, _, _ in calls(text)}


def gradients(text: str) -> set[bool | None]:
    return {grad for _, grad, _, _ in calls(text)}


MODES: dict[str, set[bool | None]] = {
    "net(x)": {True},
    "net.eval()\nnet(x)": {False},
    "net.eval()\nnet.train()\nnet(x)": {True},
    "net.train(False)\nnet(x)": {False},
    "net.train(mode=UNKNOWN)\nnet(x)": {None},
    "net = Net().eval().requires_grad_(False)\nnet(x)": {False},
    "if UNKNOWN:\n    net.eval()\nnet(x)": {None},
    "if UNKNOWN:\n    net.eval()\nelse:\n    net.train(False)\nnet(x)": {None},
    "ema = copy.deepcopy(net).eval()\nnet(x)": {None},
    "whole = nn.Sequential(net)\nwhole.eval()\nnet(x)": {False},
    "def sample(model):\n    model.eval()\n    return model(x)\nsample(net)\nnet.train()\nnet(x)": {False, True},
    "def evaluate():\n    net.eval()\nevaluate()\nnet.train()\nevaluate()\nnet(x)": {False},
    "def ask():\n    return net(x)\nask()\nnet.eval()\nask()": {True, False},
    "def off():\n    if UNKNOWN:\n        return\n    net.eval()\noff()\nnet(x)": {None},
    "for _ in UNKNOWN:\n    net.eval()\nnet(x)": {None},
    "for _ in (1, 2):\n    if UNKNOWN:\n        net.eval()\n        break\nnet(x)": {None},
    "def later(net):\n    return net(x)": {None},
}


@pytest.mark.parametrize("text", MODES)
def test_the_mode_is_the_last_one_that_was_switched_to(text: str) -> None:
    assert modes(text) == MODES[text]


GRADIENTS: dict[str, set[bool | None]] = {
    "net(x)": {True},
    "with torch.no_grad():\n    net(x)": {False},
    "with torch.inference_mode():\n    net(x)": {False},
    "with torch.inference_mode(False):\n    net(x)": {True},
    "with torch.no_grad(), torch.enable_grad():\n    net(x)": {True},
    "with torch.no_grad():\n    with torch.enable_grad():\n        pass\n    net(x)": {False},
    "with torch.no_grad():\n    pass\nnet(x)": {True},
    "with torch.set_grad_enabled(False):\n    net(x)\nnet(x)": {False, True},
    "with torch.set_grad_enabled(UNKNOWN):\n    net(x)": {None},
    "torch.set_grad_enabled(False)\nnet(x)": {False},
    "def main():\n    torch.set_grad_enabled(False)\nmain()\nnet(x)": {False},
    "@torch.no_grad()\ndef ask():\n    return net(x)\nask()\nnet(x)": {False, True},
    "@torch.inference_mode()\ndef ask():\n    with torch.enable_grad():\n        return net(x)\nask()": {True},
    "with nullcontext() if UNKNOWN else torch.no_grad():\n    net(x)": {None},
    "with ExitStack() as stack:\n    stack.enter_context(torch.no_grad())\n    net(x)\nnet(x)": {False, True},
    "def nobody_calls_this():\n    return net(x)": {None},
}


@pytest.mark.parametrize("text", GRADIENTS)
def test_gradients_are_recorded_where_no_context_turns_them_off(text: str) -> None:
    assert gradients(text) == GRADIENTS[text]


def test_half_precision_is_a_fact_of_the_call() -> None:
    assert calls("net.half()\nwith torch.autocast('cuda', torch.bfloat16):\n    net(x)") == {
        (True, True, "float16", "bfloat16")
    }


def test_lightning_switches_by_itself() -> None:
    text = """
        import pytorch_lightning as pl

        class Lit(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = Net()

            def training_step(self, batch, index):
                return self.net(x)

            def validation_step(self, batch, index):
                return self.net(x)

        pl.Trainer().fit(Lit(), LOADER, LOADER)
        """
    assert {call[:2] for call in calls(dedent(text))} == {(True, True), (False, False)}


def test_new_tensors_are_of_the_default_dtype() -> None:
    facts = facts_of("torch.set_default_dtype(torch.float64)\ny = torch.randn(3)\nnoise = y * 2\n")
    names = next(m for m in facts.project.modules.values() if m.path == "snippet.py").scope.names
    assert getattr(names["noise"], "dtype", None) == "float64"
