"""Exponential moving averages of weights: where they are updated, with which weights, from what into what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from difflint.relations.file import File
from difflint.relations.opening import Opener
from difflint.relations.roles import origins, written
from difflint.relations.terms import Term, alternatives, const, last_name, number
from difflint.relations.trail import Act, trails

SAME_VALUE = ("detach", "clone", "to", "float", "cpu", "cuda", "type", "double")
OF_MODULE = ("parameters", "named_parameters", "state_dict", "buffers", "named_buffers", "trainable_parameters")
DECAYS = re.compile(r"(^|_)(ema_?)?(decay|mu)(_|$)|ema_(rate|beta)$", re.I)
SPEAKING = re.compile(r"(?<![a-z])ema(?![a-z])|EMA|Ema|[Aa]verag|shadow|lerp_")
WRITING = re.compile(r"lerp|mul_\(|copy_\(|\.mul\(|\* .*\+ ")
NAME = re.compile(r"(^|[_.])ema(_|$|\d)|ema$|moving_average|averaged", re.I)


@dataclass(frozen=True, eq=False)
class Update:
    """``target = keep * target + take * source``, weight by weight; a weight is None where it is not given."""

    act: Act
    target: Term
    source: Term
    keep: Term | None
    take: Term | None
    is_lerp: bool = False  # ``take`` is given, and ``keep`` is what is left of 1
    is_lost: bool = False  # the result goes to a name or a fresh dictionary, and the network stays as it was

    @property
    def into(self) -> Term | None:
        """The network whose weights are changed."""
        return module_of(self.act.file, self.target)

    @property
    def out_of(self) -> Term | None:
        """The network whose weights come in."""
        return module_of(self.act.file, self.source)


@lru_cache(maxsize=2)
def updates(file: File) -> tuple[Update, ...]:
    """Every update of an average that a file shows, from the view of its outermost callers."""
    if not SPEAKING.search(file.text) or not WRITING.search(file.text):
        return ()
    return tuple(found for acts in trails(file) for act in acts for found in _updates(act))


def _updates(act: Act) -> Iterator[Update]:
    event = act.event
    if event.kind == "call":
        yield from _called(act, event.term.called)
    elif event.kind == "assign" and act.event.old is not None:
        stored = act.term.op == "store"
        target = Term("index", act.term.args[:2], None, act.term.node) if stored else act.filled(act.event.old)
        if stored or event.target.endswith(".data") or act.event.old.op in ("index", "each"):
            new = act.term.args[2] if stored else act.term
            yield from _from_sum(act, target, new, _is_lost(act))


def _is_lost(act: Act) -> bool:
    """Whether what is assigned reaches no network: a loop variable is rebound, or an item of a dictionary made here."""
    event = act.event
    if act.term.op == "store":
        made = act.term.args[0]
        while made.op in ("store", "loop"):
            made = made.args[0]
        name = event.target.removesuffix("[]")
        passed_on = any(
            written(part) == name
            for other in act.function.events
            if other.kind in ("call", "return") and other.term.called not in ("keys", "items", "mul", "add", "")
            for part in (*other.term.positional, *other.term.keywords.values())
        )
        return made.called in ("dict", "OrderedDict") and "." not in name and not passed_on
    return "." not in event.target


def _called(act: Act, name: str) -> Iterator[Update]:
    call, target = act.term, act.term.receiver
    if target is None:
        return
    if name == "lerp_" and len(call.positional) == 2:
        yield Update(act, value(target), value(call.positional[0]), None, call.positional[1], True)
    elif name in ("add_", "add") and target.called in ("mul_", "mul") and target.receiver is not None:
        if name == "add_" or target.called == "mul_":
            yield from _multiplied(act, target, call)
    elif name == "copy_" and call.positional:
        yield from _from_sum(act, value(target), call.positional[0])


def _multiplied(act: Act, kept: Term, call: Term) -> Iterator[Update]:
    """``target.mul_(keep).add_(source, alpha=take)``, or ``add_(take * source)``."""
    if kept.receiver is None or not kept.positional or not call.positional:
        return
    alpha, given = call.keywords.get("alpha"), call.positional[0]
    if len(call.positional) == 2:  # the old order: add_(alpha, source)
        alpha, given = call.positional
    weight, source = (alpha, given) if alpha is not None else _factor(given)
    yield Update(act, value(kept.receiver), value(source), kept.positional[0], weight)


def _factor(term: Term) -> tuple[Term | None, Term]:
    """A weight and what it weighs; the weight is the factor that is no tensor of a network."""
    if term.op != "*":
        return None, term
    one, other = term.args
    return (one, other) if _is_weight(one) else (other, one)


def _is_weight(term: Term) -> bool:
    inner = term.args[1] if term.op == "-" and number(term.args[0]) == 1 else term
    named = inner.op in ("param", "name", "attr") and last_name(inner) not in ("data", "grad")
    return named or number(inner) is not None


def _from_sum(act: Act, target: Term, expression: Term, lost: bool = False) -> Iterator[Update]:
    """``keep * target + take * source``, in whatever way that is written."""
    for way in alternatives(expression):
        yield from _lerp(act, value(target), way, lost)
        if way.called == "add" and way.receiver is not None and way.receiver.called == "mul":
            found = _multiplied(act, way.receiver, way)
            yield from (replace(update, is_lost=lost) for update in found if update.target == value(target))
        if way.op == "+" and all(part.op == "*" for part in way.args):
            (w1, x1), (w2, x2) = map(_factor, way.args)
            if value(x2) == value(target):
                (w1, x1), (w2, x2) = (w2, x2), (w1, x1)
            if value(x1) == value(target):
                yield Update(act, value(target), value(x2), w1, w2, is_lost=lost)


def _lerp(act: Act, target: Term, way: Term, lost: bool) -> Iterator[Update]:
    """``torch.lerp(a, b, w)`` and ``a.lerp(b, w)``: a + w * (b - a)."""
    given = way.positional if way.receiver is None else (way.receiver, *way.positional)
    if way.called != "lerp" or len(given) != 3:
        return
    one, other, weight = value(given[0]), value(given[1]), given[2]
    if one == target:
        yield Update(act, target, other, None, weight, True, lost)
    elif other == target:
        yield Update(act, target, one, weight, Term("-", (const(1), weight)), False, lost)


def value(term: Term) -> Term:
    """The tensor without what leaves its values as they are: ``p.data``, ``p.detach()``."""
    while True:
        if term.op == "attr" and term.value == "data":
            term = term.args[0]
        elif term.op == "call" and term.called in SAME_VALUE and term.receiver is not None:
            term = term.receiver
        else:
            return term


def module_of(file: File, term: Term) -> Term | None:
    """The network that a weight belongs to, when it comes from a loop over its parameters or state."""
    for _ in range(8):
        term = value(term)
        if term.called in OF_MODULE and term.receiver is not None:
            return term.receiver
        inner = _one_step_out(term)
        if inner is None:
            return None
        term = inner
    return None


def _one_step_out(term: Term) -> Term | None:
    if term.op == "index" and term.args[0].op == "each" and isinstance(term.args[1].value, int):
        return _of_each(term.args[0].args[0], term.args[1].value)
    if term.op in ("index", "each", "loop"):
        return term.args[0]
    if term.called in ("dict", "OrderedDict", "list", "tuple", "enumerate") and term.positional:
        return term.positional[0]
    if term.called in ("items", "values") and term.receiver is not None:
        return term.receiver
    return None


def _of_each(looped: Term, position: int) -> Term | None:
    """What the n-th name of ``for a, b in zip(x, y)`` goes through."""
    if looped.called == "zip" and position < len(looped.positional):
        return looped.positional[position]
    return looped if looped.called in ("items", "named_parameters", "named_buffers") and position == 1 else None


def known_number(file: File, term: Term) -> float | None:
    """The number that a weight is, where it is written down: a constant, a default, the least of several."""
    opened = file.once(Opener).open(term)
    if opened.op == "param" and isinstance(opened.value, tuple):
        name, owner = opened.value
        defaults = (f.defaults.get(name) for f in file.every if f.qualname == owner)
        opened = next((default for default in defaults if default is not None), opened)
    found = [number(way) for way in alternatives(opened)]
    return min((n for n in found if n is not None), default=None) if None not in found else None


def is_copy_of(file: File, copy: Term, original: Term) -> bool:
    """Whether a network is made as a deep copy of another."""
    sources = set(origins(file, original)) | {original}
    copies = (leaf for leaf in origins(file, copy) if leaf.called == "deepcopy" and leaf.positional)
    return any(sources & {leaf.positional[0], *origins(file, leaf.positional[0])} for leaf in copies)
