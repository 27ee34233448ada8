"""``itertools`` and ``functools.reduce``: what comes out of iterables that are joined, repeated or folded."""

from __future__ import annotations

import itertools

from difflint.facts import indexing
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.values import ANY, Const, Elements, Items, Library, Unknown, Value, constant, join

MAX_PRODUCT = 64


def cycle(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return indexing.each_of(machine, frame, arguments.get(0, "iterable") or ANY)


def chain(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """The items of one iterable after the other."""
    if arguments.open:
        return Elements(ANY)
    known = [indexing.unrolled(machine, frame, v) for v in arguments.args]
    if all(items is not None for items in known):
        return Items(tuple(item for items in known if items is not None for item in items))
    parts = [indexing.each_of(machine, frame, v) for v in arguments.args]
    return Elements(join(part.item for part in parts), some=any(part.some for part in parts))


def chained(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``chain.from_iterable(lists)``."""
    outer = arguments.get(0, "iterable") or ANY
    known = indexing.unrolled(machine, frame, outer)
    if known is not None:
        return chain(machine, frame, Arguments(known), site)
    return Elements(indexing.item_of(machine, frame, indexing.item_of(machine, frame, outer)))


def islice(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    items = indexing.unrolled(machine, frame, arguments.get(0, "iterable") or ANY)
    bounds = [constant(v) for v in arguments.args[1:]]
    sure = all(type(b) is int or v == Const(None) for b, v in zip(bounds, arguments.args[1:], strict=True))
    if items is not None and bounds and sure:
        return Items(tuple(itertools.islice(items, *bounds)))
    return Elements(indexing.item_of(machine, frame, arguments.args[0]) if arguments.args else ANY)


def repeat(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    return Elements(arguments.get(0, "object") or ANY, some=arguments.get(1, "times") is None)


def product(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """Every combination where there are few, else what each place of one may hold."""
    known = [indexing.unrolled(machine, frame, v) for v in arguments.args]
    if not arguments.kwargs and all(items is not None for items in known):
        rows = itertools.product(*(items for items in known if items is not None))
        found = list(itertools.islice(rows, MAX_PRODUCT + 1))
        if len(found) <= MAX_PRODUCT:
            return Items(tuple(Items(row, "tuple") for row in found))
    if arguments.kwargs:
        return Elements(ANY)
    return Elements(Items(tuple(indexing.item_of(machine, frame, v) for v in arguments.args), "tuple"))


def starmap(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    if len(arguments.args) != 2:
        return Elements(ANY)
    function, rows = arguments.args
    known = indexing.unrolled(machine, frame, rows)
    if known is None or not all(isinstance(row, Items) for row in known):
        return Elements(machine.call(frame, function, Arguments(open=True), site))
    return Items(
        tuple(machine.call(frame, function, Arguments(row.items), site) for row in known if isinstance(row, Items))
    )


def reduce(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """A fold, step by step where the items are known."""
    if len(arguments.args) < 2:
        return ANY
    function, iterable, *first = arguments.args
    known = indexing.unrolled(machine, frame, iterable)
    if known is None or not (first or known):
        return Unknown("reduce", site)
    result, *others = (*first, *known)
    for item in others:
        result = machine.call(frame, function, Arguments((result, item)), site)
    return result


def counted(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``trange(n)``: a progress bar over ``range(n)``."""
    return machine.call(frame, Library("builtins.range"), Arguments(arguments.args, open=arguments.open), site)


SEQUENCES = {
    "itertools.cycle": cycle,
    "itertools.chain": chain,
    "itertools.chain.from_iterable": chained,
    "itertools.islice": islice,
    "itertools.repeat": repeat,
    "itertools.product": product,
    "itertools.starmap": starmap,
    "functools.reduce": reduce,
    "tqdm.trange": counted,
}
