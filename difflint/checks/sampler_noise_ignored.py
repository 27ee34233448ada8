"""DFL513: a noise, a start or a generator that a caller hands over, and that is never used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import argument
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function
from difflint.relations.draws import distribution
from difflint.relations.terms import is_const

NOISE = re.compile(r"^(noise|eps|epsilon|x_T|x_t_noise|latents|init_noise|initial_noise|start_noise|z|variance_noise)$")
SAMPLES = re.compile(r"sample|generate|denoise|step|noise|diffus|forward|loss|invert|call|infer|draw|prepare|latents")


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        if SAMPLES.search(function.name) and not _is_empty(function):
            draws = [event for event in function.calls if distribution(event.term) == "normal"]
            found: list[Problem] = []
            for definition in function.definitions if draws else ():
                if definition.kind == "param" and not definition.used:
                    found += _unused(file, function, definition.name, draws)
            yield from {problem.place: problem for problem in reversed(found)}.values()


def _is_empty(function: Function) -> bool:
    """A method that others fill, or that has to take what its siblings take."""
    return function.has_decorator("abstractmethod", "overload") or "kwargs" in function.params


def _unused(file: File, function: Function, name: str, draws: list[Event]) -> Iterator[Problem]:
    if NOISE.search(name):
        draw = next((event for event in draws if _stands_for(function, event, name)), None)
        if draw is not None:
            yield _problem(file, function, name, draw, "draws noise of its own", None)
    elif name == "generator" and is_const(function.defaults.get(name), None):  # else it may be a network
        free = [draw for draw in draws if "generator" not in draw.term.keywords and not draw.term.open]
        if free and len(free) == len(draws):
            can = free[0].term.callee in ("torch.randn", "torch.normal")
            fix = argument(file.place(free[0]), "generator", "generator") if can else None
            fixed = Fix("unsafe", "Draw with the generator.", (fix,)) if fix is not None and len(free) == 1 else None
            yield _problem(file, function, name, free[0], "draws without it", fixed)


def _stands_for(function: Function, draw: Event, name: str) -> bool:
    """Whether the draw takes the place of the argument: it has its name, or is the only one there is."""
    if any(is_const(branch.term, None) for branch in draw.branches):
        return False
    named = [event for event in function.assigned if event.target == name and event.term == draw.term]
    if name in ("latents", "z"):
        return bool(named)  # which may be drawn under another name, for another purpose
    return bool(named) or sum(distribution(event.term) == "normal" for event in function.calls) == 1


def _problem(file: File, function: Function, name: str, draw: Event, what: str, fix: Fix | None) -> Problem:
    return Problem(
        file.place(draw),
        {"name": name, "function": function.name, "what": what, "code": file.code(draw)},
        (
            file.step(function.node, f"{function.name} takes {name}"),
            file.step(draw, f"{file.code(draw)} {what}"),
        ),
        f"Use {name}, and draw only where it is None." if name != "generator" else "Pass generator=generator.",
        fix=fix,
    )
