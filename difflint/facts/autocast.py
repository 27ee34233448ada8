"""Half precision: autocast regions, half-precision networks, and whether anything scales the loss."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache

from difflint.facts import modes
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.truth import dtype_name, usually
from difflint.facts.values import ANY, Const, Function, LibraryObject, Value, choices, constant

CUDA_DEFAULT = "float16"
CPU_DEFAULT = "bfloat16"
SCALER = re.compile(r"\w*([Gg]rad_?[Ss]cal|[Ll]oss_?[Ss]cal|[Ss]caler|scale_loss|master_params)\w*")


def region(value: Value) -> str | None:
    """The dtype of the autocast region a context manager opens; None if it opens none or that is not known."""
    if not isinstance(value, LibraryObject) or not value.name.endswith("autocast"):
        return None
    if usually(value.argument("enabled") or Const(True)) is not True:
        return None
    dtype = value.argument("dtype")
    if dtype is not None and constant(dtype) is None and dtype != Const(None):
        return dtype_name(dtype)
    device = constant(value.argument("device_type"))
    on_cpu = value.name.startswith("torch.cpu") or (isinstance(device, str) and device.startswith("cpu"))
    return (
        CPU_DEFAULT
        if on_cpu
        else (CUDA_DEFAULT if isinstance(device, str) or value.name.startswith("torch.cuda") else None)
    )


def enter(machine: Machine, frame: Frame, value: Value, site: Site) -> None:
    """Open the region of a ``with`` item; of a choice of contexts the one in float16 counts."""
    opened = [v for v in choices(value) if isinstance(v, LibraryObject)]
    decided, grad = modes.gradients(value)
    machine.grad = grad if decided else machine.grad
    regions = [region(v) for v in opened if v.name.endswith("autocast")]
    if not regions:
        return
    dtype = "float16" if "float16" in regions else regions[0]
    machine.amp.append((dtype, site))
    if dtype == "float16" and not machine.no_grad:
        for running in (*machine.stack, frame):
            running.half = running.half or site


def entered(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``stack.enter_context(context)``: the context ends with the block of the stack."""
    value = arguments.get(1, "cm") or ANY
    enter(machine, frame, value, site)
    machine.memory.lasting()
    return value


def by_hand(machine: Machine, frame: Frame, value: LibraryObject, method: str, site: Site) -> None:
    """``context.__enter__()`` and ``context.__exit__(...)`` written out."""
    if method == "__enter__":
        enter(machine, frame, value, site)
    elif value.name.endswith("autocast") and machine.amp:
        machine.amp.pop()


def note_decorators(machine: Machine, function: Function, decorators: list[Value], site: Site) -> None:
    """A function under ``@autocast()`` runs inside such a region."""
    for decorator in decorators:
        if isinstance(decorator, LibraryObject) and decorator.name.endswith("autocast") and region(decorator):
            machine.amp_functions[id(function.node)] = (region(decorator), site)


@lru_cache(maxsize=64)
def has_scaler(text: str) -> bool:
    """Whether a module's code names anything that scales losses; a scaler that never scales does not count."""
    names = set(_names(text))
    found = {name for name in names if SCALER.fullmatch(name)}
    if "GradScaler" in names and "scale" not in names:
        found -= {"GradScaler", "scaler", "grad_scaler"}
    return bool(found)


def _names(text: str) -> Iterator[str]:
    try:
        yield from (t.string for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.NAME)
    except (tokenize.TokenError, IndentationError):
        return
