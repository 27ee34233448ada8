"""What a term is in a world: a number, a table of numbers, or a sum of data with coefficients that are numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

from difflint.relations.functions import BINARY, COMPARISONS, FUNCTIONS, SPECIAL, UNARY
from difflint.relations.opening import Opener
from difflint.relations.operations import GATHERS, SAME, Operation, is_broadcast, operation
from difflint.relations.quantities import NOW, STEPS, Numbers, World
from difflint.relations.terms import Term, label, last_name, number, walk
from difflint.relations.values import Form, Value, each, each_one, linear, now, same

DEPTH = 60
LARGEST = 600  # nodes of a term; a larger one is no number of a schedule


Leaf = Callable[[Term, World], Value | None]  # what a term that is nothing but a name stands for


def time_of(term: Term) -> int | None:
    """The step that an index means: ``t`` is now, ``t - 1`` the one before; None where it is no time."""
    name = getattr(term.node, "id", "")
    if _is_before(name):
        return NOW - 1
    if name and term.op in ("+", "-") and any(label(part) == name for part in walk(term)):
        return NOW  # t = t - 1: from here on it counts from 0
    term = _bare(term)
    if term.op in ("+", "-"):
        base, by = time_of(term.args[0]), number(term.args[1])
        return None if base is None or by is None or by != int(by) else base + int(by if term.op == "+" else -by)
    if term.op in ("phi", "if"):
        found = {time_of(arg) for arg in term.args[-2:]}
        return found.pop() if len(found) == 1 else None
    if term.op in ("param", "loop", "each", "call", "attr", "name", "index", "*", "max", "unknown", "//"):
        return NOW - 1 if _is_before(getattr(term.node, "id", "") or last_name(term)) else NOW
    return None


def _is_before(name: str) -> bool:
    """Whether a name says the step that comes after this one in sampling, which is the one before it in time."""
    return any(word in name.lower() for word in ("prev", "next", "_s", "tm1", "t_m1"))


def _bare(term: Term) -> Term:
    while True:
        done = operation(term)
        if (
            done is not None
            and (done.name in SAME or done.name in ("long", "int", "clamp", "clip", "max"))
            and done.operands
        ):
            term = done.operands[0]
        elif term.op == "index" and is_broadcast(term.args[1]):
            term = term.args[0]
        else:
            return term


class Valuation:
    """Evaluates terms of one file in one world; ``leaf`` says first what is known of a term."""

    def __init__(self, world: World, opener: Opener, leaf: Leaf, last: Leaf | None = None, data: bool = False) -> None:
        self.world, self._opener, self._leaf = world, opener, leaf
        self._last = last  # asked about what could not be computed
        self._data = data  # whether what is not known is data
        self._memo: dict[int, tuple[Term, Value | None]] = {}
        self._depth = 0

    def value(self, term: Term) -> Value | None:
        """What a term is; None where that is not known."""
        if id(term) in self._memo:
            return self._memo[id(term)][1]
        if self._depth > DEPTH:
            return None
        self._depth += 1
        try:
            found = self._value(term)
        except (ArithmeticError, ValueError, IndexError):
            found = None
        self._depth -= 1
        if isinstance(found, float) and not math.isfinite(found):
            found = None
        self._memo[id(term)] = term, found
        return found

    def scalar(self, term: Term) -> float | None:
        """The number a term is now: of a table the entry of this step."""
        found = self.value(term)
        if isinstance(found, tuple):
            return found[NOW] if len(found) == STEPS else None
        return found if isinstance(found, float) else None

    def _value(self, term: Term) -> Value | None:
        known = self._leaf(term, self.world)
        if known is not None:
            return known
        plain = number(term)
        if plain is not None:
            return float(plain)
        found = self.computed(term)
        if found is None and self._last is not None:
            found = self._last(term, self.world)
        if found is None and self._data and term.op not in ("const", "slice", "string"):
            return Form({term: 1.0})
        return found

    def computed(self, term: Term) -> Value | None:
        """What an operation gives, whatever is known of its result by name."""
        if term.op in BINARY and len(term.args) == 2:
            return self._binary(term.op, self.value(term.args[0]), self.value(term.args[1]))
        if term.op == "neg":
            return self._binary("*", self.value(term.args[0]), -1.0)
        if term.op == "index":
            return self._index(term)
        if term.op == "call":
            return self._call(term)
        if term.op in ("list", "tuple") and term.args:
            found = [self.value(arg) for arg in term.args]
            return tuple(x for x in found if isinstance(x, float)) if all(isinstance(x, float) for x in found) else None
        if term.op == "compare":  # a mask: the steps that formulas are compared at are far from both ends
            mask = self.test(term)
            return None if mask is None else float(mask)
        if term.op == "phi":
            return self.agreed(term.args)
        if term.op == "if":
            test = self.test(term.args[0])
            return self.agreed(term.args[1:]) if test is None else self.value(term.args[1 if test else 2])
        return self._opened(term) if term.op in ("attr", "name") else None

    def agreed(self, terms: tuple[Term, ...]) -> Value | None:
        """What all ways give of which anything is known: they are meant to give the same kind of thing."""
        found = [value for term in terms if (value := self.value(term)) is not None]
        return found[0] if found and all(same(found[0], other) for other in found[1:]) else None

    def test(self, term: Term) -> bool | None:
        """A condition on the time, which is far from both ends here."""
        if term.op == "call" and term.called in ("any", "all") and term.receiver is not None:
            return self.test(term.receiver)
        if term.op != "compare" or len(term.args) != 2:
            return None
        times = [time_of(arg) if number(arg) is None else number(arg) for arg in term.args]
        compare = COMPARISONS.get(term.value[0])
        if compare is None or None in times or all(number(arg) is not None for arg in term.args):
            return None
        bound = next((x for arg in term.args if (x := number(arg)) is not None), None)
        return compare(*times) if bound is not None and bound <= 1 else None

    def _binary(self, sign: str, left: Value | None, right: Value | None) -> Value | None:
        if left is None or right is None:
            return None
        if isinstance(left, Form) or isinstance(right, Form):
            return linear(sign, now(left), now(right))
        return each(BINARY[sign], left, right)

    def _index(self, term: Term) -> Value | None:
        owner, key = term.args
        if is_broadcast(key):
            return self.value(owner)
        found = self.value(owner)
        if isinstance(found, float):
            return found
        if not isinstance(found, tuple):
            return None
        if key.op == "slice":
            bounds = [None if b.op == "const" and b.value is None else number(b) for b in key.args]
            return found[slice(*(None if b is None else int(b) for b in bounds))] if _are_known(key, bounds) else None
        if key.op == "tuple":  # [t, None, None, None]
            times = [part for part in key.args if not is_broadcast(part)]
            key = times[0] if len(times) == 1 else key
        return _entry(found, key)

    def _call(self, term: Term) -> Value | None:
        done = operation(term)
        if done is None or not done.operands:
            return self._opened(term)
        if done.name in SAME:
            return self.value(done.operands[0])
        if done.name in GATHERS and len(done.operands) > 1:
            return self._gathered(done)
        if done.name in UNARY and len(done.operands) == 1:
            found = self.value(done.operands[0])
            return None if found is None or isinstance(found, Form) else each_one(UNARY[done.name], found)
        if done.name in FUNCTIONS and len(done.operands) == 2 and not done.keywords:
            left, right = (self.value(operand) for operand in done.operands)
            return self._binary(FUNCTIONS[done.name], left, right)
        special = SPECIAL.get(done.name)
        return special(self, done) if special is not None else self._opened(term)

    def _opened(self, term: Term) -> Value | None:
        opened = self._opener.once(term)
        return None if opened is None or opened.size > LARGEST else self.value(opened)

    def _gathered(self, done: Operation) -> Value | None:
        table = self.value(done.operands[0])
        if isinstance(table, float):
            return table
        times = [time for operand in done.operands[1:3] if (time := time_of(operand)) is not None]
        return float(table[times[0]]) if isinstance(table, tuple) and len(table) >= STEPS and times else None


def _are_known(key: Term, bounds: list[float | None]) -> bool:
    return all(
        bound is not None or (part.op == "const" and part.value is None)
        for part, bound in zip(key.args, bounds, strict=True)
    )


def _entry(table: Numbers, key: Term) -> float | None:
    fixed = number(key)
    if fixed is not None:
        return table[int(fixed)]
    time = time_of(key)
    return table[time] if time is not None and len(table) >= STEPS else None
