"""DFL715: ``p.required_grad = False`` gives a parameter a new attribute and freezes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File

MISSPELT = (
    *("required_grad", "require_grad", "requires_gradient", "require_grads", "requires_grads", "requiers_grad"),
    *("requires_gard", "reqires_grad", "require_gradient", "requires_grad_", "require_grad_", "need_grad"),
)


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.events:
            owner, _, name = event.target.rpartition(".")
            switch = event.kind == "assign" and event.term.op == "const" and isinstance(event.term.value, bool)
            if switch and name in MISSPELT and owner and owner != "self":
                right = f"{owner}.requires_grad = {event.term.value}"
                yield Problem(
                    file.place(event),
                    {"code": file.code(event), "right": right},
                    (file.step(event, f"sets an attribute {name} that nothing reads"),),
                    f"Write {right}.",
                    fix=Fix("safe", f"Write {right}.", (replace(file.place(event), right),)),
                )
