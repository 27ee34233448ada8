"""Low precision emulated on any device: gradients pass through float16 at the size they have in the user's program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

# What autocast runs in low precision; norms and the loss stay in float32 (PyTorch, "Autocast Op Reference").
AUTOCAST = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


@dataclass(frozen=True)
class Precision:
    """How gradients are computed.

    ``half`` keeps weights and all activations in ``dtype``, not only those that autocast lowers. ``numel`` is the
    number of elements the loss is averaged over in the user's program, None for a sum. ``scale`` is where a dynamic
    loss scale starts; 1 is no loss scaling at all.
    """

    dtype: torch.dtype
    half: bool
    numel: int | None
    scale: float


class Rounded(torch.autograd.Function):
    """The identity, whose gradient is rounded and counted by a ``LowPrecision``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: LowPrecision) -> Tensor:
        """Remember who rounds."""
        ctx.low = low
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Round the gradient of an activation."""
        return ctx.low.rounded(grads[0]), None


class LowPrecision:
    """The backward pass of one training in low precision, in place of ``loss.backward()``.

    The reference has fewer elements than the user's batch. An activation's gradient does not depend on how many others
    there are, only on the mean's 1 / numel: it is rounded at the user's size. A weight's gradient is a sum over all of
    them: it is brought to the size of the user's sum, then rounded.
    """

    def __init__(self, net: nn.Module, precision: Precision, elements: int) -> None:
        self.precision = precision
        self.scale = precision.scale
        self.seen = self.vanished = 0
        self.share_of_batch = 1.0 if precision.numel is None else elements / precision.numel
        self.elements = elements
        self.parameters = list(net.parameters())
        lowered = [layer for layer in net.modules() if self._lowers(layer)]
        self.low_weights = {weight for layer in lowered for weight in layer.parameters(recurse=False)}
        for layer in lowered:
            layer.register_forward_pre_hook(self._round_input)
            layer.register_forward_hook(self._round_output)
        if precision.half:
            net.register_forward_pre_hook(self._round_weights)

    @property
    def vanished_share(self) -> float:
        """The share of the activations' gradients that rounding made zero, over the whole training."""
        return self.vanished / max(self.seen, 1)

    def __call__(self, loss: Tensor) -> bool:
        """Fill the gradients; whether the optimizer should step, which only a loss scale may deny."""
        per_element = self.elements if self.precision.numel is None else self.share_of_batch
        (loss * per_element * self.scale).backward()  # type: ignore[no-untyped-call]
        for weight in self.parameters:
            if weight.grad is not None:
                weight.grad = self._summed(weight, weight.grad) / self.scale
        return self.precision.scale == 1 or self._all_finite()

    def rounded(self, grad: Tensor) -> Tensor:
        """The gradient after a pass through the low dtype."""
        low = grad.to(self.precision.dtype).to(grad)
        nonzero = int(grad.count_nonzero())
        self.seen += nonzero
        self.vanished += nonzero - int(low.count_nonzero())
        return low

    def _summed(self, weight: nn.Parameter, grad: Tensor) -> Tensor:
        total = grad / self.share_of_batch
        return total.to(self.precision.dtype).to(grad) if weight in self.low_weights else total

    def _all_finite(self) -> bool:
        if all(bool(weight.grad.isfinite().all()) for weight in self.parameters if weight.grad is not None):
            return True
        self.scale /= 2
        return False

    def _lowers(self, layer: nn.Module) -> bool:
        return isinstance(layer, AUTOCAST) or (self.precision.half and not list(layer.children()))

    def _round_input(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(self._round_output(layer, inputs, x) for x in inputs)

    def _round_output(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not output.requires_grad:
            return output
        rounded: Tensor = Rounded.apply(output, self)  # type: ignore[no-untyped-call]
        return rounded

    def _round_weights(self, net: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        with torch.no_grad():
            for weight in self.parameters:
                weight.copy_(weight.to(self.precision.dtype))
