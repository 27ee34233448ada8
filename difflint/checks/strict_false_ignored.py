"""DFL740: a checkpoint is loaded with ``strict=False`` and nobody looks at what did not fit."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File
from difflint.relations.terms import is_const


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.events:
            call = event.term
            if event.kind != "expression" or call.called != "load_state_dict" or call.receiver is None:
                continue
            strict = call.arg(1, "strict")
            if strict is not None and is_const(strict, False) and not any(c.kind == "except" for c in event.context):
                yield Problem(
                    file.place(event),
                    {"code": file.code(event)},
                    (file.step(event, "gives the missing and the unexpected keys, and nobody takes them"),),
                    "Load with strict=True, or look at missing_keys and unexpected_keys.",
                )
