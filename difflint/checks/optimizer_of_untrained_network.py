"""DFL716: an optimizer is made for the average of a network, or for a network that is frozen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix, TraceStep
from difflint.relations import Event, File, Function, Term
from difflint.relations.averages import NAME
from difflint.relations.roles import made_role, origins, role, same, written
from difflint.relations.terms import alternatives, is_const

WEIGHTS = ("parameters", "shadow_params")
# What may make parameters of a frozen network trainable again, or add some that are.
THAWING = re.compile(
    r"requires_grad\s*=|requires_grad_\(\s*(True|\)|[a-z])|[Ll]o[Rr][Aa]|LORA|[Aa]dapter|peft|attn_proc|unfreeze"
)


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.calls:
            given = event.term.arg(0, "params") if made_role(event.term) == "optimizer" else None
            for owner in _owners(given) if given is not None else ():
                if NAME.search(written(owner)) and _is_average(file, owner):
                    yield _of_average(file, event.term, owner)
                elif (frozen := _frozen(file, function, event, owner)) is not None:
                    step = file.step(frozen, f"freezes {written(owner)}")
                    yield _problem(file, event.term, owner, "is frozen, so no loss gives it gradients", (step,), "")


def _owners(given: Term) -> Iterator[Term]:
    """The networks whose weights, all of them and no others, an optimizer is given."""
    for way in alternatives(given):
        if way.called == "parameters" and way.receiver is not None:
            yield way.receiver
        elif way.op == "attr" and way.value in WEIGHTS:
            yield way.args[0]


def _is_average(file: File, owner: Term) -> bool:
    leaves = list(origins(file, owner))
    kept = all(leaf.called == "deepcopy" or made_role(leaf) or leaf.value == "ema_model" for leaf in leaves)
    loaded = re.search(rf"\b{re.escape(written(owner))}\.load_state_dict\(\s*[\w.]+\.state_dict\(\)", file.text)
    return role(file, owner) == "ema" and (kept or loaded is not None)


def _frozen(file: File, function: Function, made: Event, owner: Term) -> Event | None:
    """Where the network was frozen in the same function, when nothing in the file thaws a part of any."""
    if THAWING.search(file.text):
        return None
    for event in function.calls:
        call = event.term
        freezes = call.called == "requires_grad_" and call.positional and is_const(call.positional[0], False)
        if freezes and call.receiver is not None and same(call.receiver, owner) and event.order < made.order:
            return event if not event.branches else None
    return None


def _of_average(file: File, call: Term, average: Term) -> Problem:
    copies = [leaf for leaf in origins(file, average) if leaf.called == "deepcopy" and leaf.positional]
    network = written(copies[0].positional[0]) if copies else ""
    return _problem(file, call, average, "is only the average of the network that computes the loss", (), network)


def _problem(file: File, call: Term, owner: Term, what: str, steps: tuple[TraceStep, ...], network: str) -> Problem:
    right = f"{network or 'model'}.parameters()"
    return Problem(
        file.place(call),
        {"owner": written(owner), "what": what},
        (*steps, file.step(call, f"steps the weights of {written(owner)}")),
        f"Give the optimizer {right}, of the network that is trained.",
        fix=Fix("safe", f"Give it {right}.", (replace(file.place(call), right, of="0 params"),)) if network else None,
    )
