"""Half precision: autocast regions, half-precision networks, and whether anything scales the loss."""

from __future__ import annotations

import re

from difflint.facts.machine import Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import dtype_name, truth
from difflint.facts.values import Choice, Const, Function, LibraryObject, Value, constant

CUDA_DEFAULT = "float16"
CPU_DEFAULT = "bfloat16"
SCALER = re.compile(r"\b\w*([Gg]rad_?[Ss]cal|[Ll]oss_?[Ss]cal|[Ss]caler|scale_loss|master_params)\w*")


def region(value: Value) -> str | None:
    """The dtype of the autocast region a context manager opens; None if it opens none or that is not known."""
    if not isinstance(value, LibraryObject) or not value.name.endswith("autocast"):
        return None
    if truth(value.argument("enabled") or Const(True)) is not True:
        return None
    dtype = value.argument("dtype")
    if dtype is not None and constant(dtype) is None and dtype != Const(None):
        return dtype_name(dtype)
    device = constant(value.argument("device_type"))
    on_cpu = value.name.startswith("torch.cpu") or (isinstance(device, str) and device.startswith("cpu"))
    return CPU_DEFAULT if on_cpu else (CUDA_DEFAULT if isinstance(device, str) or value.name.startswith("torch.cuda") else None)


def enter(machine: Machine, frame: Frame, value: Value, site: Site) -> int:
    """Open the region of a ``with`` item; gives how many regions were opened."""
    if isinstance(value, Choice) or not isinstance(value, LibraryObject) or not value.name.endswith("autocast"):
        return 0
    dtype = region(value)
    machine.amp.append((dtype, site))
    if dtype == "float16":
        for running in machine.stack:
            running.half = running.half or site
        frame.half = frame.half or site
    return 1


def decorated(machine: Machine, function: Function, decorators: list[Value], site: Site) -> Value:
    """A function under ``@autocast()`` runs inside such a region; every other decorator is taken to be transparent."""
    for decorator in decorators:
        if isinstance(decorator, LibraryObject) and decorator.name.endswith("autocast") and region(decorator):
            machine.amp_functions[id(function.node)] = (region(decorator), site)
    return function


def has_scaler(text: str) -> bool:
    """Whether a module's text names anything that scales losses or gradients."""
    return SCALER.search(text) is not None
