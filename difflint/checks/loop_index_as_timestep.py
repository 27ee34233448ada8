"""DFL508: a network or a scheduler is told the number of the round instead of the timestep."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Term
from difflint.relations.counting import counted, is_position, item_of, scalar
from difflint.relations.diffusers import is_diffusers
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.terms import last_name, walk

USUAL = frozenset(
    (
        "model_output",
        "timestep",
        "sample",
        "generator",
        "return_dict",
        "eta",
        "**",
        "variance_noise",
        "s_churn",
        "s_noise",
    )
)
TIMES = ("timestep", "time_step", "sigmas", "ddim_steps", "seq")


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        for call in loop.calls:
            if call.kind != "step" and call.time is not None:
                value = _meant(file, loop, call, call.time)
                if value is not None:
                    yield _problem(file, loop, call, call.time, value)
                    break


def _meant(file: File, loop: ReverseLoop, call: StateCall, time: Term) -> str | None:
    """What the timestep is called where the round's number is given instead."""
    number = scalar(time)
    if is_position(number) and _same_loop(number, loop):
        return None if _knows_both(call, number) or _has_other_way(loop, call) else _named_beside(loop, number)
    if call.kind == "scheduler" and call.term.receiver is not None and _counts_steps(loop, call, number):
        if not is_diffusers(file, loop.function, call.term):
            return None
        return f"{last_name(call.term.receiver) if call.term.receiver else 'scheduler'}.timesteps"
    return None


def _has_other_way(loop: ReverseLoop, call: StateCall) -> bool:
    """Whether the scheduler is of another kind, which may take the number: as another branch or an argument shows."""
    if call.kind == "scheduler" and not set(call.term.keywords) <= USUAL:
        return True
    others = (other for other in loop.calls if other.kind == call.kind and other is not call)
    return any(other.event.branches for other in others) and bool(call.event.branches)


def _knows_both(call: StateCall, number: Term) -> bool:
    """Whether the call is given the timestep as well."""
    given = (*call.term.positional, *call.term.keywords.values())
    beside = (scalar(arg) for arg in given)
    return any(arg.op == "index" and arg.args[0] == number.args[0] and arg != number for arg in beside)


def _same_loop(number: Term, loop: ReverseLoop) -> bool:
    return any(part.op == "each" and part.value == id(loop.context.node) for part in walk(number))


def _named_beside(loop: ReverseLoop, number: Term) -> str | None:
    """The ``t`` of ``for i, t in enumerate(timesteps)``, when it goes through timesteps and no call is given it."""
    items = item_of(number.args[0])
    iterable = items.positional[0] if items is not None and items.positional else None
    if iterable is None or not _are_timesteps(iterable):
        return None
    beside = [event for event in loop.function.events if event.kind == "for" and event.node is loop.context.node]
    if len(beside) < 2:
        return None
    return beside[1].target


def _name(part: Term) -> str:
    return str(getattr(part.node, "id", None) or part.value or "").lower()


def _are_timesteps(iterable: Term) -> bool:
    """Whether it is called so, or counts down: then the number of the round runs the other way."""
    named = any(word in _name(part) for part in walk(iterable) for word in TIMES)
    count = counted(iterable)
    return named or (count is not None and count.step is not None and count.step < 0)


def _counts_steps(loop: ReverseLoop, call: StateCall, number: Term) -> bool:
    """``for i in range(n)`` after ``scheduler.set_timesteps(n)``, and ``scheduler.step(eps, i, x)``."""
    schedulers = [c.term.receiver for c in loop.calls if c.kind == "scheduler"]
    items = item_of(number)
    if call.kind != "scheduler" or not schedulers or items is None or items.called != "range":
        return False
    for event in loop.function.calls:
        if event.term.called == "set_timesteps" and event.term.receiver in schedulers:
            given = event.term.arg(0, "num_inference_steps")
            return given is not None and items.positional == (given,)
    return False


def _problem(file: File, loop: ReverseLoop, call: StateCall, time: Term, value: str) -> Problem:
    place = file.place(time)
    simple = value.isidentifier() and time.op == "index"  # the bare name of the round, no expression around it
    fix = Fix("unsafe", f"Give it {value}.", (replace(place, value),)) if simple else None
    who = "the scheduler" if call.kind == "scheduler" else "the network"
    return Problem(
        place,
        {"code": file.code(time), "who": who, "value": value, "call": file.code(call.term)},
        (
            file.step(loop.context.term, f"rounds of {file.code(loop.context.term)} are numbered 0, 1, 2, ..."),
            file.step(call.term, f"{who} is told {file.code(time)}, not the timestep"),
        ),
        f"Give it {value}.",
        fix=fix,
    )
