"""Layers that do something else in training than in sampling."""

from __future__ import annotations

from difflint.relations.file import File
from difflint.relations.model import Function
from difflint.relations.terms import Term, number

NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")
DROPOUTS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")


def depending_on_mode(file: File) -> Term | None:
    """A layer of the networks of a file that does something else in training, for sure."""
    for cls in file.classes.values():
        for method in cls.methods.values():
            for event in method.calls:
                call = event.term
                known = call.callee.startswith("torch.nn.")
                if known and (call.called in NORMS or (call.called in DROPOUTS and _rate(method, call) > 0)):
                    return call
    return None


def _rate(method: Function, call: Term) -> float:
    """The rate of a dropout: written down, or the default of a parameter; 0 where it is not known."""
    rate = call.arg(0, "p")
    if rate is None:
        return 0.5
    if rate.op == "param" and isinstance(rate.value, tuple):
        rate = method.defaults.get(rate.value[0], rate)
    return number(rate) or 0
