"""DFL205: a KL divergence to the standard normal whose terms do not fit each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.facts import Problem
from difflint.relations import Event, File, Term
from difflint.relations.losses import factored, operand, power, reduced, summands
from difflint.relations.terms import number

_EXPONENTIAL = re.compile(r"\bexp\(")


@dataclass(frozen=True, eq=False)
class Divergence:
    """``e * exp(k * l) + c * l + q * mu ** 2 + n``: a sum over dimensions, its whole factor still unknown."""

    whole: Term
    spread: Term  # l: the logarithm of the variance (k = 1) or of the deviation (k = 2)
    rate: float  # k
    growing: float  # e
    linear: float  # c
    squared: float  # q


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_EXPONENTIAL):
        for event in function.events:
            for term in _sums(event):
                node = term.node
                if id(node) in seen:
                    continue
                found = _divergence(term)
                if found is not None:
                    seen.update(id(part.node) for part in _parts(term))
                    reason = _reason(found)
                    if reason is not None:
                        yield _problem(file, found, reason)


def _sums(event: Event) -> Iterator[Term]:
    """The sums that an event writes, the largest first."""
    if event.kind in ("assign", "return", "augment", "call"):
        yield from (part for part in _parts(event.term) if part.op in ("+", "-"))


def _parts(term: Term) -> Iterator[Term]:
    """A term and what it is computed from by arithmetic and reductions, the outermost first."""
    waiting = [term]
    while waiting:
        now = waiting.pop(0)
        yield now
        inner = reduced(now)
        if inner is not None:
            waiting.append(inner[1])
        elif now.op in ("+", "-", "*", "/", "neg"):
            waiting.extend(now.args)
        elif now.op == "call":
            waiting.extend(now.positional)


def _divergence(whole: Term) -> Divergence | None:
    """The sum as a divergence, when it holds an exponential, its logarithm and a square, and nothing else."""
    parts = list(summands(whole))
    if not 3 <= len(parts) <= 5 or any(reduced(part) for _, part in parts):
        return None
    exponentials = [(a, *factored(inner)) for a, part in parts if (inner := _exponent(part)) is not None]
    squares = [(a, base[0]) for a, part in parts if (base := power(part)) is not None and base[1] == 2]
    constants = [a for a, part in parts if number(part) is not None]
    if len(exponentials) != 1 or len(constants) > 1:
        return None
    growing, rate, spread = exponentials[0]
    linear = [(a * factored(part)[0]) for a, part in parts if factored(part)[1] == spread and power(part) is None]
    squares = [(a, base) for a, base in squares if base != spread]
    known = len(exponentials) + len(constants) + len(linear) + len(squares)
    if len(linear) != 1 or len(squares) != 1 or known != len(parts):
        return None
    return Divergence(whole, spread, rate, growing, linear[0], squares[0][0])


def _exponent(term: Term) -> Term | None:
    """The exponent of ``exp(x)``, ``x.exp()``; of its square too, doubled."""
    inner = operand(term, "exp")
    if inner is not None:
        return inner
    squared = power(term)
    exponent = operand(squared[0], "exp") if squared is not None and squared[1] == 2 else None
    return None if exponent is None else Term("*", (Term("const", (), 2.0), exponent), None, term.node)


def _reason(found: Divergence) -> str | None:
    """What is wrong with it: all terms have to have their least value at the mean 0 and the deviation 1."""
    e, c, q, k = found.growing, found.linear, found.squared, found.rate
    if k <= 0 or e == 0:
        return None
    if q * e < 0:
        return "the square of the mean has the wrong sign, so the means run away from 0 without end"
    if c * e >= 0:
        return "the logarithm has the wrong sign, so the deviation is driven to 0 and nothing is sampled any more"
    if abs(q / e - 1) > 0.01:
        return f"the square of the mean weighs {q / e:.3g} times as much as the variance"
    if abs(c / (-k * e) - 1) > 0.01:
        return f"it is smallest at a variance of {_least(found):.3g}, not at 1 from which codes are sampled"
    return None


def _least(found: Divergence) -> float:
    """The value of the exponential at which the sum is smallest."""
    return -found.linear / (found.rate * found.growing)


def _problem(file: File, found: Divergence, reason: str) -> Problem:
    spread = file.code(found.spread)
    return Problem(
        file.place(found.whole),
        {"code": file.code(found.whole), "reason": reason},
        (file.step(found.spread, f"{spread} is a logarithm"), file.step(found.whole, reason)),
        _repair(found, spread),
    )


def _repair(found: Divergence, spread: str) -> str:
    if found.rate == 2:
        return f"Write 0.5 * (mu ** 2 + torch.exp(2 * {spread}) - 1) - {spread}."
    return f"Write 0.5 * (mu ** 2 + {spread}.exp() - 1 - {spread}), the divergence for {spread} = log(variance)."
