"""DFL505: the noise of a step is the same at every step, or is the noise that was predicted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.draws import bare, distribution, factors, summands
from difflint.relations.guidance import is_prediction
from difflint.relations.sampling import ReverseLoop, StateCall, reverse_loops
from difflint.relations.terms import holds, walk

VARIANCE = re.compile(r"beta|posterior|variance")
NOISES = ("noise", "z", "eps", "variance_noise")


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        for event in loop.updates:
            if event.within(loop.context):
                yield from _drawn_before(file, loop, event)
        for call in loop.calls:
            yield from _passed(file, loop, call)
    for function in file.functions:
        yield from _predicted(file, function)


def _drawn_before(file: File, loop: ReverseLoop, event: Event) -> Iterator[Problem]:
    """``noise = torch.randn_like(x)`` in front of the loop, ``x = mean + sigma * noise`` in it."""
    parts = list(summands(event.term))
    if not any(holds(part, loop.entry) for part in parts):
        return
    for part in parts:
        for factor in factors(part):
            made = _made_before(loop, factor)
            if made is not None and len(parts) > 1:
                yield _once(file, loop, made, event.term)


def _made_before(loop: ReverseLoop, draw: Term) -> Event | None:
    """Where a draw is made, when that is in front of the loop."""
    if distribution(draw) != "normal" or draw == bare(loop.start):
        return None
    made = next((event for event in loop.function.calls if event.term == draw), None)
    return None if made is None or made.within(loop.context) else made


def _passed(file: File, loop: ReverseLoop, call: StateCall) -> Iterator[Problem]:
    """The same for a step function or a scheduler that is handed its noise."""
    for name in NOISES:
        given = call.term.keywords.get(name)
        if given is None and call.kind == "step":
            function = file.function(call.term.args[0])
            position = function.params.index(name) if function is not None and name in function.params else None
            given = call.term.arg(position, name) if position is not None else None
        made = _made_before(loop, bare(given)) if given is not None and call.kind != "network" else None
        if made is not None:
            yield _once(file, loop, made, call.term)


def _once(file: File, loop: ReverseLoop, made: Event, used: Term) -> Problem:
    return Problem(
        file.place(made),
        {"code": file.code(made), "what": "is drawn once, and every step adds the same noise"},
        (
            file.step(made, "the noise is drawn here, in front of the loop"),
            file.step(loop.context.term, f"the rounds of {file.code(loop.context.term)}"),
            file.step(used, "each adds this noise again"),
        ),
        "Draw the noise inside the loop, anew for each step.",
    )


def _predicted(file: File, function: Function) -> Iterator[Problem]:
    """``mean + beta.sqrt() * eps``, where eps is what the network has predicted and the mean has removed."""
    told = set[Term]()
    for event in function.events:
        if event.kind in ("assign", "augment", "return") and event.term.op == "+" and event.term not in told:
            told.add(event.term)
            left, right = event.term.args
            noise = _scaled_prediction(right)
            if noise is not None and _removes(left, noise):
                yield Problem(
                    file.place(noise),
                    {"code": file.code(noise), "what": "is the predicted noise, and is added back as if it were fresh"},
                    (
                        file.step(left, f"{file.code(noise)} is taken out of the state"),
                        file.step(right, f"{file.code(right)} puts it in again"),
                    ),
                    "Draw fresh noise: torch.randn_like(x).",
                )


def _scaled_prediction(term: Term) -> Term | None:
    """The prediction in ``beta.sqrt() * eps``."""
    parts = list(factors(term))
    found = [part for part in parts if is_prediction(part)]
    rest = [part for part in parts if part not in found]
    names = [str(inner.value) for part in rest for inner in walk(part) if isinstance(inner.value, str)]
    names += [getattr(inner.node, "id", "") for part in rest for inner in walk(part)]
    alone = not any(name.startswith(("alpha", "abar", "sqrt_one")) for name in names)
    return found[0] if len(found) == 1 and alone and any(VARIANCE.search(name.lower()) for name in names) else None


def _removes(mean: Term, noise: Term) -> bool:
    return any(part.op == "-" and holds(part.args[1], noise) for part in walk(mean))
