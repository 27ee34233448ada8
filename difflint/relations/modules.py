"""Whose parameters an optimizer or a clip is given, and whether two networks are two."""

from __future__ import annotations

from difflint.relations.file import File
from difflint.relations.roles import made_role, origins, same
from difflint.relations.terms import Term, holds, is_const


def optimized(file: File, optimizer: Term) -> frozenset[Term] | None:
    """The modules whose parameters an optimizer was made for; None where that is not known."""
    made = [leaf for leaf in origins(file, optimizer) if not is_const(leaf, None)]
    if len(made) != 1 or made_role(made[0]) != "optimizer":
        return None
    given = made[0].arg(0, "params")
    return parameters_of(file, given) if given is not None else None


def parameters_of(file: File, term: Term) -> frozenset[Term] | None:
    """The modules whose ``parameters()`` a term holds, all of them; None where it may hold others."""
    found = set[Term]()
    for leaf in origins(file, term):
        modules = _modules(file, leaf)
        if modules is None:
            return None
        found |= modules
    return frozenset(found) or None


def _modules(file: File, term: Term) -> frozenset[Term] | None:
    if term.op == "call" and term.called in ("parameters", "named_parameters") and term.receiver is not None:
        return frozenset((term.receiver,))
    if term.op == "call" and term.called in ("list", "chain", "filter", "tuple", "iter", "set"):
        return _union(file, tuple(t for t in term.positional if t.op not in ("lambda", "const")))
    if term.op in ("list", "tuple", "+", "star"):
        return _union(file, term.args)
    if term.op == "dict" and isinstance(term.value, tuple) and "params" in term.value:
        return parameters_of(file, term.args[term.value.index("params")])
    if term.op == "comp":
        return _union(file, term.args[1:])
    return None


def _union(file: File, terms: tuple[Term, ...]) -> frozenset[Term] | None:
    parts = [parameters_of(file, term) for term in terms]
    return frozenset(m for part in parts if part for m in part) if all(parts) and parts else None


def strangers(file: File, one: Term, other: Term) -> bool:
    """Whether two networks are made apart from each other for sure, and neither holds the other."""
    mine, others = set(origins(file, one)), set(origins(file, other))
    apart = all(_is_made(leaf) for leaf in mine | others)
    return apart and not same(one, other) and not any(_contains(a, b) or _contains(b, a) for a in mine for b in others)


def _contains(whole: Term, part: Term) -> bool:
    """Whether one is the other, or is made from it and is no copy."""
    return whole == part or (holds(whole, part) and whole.called not in ("deepcopy", "clone"))


def _is_made(leaf: Term) -> bool:
    """Whether a thing is made here, or is a parameter (of a function that is given each of them by its own name)."""
    return leaf.op == "param" or (leaf.op == "call" and leaf.called not in ("unwrap_model", "prepare", "getattr"))
