"""Draws of random numbers: of which distribution they are, and where they are added to something."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.relations.terms import Term, alternatives, number, walk

LIBRARIES = ("torch", "numpy", "jax", "tensorflow")
NORMAL = frozenset(("randn", "randn_like", "normal", "standard_normal", "randn_tensor", "normal_"))
UNIFORM = frozenset(("rand", "rand_like", "uniform", "random", "uniform_", "random_sample"))
KEEPING = frozenset(
    {
        *("to", "cuda", "float", "half", "clone", "detach", "cpu", "type", "type_as", "requires_grad_", "astype"),
        *(
            "contiguous",
            "double",
            "long",
            "int",
            "bfloat16",
            "view",
            "reshape",
            "permute",
            "unsqueeze",
            "squeeze",
            "repeat",
            "expand",
        ),
    }
)
CONVERTERS = frozenset(("from_numpy", "tensor", "as_tensor", "asarray", "array", "FloatTensor", "Tensor", "Variable"))


def distribution(term: Term) -> str:
    """``normal`` or ``uniform`` for a draw of a library's function, empty for anything else."""
    if term.op != "call":
        return ""
    name = term.called
    if name in ("normal_", "uniform_") and term.receiver is not None:
        return "normal" if name == "normal_" else "uniform"
    if term.callee.partition(".")[0] not in LIBRARIES:
        return ""
    return "normal" if name in NORMAL else "uniform" if name in UNIFORM else ""


def bare(term: Term) -> Term:
    """A value without casts around it."""
    while term.op == "call":
        if term.called in KEEPING and term.receiver is not None:
            term = term.receiver
        elif term.called in CONVERTERS and term.positional:
            term = term.positional[0]
        else:
            break
    return term


def summands(term: Term) -> Iterator[Term]:
    """What a value is the sum of, casts and branches opened; a difference is a sum as well."""
    for way in alternatives(bare(term)):
        way = bare(way)
        if way.op in ("+", "-") and len(way.args) == 2:
            for arg in way.args:
                yield from summands(arg)
        elif way.op == "neg" or (way.op == "/" and len(way.args) == 2):
            yield from summands(way.args[0])
        elif way.op in ("phi", "if"):
            yield from summands(way)
        else:
            yield way


def factors(term: Term) -> Iterator[Term]:
    """What a value is the product of, casts and branches opened."""
    for way in alternatives(bare(term)):
        way = bare(way)
        if way.op == "*" and len(way.args) == 2:
            for arg in way.args:
                yield from factors(arg)
        elif way.op == "neg" or (way.op == "/" and len(way.args) == 2):
            yield from factors(way.args[0])
        elif way.op in ("phi", "if"):
            yield from factors(way)
        else:
            yield way


def added(term: Term) -> Iterator[Term]:
    """The draws that a value is a sum of, each possibly scaled, if need be by a uniform one."""
    for part in summands(term):
        parts = list(factors(part))
        drawn = [factor for factor in parts if distribution(factor)]
        yield from drawn if len(drawn) < 2 else (draw for draw in drawn if distribution(draw) == "normal")
        for factor in parts:
            if factor.op in ("+", "-"):
                yield from added(factor)


def _is_setting(term: Term) -> bool:
    """Something that is looked up, as ``scheduler.init_noise_sigma``, and no result of a call."""
    return term.op in ("attr", "index", "name", "param") and all(part.op != "call" for part in walk(term))


def only_drawn(term: Term) -> Term | None:
    """The one draw that a value is, but for numbers, scales and casts: ``2 * torch.rand(shape) - 1``."""
    term = bare(term)
    if distribution(term):
        return term
    if term.op in ("+", "-", "*", "/") and len(term.args) == 2:
        parts = [arg for arg in term.args if number(arg) is None and not (term.op in ("*", "/") and _is_setting(arg))]
        return only_drawn(parts[0]) if len(parts) == 1 else None
    return None
