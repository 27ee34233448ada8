"""DFL801: context managers joined by ``and`` or ``or``: Python enters one of them and drops the others."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Context, File, Term
from difflint.relations.terms import alternatives, walk

EFFECTS = {
    "autocast": "the code runs in full precision",
    "no_grad": "gradients are recorded all the same",
    "inference_mode": "gradients are recorded all the same",
}
MANAGERS = (
    *EFFECTS,
    "enable_grad",
    "set_grad_enabled",
    "ema_scope",
    "no_sync",
    "accumulate",
    "average_parameters",
    "sdpa_kernel",
)


def check_file(file: File) -> Iterator[Problem]:
    for entered in _entered(file):
        if entered.term.op in ("and", "or"):
            *others, last = entered.term.args
            kept, lost = (last, others) if entered.term.op == "and" else (others[0], [*others[1:], last])
            if all(_is_manager(part) for part in (kept, *lost)):
                yield _problem(file, entered.term, kept, lost[0])


def _entered(file: File) -> Iterator[Context]:
    """Every ``with`` that something happens in, once."""
    seen = {
        c: None for function in file.functions for event in function.events for c in event.context if c.kind == "with"
    }
    return iter(seen)


def _is_manager(term: Term) -> bool:
    """Whether each of the values it may be is made by calling something that is known to give a context manager."""
    return all(any(part.called in MANAGERS for part in walk(way)) for way in alternatives(term))


def _problem(file: File, joined: Term, kept: Term, lost: Term) -> Problem:
    effect = next((EFFECTS[part.called] for part in walk(lost) if part.called in EFFECTS), "it has no effect")
    return Problem(
        file.place(joined),
        {"code": file.code(joined), "entered": file.code(kept), "lost": file.code(lost), "effect": effect},
        (
            file.step(lost, f"{file.code(lost)} is only asked whether it is true"),
            file.step(kept, f"{file.code(kept)} is entered"),
        ),
        f"Separate them by a comma: with {', '.join(file.code(part) for part in joined.args)}:",
    )
