"""The quantities of a diffusion schedule, their usual names, and numbers to tell formulas of them apart.

Two formulas are the same when they give the same numbers in every `World`; no algebra is needed for that. The notation
is that of Ho et al. 2020 (arXiv 2006.11239): beta_t, alpha_t = 1 - beta_t, alpha_bar_t = their product up to t.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from operator import mul

STEPS = 9  # entries of a world's tables
NOTHING = 1e-9  # a beta so small that no formula notices
NOW = 5  # the step that formulas are compared at; far from both ends
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class World:
    """One schedule of `STEPS` steps, and a value for each constant that formulas leave open."""

    betas: Numbers
    eta: float  # of DDIM (Song et al. 2020, arXiv 2010.02502, eq. 16)
    free: float  # a standard deviation of fresh noise that is given from outside
    sigma: float  # a noise level as in Karras et al. 2022 (arXiv 2206.00364)
    sigma_data: float

    @property
    def tau(self) -> float:
        """Continuous time in (0, 1), at which the cosine process has the alpha_bar of this step."""
        return 2 / math.pi * math.acos(math.sqrt(self.at("alpha_bar")))

    @cached_property
    def tables(self) -> dict[str, Numbers]:
        """Every quantity that has a name, at all steps."""
        alphas = tuple(1 - beta for beta in self.betas)
        bars = tuple(accumulate(alphas, mul))
        before = (1.0, *bars[:-1])
        found = {"beta": self.betas, "alpha": alphas, "alpha_bar": bars, "alpha_bar_prev": before}
        found["alpha_bar_next"] = (*bars[1:], 0.0)
        found["beta_bar"] = tuple(1 - bar for bar in bars)
        found["beta_bar_prev"] = tuple(1 - bar for bar in before)
        found["posterior_variance"] = _each(lambda b, p, a: b * (1 - p) / (1 - a), self.betas, before, bars)
        found["posterior_mean_coef1"] = _each(lambda b, p, a: b * math.sqrt(p) / (1 - a), self.betas, before, bars)
        found["posterior_mean_coef2"] = _each(lambda p, x, a: (1 - p) * math.sqrt(x) / (1 - a), before, alphas, bars)
        mixing = _each(lambda b, a: b / math.sqrt(1 - a), self.betas, bars)
        found["beta_over_root"], found["root_over_beta"] = mixing, tuple(1 / number for number in mixing)
        found["snr"] = tuple(bar / (1 - bar) for bar in bars)
        return found

    @property
    def neighbours(self) -> tuple[World, World]:
        """The same schedule with the entries of the step before, and of the step after, at each step."""
        return replace(self, betas=(NOTHING, *self.betas[:-1])), replace(self, betas=(*_merged(self.betas), 0.9))

    def at(self, name: str) -> float:
        """A quantity at the step that formulas are compared at."""
        return self.tables[name][NOW]


def _merged(betas: Numbers) -> Numbers:
    """One step less, that removes as much: the first two steps as one."""
    return (1 - (1 - betas[0]) * (1 - betas[1]), *betas[2:])


def _each(function: Callable[..., float], *tables: Numbers) -> Numbers:
    return tuple(function(*entries) for entries in zip(*tables, strict=True))


def _world(seed: int) -> World:
    """Rising betas without any pattern; the constants are such that no two of them can be confused."""
    betas, beta = [], 0.02 + 0.011 * seed
    for step in range(STEPS):
        beta += 0.013 + 0.007 * math.sin(2.3 * step + seed) ** 2
        betas.append(beta)
    return World(tuple(betas), 0.31 + 0.17 * seed, 0.07 + 0.031 * seed, 1.3 + 0.7 * seed, 0.43 + 0.1 * seed)


WORLDS = tuple(_world(seed) for seed in range(3))

# Names of quantities, without what `read` takes off first.
_BARS = (
    "alphas?_cumprods?|alphas?_bars?|alphas?bars?|alphas?_hats?|alpha_prods?|alphas_prod|bar_alphas?|alphas?_cum|alphas?_cums"
    "|alphas?_cumulative|abars?|a_bars?|alphas?_cumulative_products?|alphas?_cprod|alphas?_tildes?"
)
_TABLES = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rf"(?:{_BARS})_prev|prev_(?:{_BARS})|(?:{_BARS})_previous", "alpha_bar_prev"),
        (rf"(?:{_BARS})_next", "alpha_bar_next"),
        (_BARS, "alpha_bar"),
        (r"beta_prods?|betas?_bars?|betas?_cumprods?", "beta_bar"),
        (r"beta_prods?_prev", "beta_bar_prev"),
        (r"betas?", "beta"),
        (r"alphas?", "alpha"),
        (r"posterior_(?:variances?|vars?)", "posterior_variance"),
        (r"posterior_mean_coeff?s?_?(?:ficient)?1", "posterior_mean_coef1"),
        (r"posterior_mean_coeff?s?_?(?:ficient)?2", "posterior_mean_coef2"),
    )
)
_WRAPS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("sqrt_recipm1_", lambda x: math.sqrt(1 / x - 1)),
    ("sqrt_recip_m1_", lambda x: math.sqrt(1 / x - 1)),
    ("sqrt_recip_", lambda x: math.sqrt(1 / x)),
    ("recip_sqrt_", lambda x: 1 / math.sqrt(x)),
    ("one_over_sqrt_", lambda x: 1 / math.sqrt(x)),
    ("sqrt_one_minus_", lambda x: math.sqrt(1 - x)),
    ("sqrt_1m_", lambda x: math.sqrt(1 - x)),
    ("sqrt_1_minus_", lambda x: math.sqrt(1 - x)),
    ("sqrt_m1_", lambda x: math.sqrt(1 - x)),
    ("log_one_minus_", lambda x: math.log(1 - x)),
    ("one_minus_", lambda x: 1 - x),
    ("sqrt_", math.sqrt),
    ("sqrt", math.sqrt),
    ("log_", math.log),
)
_AFTER: tuple[tuple[str, Callable[[float], float]], ...] = (("_sqrt", math.sqrt), ("_root", math.sqrt))


@dataclass(frozen=True)
class Quantity:
    """What a name says: a table, and what was done to it."""

    table: str
    wraps: tuple[Callable[[float], float], ...] = ()  # the last one is done last

    @property
    def plain(self) -> bool:
        """Whether it is a table itself."""
        return not self.wraps

    def of(self, world: World) -> Numbers | None:
        """Its numbers in a world; None where it is not defined."""
        try:
            numbers = world.tables[self.table]
            for wrap in self.wraps:
                numbers = tuple(wrap(number) for number in numbers)
        except (ValueError, ZeroDivisionError):
            return None
        return numbers


def read(name: str) -> Quantity | None:
    """The quantity that a name stands for; None where it says none.

    ``sqrt_one_minus_alphas_cumprod``, ``alpha_bar_t``, ``one_minus_alphas_bar_sqrt``, ``alpha_prod_t_prev``."""
    cleaned = re.sub(r"_t(?=_|$)|_at_t$|_+$|^_+", "", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    return _read(cleaned)


def _log(x: float) -> float:
    return math.log(max(x, 1e-20))  # the first posterior variance is 0, and everybody clips it


_SHORT = {  # of a small program that half the field has copied
    "sqrtab": Quantity("alpha_bar", (math.sqrt,)),
    "sqrtmab": Quantity("alpha_bar", (lambda x: math.sqrt(1 - x),)),
    "oneover_sqrta": Quantity("alpha", (lambda x: 1 / math.sqrt(x),)),
    "mab_over_sqrtmab": Quantity("beta_over_root"),
    "mab_over_sqrtmab_inv": Quantity("beta_over_root"),
}
_LOG_VARIANCE = re.compile(
    r"(?:posterior_|model_)?log_variances?(?:_clipped)?|posterior_log_vars?(?:_clipped)?|log_posterior_var(?:iance)?s?"
)


def _read(name: str) -> Quantity | None:
    if _LOG_VARIANCE.fullmatch(name):
        return Quantity("posterior_variance", (_log,))
    if name in _SHORT:
        return _SHORT[name]
    for pattern, table in _TABLES:
        if pattern.fullmatch(name):
            return Quantity(table)
    for ending, wrap in _AFTER:
        inner = _read(name.removesuffix(ending)) if name.endswith(ending) else None
        if inner is not None:
            return Quantity(inner.table, (*inner.wraps, wrap))
    for beginning, wrap in _WRAPS:
        inner = _read(name.removeprefix(beginning)) if name.startswith(beginning) else None
        if inner is not None:
            return Quantity(inner.table, (*inner.wraps, wrap))
    return None


AMBIGUOUS = ("alpha", "beta")  # some write alpha for alpha_bar, and betas are also what Adam takes
