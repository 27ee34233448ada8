"""Guards: what the outcome of a test tells about the names in it.

Two things are learned. A name that may be several values keeps those for which the test can come out that way; and a
test of a dtype, a type or a range (``x.dtype == torch.uint8``, ``isinstance(x, np.ndarray)``, ``x.max() <= 1``) is a
fact about a value that was not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import libcst as cst

from difflint.facts.interval import BYTE
from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Clamp, Site
from difflint.facts.truth import ARRAYS, dtype_name, truth
from difflint.facts.values import Choice, Items, Kind, Library, Origin, Tensor, Unknown, Value, constant, join
from difflint.syntax import walk

MAX_TESTED = 3  # names of one test that are looked at value by value
# fmt: off
QUESTIONS = frozenset([  # calls that change nothing, so that a test may be asked once more
    "isinstance", "issubclass", "len", "hasattr", "getattr", "callable", "type", "bool", "float", "int", "str", "abs",
    "min", "max", "any", "all", "amin", "amax", "item", "is_floating_point", "is_tensor", "issubdtype", "logical_and",
    "logical_or", "dim", "size", "get", "startswith", "endswith", "lower", "upper", "numel", "is_complex",
])
# fmt: on


def refine(machine: Machine, frame: Frame, test: Any, holds: bool) -> None:
    """Bind the names of a test to what agrees with its outcome."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        refine(machine, frame, test.expression, not holds)
        return
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And) is holds:
        refine(machine, frame, test.left, holds)
        refine(machine, frame, test.right, holds)
        return
    for name in _tested(frame, test):
        _keep(machine, frame, test, name, holds)
    for fact in _facts(machine, frame, test, holds):
        _learn(machine, frame, test, fact)


ASSERTIONS = frozenset(["torch._assert", "torch._check", "torch._check_value"])


def asserted(machine: Machine, frame: Frame, node: Any) -> None:
    """``torch._assert(condition, message)`` as a statement: who goes on has met the condition."""
    if isinstance(node, cst.Call) and node.args and _called(node).startswith(("_assert", "_check")):
        callee = machine.evaluate(frame, node.func)
        if isinstance(callee, Library) and callee.name in ASSERTIONS:
            refine(machine, frame, node.args[0].value, True)


def _tested(frame: Frame, test: Any) -> list[str]:
    """The names of a test that may be several values, if it is only a question."""
    return [name for name in _asked(test) if isinstance(frame.scope.find(name), Choice)][:MAX_TESTED]


@lru_cache(maxsize=16384)
def _asked(test: Any) -> tuple[str, ...]:
    """The names in a test that does nothing but ask."""
    names: dict[str, None] = {}
    for node in walk.nodes(test):
        if isinstance(node, cst.NamedExpr | cst.Await | cst.Yield | cst.Lambda | cst.CompFor):
            return ()
        if isinstance(node, cst.Call) and _called(node) not in QUESTIONS:
            return ()
        if isinstance(node, cst.Name):
            names[node.value] = None
    return tuple(sorted(names))


def _called(node: cst.Call) -> str:
    """The last name of what is called; nothing for what has none."""
    named = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return named.value if isinstance(named, cst.Name) else ""


def _keep(machine: Machine, frame: Frame, test: Any, name: str, holds: bool) -> None:
    """Leave out the values of a name for which the test surely comes out the other way."""
    value = frame.scope.find(name)
    if not isinstance(value, Choice):
        return
    before = frame.scope.names
    kept = []
    for choice in value.values:
        frame.scope.names = {**before, name: choice}
        if truth(machine.evaluate(frame, test)) is not (not holds):
            kept.append(choice)
    frame.scope.names = before
    if kept and len(kept) < len(value.values):
        frame.scope.names[name] = join(kept)


# --- facts


@dataclass(frozen=True)
class Fact:
    """What a test says of one name: its dtype, what holds it, or a bound of its values."""

    name: str
    dtype: str | None = None
    container: str | None = None
    low: float | None = None
    high: float | None = None


def _facts(machine: Machine, frame: Frame, test: Any, holds: bool) -> Iterator[Fact]:
    if isinstance(test, cst.Comparison):
        yield from _of_comparison(machine, frame, test, holds)
    elif isinstance(test, cst.Call):
        yield from _of_call(machine, frame, test, holds)


def _of_comparison(machine: Machine, frame: Frame, test: cst.Comparison, holds: bool) -> Iterator[Fact]:
    left = test.left
    if len(test.comparisons) > 1 and not holds:
        return
    for target in test.comparisons:
        for a, b, operator in ((left, target.comparator, target.operator), (target.comparator, left, _turned(target))):
            yield from _of_pair(machine, frame, a, operator, b, holds)
        left = target.comparator


TURNED: dict[type, type] = {
    cst.LessThan: cst.GreaterThan,
    cst.LessThanEqual: cst.GreaterThanEqual,
    cst.GreaterThan: cst.LessThan,
    cst.GreaterThanEqual: cst.LessThanEqual,
    cst.Equal: cst.Equal,
    cst.Is: cst.Is,
    cst.NotEqual: cst.NotEqual,
    cst.IsNot: cst.IsNot,
}


def _turned(target: cst.ComparisonTarget) -> Any:
    """The operator read from right to left; None where that is another question."""
    turned = TURNED.get(type(target.operator))
    return turned() if turned is not None else None


def _of_pair(machine: Machine, frame: Frame, a: Any, operator: Any, b: Any, holds: bool) -> Iterator[Fact]:
    """``a operator b``, where ``a`` asks about a name and ``b`` is what it is compared with."""
    dtype_of = _dtype_of(a)
    if dtype_of is not None:
        same = isinstance(operator, cst.Equal | cst.Is)
        if (same and holds) or (isinstance(operator, cst.NotEqual | cst.IsNot) and not holds):
            other = machine.evaluate(frame, b)
            owner = other.name.partition(".")[0] if isinstance(other, Library) else ""
            yield Fact(dtype_of, dtype_name(other), {"torch": "tensor", "numpy": "array"}.get(owner))
        return
    extreme = _extreme_of(a)
    if extreme is not None:
        yield from _bound(machine, frame, extreme, operator, b, holds)


def _bound(
    machine: Machine, frame: Frame, extreme: tuple[str, str], operator: Any, b: Any, holds: bool
) -> Iterator[Fact]:
    """``x.max() <= 1`` bounds every value, as ``not x.max() > 1`` does; and so does the least of ``x`` from below."""
    name, end = extreme
    limit = constant(machine.evaluate(frame, b))
    if not isinstance(limit, int | float):
        return
    below = isinstance(operator, cst.LessThan | cst.LessThanEqual)
    above = isinstance(operator, cst.GreaterThan | cst.GreaterThanEqual)
    if (below or above) and not holds:
        below, above = above, below
    if below and end in ("max", "all"):
        yield Fact(name, high=float(limit))
    if above and end in ("min", "all"):
        yield Fact(name, low=float(limit))


def _dtype_of(node: Any) -> str | None:
    """``x`` of ``x.dtype``."""
    if isinstance(node, cst.Attribute) and node.attr.value == "dtype" and isinstance(node.value, cst.Name):
        return str(node.value.value)
    return None


def _extreme_of(node: Any) -> tuple[str, str] | None:
    """``x`` and ``max`` of ``x.max()``, ``torch.max(x)``, ``np.amax(x)``, ``x.max().item()``, ``float(x.max())``."""
    while isinstance(node, cst.Call) and _called(node) in ("item", "float"):
        node = node.func.value if isinstance(node.func, cst.Attribute) else (node.args[0].value if node.args else None)
    if not isinstance(node, cst.Call):
        return None
    end = {"max": "max", "amax": "max", "min": "min", "amin": "min"}.get(_called(node))
    owner = node.func.value if isinstance(node.func, cst.Attribute) and not node.args else None
    if owner is None and len(node.args) == 1:
        owner = node.args[0].value
    return (owner.value, end) if end is not None and isinstance(owner, cst.Name) else None


def _of_call(machine: Machine, frame: Frame, test: cst.Call, holds: bool) -> Iterator[Fact]:
    called, args = _called(test), test.args
    if called == "isinstance" and len(args) == 2 and isinstance(args[0].value, cst.Name) and holds:
        yield Fact(args[0].value.value, container=_container(machine.evaluate(frame, args[1].value)))
    elif called == "is_tensor" and len(args) == 1 and isinstance(args[0].value, cst.Name) and holds:
        yield Fact(args[0].value.value, container="tensor")
    elif called == ("all" if holds else "any"):
        inner = test.func.value if isinstance(test.func, cst.Attribute) and not args else None
        inner = args[0].value if inner is None and len(args) == 1 else inner
        yield from _everywhere(machine, frame, inner, holds)


def _everywhere(machine: Machine, frame: Frame, test: Any, holds: bool) -> Iterator[Fact]:
    """``(x >= 0) & (x <= 1)`` of every element, or ``x > 1`` of none."""
    joins = cst.BitAnd if holds else cst.BitOr
    if isinstance(test, cst.BinaryOperation) and isinstance(test.operator, joins):
        yield from _everywhere(machine, frame, test.left, holds)
        yield from _everywhere(machine, frame, test.right, holds)
    elif isinstance(test, cst.Call) and _called(test) == ("logical_and" if holds else "logical_or"):
        for argument in test.args:
            yield from _everywhere(machine, frame, argument.value, holds)
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        target = test.comparisons[0]
        sides = ((test.left, target.operator, target.comparator), (target.comparator, _turned(target), test.left))
        for a, operator, b in sides:
            if isinstance(a, cst.Name):
                yield from _bound(machine, frame, (a.value, "all"), operator, b, holds)


def _container(kinds: Value) -> str | None:
    """What holds the values of an instance of these types, if that is one thing."""
    given = kinds.items if isinstance(kinds, Items) else (kinds,)
    names = {ARRAYS.get(kind.name) if isinstance(kind, Library) else None for kind in given}
    return names.pop() if len(names) == 1 else None


def _learn(machine: Machine, frame: Frame, test: Any, fact: Fact) -> None:
    """Bind the name to what it was, narrowed by a fact; where the ways meet again it is what it was."""
    value = frame.scope.find(fact.name)
    if not isinstance(value, Tensor | Unknown) or (isinstance(value, Unknown) and value.is_coefficient):
        return
    learned = _narrowed(value, fact, frame.site(test))
    if learned is not value:
        frame.learned[id(learned)] = (learned, frame.unlearned(value))
        frame.scope.names[fact.name] = learned


def _narrowed(value: Tensor | Unknown, fact: Fact, site: Site) -> Tensor | Unknown:
    if fact.dtype is not None or fact.container is not None:
        return _typed(value, fact)
    if (fact.low, fact.high) == (None, None):
        return value
    tensor = value if isinstance(value, Tensor) else _begun(value)
    hard = tensor.hard
    if hard is not None and hard == hard.clamp(fact.low, fact.high):
        return value
    checked = Clamp(fact.low, fact.high, checked=True)
    last = tensor.links[-1].step if tensor.links else None
    if isinstance(last, Clamp) and last.checked:
        tensor, checked = replace(tensor, links=tensor.links[:-1]), last.tightened(fact.low, fact.high)
    return tensor.step(checked, site, "checked")


def _typed(value: Tensor | Unknown, fact: Fact) -> Tensor | Unknown:
    tensor = value if isinstance(value, Tensor) else _begun(value)
    if fact.container == "pil" and isinstance(value, Unknown):
        picture = Origin(Kind.OTHER, value.site, value.what, BYTE, BYTE)
        return Tensor(picture, dtype="uint8", container="pil")
    if fact.dtype == "uint8" and isinstance(value, Unknown):
        tensor = replace(tensor, origin=replace(tensor.origin, hard=BYTE))
    return replace(tensor, dtype=tensor.dtype or fact.dtype, container=tensor.container or fact.container)


def _begun(value: Unknown) -> Tensor:
    return Tensor(Origin(Kind.OTHER, value.site, value.what or "an unknown value"))
