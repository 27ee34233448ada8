"""DFL721: an average of weights is taken of itself: what it is to average is the same network."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.findings import Place
from difflint.relations import Event, File, Term
from difflint.relations.aliases import aliases
from difflint.relations.averages import Update, updates
from difflint.relations.roles import written


def check_file(file: File) -> Iterator[Problem]:
    seen = set[Place]()
    for update in updates(file):
        into, out_of = update.into, update.out_of
        if into is None or out_of is None or (update.target == update.source and update.into != update.out_of):
            continue
        for problem in _judged(file, update, into, out_of):
            if problem.place not in seen:
                seen.add(problem.place)
                yield problem


def _judged(file: File, update: Update, into: Term, out_of: Term) -> Iterator[Problem]:
    act = next((act for act in (update.act, *reversed(update.act.calls)) if act.file is file), None)
    if act is None or not written(into):
        return
    if written(into) == written(out_of):
        calls = reversed(update.act.calls) if update.act.given else iter(())
        act = next((call for call in calls if call.file is file), act)
        yield _problem(file, act.event, act.event, into, out_of)
        return
    shared = {**aliases(file, into)}
    others = aliases(file, out_of)
    common = [name for name in shared if name in others]
    event = next((e for name in common for e in (shared[name], others[name]) if e is not None), None)
    if event is not None:
        yield _problem(file, event, act.event, into, out_of)


def _problem(file: File, blamed: Event, update: Event, into: Term, out_of: Term) -> Problem:
    first = () if blamed is update else (file.step(blamed, "gives the network a second name, and makes no copy"),)
    return Problem(
        file.place(blamed),
        {"code": file.code(update), "into": written(into), "out_of": written(out_of)},
        (*first, file.step(update, f"averages {written(into)} with {written(out_of)}: each weight with itself")),
        "Make the average a copy.deepcopy of the network, and update it from the network that is trained.",
    )
