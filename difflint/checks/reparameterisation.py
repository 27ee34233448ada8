"""DFL206: noise scaled by something else than the standard deviation of the distribution that is sampled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.losses import factored, operand
from difflint.relations.opening import Opener
from difflint.relations.terms import read_as

_DRAWN = re.compile(r"randn|normal|Normal|rand_like")
NORMAL = ("randn", "randn_like", "normal_", "standard_normal", "randn_tensor")
UNIFORM = ("rand", "rand_like")
LOG_VARIANCE = re.compile(r"(log|ln)_?var(iance)?|log_?(sigma|std)_?(2|sq|squared)", re.IGNORECASE)
LOG_DEVIATION = re.compile(r"log_?(std|stds|std_?dev|scale|scales|sigma|sigmas)$|ln_?(std|sigma)$", re.IGNORECASE)
SAFE = ("sqrt", "exp", "pow", "softplus")  # after these a name may say little
VARIANCE = re.compile(r"(^|_)(var|variance|sigma_?(2|sq|squared))$", re.IGNORECASE)


def check_file(file: File) -> Iterator[Problem]:
    opener, seen = file.once(Opener), set[int]()
    for function in file.about(_DRAWN):
        for event in function.events:
            for found, scale, reason, repair in (*_sums(opener, event.term), *_distributions(opener, event.term)):
                if id(found.node) not in seen:
                    seen.add(id(found.node))
                    yield _problem(file, found, scale, reason, repair)


def _problem(file: File, found: Term, scale: Term, reason: str, repair: str) -> Problem:
    return Problem(
        file.place(found),
        {"code": file.code(found), "reason": reason},
        (file.step(scale, f"{file.code(scale)} scales the noise"), file.step(found, reason)),
        repair,
    )


Found = tuple[Term, Term, str, str]


def _sums(opener: Opener, term: Term) -> Iterator[Found]:
    """``mean + scale * noise`` at the top of a value."""
    if term.op != "+":
        return
    for product in term.args:
        for scale, noise in _scaled_noise(product):
            found = _wrong_scale(opener.open(scale), noise)
            if found is not None:
                yield term, scale, *found


def _scaled_noise(product: Term) -> Iterator[tuple[Term, Term]]:
    """Each factor and the draw of ``std * noise``, in products of any length: a mask or a temperature may be there."""
    factors = list(_factors(product))
    noises = [noise for noise in factors if noise.called in (*NORMAL, *UNIFORM)]
    if len(noises) == 1:
        yield from ((scale, noises[0]) for scale in factors if scale is not noises[0])


def _factors(term: Term) -> Iterator[Term]:
    if term.op == "*":
        yield from _factors(term.args[0])
        yield from _factors(term.args[1])
    else:
        yield term


def _wrong_scale(opened: Term, noise: Term) -> tuple[str, str] | None:
    exponent = operand(opened, "exp")
    if exponent is None:
        return None
    rate, log = factored(exponent)
    name = read_as(log)
    if noise.called in UNIFORM:
        return "the noise is uniform in [0, 1] where normal noise is meant", "Draw torch.randn_like(std)."
    if rate == 1 and LOG_VARIANCE.search(name):
        return (
            f"exp({name}) is the variance: deviations above 1 are blown up, those below 1 disappear",
            f"Write torch.exp(0.5 * {name}).",
        )
    if rate == 0.5 and LOG_DEVIATION.search(name) and not LOG_VARIANCE.search(name):
        return f"exp(0.5 * {name}) is the root of the deviation", f"Write torch.exp({name})."
    return None


def _distributions(opener: Opener, term: Term) -> Iterator[Found]:
    """``torch.normal(mean, std)`` and ``Normal(mean, std)`` that are given a variance or a logarithm."""
    known = term.callee in ("torch.normal", "torch.distributions.Normal", "torch.distributions.normal.Normal")
    scale = term.arg(1, "std" if term.callee == "torch.normal" else "scale") if known else None
    given = None if scale is None else _no_deviation(opener.open(scale), read_as(scale))
    if scale is not None and given is not None:
        yield term, scale, f"it takes the deviation and gets {given[0]}", f"Give it {given[1]}."


def _no_deviation(opened: Term, name: str) -> tuple[str, str] | None:
    """What stands in the deviation's place, and what to write."""
    exponent = operand(opened, "exp")
    if exponent is not None:
        rate, log = factored(exponent)
        variance = rate == 1 and LOG_VARIANCE.search(read_as(log)) is not None
        return (f"exp({read_as(log)}), the variance", f"exp(0.5 * {read_as(log)})") if variance else None
    if not _is_plain(opened):
        return None
    if LOG_VARIANCE.search(name):
        return f"the logarithm {name} of the variance", f"exp(0.5 * {name})"
    if LOG_DEVIATION.search(name):
        return f"its logarithm {name}", f"exp({name})"
    return (f"the variance {name}", f"{name} ** 0.5") if VARIANCE.search(name) else None


def _is_plain(term: Term) -> bool:
    """Whether nothing is computed that a name might not tell."""
    return term.op in ("param", "name", "index", "attr") or (term.op == "call" and term.called not in SAFE)
