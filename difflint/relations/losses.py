"""Losses: which library function compares two values, how it reduces them, and sums of terms with their factors."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.relations.opening import Opener
from difflint.relations.terms import Term, is_const, number

PAIRWISE = {  # by the last name of a function and of its module
    **dict.fromkeys(("mse_loss", "MSELoss"), "mse"),
    **dict.fromkeys(("l1_loss", "L1Loss"), "l1"),
    **dict.fromkeys(("smooth_l1_loss", "SmoothL1Loss", "huber_loss", "HuberLoss"), "huber"),
}
TORCH = ("torch.nn.", "torch.nn.functional.")
REDUCERS = ("sum", "mean")


def library_name(opener: Opener, call: Term) -> str:
    """The last name of torch's loss function or module that a call is a call of; empty for anything else."""
    maker = _maker(opener, call)
    full = maker.callee if maker is not None else call.callee
    return full.rpartition(".")[2] if full.startswith(TORCH) else ""


def _maker(opener: Opener, call: Term) -> Term | None:
    """The ``nn.MSELoss()`` whose object is called."""
    if call.op != "call" or call.args[0].op not in ("call", "name", "attr", "index"):
        return None
    made = opener.open(call.args[0])
    return made if made.op == "call" and made.callee.startswith(TORCH) else None


def reduction(opener: Opener, call: Term) -> str | None:
    """``mean``, ``sum`` or ``none``; None when that is not known."""
    made = _maker(opener, call) or call
    given = made.keywords.get("reduction")
    old = any(name in made.keywords for name in ("reduce", "size_average")) or made.open
    if old or (given is not None and not isinstance(given.value, str)):
        return None
    return "mean" if given is None else str(given.value)


def pair(opener: Opener, call: Term) -> tuple[Term, Term] | None:
    """The two values that a regression loss compares."""
    if library_name(opener, call) not in PAIRWISE:
        return None
    first, second = call.arg(0, "input"), call.arg(1, "target")
    return None if first is None or second is None else (first, second)


def reduced(term: Term) -> tuple[str, Term, bool] | None:
    """``sum`` or ``mean``, of what, and whether over everything: of ``x.mean()``, ``torch.sum(x, dim=1)``."""
    if term.called not in REDUCERS or term.op != "call":
        return None
    if term.receiver is not None:
        return term.called, term.receiver, not term.positional and not term.keywords
    if term.callee in ("torch.sum", "torch.mean") and term.positional:
        return term.called, term.positional[0], len(term.positional) == 1 and not term.keywords
    return None


def summands(term: Term, factor: float = 1.0) -> Iterator[tuple[float, Term]]:
    """The terms of a sum with their constant factors; sums and means over axes are looked through."""
    inner = reduced(term)
    if inner is not None:
        yield from summands(inner[1], factor)
    elif term.op in ("+", "-"):
        yield from summands(term.args[0], factor)
        yield from summands(term.args[1], factor if term.op == "+" else -factor)
    elif term.op == "neg":
        yield from summands(term.args[0], -factor)
    elif term.op in ("*", "/") and (scaled := _scaled(term)) is not None:
        yield from summands(scaled[1], factor * scaled[0])
    else:
        yield factor, term


def _scaled(term: Term) -> tuple[float, Term] | None:
    """The constant and the rest of a product or quotient."""
    left, right = term.args
    a, b = number(left), number(right)
    if a is not None and term.op == "*":
        return a, right
    if b is not None and b != 0:
        return (b if term.op == "*" else 1 / b), left
    return None


def power(term: Term) -> tuple[Term, float] | None:
    """The base and exponent of ``x ** 2``, ``x.pow(2)``, ``torch.square(x)``, ``x * x``."""
    if term.op == "**":
        exponent = number(term.args[1])
        return None if exponent is None else (term.args[0], exponent)
    if term.op == "*" and term.args[0] == term.args[1]:
        return term.args[0], 2.0
    if term.called == "pow":
        base, exponent = _operand(term), number(term.positional[-1]) if term.positional else None
        return None if base is None or exponent is None else (base, exponent)
    if term.called in ("square", "sqrt"):
        base = _operand(term)
        return None if base is None else (base, 2.0 if term.called == "square" else 0.5)
    return None


def operand(term: Term, *names: str) -> Term | None:
    """What ``x.exp()`` or ``torch.exp(x)`` is taken of, for a function of one of these names."""
    return _operand(term) if term.called in names else None


def _operand(term: Term) -> Term | None:
    if term.op != "call":
        return None
    if term.receiver is not None:
        return term.receiver
    return term.positional[0] if term.positional else None


def factored(term: Term) -> tuple[float, Term]:
    """A term without its constant factor: ``0.5 * x`` is (0.5, x)."""
    if term.op == "neg":
        factor, rest = factored(term.args[0])
        return -factor, rest
    scaled = _scaled(term) if term.op in ("*", "/") else None
    if scaled is None:
        if term.called in ("mul", "div") and term.receiver is not None and (by := number(term.arg(0, "other"))):
            factor, rest = factored(term.receiver)
            return (factor * by if term.called == "mul" else factor / by), rest
        return 1.0, term
    factor, rest = factored(scaled[1])
    return factor * scaled[0], rest


def is_true(term: Term | None) -> bool:
    return is_const(term, True)
