"""What a loop counts through: where it begins, where it ends and which way; and numbers as sums of terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from difflint.relations.terms import Term, const, number

WRAPPERS = frozenset(
    {
        *("tqdm", "progress_bar", "track", "list", "tuple", "iter", "array", "asarray", "tensor", "as_tensor"),
        *("from_numpy", "LongTensor", "FloatTensor", "IntTensor", "tqdm_notebook"),
    }
)
CASTS = frozenset(  # methods that leave the numbers and their order as they are
    {
        *("to", "long", "int", "float", "cpu", "numpy", "tolist", "astype", "copy", "cuda", "round", "flatten", "type"),
        *("contiguous", "clone", "double", "half", "type_as", "detach", "item", "squeeze", "unsqueeze", "reshape"),
        *("expand", "repeat", "clamp", "floor", "ravel", "bfloat16", "expand_as", "view", "view_as", "requires_grad_"),
    }
)
FULL = {"full": (1, "fill_value"), "full_like": (1, "fill_value"), "new_full": (1, "fill_value")}
SPREAD = frozenset(("int", "float", "tensor", "as_tensor", "array", "asarray", "LongTensor", "FloatTensor", "repeat"))
KEEP_ORDER = frozenset(("sqrt", "log", "exp", "round", "floor", "ceil", "abs", *SPREAD))


@dataclass(frozen=True)
class Linear:
    """A number as a sum: terms with their factors, and a constant."""

    parts: frozenset[tuple[Term, float]]
    constant: float

    def __add__(self, other: Linear) -> Linear:
        sums = dict(self.parts)
        for term, factor in other.parts:
            sums[term] = sums.get(term, 0) + factor
        return Linear(frozenset((t, f) for t, f in sums.items() if f), self.constant + other.constant)

    def times(self, factor: float) -> Linear:
        parts = frozenset((t, f * factor) for t, f in self.parts) if factor else frozenset[tuple[Term, float]]()
        return Linear(parts, self.constant * factor)

    def plus(self, amount: float) -> Linear:
        return Linear(self.parts, self.constant + amount)

    def minus(self, other: Linear) -> float | None:
        """The difference where it is a number for sure."""
        rest = self + other.times(-1)
        return None if rest.parts else rest.constant


def linear(term: Term) -> Linear:
    """A term as a sum; what is no sum stands for itself."""
    value = number(term)
    if value is not None:
        return Linear(frozenset(), value)
    if term.op in ("+", "-") and len(term.args) == 2:
        return linear(term.args[0]) + linear(term.args[1]).times(1 if term.op == "+" else -1)
    if term.op == "neg":
        return linear(term.args[0]).times(-1)
    if term.op == "*" and len(term.args) == 2:
        for factor, rest in (term.args, term.args[::-1]):
            known = number(factor)
            if known is not None:
                return linear(rest).times(known)
    if term.op == "call" and term.callee in ("int", "len") and len(term.positional) == 1:
        inner = _length(term.positional[0]) if term.callee == "len" else linear(term.positional[0])
        if inner is not None:
            return inner
    return Linear(frozenset(((_named(term), 1.0),)), 0)


def _named(term: Term) -> Term:
    """``betas.shape[0]`` and ``betas.size(0)`` are ``len(betas)``."""
    owner = None
    if term.op == "index" and term.args[0].op == "attr" and term.args[0].value == "shape":
        owner = term.args[0].args[0] if number(term.args[1]) == 0 else None
    elif term.op == "call" and term.called == "size" and [number(a) for a in term.positional] == [0]:
        owner = term.receiver
    return term if owner is None else Term("call", (Term("name", (), "len"), owner), ((), 0), term.node)


def _length(term: Term) -> Linear | None:
    if term.called == "linspace":
        steps = term.arg(2, "steps") or term.arg(2, "num")
        return None if steps is None else linear(steps)
    count = counted(term)
    if count is None or count.step is None or abs(count.step) != 1 or count.first is None or count.last is None:
        return None
    difference = count.last + count.first.times(-1)
    return difference.times(count.step).plus(1)


@dataclass(frozen=True)
class Count:
    """First and last number (None: not known), and the step: its sign is the direction, None when that is not known.

    Strides of unknown size are 2 for whole numbers, 0.5 for others."""

    first: Linear | None
    last: Linear | None
    step: float | None

    def reversed(self) -> Count:
        exact = self.step is not None and abs(self.step) == 1
        return Count(self.last if exact else None, self.first, None if self.step is None else -self.step)


def stripped(term: Term) -> Term:
    """An iterable without progress bars and casts around it."""
    while term.op == "call":
        if term.called in WRAPPERS and term.positional:
            term = term.positional[0]
        elif term.called in CASTS and term.receiver is not None:
            term = term.receiver
        else:
            break
    return term


def counted(term: Term) -> Count | None:
    """What an iterable counts through, None when it is no count that is known."""
    term = stripped(term)
    if term.op == "index":
        return _sliced(term)
    maker = _MAKERS.get(term.called) if term.op == "call" and not term.open else None
    return maker(term) if maker is not None else None


def _range(term: Term) -> Count | None:
    given = [term.arg(0, "start"), term.arg(1, "end") or term.arg(1, "stop"), term.arg(2, "step")]
    if given[1] is None:
        given[:2] = [const(0), given[0] or term.arg(None, "end")]
    start, stop, step = given
    by = 1.0 if step is None else number(step)
    if start is None or stop is None:
        return None
    if by is None:
        return Count(linear(start), None, _direction(start, stop, step))
    if not by:
        return None
    last = linear(stop).plus(-by) if abs(by) == 1 else None
    return Count(linear(start), last, by)


def _direction(start: Term, stop: Term, step: Term | None) -> float | None:
    """Strides of a size that is not known, but which is a whole number."""
    if step is not None and step.op == "neg":
        return -2.0
    return 2.0 if number(start) in (0, 1) else -2.0 if number(stop) in (0, -1) else None


def _linspace(term: Term) -> Count | None:
    start, stop = term.arg(0, "start"), term.arg(1, "end") or term.arg(1, "stop")
    if start is None or stop is None:
        return None
    ends = term.arg(None, "endpoint")
    gap = linear(stop) + linear(start).times(-1)
    signs = {1 if f > 0 else -1 for _, f in gap.parts} or {1 if gap.constant > 0 else -1}
    return Count(linear(start), linear(stop) if ends is None else None, 0.5 * signs.pop() if len(signs) == 1 else None)


def _reversal(term: Term) -> Count | None:
    inner = counted(term.positional[0]) if term.positional else None
    if inner is None and term.receiver is not None:
        inner = counted(term.receiver)
    return inner.reversed() if inner is not None else None


def _ordered(term: Term) -> Count | None:
    """``sorted(…, reverse=True)``"""
    down = term.arg(None, "reverse")
    return Count(None, None, 0.5 if down is None else -0.5 if down.value is True else None)


def _sliced(term: Term) -> Count | None:
    inner, key = counted(term.args[0]), term.args[1]
    if inner is None or key.op != "slice":
        return None
    low, high, step = (number(part) for part in key.args)
    if step == -1 and low is None:
        turned = inner.reversed()
        return turned if high is None else Count(turned.first, None if high else _before_last(turned), turned.step)
    exact = inner.step is not None and abs(inner.step) == 1
    if not exact or inner.step is None or key.args[2].value is not None:
        sign = 0 if step is None else step
        return Count(None, None, inner.step if inner.step is None or sign >= 0 else -inner.step)
    first = inner.first if low is None else inner.first.plus(inner.step * low) if inner.first and low > 0 else None
    last = inner.last if high is None else inner.last.plus(inner.step * high) if inner.last and high < 0 else None
    known_low, known_high = key.args[0].value is None or low is not None, key.args[1].value is None or high is not None
    return Count(first if known_low else None, last if known_high else None, inner.step)


def _before_last(count: Count) -> Linear | None:
    """The last but one: ``xs[:0:-1]`` leaves out the first, which comes last."""
    exact = count.last is not None and count.step is not None and abs(count.step) == 1
    return count.last.plus(-count.step) if exact and count.last is not None and count.step is not None else None


_MAKERS: dict[str, Callable[[Term], Count | None]] = {
    "range": _range,
    "trange": _range,
    "arange": _range,
    "linspace": _linspace,
    "reversed": _reversal,
    "flip": _reversal,
    "flipud": _reversal,
    "sorted": _ordered,
}


def item_of(term: Term) -> Term | None:
    """The iterable that a term is an item of: ``xs`` for the ``x`` of ``for i, x in enumerate(tqdm(xs))``."""
    if term.op == "each":
        return stripped(term.args[0])
    if term.op != "index" or term.args[1].op != "const" or not isinstance(term.args[1].value, int):
        return None
    inner, key = item_of(term.args[0]), term.args[1].value
    if inner is None or inner.op != "call":
        return None
    if inner.called == "enumerate" and key == 1 and inner.positional:
        return stripped(inner.positional[0])
    return stripped(inner.positional[key]) if inner.called == "zip" and -1 < key < len(inner.positional) else None


def counts(term: Term) -> Count | None:
    """What an item of a loop counts through."""
    if is_position(term):
        return Count(Linear(frozenset(), 0), None, 1)
    iterable = item_of(term)
    return None if iterable is None else counted(iterable)


def is_position(term: Term) -> bool:
    """Whether it is the ``i`` of ``for i, x in enumerate(xs)``."""
    if term.op != "index" or number(term.args[1]) != 0:
        return False
    inner = item_of(term.args[0])
    return inner is not None and inner.called == "enumerate" and inner.arg(1, "start") is None


def scalar(term: Term) -> Term:
    """A number that was spread over a batch: ``i`` for ``torch.full((n,), i)`` or ``(torch.ones(n) * i).long()``."""
    while True:
        inner = _spread(term)
        if inner is None:
            return term
        term = inner


def _spread(term: Term) -> Term | None:
    if term.op == "call":
        if term.called in FULL:
            return term.arg(*FULL[term.called])
        if term.called in SPREAD and term.positional and term.receiver is None:
            return term.positional[0]
        return term.receiver if term.called in CASTS and term.receiver is not None else None
    if term.op in ("list", "tuple") and len(term.args) == 1:
        return term.args[0]
    if term.op == "*":
        for one, other in (term.args, term.args[::-1]):
            if scalar_one(one):
                return other
            if other.op == "list":
                return other
    if term.op == "index" and _adds_axes(term.args[1]):
        return term.args[0]
    if term.op == "+" and any(part.called in ("zeros", "zeros_like") for part in term.args):
        return next(part for part in term.args if part.called not in ("zeros", "zeros_like"))
    return None


def scalar_one(term: Term) -> bool:
    return scalar(term).called in ("ones", "ones_like", "new_ones")


def _adds_axes(key: Term) -> bool:
    parts = key.args if key.op == "tuple" else (key,)
    return any(p.op == "const" and p.value is None for p in parts) and all(p.op in ("const", "slice") for p in parts)


def trend(term: Term) -> int | None:
    """Whether a value grows (1), falls (-1) or stays (0) from round to round of the loop; None: not known."""
    term = scalar(term)
    found = counts(term)
    if found is not None:
        return None if found.step is None else 1 if found.step > 0 else -1
    if term.op in ("each", "loop", "phi", "if", "unknown") or item_of(term) is not None:
        return None
    if term.op in ("+", "-", "*", "/", "//"):
        return _combined(term)
    if term.op == "neg":
        inner = trend(term.args[0])
        return None if inner is None else -inner
    if term.op == "index":
        return _looked_up(term)
    if term.op == "call" and term.called in KEEP_ORDER and term.positional:
        return trend(term.positional[0])
    return 0 if all(trend(arg) == 0 for arg in term.args) else None


def _combined(term: Term) -> int | None:
    left, right = (trend(arg) for arg in term.args)
    if left is None or right is None:
        return None
    if term.op in ("+", "-"):
        right = right if term.op == "+" else -right
        return left if right in (0, left) else right if left == 0 else None
    still = term.args[1] if right == 0 else term.args[0]
    value = number(still)
    sign = -1 if value is not None and value < 0 else 1
    if right == 0:
        return left * sign
    return right * sign * (1 if term.op == "*" else -1) if left == 0 else None


def _looked_up(term: Term) -> int | None:
    owner, key = term.args
    way = trend(key)
    if way == 0 and trend(owner) == 0:
        return 0
    count = counted(owner)
    if count is None or count.step is None or way is None:
        return None
    return way if count.step > 0 else -way
