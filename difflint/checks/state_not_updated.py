"""DFL506: the result of a scheduler's step is dropped, so the state stays what it was."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import File, Function, Term
from difflint.relations.draws import distribution
from difflint.relations.sampling import called_name, is_network_name, kind_of
from difflint.relations.terms import walk


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        yield from _lost(file, function)


def _lost(file: File, function: Function) -> Iterator[Problem]:
    """``scheduler.step(eps, t, x)`` as a statement."""
    for event in function.events:
        call = event.term.args[0] if event.term.op in ("attr", "index") else event.term
        if event.kind == "expression" and call.op == "call" and event.loops and kind_of(file, call) == "scheduler":
            sample, output = call.arg(2, "sample"), call.arg(0, "model_output")
            name = getattr(sample.node, "id", "") if sample is not None else ""
            calls = (part for part in walk(output) if part.op == "call") if output is not None else ()
            drawn = sample is not None and any(distribution(part) for part in walk(sample))  # then it is DFL815's
            if name and not drawn and any(is_network_name(called_name(part)) for part in calls):
                yield _dropped(file, call, event.term, name)


def _dropped(file: File, call: Term, whole: Term, name: str) -> Problem:
    kept = f"{name} = {file.code(call)}.prev_sample"
    fix = Fix("unsafe", "Keep the result.", (replace(file.place(whole), kept),)) if "…" not in kept else None
    return Problem(
        file.place(call),
        {"code": file.code(whole), "state": name},
        (file.step(call, f"returns the next {name} and leaves the old one as it is"),),
        kept,
        fix=fix,
    )
