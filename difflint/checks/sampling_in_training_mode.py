"""DFL730: a network with dropout or batch normalisation samples without ever being switched to eval mode."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difflint.facts import Problem
from difflint.findings import Place
from difflint.relations import File, Term
from difflint.relations.modes import depending_on_mode
from difflint.relations.roles import origins
from difflint.relations.trail import Act, instance_of, trails

NO_GRAD = ("no_grad", "inference_mode")
SWITCHES = re.compile(r"self\.eval\(|self\.train\(|set_mode|eval_mode|evaluating|\.training\s*=")
SWITCHING = ("eval", "train")


def check_file(file: File) -> Iterator[Problem]:
    if not re.search("|".join(NO_GRAD), file.text) or SWITCHES.search(file.text):
        return
    seen = set[Place]()
    for acts in trails(file):
        for act in acts:
            found = _network_called(file, act)
            for problem in _problem(file, act, *found) if found is not None else ():
                if problem.place not in seen and not _is_switched(file, acts, act):
                    seen.add(problem.place)
                    yield problem


def _network_called(file: File, act: Act) -> tuple[str, tuple[File, Term]] | None:
    """The name of a network that runs in a loop without gradients, and its layer that depends on the mode."""
    if act.event.kind != "call" or not act.loops or not act.event.term.positional or not _without_gradients(act):
        return None
    made = instance_of(file, act.term.args[0])
    if made is None or SWITCHES.search(made[0].text) or "forward" not in made[0].classes[made[1]].methods:
        return None
    layer = depending_on_mode(made[0])
    return (act.file.code(act.event.term.args[0]), (made[0], layer)) if layer is not None else None


def _is_switched(file: File, acts: tuple[Act, ...], call: Act) -> bool:
    """Whether anything in the same trail may have switched the network to eval mode."""
    network = set(origins(file, call.term.args[0]))
    for act in acts:
        if act.event.kind == "call" and act.event.term.called in SWITCHING and act.term.receiver is not None:
            plain = act.event.term.called == "train" and not act.event.term.positional
            others = set(origins(file, act.term.receiver))
            known = all(leaf.op == "call" for leaf in others)
            if not plain and (not known or network & others):
                return True
    return False


def _without_gradients(act: Act) -> bool:
    if any(c.kind == "with" and c.term.called in NO_GRAD for c in act.context):
        return True
    return any(function.has_decorator(*NO_GRAD) for function in (act.function, *(call.function for call in act.calls)))


def _problem(file: File, act: Act, name: str, layer: tuple[File, Term]) -> Iterator[Problem]:
    inside = next((a for a in (act, *reversed(act.calls)) if a.file is file), None)
    if inside is not None:
        loop = inside.event.loops[0].term if inside is act and inside.event.loops else inside.event
        where, term = layer
        calls = tuple(call.file.step(call.event, "called here") for call in act.calls)
        yield Problem(
            file.place(loop),
            {"network": name, "layer": where.code(term)},
            (
                where.step(term, "does something else in training mode"),
                *calls,
                act.file.step(act.event, f"{name} runs in training mode: nothing calls eval()"),
            ),
            "Call eval() on the network before sampling, and train() before training goes on.",
        )
