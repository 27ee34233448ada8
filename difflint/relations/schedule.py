"""What the names of a file say about its schedule, and the sums of data that its functions compute with it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from difflint.relations.file import File
from difflint.relations.model import Event, Function, named_values
from difflint.relations.opening import Opener
from difflint.relations.operations import operation, stripped
from difflint.relations.quantities import AMBIGUOUS, NOW, WORLDS, Quantity, World, read
from difflint.relations.terms import Term, as_written, is_read, number, read_as, walk
from difflint.relations.valuation import LARGEST, Valuation
from difflint.relations.values import Form, Value, near

BARS = re.compile(r"alphas?_?(?:cumprod|bar|hat|prod)|abar|a_bar|bar_alpha", re.I)
ETA = re.compile(r"(?:\w*_)?eta")
TIME = re.compile(r"t|ts|time|times|timesteps?|_ts")
STANDARD = re.compile(r"sigmas?(?:_t)?|std(?:_dev)?(?:_t)?|sig|c1|sigma_tilde(?:_t)?")


@dataclass(frozen=True)
class Sum:
    """An expression that adds up data with coefficients of the schedule; ``parts`` of each world."""

    function: Function
    event: Event
    term: Term
    parts: tuple[dict[Term, float], ...]

    @property
    def depends(self) -> bool:
        """Whether the coefficients depend on the schedule at all."""
        first = self.parts[0]
        return any(abs(other.get(term, 0) - by) > 1e-12 for other in self.parts[1:] for term, by in first.items())


class Schedule:
    """The schedule of a file as its names and its products of alphas show it."""

    def __init__(self, file: File) -> None:
        self.file, self.opener = file, file.once(Opener)
        self.says_bar = bool(BARS.search(file.text)) and any(BARS.search(name) for name in _identifiers(file.tree))

    @cached_property
    def says_alpha(self) -> bool:
        """Whether alpha means alpha here: something of that name is 1 minus something, another one alpha_bar."""
        named = (pair for function in self.file.functions for event in function.events for pair in named_values(event))
        return self.says_bar and any(
            term.op == "-"
            and number(term.args[0]) == 1
            and (found := read(name)) is not None
            and found.table == "alpha"
            for name, term in named
        )

    @cached_property
    def betas(self) -> frozenset[Term]:
        """What 1 minus is multiplied up."""
        return frozenset(_tabulated(f.args[1]) for f in self._factors if f.op == "-" and number(f.args[0]) == 1)

    @cached_property
    def alphas(self) -> frozenset[Term]:
        """What is multiplied up."""
        return frozenset(self._factors)

    @cached_property
    def _factors(self) -> list[Term]:
        calls = [event.term for function in self.file.functions for event in function.calls]
        found = (operation(call) for call in calls if call.called == "cumprod")
        factors = [done.operands[0] for done in found if done is not None and done.operands]
        return [stripped(self.opener.open(factor)) for factor in factors if not _says_beta(factor)]

    def leaf(self, term: Term, world: World) -> Value | None:
        """What a term is known to be before anything is computed: a name that says it, or the schedule's own tables."""
        if term.op == "quantity":
            return world.tables[term.value]
        name = name_of(term)
        quantity = read(name) if name else None
        if quantity is not None and not _is_unsure(quantity):
            return quantity.of(world)
        if self.alphas and term.op not in ("const", "loop", "each"):
            opened = stripped(self.opener.open(term)) if term.op in ("attr", "name") else term
            if opened in self.betas:
                return world.tables["beta"]
            if opened in self.alphas:
                return world.tables["alpha"]
        return None

    def last(self, term: Term, world: World) -> Value | None:
        """What a name says of something that could not be computed."""
        name = name_of(term)
        quantity = read(name) if name else None
        if _is_longer(term):  # its name does not say that every entry has moved
            return None
        if quantity is not None and (quantity.table != "alpha" or self.says_alpha):
            return quantity.of(world)
        if ETA.fullmatch(name):
            return world.eta
        if TIME.fullmatch(name) and term.op in ("param", "loop", "each", "call", "index"):
            return world.tau
        return world.free if term.op == "param" and STANDARD.fullmatch(name) else None

    def value(self, term: Term, world: World) -> Value | None:
        """A number or a table of the schedule."""
        return self._numbers[id(world)].value(term)

    def number_of(self, term: Term, world: World) -> float | None:
        """A number of the schedule at the step that formulas are compared at; None for anything else."""
        return self._numbers[id(world)].scalar(term)

    @cached_property
    def _numbers(self) -> dict[int, Valuation]:
        return {id(world): Valuation(world, self.opener, self.leaf, self.last) for world in WORLDS}

    @cached_property
    def _data(self) -> dict[int, Valuation]:
        """By world: what evaluates sums as they are written, data that have a name of their own as one piece."""
        return {id(world): Valuation(world, self.opener, self._piece, self.last, data=True) for world in WORLDS}

    def _piece(self, term: Term, world: World) -> Value | None:
        """What a term is in a sum without being looked into: a number, or a piece of data that has a name."""
        known = self.leaf(term, world)
        if known is not None or not (is_read(term) or term.op == "call"):
            return known
        known = self.value(term, world) if term.size < LARGEST else None
        return self._named(term, world) if known is None and (is_read(term) or stripped(term) is term) else known

    def _named(self, term: Term, world: World) -> Form:
        """Data by name: themselves, or some number times something else that has a name."""
        found = self._data[id(world)].computed(term) if term.op in ("*", "/", "neg") else None
        return found if isinstance(found, Form) and len(found.parts) == 1 else Form({term: 1.0})

    @cached_property
    def sums(self) -> tuple[Sum, ...]:
        """Every sum of at least two pieces of data in the file, once."""
        return tuple(self._sums())

    def _sums(self) -> Iterator[Sum]:
        for function in self.file.functions:
            seen = set[int]()
            for event in function.events:
                for term in (term for root in _roots(event) for term in _sums(root)):
                    if id(term.node) not in seen:
                        seen.add(id(term.node))
                        found = self.sum(function, event, term)
                        if found is not None:
                            yield found

    def sum(self, function: Function, event: Event, term: Term) -> Sum | None:
        """A term as a sum of data; None where it is none."""
        parts = []
        for world in WORLDS:
            found = self.parts(term, world)
            if found is None:
                return None
            parts.append(found)
        return Sum(function, event, term, tuple(parts)) if len(parts[0]) > 1 else None

    def parts(self, term: Term, world: World) -> dict[Term, float] | None:
        """The pieces of data in a sum with their coefficients in one world; None for what is no sum of data."""
        try:
            found = self._data[id(world)].computed(term)
        except (ArithmeticError, ValueError, IndexError):
            return None
        if not isinstance(found, Form) or abs(found.rest) > 1e-9:
            return None
        return {part: by for part, by in found.parts.items() if abs(by) > 1e-12}

    def table_of(self, term: Term) -> str:
        """``alpha_bar`` or ``alpha_bar_prev`` where a term is an entry of that table; empty for anything else."""
        if term.size > LARGEST or term.op in ("+", "-", "*", "/", "**", "const"):
            return ""
        found = [self.number_of(term, world) for world in WORLDS[:2]]
        names = ("alpha_bar", "alpha_bar_prev") if None not in found else ()
        same = (n for n in names if all(near(x or 0, w.at(n)) for x, w in zip(found, WORLDS[:2], strict=True)))
        return next(same, "")

    def is_number(self, term: Term) -> bool:
        """Whether a term is a number that depends on the schedule."""
        found = [self.number_of(term, world) for world in WORLDS[:2]]
        return None not in found and abs((found[0] or 0) - (found[1] or 0)) > 1e-12


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute | ast.arg):
            yield node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg


def _says_beta(factor: Term) -> bool:
    """Whether what is multiplied up is called beta: then it is no proof of what it is."""
    quantity = read(written(factor))
    return quantity is not None and quantity.table == "beta" and quantity.plain


def written(term: Term) -> str:
    """The name by which a term is read where it stands, whatever is done to its shape."""
    return read_as(stripped(term))


def _tabulated(term: Term) -> Term:
    """The table in ``cat([zeros(1), table])``."""
    done = operation(term)
    if done is None or done.name not in ("cat", "concat", "concatenate", "append"):
        return term
    parts = done.operands[0].args if done.operands[0].op in ("list", "tuple") else done.operands
    rest = [part for part in parts if not {"zeros", "zeros_like", "new_zeros"} & {now.called for now in walk(part)}]
    rest = [stripped(part) for part in rest if number(part) is None]
    return rest[0] if len(rest) == 1 else term


def _is_longer(term: Term) -> bool:
    """Whether it is a table with something put before or after it."""
    done = operation(term)
    return done is not None and (done.name == "pad" or _tabulated(term) is not term)


def name_of(term: Term) -> str:
    """What a term is called where it is read: a variable, an attribute, a parameter, the ``x`` of ``tables["x"]``."""
    if isinstance(term.node, ast.Name | ast.Attribute) or term.op in ("attr", "param", "name"):
        return read_as(term)
    is_item = term.op == "index" and term.args[1].op == "const" and isinstance(term.args[1].value, str)
    return term.args[1].value if is_item else ""


def _is_unsure(quantity: Quantity) -> bool:
    """Whether the name alone does not say which: some write alpha for alpha_bar."""
    return quantity.table in AMBIGUOUS


def _roots(event: Event) -> tuple[Term, ...]:
    if event.kind in ("assign", "augment", "return", "yield", "expression"):
        return (event.term,)
    return (*event.term.positional, *event.term.keywords.values()) if event.kind == "call" else ()


def _sums(root: Term) -> Iterator[Term]:
    """The outermost sums in what is written there, not in what its names stand for."""
    waiting = [root]
    while waiting:
        term = waiting.pop()
        if is_read(term):
            continue
        if term.op in ("+", "-") or _is_add(term) or (term.op in ("*", "/") and _holds_sum(term)):
            yield term
        else:
            waiting.extend(term.args)


def _is_add(term: Term) -> bool:
    done = operation(term)
    return done is not None and done.name in ("add", "sub", "subtract") and len(done.operands) == 2


def _holds_sum(term: Term) -> bool:
    return any(part.op in ("+", "-") for part in as_written(term))


__all__ = ["NOW", "Schedule", "Sum"]
