"""Which timesteps a file trains on, and which its sampling loops visit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from difflint.relations.counting import Linear, counts, linear, scalar
from difflint.relations.file import File
from difflint.relations.model import ClassInfo, Event, Function
from difflint.relations.opening import Opener
from difflint.relations.sampling import ReverseLoop, StateCall, once, reverse_loops
from difflint.relations.tables import is_schedule_name, table_name
from difflint.relations.terms import Term, const, walk

_TIME = re.compile(r"^_?(t|ts|time|times|timestep|timesteps|time_steps?|steps?|noise_steps?|t_\w+|k|idx_t|_ts)$")
_NOT_TRAINED = re.compile(r"sample|infer|valid|eval|test|plot|show|visual|demo|edit|encode|img2img|interpolat")


@dataclass(frozen=True, eq=False)
class Trained:
    """Timesteps that are drawn for training: from ``low`` to ``top``, both included."""

    function: Function
    event: Event
    low: Linear
    top: Linear

    @property
    def draw(self) -> Term:
        return self.event.term


@dataclass(frozen=True, eq=False)
class Visited:
    """The timesteps of a sampling loop, as the network is told them, from the first to the last."""

    loop: ReverseLoop
    call: StateCall
    first: Linear
    last: Linear | None

    @property
    def looks_up(self) -> bool:
        """Whether tables of a schedule are looked up at the very number that the network is told."""
        time = scalar(self.call.time) if self.call.time is not None else None
        time = _undivided(time) if time is not None else None
        parts = (p for e in self.loop.function.events if e.within(self.loop.context) for p in walk(e.term))
        return any(p.op == "index" and scalar(p.args[1]) == time and is_schedule_name(table_name(p)) for p in parts)


@once
def opener(file: File) -> Opener:
    """What opens the terms of a file, shared by all who ask."""
    return Opener(file)


@once
def trained(file: File) -> tuple[Trained, ...]:
    """Every draw of training timesteps in a file."""
    return tuple(found for function in file.functions for found in _draws(file, function))


def _draws(file: File, function: Function) -> Iterator[Trained]:
    name = function.name.lower()
    if _NOT_TRAINED.search(name) and not re.search(r"time|(^|_)t(_|$)", name):
        return
    names = {id(part.node) for e in function.assigned if _TIME.search(e.target) for part in walk(e.term)}
    returned = {id(part.node) for t in function.returned for part in walk(t)} if "time" in function.name else set()
    for event in function.calls:
        call = event.term
        if call.called in ("randint", "integers", "random_integers") and id(call.node) in names | returned:
            bounds = _bounds(call)
            if bounds is not None:
                low, high = (linear(opener(file).open(bound)) for bound in bounds)
                yield Trained(function, event, low, high.plus(-1))


def _bounds(call: Term) -> tuple[Term, Term] | None:
    """``randint(high, size)`` and ``randint(low, high, size)``, the upper end left out."""
    if call.open or call.callee in ("random.randint", ".randint"):
        return None  # Python's own includes its upper end
    low, high = call.arg(0, "low"), call.arg(1, "high")
    if high is None or high.op in ("tuple", "list"):
        return None if low is None else (const(0), low)
    return None if low is None else (low, high)


@once
def visited(file: File) -> tuple[Visited, ...]:
    """What every sampling loop that goes in steps of one visits."""
    found = []
    for loop in reverse_loops(file):
        for call in loop.calls:
            if call.kind != "scheduler" and call.time is not None and call.event.loops[-1:] == (loop.context,):
                ends = span(opener(file).open(_undivided(scalar(call.time))))
                if ends is not None:
                    found.append(Visited(loop, call, *ends))
                    break
    return tuple(found)


def _undivided(time: Term) -> Term:
    """``t`` of ``t / T``."""
    return scalar(time.args[0]) if time.op == "/" else time


def span(term: Term) -> tuple[Linear, Linear | None] | None:
    """The first and the last value of a sum with the counter of a loop that goes in steps of one."""
    total = linear(term)
    items = [(part, factor) for part, factor in total.parts if counts(part) is not None]
    if len(items) != 1 or abs(items[0][1]) != 1:
        return None
    (item, factor), count = items[0], counts(items[0][0])
    if count is None or count.first is None or count.step is None or abs(count.step) != 1:
        return None
    rest = total + linear(item).times(-factor)
    return count.first.times(factor) + rest, None if count.last is None else count.last.times(factor) + rest


def together(file: File, a: Function, b: Function) -> bool:
    """Whether two functions belong to one diffusion: of one class or its bases, or both of none."""
    if a.owner is None or b.owner is None:
        return a.owner is b.owner or not _has_several(file)
    return bool({*file.bases(a.owner)} & {*file.bases(b.owner)})


def _has_several(file: File) -> bool:
    """Whether more than one class or function samples."""
    owners: set[ClassInfo | None] = {loop.function.owner for loop in reverse_loops(file)}
    return len(owners) > 1
