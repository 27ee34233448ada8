"""DFL313: an averaged copy of the weights in half precision, which slow averaging never moves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.opening import Opener
from difflint.relations.precision import cast_to_half
from difflint.relations.terms import number, replaced, walk

_WORDS = re.compile(r"ema|avg|average|shadow|polyak", re.IGNORECASE)
SLOW = 0.99
LOST = {"bfloat16": 2**-9, "float16": 2**-12}  # a relative change below this is rounded away


def check_file(file: File) -> Iterator[Problem]:
    if not re.search(r"half\(|float16|deepcopy", file.text):
        return
    opener = file.once(Opener)
    updates = [found for f in file.about(_WORDS) for e in f.calls if (found := _update(opener, f, e)) is not None]
    if updates:
        for function in file.about(_WORDS):
            for event in function.events:
                dtype = _averaged_in_half(event)
                if dtype is not None:
                    yield _problem(file, event, dtype, *updates[0])


def _averaged_in_half(event: Event) -> str | None:
    """The precision to which a copy that is called an average is brought where it is made."""
    if event.kind != "assign" or not re.search(r"(^|[._])(ema|avg|averaged|shadow)", event.target, re.IGNORECASE):
        return None
    copied = any(part.called == "deepcopy" for part in walk(event.term))
    halves = [dtype for part in _chain(event.term) if (dtype := cast_to_half(part)) is not None]
    return halves[0] if copied and halves else None


def _chain(term: Term) -> Iterator[Term]:
    while term.op == "call" and term.receiver is not None:
        yield term
        term = term.receiver


def _update(opener: Opener, function: Function, event: Event) -> tuple[Term, float] | None:
    """The step of a slow average and how slow it is: ``e.lerp_(p, 1 - d)``, ``e.mul_(d).add_(p, alpha=1 - d)``."""
    call = event.term
    given: Term | None = None
    if call.called in ("lerp_", "lerp"):
        given = call.arg(1 if call.receiver is not None else 2, "weight")
    elif call.called in ("add_", "add") and call.receiver is not None and call.receiver.called in ("mul_", "mul"):
        given = call.keywords.get("alpha")
    rate = None if given is None else _rate(opener, function, given)
    return (call, rate) if rate is not None and 0 < rate <= 1 - SLOW else None


def _rate(opener: Opener, function: Function, term: Term) -> float | None:
    """The number, with parameters at their defaults."""

    def default(part: Term) -> Term | None:
        own = part.op == "param" and isinstance(part.value, tuple) and part.value[1] == function.qualname
        return function.defaults.get(str(part.value[0])) if own and isinstance(part.value, tuple) else None

    return number(replaced(opener.open(term), default))


def _problem(file: File, event: Event, dtype: str, update: Term, rate: float) -> Problem:
    return Problem(
        file.place(event),
        {"dtype": dtype, "rate": f"{rate:.2g}", "lost": f"{LOST[dtype]:.2g}"},
        (
            file.step(event, f"the averaged copy is in {dtype}"),
            file.step(update, f"moves it by {rate:.2g} of the difference each step"),
        ),
        "Keep the averaged weights in float32, and cast a copy of them for sampling.",
    )
