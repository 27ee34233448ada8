"""DFL506: the result of a step never becomes the state of the next one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Context, Event, File, Function, Term
from difflint.relations.counting import scalar
from difflint.relations.draws import bare, distribution
from difflint.relations.guidance import written_name
from difflint.relations.sampling import called_name, is_network_name, kind_of
from difflint.relations.terms import holds, walk

COLLECTS = re.compile(r"^(backward|append|extend|add)$|save|show|plot|write|log|print")


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for context in dict.fromkeys(c for event in function.events for c in event.loops if c.kind == "for"):
            inside = [event for event in function.events if event.within(context)]
            collects = any(event.kind == "call" and COLLECTS.search(event.term.called) for event in inside)
            if not collects and context.term.op not in ("list", "tuple"):
                yield from _stuck(file, function, context, inside)
        yield from _lost(file, function)


def _stuck(file: File, function: Function, context: Context, inside: list[Event]) -> Iterator[Problem]:
    """Every round gives the network the same pure noise, though it computes a new state."""
    if any(event.kind in ("break", "yield", "return") for event in inside):
        return
    for event in inside:
        state = _same_state(file, function, context, event)
        if state is not None and event.loops[-1:] == (context,):
            made = [e for e in inside if not e.branches and _is_new_state(e, event.term, state)]
            if made:
                yield _problem(file, context, event, state, made[-1])
                return


def _same_state(file: File, function: Function, context: Context, event: Event) -> Term | None:
    """The pure noise, drawn before the loop, that a network is given in every round with the time of the round."""
    kind = kind_of(file, event.term) if event.kind == "call" else ""
    if kind == "scheduler":
        return _fixed_sample(function, event, context)
    if kind != "network":  # what a step function returns is another rule's
        return None
    given = (*event.term.positional, *event.term.keywords.values())
    timed = any(_of_loop(scalar(part), context) for part in given)
    states = [part for part in given if distribution(bare(part)) == "normal" and not _of_loop(part, context)]
    if not timed or not states:
        return None
    drawn = next((e for e in function.calls if e.term == bare(states[0])), None)
    return states[0] if drawn is not None and not drawn.within(context) else None


def _fixed_sample(function: Function, event: Event, context: Context) -> Term | None:
    """The sample that a scheduler's step is given, when it is the same in every round."""
    sample, time = event.term.arg(2, "sample"), event.term.arg(1, "timestep")
    given = {e.target for e in function.assigned if e.within(context)}
    changes = sample is None or any(_changes(part, context) or written_name(part) in given for part in walk(sample))
    return None if changes or time is None or not _of_loop(scalar(time), context) else sample


def _changes(part: Term, context: Context) -> bool:
    loops = part.op == "loop" and isinstance(part.value, tuple) and part.value[1] == id(context.node)
    return loops or part.op in ("unknown", "attr") or (part.op == "each" and part.value == id(context.node))


def _of_loop(term: Term, context: Context) -> bool:
    return any(part.op == "each" and part.value == id(context.node) for part in walk(term))


def _is_new_state(event: Event, call: Term, state: Term) -> bool:
    """A name that is given what is computed from the state and from the prediction."""
    if event.kind != "assign" or not event.target.isidentifier() or not holds(event.term, call):
        return False
    return _computes(event.term, call, state)


def _computes(term: Term, call: Term, state: Term) -> bool:
    """Whether the state occurs beside the prediction, not only in it; a scheduler's step returns it itself."""
    if term == call:
        return not is_network_name(called_name(call))
    if bare(term) == bare(state):
        return True
    return any(_computes(arg, call, state) for arg in term.args)


def _problem(file: File, context: Context, event: Event, state: Term, made: Event) -> Problem:
    why = f"the network is given {file.code(state)} in every round"
    return Problem(
        file.place(made),
        {"new": made.target, "state": file.code(state), "why": why},
        (
            file.step(context.term, f"the rounds of {file.code(context.term)}"),
            file.step(event, f"the network is given {file.code(state)}, which no round changes"),
            file.step(made, f"the new state is called {made.target}, and nothing takes it up"),
        ),
        f"Assign the new state to {file.code(state)}.",
    )


def _lost(file: File, function: Function) -> Iterator[Problem]:
    """``scheduler.step(eps, t, x)`` as a statement."""
    for event in function.events:
        call = event.term.args[0] if event.term.op in ("attr", "index") else event.term
        if event.kind == "expression" and call.op == "call" and event.loops and kind_of(file, call) == "scheduler":
            sample, output = call.arg(2, "sample"), call.arg(0, "model_output")
            name = getattr(sample.node, "id", "") if sample is not None else ""
            calls = (part for part in walk(output) if part.op == "call") if output is not None else ()
            if name and any(is_network_name(called_name(part)) for part in calls):
                yield _dropped(file, call, event.term, name)


def _dropped(file: File, call: Term, whole: Term, name: str) -> Problem:
    kept = f"{name} = {file.code(call)}.prev_sample"
    fix = Fix("unsafe", "Keep the result.", (replace(file.place(whole), kept),)) if "…" not in kept else None
    return Problem(
        file.place(call),
        {"new": file.code(call), "state": name, "why": "the result of the step is dropped"},
        (file.step(call, f"returns the next {name} and leaves the old one as it is"),),
        kept,
        fix=fix,
    )
