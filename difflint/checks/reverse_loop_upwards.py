"""DFL502: a sampling loop that walks from little noise to much."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import wrap
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Function, Term
from difflint.relations.counting import counts, is_position, item_of, scalar, stripped, trend
from difflint.relations.draws import distribution, only_drawn
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.tables import is_schedule_name, table_name
from difflint.relations.terms import alternatives, last_name, number, walk


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        if loop.context.kind == "for" and _from_noise(loop):
            upwards = next((call for call in loop.calls if _upwards(file, loop, call)), None)
            if upwards is not None and upwards.time is not None:
                yield _problem(file, loop, upwards, upwards.time)


def _from_noise(loop: ReverseLoop) -> bool:
    """An inversion walks upwards from a picture; what starts as noise has to walk down."""
    drawn = (only_drawn(way) for way in alternatives(loop.start))
    return any(draw is not None and distribution(draw) == "normal" for draw in drawn)


def _upwards(file: File, loop: ReverseLoop, call: StateCall) -> bool:
    if call.time is None:
        return False
    time = _undivided(scalar(call.time))
    if _turned_timesteps(loop, time):
        return True
    return trend(time) == 1 and _is_number(time) and _of_noise_steps(file, loop, call, time)


def _turned_timesteps(loop: ReverseLoop, time: Term) -> bool:
    """``for t in reversed(scheduler.timesteps)``, with a step of that scheduler."""
    items = item_of(time)
    if items is None:
        return False
    turned = items.called in ("flip", "reversed", "flipud") or (
        items.op == "index" and items.args[1].op == "slice" and number(items.args[1].args[2]) == -1
    )
    inner = items.args[0] if items.op == "index" else items.receiver or next(iter(items.positional), None)
    if not turned or inner is None:
        return False
    inner = stripped(inner)
    owner = inner.args[0] if inner.op == "attr" and inner.value == "timesteps" else None
    return owner is not None and any(call.kind == "scheduler" and call.term.receiver == owner for call in loop.calls)


def _is_number(time: Term) -> bool:
    """Whether the steps are counted: a flow may well walk from time 0 to time 1."""
    return not any(part.op == "/" for part in walk(time)) and all(
        count.step is None or abs(count.step) >= 1 for part in walk(time) if (count := counts(part)) is not None
    )


def _of_noise_steps(file: File, loop: ReverseLoop, call: StateCall, time: Term) -> bool:
    """Whether the time is also an index of a schedule of noise, or decides that the last step adds none."""
    if call.kind == "scheduler":
        return not is_position(time) and not _sets_timesteps(loop, call)  # the number of the round is another rule's
    inside = [event for event in loop.function.events if event.within(loop.context)]
    if any(_indexes(term, time) for event in inside for term in (event.term, *(c.term for c in event.branches))):
        return True
    function = file.function(call.term.args[0]) if call.kind == "step" else None
    return function is not None and call.time is not None and _step_indexes(function, call)


def _sets_timesteps(loop: ReverseLoop, call: StateCall) -> bool:
    calls = (event.term for event in loop.function.calls)
    return any(term.called == "set_timesteps" and term.receiver == call.term.receiver for term in calls)


def _undivided(time: Term) -> Term:
    return scalar(time.args[0]) if time.op == "/" else time


def _indexes(term: Term, time: Term) -> bool:
    return any(
        (part.op == "index" and scalar(part.args[1]) == time and is_schedule_name(table_name(part)))
        or (part.op == "compare" and scalar(part.args[0]) == time and number(part.args[1]) == 0)
        for part in walk(term)
    )


def _step_indexes(function: Function, call: StateCall) -> bool:
    """The step function looks its schedule up at the time that it is given."""
    given = dict(zip(function.params, call.term.positional, strict=False)) | call.term.keywords
    names = [name for name, value in given.items() if value == call.time]
    parts = [part for event in function.events for part in walk(event.term)]
    keys = (key for part in parts if (key := _schedule_key(part)) is not None)
    ends = (part.args[0] for part in parts if part.op == "compare" and number(part.args[1]) == 0)
    return any(_holds_param(key, names) for key in (*keys, *ends))


def _schedule_key(part: Term) -> Term | None:
    """The ``t`` of ``betas[t]`` and of ``extract(betas, t, shape)``."""
    if part.op == "index":
        return part.args[1] if is_schedule_name(table_name(part)) else None
    table = part.receiver if part.called == "gather" else next(iter(part.positional), None)
    if part.op != "call" or table is None or not is_schedule_name(last_name(table)):
        return None
    return part.positional[-1 if part.called == "gather" else 1] if len(part.positional) > 1 else None


def _holds_param(key: Term, names: list[str]) -> bool:
    return any(part.op == "param" and part.value[0] in names for part in walk(key))


def _problem(file: File, loop: ReverseLoop, call: StateCall, time: Term) -> Problem:
    over = loop.context.term
    written = next((part for part in walk(over) if part.called in ("range", "arange")), None)
    fix = None
    if written is not None and written.called == "range" and over.called in ("range", "tqdm", "trange"):
        fix = Fix("unsafe", "Walk downwards.", (wrap(file.place(written), "reversed({})"),))
    return Problem(
        file.place(over),
        {"code": file.code(over), "state": loop.state},
        (
            file.step(loop.start, f"{loop.state} starts as pure noise"),
            file.step(over, f"{file.code(over)} counts upwards, from little noise to much"),
            file.step(call.term, f"the network is told that the first, noisiest {loop.state} is at {file.code(time)}"),
        ),
        f"Loop over reversed({file.code(written if written is not None else over)}).",
        fix=fix,
    )
