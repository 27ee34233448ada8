"""The sums of data that diffusion models are made of, by the coefficients they must have.

Notation: a is alpha_bar_t, p alpha_bar of the step before, and beta, alpha as in Ho et al. 2020."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from difflint.relations.quantities import WORLDS, World
from difflint.relations.terms import Term
from difflint.relations.values import near

Coefficients = tuple[float, ...]
FORWARD = "forward process"


@dataclass(frozen=True)
class Formula:
    """``text`` is what a person writes, ``parts`` the data in the order of their coefficients (one or the other where
    there is a bar), ``noise`` what fresh noise may be multiplied by, as in `deviations`."""

    name: str
    text: str
    parts: tuple[str, ...]
    of: Callable[[World], Coefficients]
    noise: tuple[str, ...] = ()


def _a(world: World) -> float:
    return world.at("alpha_bar")


def _p(world: World) -> float:
    return world.at("alpha_bar_prev")


def _ddpm_mean(world: World) -> Coefficients:
    root = math.sqrt(world.at("alpha"))
    return 1 / root, -world.at("beta") / (root * math.sqrt(1 - _a(world)))


def _ddim(sigma: float, world: World) -> Coefficients:
    return math.sqrt(_p(world)), math.sqrt(1 - _p(world) - sigma**2)


def ddim_sigma(world: World) -> float:
    """Song et al. 2020, eq. 16."""
    a, p = _a(world), _p(world)
    return world.eta * math.sqrt((1 - p) / (1 - a)) * math.sqrt(1 - a / p)


def _posterior(world: World) -> Coefficients:
    return world.at("posterior_mean_coef1"), world.at("posterior_mean_coef2")


def _in_one(world: World) -> Coefficients:
    a, p = _a(world), _p(world)
    return math.sqrt(p / a), math.sqrt(1 - p) - math.sqrt(p * (1 - a) / a)


def deviations(world: World) -> Mapping[str, float]:
    """What fresh noise is multiplied by in an ancestral step."""
    beta, posterior = world.at("beta"), world.at("posterior_variance")
    roots = {"beta": math.sqrt(beta), "posterior variance": math.sqrt(posterior)}
    return {**roots, "eta": ddim_sigma(world), "sigma": world.free}


ANCESTRAL = ("beta", "posterior variance", "sigma")
DDIM = "sqrt(alpha_bar_prev) * x0 + sqrt(1 - alpha_bar_prev - sigma**2) * eps"
PLAIN = "sqrt(alpha_bar_prev) * x0 + sqrt(1 - alpha_bar_prev) * eps"
IN_ONE = "sqrt(p / a) * x_t + (sqrt(1 - p) - sqrt(p * (1 / a - 1))) * eps"
FORMULAS = (
    Formula(
        FORWARD, "sqrt(alpha_bar) * x0 + sqrt(1 - alpha_bar) * eps", ("x0|x_t", "eps"),
        lambda w: (math.sqrt(_a(w)), math.sqrt(1 - _a(w))),
    ),
    Formula(
        "eps from v", "sqrt(1 - alpha_bar) * x_t + sqrt(alpha_bar) * v", ("x_t", "v"),
        lambda w: (math.sqrt(1 - _a(w)), math.sqrt(_a(w))),
    ),
    Formula(
        "x0 from eps", "(x_t - sqrt(1 - alpha_bar) * eps) / sqrt(alpha_bar)", ("x_t", "eps"),
        lambda w: (1 / math.sqrt(_a(w)), -math.sqrt(1 / _a(w) - 1)),
    ),
    Formula(
        "eps from x0", "(x_t - sqrt(alpha_bar) * x0) / sqrt(1 - alpha_bar)", ("x_t", "x0"),
        lambda w: (1 / math.sqrt(1 - _a(w)), -math.sqrt(_a(w) / (1 - _a(w)))),
    ),
    Formula(
        "v", "sqrt(alpha_bar) * eps - sqrt(1 - alpha_bar) * x0", ("eps", "x0"),
        lambda w: (math.sqrt(_a(w)), -math.sqrt(1 - _a(w))),
    ),
    Formula(
        "x0 from v", "sqrt(alpha_bar) * x_t - sqrt(1 - alpha_bar) * v", ("x_t", "v"),
        lambda w: (math.sqrt(_a(w)), -math.sqrt(1 - _a(w))),
    ),
    Formula(
        "x0 from v and x0 + sigma * eps", "x_t / (sigma**2 + 1) - v * sigma / sqrt(sigma**2 + 1)", ("x_t", "v"),
        lambda w: (_a(w), -math.sqrt(1 - _a(w))),
    ),
    Formula(
        "posterior mean", "posterior_mean_coef1 * x0 + posterior_mean_coef2 * x_t", ("x0", "x_t"), _posterior, ANCESTRAL
    ),
    Formula(
        "DDPM mean", "(x_t - beta / sqrt(1 - alpha_bar) * eps) / sqrt(alpha)", ("x_t", "eps"), _ddpm_mean, ANCESTRAL
    ),
    Formula("DDIM step", PLAIN, ("x0", "eps"), lambda w: _ddim(0.0, w)),
    Formula("DDIM step", DDIM, ("x0", "eps"), lambda w: _ddim(w.free, w), ("sigma",)),
    Formula("DDIM step", DDIM, ("x0", "eps"), lambda w: _ddim(ddim_sigma(w), w), ("eta",)),
    Formula(
        "DDIM inversion", "sqrt(alpha_bar_next) * x0 + sqrt(1 - alpha_bar_next) * eps", ("x0", "eps"),
        lambda w: (math.sqrt(w.at("alpha_bar_next")), math.sqrt(1 - w.at("alpha_bar_next"))),
    ),
    Formula("DDIM step in one", IN_ONE, ("x_t", "eps"), _in_one),
    Formula(
        "one step of the forward process", "sqrt(1 - beta) * x + sqrt(beta) * eps", ("x0|x_t", "eps"),
        lambda w: (math.sqrt(w.at("alpha")), math.sqrt(w.at("beta"))),
    ),
)  # fmt: skip
STEPS = tuple(
    Formula("ancestral step", "mean + std * noise", ("mean", "eps"), lambda w, name=name: (1.0, deviations(w)[name]))  # type: ignore[misc]
    for name in deviations(WORLDS[0])
)


def matching(
    sums: Sequence[Mapping[Term, float]], formulas: Sequence[Formula] = FORMULAS, worlds: Sequence[World] = WORLDS
) -> Iterator[tuple[Formula, tuple[Term, ...]]]:
    """The formulas that sums, one for each world, are; each with its data in the order of the formula's parts."""
    terms = tuple(sums[0])
    if any(set(found) != set(terms) for found in sums):
        return
    for formula in formulas:
        if len(formula.parts) != len(terms):
            continue
        wanted = [formula.of(world) for world in worlds]
        for order in permutations(terms):
            if all(
                near(found[term], coefficient)
                for found, coefficients in zip(sums, wanted, strict=True)
                for term, coefficient in zip(order, coefficients, strict=True)
            ):
                yield formula, order
