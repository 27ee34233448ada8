"""DFL504: the last step of an ancestral sampler adds noise: nothing stops it, or the test is at the wrong end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.counting import Linear, is_position, linear, scalar, trend
from difflint.relations.draws import added, distribution, factors, summands
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.tables import is_schedule_name, table_name
from difflint.relations.terms import alternatives, last_name, number, walk
from difflint.relations.timesteps import opener, span

Test = Callable[[Term], bool]
MANY = 1000.0  # stands for every number of steps that is not known
BETA = re.compile(r"^_?(sqrt_)?betas?(_t)?$")
LAST = re.compile(r"(^|_)(last|final)(_|$)")


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        if not any(call.time is not None and trend(call.time) == 1 for call in loop.calls):  # then that is the defect
            yield from _wrong_end(file, loop)
        yield from _misnamed(file, loop)
        event = _unguarded(file, loop)
        if event is not None:
            yield _always(file, loop, event)


# Noise that nothing stops


def _unguarded(file: File, loop: ReverseLoop) -> tuple[Event, Term] | None:
    """Where noise of size sqrt(beta_t) is added at every t, the lowest included."""
    if not any(_reaches_the_end(file, call) for call in loop.calls):
        return None
    test = partial(_stops, file, loop.own)
    inside = [event for event in loop.function.events if event.within(loop.context)]
    for event in loop.updates:
        draw = _noise_of_beta(file, event.term, test)
        if draw is not None and not _guarded(inside, event, draw, test):
            return event, draw
    for call in loop.calls:
        function = file.function(call.term.args[0]) if call.kind == "step" else None
        found = _in_step(file, function, call) if function is not None else None
        if found is not None:
            return found
    return None


def _in_step(file: File, function: Function, call: StateCall) -> tuple[Event, Term] | None:
    """The same in a step function, whose time is a parameter."""
    given = dict(zip(function.params, call.term.positional, strict=False)) | call.term.keywords
    names = [name for name, value in given.items() if value == call.time]

    def test(term: Term) -> bool:
        return any(part.op == "param" and part.value[0] in names for part in walk(term))

    for event in function.events:
        draw = _noise_of_beta(file, event.term, test) if event.kind == "return" else None
        if draw is not None and not _guarded(function.events, event, draw, test):
            return event, draw
    return None


def _reaches_the_end(file: File, call: StateCall) -> bool:
    """Whether the loop goes down to the first entry of the schedule."""
    time = scalar(call.time) if call.time is not None else None
    time = scalar(time.args[0]) if time is not None and time.op == "/" else time
    ends = span(opener(file).open(time)) if time is not None else None
    if time is None or ends is None or ends[1] is None or ends[1].parts or trend(time) != -1:
        return False
    from_one = ends[1].constant == 1 and bool(ends[0].parts) and ends[0].constant == 0  # T ... 1
    return ends[1].constant == 0 or from_one


def _stops(file: File, own: Test, test: Term) -> bool:
    """Whether a test looks at the time, and is not true at every step."""
    if not own(test):
        return False
    if test.op == "compare" and len(test.args) == 2:
        ends = span(opener(file).open(scalar(test.args[0])))
        bound = _guess(linear(opener(file).open(test.args[1])))
        if ends is not None and ends[1] is not None:
            return not all(_holds(str(test.value[0]), _guess(end), bound) for end in (ends[0], ends[1]))
    return True


def _guarded(events: list[Event], event: Event, draw: Term, test: Test) -> bool:
    """Whether the draw, its sum or an earlier way out depends on the time."""
    made = next((e for e in events if e.kind == "call" and e.term == draw), None)
    earlier = [e for e in events if e.order < event.order and e.kind in ("return", "continue", "break")]
    around = [c for e in (event, *([made] if made is not None else []), *earlier) for c in e.branches]
    return any(test(context.term) for context in around)


def _noise_of_beta(file: File, term: Term, test: Test) -> Term | None:
    """The draw in ``... + betas[t].sqrt() * noise``, when no mask stands beside it."""
    for part in summands(term) if term.op == "+" else ():
        parts = list(factors(part))
        draw = next((factor for factor in parts if distribution(factor) == "normal"), None)
        if draw is not None and not _masked(part, test):
            tables = [name for factor in parts if factor != draw for name in _tables(file, factor)]
            if tables and all(tables):
                return draw
    return None


def _tables(file: File, term: Term) -> Iterator[bool]:
    """For each table of a schedule in a factor whether it is one of betas."""
    for part in walk(term):
        if part.op == "index" and part.args[1].op != "tuple":
            yield _of_betas(file, table_name(part), part.args[0])
        elif part.op == "call" and part.positional and is_schedule_name(last_name(part.positional[0])):
            yield _of_betas(file, last_name(part.positional[0]), part.positional[0])


def _of_betas(file: File, name: str, table: Term) -> bool:
    if BETA.search(name):
        return True
    opened = opener(file).open(table)
    return name == "sigma" and opened.called == "sqrt" and not any(part.called == "cumprod" for part in walk(opened))


def _masked(term: Term, test: Test) -> bool:
    return any(part.op in ("compare", "if", "not", "and") and test(part) for part in walk(term))


def _always(file: File, loop: ReverseLoop, found: tuple[Event, Term]) -> Problem:
    event, _ = found
    return Problem(
        file.place(event),
        {"code": file.code(event), "effect": "adds noise at every step, the last one included"},
        (file.step(loop.context.term, "goes down to the last step"), file.step(event, "adds noise, whatever t is")),
        "noise = torch.randn_like(x) if t > 0 else 0",
    )


# Noise that the wrong step goes without


def _wrong_end(file: File, loop: ReverseLoop) -> Iterator[Problem]:
    asked = set[object]()  # conditional expressions are branches as well
    for event in loop.updates:
        drawn = [draw for draw in added(event.term) if distribution(draw) == "normal"]
        made = [call for call in loop.function.calls if call.term in drawn and call.within(loop.context)]
        contexts = dict.fromkeys(c for e in (*made, *([event] if drawn else [])) for c in e.branches)
        for context in contexts:
            if context.node not in asked and _added_last(file, context.term, context.kind == "if"):
                asked.add(context.node)
                yield _reversed(file, context.term, event)
        for part in walk(event.term):
            if part.op == "if" and part.node not in asked and _noise_last(file, *part.args):
                asked.add(part.node)
                yield _reversed(file, part.args[0], event)


def _noise_last(file: File, test: Term, then: Term, other: Term) -> bool:
    return _is_noise(then) is not _is_noise(other) and _added_last(file, test, _is_noise(then))


def _is_noise(term: Term) -> bool:
    return any(distribution(draw) == "normal" for way in alternatives(term) for draw in added(way))


def _added_last(file: File, test: Term, on: bool) -> bool:
    """Whether a test of the counter lets noise in at the last step, and at the first not."""
    if test.op != "compare" or len(test.args) != 2:
        return False
    ends = span(opener(file).open(scalar(test.args[0])))
    if ends is None or ends[1] is None:
        return False
    bound = _guess(linear(opener(file).open(test.args[1])))
    at_first, at_last = (_holds(str(test.value[0]), _guess(end), bound) for end in (ends[0], ends[1]))
    return at_first is not on and at_last is on


def _guess(value: Linear) -> float:
    return value.constant + sum(factor * MANY for _, factor in value.parts)


def _holds(operator: str, left: float, right: float) -> bool | None:
    return {
        "Eq": left == right,
        "NotEq": left != right,
        "Gt": left > right,
        "GtE": left >= right,
        "Lt": left < right,
        "LtE": left <= right,
    }.get(operator)


def _reversed(file: File, test: Term, event: Event) -> Problem:
    return Problem(
        file.place(test),
        {"code": file.code(test), "effect": "stops the noise of the first step, not of the last"},
        (file.step(test, "is the wrong way round at the last step"), file.step(event, "adds noise there")),
        "Leave the noise out where t is at its lowest.",
    )


def _misnamed(file: File, loop: ReverseLoop) -> Iterator[Problem]:
    """``is_last = i == 0`` where i counts upwards."""
    for event in loop.function.assigned:
        test = event.term
        named = event.within(loop.context) and LAST.search(event.target) and "resample" not in event.target
        if named and test.op == "compare" and test.value == ("Eq",) and _is_first(test):
            yield Problem(
                file.place(test),
                {"code": file.code(test), "effect": "is true in the first round, not in the last"},
                (file.step(loop.context.term, "counts its rounds upwards"), file.step(event, "is true in round 0")),
                "Compare with the number of rounds - 1.",
            )


def _is_first(test: Term) -> bool:
    return number(test.args[1]) == 0 and is_position(test.args[0]) and trend(test.args[0]) == 1
