"""DFL731: ``F.dropout`` without ``training=`` drops values in sampling, too."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import argument
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function
from difflint.relations.terms import number

NAMES = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
DROPOUTS = {f"torch.nn.functional.{name}" for name in NAMES}
TRAINING = 2  # the position of the argument


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.calls:
            if event.term.callee in DROPOUTS and _is_in_network(function) and _is_always_on(event):
                place = file.place(event)
                fix = Fix("safe", "Pass training=self.training.", (argument(place, "self.training", "training"),))
                yield Problem(
                    place,
                    {"code": file.code(event)},
                    (file.step(event, "training is True when it is not given, whatever mode the network is in"),),
                    "Pass training=self.training, or use nn.Dropout.",
                    fix=fix,
                )


def _is_in_network(function: Function) -> bool:
    """Whether it is the forward of a network: what a sampler drops of its noise, it drops on purpose."""
    return function.owner is not None and "forward" in function.name


def _is_always_on(event: Event) -> bool:
    """Whether it drops something at any time: no mode is given, no branch asks for one, and its rate is not 0."""
    call = event.term
    rate = call.arg(1, "p")
    asked = any("training" in str(context.term) or "train" in str(context.term) for context in event.branches)
    return not call.open and call.arg(TRAINING, "training") is None and number(rate) != 0 and not asked
