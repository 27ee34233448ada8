"""What a network predicts, as one-line conversions between eps, v, score and x0 at one noise level.

With a = sqrt(alpha_bar) and s = sqrt(1 - alpha_bar), x_t = a x0 + s eps throughout (Ho et al. 2020, eq. 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor


class UnknownPrediction(ValueError):
    """Raised when a prediction type is asked for by a name that is not in ``NAMES``."""


Conversion = Callable[[Tensor, Tensor, float, float], Tensor]

# (output, x_t, a, s) -> x0; v = a eps - s x0 (Salimans and Ho 2022), score = -eps / s (Song et al. 2021, section 3.3).
TO_X0: dict[str, Conversion] = {
    "x0": lambda x0, x_t, a, s: x0,
    "eps": lambda eps, x_t, a, s: (x_t - s * eps) / a,
    "v": lambda v, x_t, a, s: a * x_t - s * v,
    "score": lambda score, x_t, a, s: (x_t + s * s * score) / a,
}
# (x0, x_t, a, s) -> output
FROM_X0: dict[str, Conversion] = {
    "x0": lambda x0, x_t, a, s: x0,
    "eps": lambda x0, x_t, a, s: (x_t - a * x0) / s,
    "v": lambda x0, x_t, a, s: (a * x_t - x0) / s,
    "score": lambda x0, x_t, a, s: (a * x0 - x_t) / (s * s),
}
NAMES = tuple(TO_X0)


def to_x0(prediction: str, output: Tensor, x_t: Tensor, alpha_bar: float) -> Tensor:
    """The clean picture that a network output of this type stands for."""
    return _known(TO_X0, prediction)(output, x_t, math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar))


def from_x0(prediction: str, x0: Tensor, x_t: Tensor, alpha_bar: float) -> Tensor:
    """What a network of this type has to output for the clean picture ``x0``."""
    return _known(FROM_X0, prediction)(x0, x_t, math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar))


def _known(conversions: dict[str, Conversion], prediction: str) -> Conversion:
    if prediction not in conversions:
        raise UnknownPrediction(f"unknown prediction {prediction!r}; known are {', '.join(NAMES)}")
    return conversions[prediction]
