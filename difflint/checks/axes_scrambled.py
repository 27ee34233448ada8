"""DFL110: a reshape that takes axes in another order than they lie in, and permutations that swap height and width."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.axes import (
    RESHAPES,
    arguments,
    axis_of,
    factors,
    is_channels_last,
    is_grid,
    laid,
    permutation,
    subject,
)
from difflint.relations.terms import number, walk

_WORDS = re.compile(r"\b(?:reshape|view|permute|transpose|fromarray)\(")
MOVING = ("stack", "cat", "transpose", "movedim", "swapaxes", "rearrange")  # after these axis 0 may be another one
LAST = {(0, 2, 3, 1): (0, 3, 2, 1), (1, 2, 0): (2, 1, 0)}  # to channels last, and a way back that swaps two axes


def check_file(file: File) -> Iterator[Problem]:
    seen = set[int]()
    for function in file.about(_WORDS):
        for event in function.calls:
            if id(event.node) not in seen:
                seen.add(id(event.node))
                found = next(_reshaped(file, event), None) or next(_misread(file, event.term), None)
                if found is not None:
                    yield found
        yield from _swapped(file, function)


def _reshaped(file: File, event: Event) -> Iterator[Problem]:
    call = event.term
    owner = subject(call)
    if call.called not in RESHAPES or owner is None or call.open or call.keywords:
        return
    now = laid(owner)
    sizes = arguments(call)
    asked = _asked(sizes, now.base)
    if asked is not None and now.order is None and _out_of_order(asked):
        yield _mixed(file, call, now.base, asked, tuple(sorted(asked)))
    elif asked is not None and now.order is not None and _disagree(asked, now.order):
        yield _mixed(file, call, now.base, asked, now.order)
    elif now.order is not None and now.order[0] != 0 and sizes and _is_batch(sizes[0], now.base):
        yield _batch_moved(file, call, now.by or call, now.order)


def _misread(file: File, call: Term) -> Iterator[Problem]:
    """A picture whose layout is known for sure, cut or turned as if it had another."""
    owner = subject(call)
    if owner is None or call.open:
        return
    sizes = arguments(call) if call.called in RESHAPES else ()
    if _first(sizes) and is_channels_last(owner):
        yield _layout(file, call, owner, ("last", "a reshape does not bring them first"), "permute(2, 0, 1)")
    elif _last(sizes) and (is_grid(owner) or _is_shown(owner)):
        yield _layout(file, call, owner, ("first", "a reshape does not bring them last"), "permute(1, 2, 0)")
    elif permutation(call) == (2, 1, 0) and is_grid(owner):
        yield _layout(file, call, owner, ("first", "(2, 1, 0) swaps height and width"), "permute(1, 2, 0)")
    elif call.callee == "PIL.Image.fromarray" and is_grid(owner):
        yield _layout(file, call, owner, ("first", "PIL takes them last"), "permute(1, 2, 0)")


def _first(sizes: tuple[Term, ...]) -> bool:
    """Three channels, then two sizes that are no 3; perhaps in a batch of one."""
    sizes = sizes[1:] if len(sizes) == 4 and number(sizes[0]) in (1, -1) else sizes
    return len(sizes) == 3 and number(sizes[0]) == 3 and 3 not in map(number, sizes[1:])


def _last(sizes: tuple[Term, ...]) -> bool:
    """A square and three channels at the end."""
    return len(sizes) >= 3 and number(sizes[-1]) == 3 and (sizes[-2] == sizes[-3] or number(sizes[-3]) == -1)


def _is_shown(term: Term) -> bool:
    """A picture that torch's operations have brought to the range of a file, with its axes as a network gives them."""
    names = [part.called for part in _steps(term)]
    moved = any(name in ("permute", "transpose", "movedim", "rearrange", *RESHAPES) for name in names)
    return not moved and any(name in ("clamp", "clip") for name in names)


def _steps(term: Term) -> Iterator[Term]:
    """The calls that a picture has been through, back to where it comes from."""
    while True:
        if term.op == "call" and term.receiver is not None:
            yield term
            term = term.receiver
        elif term.op in ("+", "-", "*", "/"):
            term = term.args[0] if number(term.args[1]) is not None else term.args[1]
        elif term.op == "index":
            term = term.args[0]
        else:
            return


def _layout(file: File, call: Term, owner: Term, what: tuple[str, str], repair: str) -> Problem:
    reason = f"the picture has its channels {what[0]}, and {what[1]}"
    return Problem(
        file.place(call),
        {"code": file.code(call), "reason": reason},
        (file.step(owner, f"has its channels {what[0]}"), file.step(call, what[1])),
        f"Write {repair}.",
    )


def _asked(sizes: tuple[Term, ...], base: Term) -> tuple[int, ...] | None:
    """The axes of the tensor that the new sizes name, in their order; one size may be a number or -1."""
    found: list[int] = []
    unnamed = [size for size in sizes if number(size) is not None]
    for size in sizes:
        axes = _missing(sizes, base) if number(size) is not None else factors(size, base)
        if axes is None:
            return None
        found += axes
    several = len(unnamed) < 2 and len(found) == len(set(found)) and len(found) >= 3
    return tuple(found) if several else None


def _missing(sizes: tuple[Term, ...], base: Term) -> tuple[int, ...] | None:
    """The axis that the one number among the sizes stands for, since no other size does. A size of 1 is none."""
    named = [axis for size in sizes if number(size) is None for axis in factors(size, base) or ()]
    if not named or any(number(size) == 1 for size in sizes):
        return None
    inner = [axis for axis in range(max(named)) if axis not in named]
    return (inner[0] if inner else max(named) + 1,) if len(inner) < 2 else None


def _out_of_order(asked: tuple[int, ...]) -> bool:
    return list(asked) != sorted(asked)


def _disagree(asked: tuple[int, ...], order: tuple[int, ...]) -> bool:
    """Whether the sizes name axes in another order than they lie in."""
    return all(axis in order for axis in asked) and [axis for axis in order if axis in asked] != list(asked)


def _mixed(file: File, call: Term, base: Term, asked: tuple[int, ...], order: tuple[int, ...]) -> Problem:
    name = file.code(base)
    return Problem(
        file.place(call),
        {
            "code": file.code(call),
            "reason": f"the numbers lie in the order of axes {_text(order)} of {name}; a reshape only cuts them anew "
            f"and does not bring them into the order {_text(asked)}",
        },
        (file.step(base, f"{name} has its axes in their own order"), file.step(call, f"asks for axes {_text(asked)}")),
        f"Permute the axes first: .permute({', '.join(map(str, _whole(asked)))}).",
    )


def _is_batch(size: Term, base: Term) -> bool:
    """Whether it is the first size of the tensor, or of something that it is computed from."""
    moved = any(part.called in MOVING or permutation(part) is not None for part in walk(base))
    return not moved and any(axis_of(size, part) == 0 for part in walk(base))


def _whole(asked: tuple[int, ...]) -> tuple[int, ...]:
    """The axes for permute, with the one that -1 stood for."""
    missing = [axis for axis in range(max(asked) + 1) if axis not in asked]
    return (*asked, *missing)


def _batch_moved(file: File, call: Term, by: Term, order: tuple[int, ...]) -> Problem:
    place = order.index(0)
    return Problem(
        file.place(call),
        {
            "code": file.code(call),
            "reason": f"the batch lies at place {place} after the permutation, but the reshape takes the first numbers "
            "for the first item, so pieces of different pictures are put together",
        },
        (file.step(by, "moves the batch away from the front"), file.step(call, "cuts as if the batch came first")),
        "Permute with axis 0 first.",
    )


def _swapped(file: File, function: Function) -> Iterator[Problem]:
    """Channels to the end with (0, 2, 3, 1) and back with (0, 3, 2, 1)."""
    found = [(event, moved) for event in function.calls if (moved := permutation(event.term)) is not None]
    forward = [event for event, moved in found if moved in LAST]
    for event, moved in found:
        there = next((f for f in forward if LAST[permutation(f.term) or ()] == moved), None)
        if there is not None and there.order < event.order and _related(there, event):
            yield _swap(file, there.term, event.term, moved)


def _related(there: Event, back: Event) -> bool:
    """Whether what is brought back has something to do with what was brought away."""
    return any(part == there.term for part in walk(back.term))


def _swap(file: File, there: Term, back: Term, moved: tuple[int, ...]) -> Problem:
    right = (0, 3, 1, 2) if len(moved) == 4 else (2, 0, 1)
    return Problem(
        file.place(back),
        {
            "code": file.code(back),
            "reason": f"the axes were brought to {_text(permutation(there) or ())} before, and {_text(moved)} does not "
            "bring them back: height and width are swapped, the picture is mirrored along its diagonal",
        },
        (file.step(there, "channels to the end"), file.step(back, "and back, with height and width swapped")),
        f"Write permute({', '.join(map(str, right))}).",
    )


def _text(axes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, axes))})"
