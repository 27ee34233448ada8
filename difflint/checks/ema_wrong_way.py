"""DFL722: the average is written into the network that is trained, not the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import File, Term
from difflint.relations.averages import NAME, Update, is_copy_of, updates
from difflint.relations.modules import optimized
from difflint.relations.roles import origins, written
from difflint.relations.training import everything


def check_file(file: File) -> Iterator[Problem]:
    trained = _trained(file)
    seen = set[int]()
    for update in updates(file):
        act = next((act for act in (update.act, *reversed(update.act.calls)) if act.file is file), None)
        into, out_of = update.into, update.out_of
        if act is None or id(act.event) in seen or into is None or out_of is None:
            continue
        average = is_copy_of(file, out_of, into) or (NAME.search(written(out_of)) and not NAME.search(written(into)))
        if average and set(origins(file, into)) & trained:
            seen.add(id(act.event))
            yield _problem(file, update, into, out_of)


def _trained(file: File) -> set[Term]:
    """The networks whose parameters some optimizer steps."""
    steps = [step for step in everything(file) if step.kind == "step" and step.of is not None]
    models = (optimized(step.file, step.of) for step in steps if step.of is not None)
    return {leaf for found in models for model in found or () for leaf in origins(file, model)}


def _problem(file: File, update: Update, into: Term, out_of: Term) -> Problem:
    act = next(act for act in (update.act, *reversed(update.act.calls)) if act.file is file)
    calls = update.act.calls if update.act.file is file else ()
    called = tuple(call.file.step(call.event, "called here") for call in calls if call is not act)
    return Problem(
        file.place(act.event),
        {"code": file.code(act.event), "trained": written(into), "average": written(out_of)},
        (file.step(act.event, f"changes {written(into)}, which the optimizer trains"), *called),
        f"Update {written(out_of)} from {written(into)}: swap the two.",
    )
