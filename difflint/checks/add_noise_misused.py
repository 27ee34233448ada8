"""DFL605: add_noise is given its arguments in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Term
from difflint.relations.draws import bare, distribution
from difflint.relations.terms import walk

ORDER = ("original_samples", "noise", "timesteps")


def check_file(file: File) -> Iterator[Problem]:
    own = any("add_noise" in cls.methods for cls in file.classes.values())
    for function in file.functions:
        for event in function.calls:
            if event.term.called == "add_noise" and event.term.receiver is not None and not own:
                given = event.term.positional
                roles = [_role(part) for part in given]
                if len(given) == 3 and not event.term.open and _wrong(roles, given):
                    yield _problem(file, event, given, roles)


def _role(term: Term) -> str:
    """``noise`` or ``timesteps`` where a draw says so."""
    term = bare(term)
    if distribution(term) == "normal":
        return "noise"
    return "timesteps" if term.called in ("randint", "integers") else ""


def _wrong(roles: list[str], given: tuple[Term, ...]) -> bool:
    """A kind of draw at a place that is not its own, while its own place holds something else."""
    if roles[0] == "noise":
        return roles[1] != "noise" and not any(distribution(part) for part in walk(given[1]))
    return roles[0] == "timesteps" or roles[1] == "timesteps" or roles[2] == "noise"


def _problem(file: File, event: Event, given: tuple[Term, ...], roles: list[str]) -> Problem:
    parts = [file.code(part) for part in given]
    order = ["noise", "timesteps"]
    noise, times = (roles.index(role) if role in roles else None for role in order)
    fix = None
    if noise is not None and times is not None:
        rest = ({0, 1, 2} - {noise, times}).pop()
        right = (parts[rest], parts[noise], parts[times])
        edits = tuple(replace(file.place(part), code) for part, code in zip(given, right, strict=True))
        changed = tuple(edit for edit, part in zip(edits, parts, strict=True) if edit.text != part)
        fix = Fix("unsafe", "Put them in order.", changed)
    shown = ", ".join(role or part for role, part in zip(roles, parts, strict=True))
    return Problem(
        file.place(event),
        {"code": file.code(event), "given": shown},
        (file.step(event, f"is given {shown}"),),
        f"Give it {', '.join(ORDER)}.",
        fix=fix,
    )
