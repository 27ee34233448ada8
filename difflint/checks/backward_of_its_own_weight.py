"""DFL714: ``loss.backward(loss)`` multiplies all gradients by the loss."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import without
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.calls:
            call = event.term
            given = call.arg(0, "gradient")
            if call.called == "backward" and given is not None and given == call.receiver:
                loss = file.code(given)
                fix = Fix("safe", "Leave the argument out.", (without(file.place(event), "0 gradient"),))
                yield Problem(
                    file.place(event),
                    {"code": file.code(event), "loss": loss},
                    (file.step(event, f"{loss} is the weight of its own gradient"),),
                    f"Write {loss}.backward().",
                    fix=fix,
                )
