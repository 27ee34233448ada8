"""DFL504: the last step of an ancestral sampler adds noise: nothing stops it, or the test is at the wrong end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.counting import Linear, is_position, linear, scalar, trend
from difflint.relations.draws import added, distribution, factors, summands
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.tables import table_name
from difflint.relations.terms import alternatives, number, walk
from difflint.relations.timesteps import opener, span

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
    if not _looks_at_time(loop.function, loop.context.node):
        for event in loop.updates:
            draw = _noise_of_beta(event.term)
            if draw is not None:
                return event, draw
    for call in loop.calls:
        function = file.function(call.term.args[0]) if call.kind == "step" else None
        if function is not None and not _looks_at_time(function, function.node):
            for event in function.events:
                draw = _noise_of_beta(event.term) if event.kind == "return" else None
                if draw is not None:
                    return event, draw
    return None


def _reaches_the_end(file: File, call: StateCall) -> bool:
    """Whether the loop goes down to the first entry of the schedule."""
    ends = span(opener(file).open(scalar(call.time))) if call.time is not None else None
    if ends is None or ends[1] is None or ends[1].parts or trend(call.time or call.term) != -1:
        return False
    return ends[1].constant in (0, 1)


def _looks_at_time(function: Function, node: object) -> bool:
    """Whether anything is compared, masked or branched on in the loop or the step: it may be the guard."""
    for event in function.events:
        inside = function.node is node or any(c.node is node for c in event.context)
        if inside and (event.branches or any(part.op in ("compare", "if", "not") for part in walk(event.term))):
            return True
        if inside and any(part.called in ("where", "sign", "clamp", "nonzero") for part in walk(event.term)):
            return True
    return False


def _noise_of_beta(term: Term) -> Term | None:
    """The draw in ``... + betas[t].sqrt() * noise``."""
    for part in summands(term) if term.op == "+" else ():
        parts = list(factors(part))
        draw = next((factor for factor in parts if distribution(factor) == "normal"), None)
        tables = [inner for factor in parts for inner in walk(factor) if inner.op == "index" and inner != draw]
        if draw is not None and tables and all(BETA.search(table_name(table)) for table in tables):
            return draw
    return None


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
    for event in loop.updates:
        for context in event.branches:
            on = context.kind == "if"
            if any(distribution(d) == "normal" for d in added(event.term)) and _added_last(file, context.term, on):
                yield _reversed(file, context.term, event)
        for part in walk(event.term):
            if part.op == "if" and _noise_last(file, *part.args):
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
