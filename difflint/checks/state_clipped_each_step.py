"""DFL507: the noisy state itself is clamped in every round of a sampling loop."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.draws import added, bare, distribution, factors, summands
from difflint.relations.guidance import is_prediction
from difflint.relations.sampling import ReverseLoop, kind_of, reverse_loops
from difflint.relations.terms import holds, number, walk

CLAMPS = ("clamp", "clamp_", "clip", "clip_", "hardtanh")
BOUNDS = ((-1, 1), (0, 1))


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        clamp = _in_loop(loop)
        if clamp is not None:
            yield _problem(file, clamp, loop.state, loop.context.term)
    for function in file.functions:
        clamp = _in_step(file, function)
        if clamp is not None:
            yield _problem(file, clamp, "x", clamp)


def _in_loop(loop: ReverseLoop) -> Term | None:
    """The clamp that the state at the end of a round has gone through."""
    rounds = [event for event in loop.updates if not _of_some_rounds(loop, event)]
    if not rounds:
        return None
    last = rounds[-1]
    clamp = _clamped(last.term)
    if clamp is not None and _is_noisy(loop, _inside(clamp)):
        return clamp
    return next((event.term for event in _in_place(loop, last)), None)


def _of_some_rounds(loop: ReverseLoop, event: Event) -> bool:
    """What only happens at the last step, say."""
    return any(loop.own(branch.term) for branch in event.branches)


def _in_place(loop: ReverseLoop, last: Event) -> Iterator[Event]:
    """``x.clamp_(-1, 1)`` as a statement behind the step."""
    for event in loop.function.events:
        within = event.kind == "call" and event.within(loop.context) and event.order > last.order
        if within and _clamped(event.term) is event.term and event.term.called.endswith("_"):
            same = getattr(getattr(event.term.receiver, "node", None), "id", "") == loop.state
            if same and not _of_some_rounds(loop, event) and _is_noisy(loop, last.term):
                yield event


def _clamped(term: Term) -> Term | None:
    term = bare(term)
    if term.op != "call" or term.called not in CLAMPS:
        return None
    given = [part for part in term.positional if part.op != "star"][0 if _is_method(term) else 1 :]
    low = term.keywords.get("min", given[0] if given else None)
    high = term.keywords.get("max", given[1] if len(given) > 1 else None)
    return term if (number(low), number(high)) in BOUNDS else None


def _is_method(term: Term) -> bool:
    return term.receiver is not None


def _inside(clamp: Term) -> Term:
    return clamp.receiver if clamp.receiver is not None else clamp.positional[0]


def _is_noisy(loop: ReverseLoop, term: Term) -> bool:
    """Whether it is a state of the next round: a sum with noise or with the old state, or what a step has returned."""
    term = bare(term)
    if any(distribution(draw) == "normal" for draw in added(term)):
        return True
    calls = [call.term for call in loop.calls if call.kind != "network"]
    if any(part == call for call in calls for part in _unwrapped(term)):
        return True
    parts = list(summands(term))
    noisy = any(loop.entry in factors(part) or any(map(is_prediction, factors(part))) for part in parts)
    return len(parts) > 1 and noisy


def _unwrapped(term: Term) -> Iterator[Term]:
    """A result, and what it is a part of: ``step(...)`` for ``step(...).prev_sample``."""
    while True:
        yield term
        if term.op not in ("attr", "index"):
            return
        term = term.args[0]


def _in_step(file: File, function: Function) -> Term | None:
    """The clamp around a step function's ``mean + sigma * noise``."""
    calls = [event.term for event in function.calls if not event.loops and kind_of(file, event.term) == "network"]
    for event in function.events:
        if event.kind != "return" or event.loops:
            continue
        clamp = _clamped(event.term)
        inner = _inside(clamp) if clamp is not None else None
        if clamp is not None and inner is not None and any(holds(inner, call) for call in calls):
            drawn = any(distribution(draw) == "normal" for draw in added(inner))
            if drawn and any(part.op == "param" for part in walk(inner)):
                return clamp
    return None


def _problem(file: File, clamp: Term, state: str, where: Term) -> Problem:
    inner = _inside(clamp)
    whole = inner.node is not None and not clamp.called.endswith("_")
    fix = Fix("unsafe", "Leave the state as it is.", (replace(file.place(clamp), file.code(inner)),)) if whole else None
    return Problem(
        file.place(clamp),
        {"code": file.code(clamp), "state": state},
        (
            file.step(where, "each round takes the state of the round before"),
            file.step(clamp, f"{file.code(clamp)} cuts its noise off at the bounds"),
        ),
        "Clamp the estimate of the clean picture instead, and the state only after the last step.",
        fix=fix if len(file.code(inner)) < 70 else None,
    )
