"""DFL316: binary cross entropy of probabilities inside autocast, where torch refuses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Term
from difflint.relations.losses import library_name
from difflint.relations.opening import Opener
from difflint.relations.terms import is_const

_WORDS = re.compile(r"autocast")
LOSSES = ("binary_cross_entropy", "BCELoss")


def check_file(file: File) -> Iterator[Problem]:
    opener = file.once(Opener)
    for function in file.about(_WORDS):
        for event in function.calls:
            region = _region(event)
            if region is not None and library_name(opener, event.term) in LOSSES:
                yield _problem(file, event.term, region)


def _region(event: Event) -> Term | None:
    """The innermost autocast around it, when it is surely switched on and for CUDA."""
    regions = [c.term for c in event.context if c.kind == "with" and c.term.called == "autocast"]
    if not regions or regions[-1].open:
        return None
    inner = regions[-1]
    enabled, device = inner.keywords.get("enabled"), inner.arg(0, "device_type")
    switched = enabled is None or is_const(enabled, True)
    cuda = inner.callee.startswith("torch.cuda") or is_const(device, "cuda")
    return inner if switched and cuda and not is_const(device, False) else None


def _problem(file: File, loss: Term, region: Term) -> Problem:
    return Problem(
        file.place(loss),
        {"code": file.code(loss)},
        (file.step(region, f"{file.code(region)} is entered"), file.step(loss, "is computed inside it")),
        "Use binary_cross_entropy_with_logits on the scores, or compute it outside of autocast in float32.",
    )
