"""Fresh noise in sums of data."""

from __future__ import annotations

from difflint.relations.draws import NORMAL
from difflint.relations.formulas import deviations
from difflint.relations.operations import operation, stripped
from difflint.relations.quantities import WORLDS
from difflint.relations.schedule import Sum
from difflint.relations.terms import Term, alternatives
from difflint.relations.values import near

NONE = ("zeros_like", "zeros", "new_zeros")  # at the last step


def is_fresh(term: Term) -> bool:
    """Whether a term is a Gaussian draw, or none at the last step."""
    done = [operation(stripped(way)) for way in alternatives(stripped(term))]
    names = [one.name for one in done if one is not None and one.name not in NONE]
    return bool(names) and all(name in NORMAL for name in names)


def variance_for_deviation(found: Sum) -> tuple[Term, str] | None:
    """The fresh noise of a sum that is multiplied by a variance, and by which; None where there is none."""
    for term in found.parts[0]:
        for name in deviations(WORLDS[0]) if is_fresh(term) else ():
            wanted = [deviations(world)[name] ** 2 for world in WORLDS]
            if name != "sigma" and all(near(p.get(term, 0.0), v) for p, v in zip(found.parts, wanted, strict=True)):
                return term, name
    return None
