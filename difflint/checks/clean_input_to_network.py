"""DFL811: the noised picture is made, and the network is given the clean one with its time."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.networks import Noised, network_calls, network_input, noised_values
from difflint.relations.terms import alternatives, holds


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        calls = list(network_calls(function))
        for noised in noised_values(function) if calls else ():
            yield from _clean(file, function, noised, calls)


def _clean(file: File, function: Function, noised: Noised, calls: list[Event]) -> Iterator[Problem]:
    later = [call for call in calls if call.order > noised.event.order and _is_behind(noised.event, call)]
    if any(_sees(call.term, noised) for call in later):
        return  # another pass of the network may look at the clean picture
    for call in later:
        given = network_input(call.term)
        if given is not None and given == noised.clean and _has_time(call.term, noised):
            yield _problem(file, noised, call, given)
            return


def _is_behind(event: Event, call: Event) -> bool:
    """Whether the call cannot happen without the noise having been added."""
    return all(context in call.context for context in event.context)


def _sees(call: Term, noised: Noised) -> bool:
    value = noised.event.term
    return any(holds(arg, part) for arg in (*call.positional, *call.keywords.values()) for part in alternatives(value))


def _has_time(call: Term, noised: Noised) -> bool:
    """Whether the network is told how much noise it sees."""
    others = [*call.positional[1:], *call.keywords.values()]
    if noised.time is not None:
        return any(arg == noised.time for arg in others)
    return any(holds(noised.event.term, arg) for arg in others if arg.op != "const" and arg != noised.noise)


def _problem(file: File, noised: Noised, call: Event, given: Term) -> Problem:
    name, clean = noised.event.target, file.code(given)
    fix = Fix("unsafe", f"Give the network {name}.", (replace(file.place(given), name),))
    return Problem(
        file.place(call.term),
        {"network": call.term.called or file.code(call.term.args[0]), "clean": clean, "noised": name},
        (
            file.step(noised.event, f"{name} is {clean} with noise"),
            file.step(call.term, f"the network is given {clean}, and {name} never"),
        ),
        f"Give the network {name} instead of {clean}.",
        fix=fix,
    )
