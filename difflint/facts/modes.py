"""Modes: whether a network is in training or evaluation mode, whether gradients are recorded, torch's default dtype.

The mode of a network is known from where it was made or last switched, in one entry point; where ways meet that differ,
and for copies that share an object here but not there, it is not."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts.events import NetworkCall
from difflint.facts.machine import Arguments, Machine
from difflint.facts.scope import Frame
from difflint.facts.steps import Site
from difflint.facts.tensors import Network
from difflint.facts.truth import dtype_name, truth
from difflint.facts.values import (
    ANY,
    NONE,
    Choice,
    Const,
    Elements,
    Instance,
    Items,
    LibraryObject,
    Record,
    Unknown,
    Value,
    choices,
)

OFF = ("torch.no_grad", "torch.inference_mode")


def gradients(value: Value) -> tuple[bool, bool | None]:
    """Whether entering a context decides about gradients, and how; None if that is not known."""
    answers = {_switch(v) for v in choices(value)}
    if answers == {"none"}:
        return False, None
    only = answers.pop() if len(answers) == 1 else None
    return True, {"on": True, "off": False}.get(only or "")


def _switch(value: Value) -> str:
    name = value.name if isinstance(value, LibraryObject) else ""
    if name == "torch.enable_grad":
        return "on"
    if name not in (*OFF, "torch.set_grad_enabled"):
        return "none"
    assert isinstance(value, LibraryObject)
    given = value.argument("mode")
    known = True if given is None and name in OFF else truth(given or ANY)
    if known is None:
        return "unknown"
    return "off" if known is (name in OFF) else "on"


def set_grad_enabled(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``torch.set_grad_enabled(flag)`` works at once; as a context it ends with its block."""
    made = LibraryObject("torch.set_grad_enabled", (("mode", arguments.get(0, "mode") or ANY),), site)
    machine.grad = gradients(made)[1] if frame.undecided == 0 else None
    machine.switched |= not machine.stack
    machine.memory.lasting()
    return made


def set_default_dtype(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``torch.set_default_dtype(torch.float64)``: what new floating tensors are from here on."""
    machine.default_dtype = dtype_name(arguments.get(0, "d")) if frame.undecided == 0 else None
    machine.memory.forget()
    machine.memory.lasting()
    return NONE


def switch(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``model.train(mode)`` and ``model.eval()``, for the network and those it is made of."""
    owner = arguments.args[0] if arguments.args else ANY
    mode = truth(arguments.get(1, "mode") or Const(True))
    changed = {part.network for part in _parts(owner, set())}
    kept = {(network, old) for network, old in machine.modes if network not in changed}
    if mode is not None and frame.undecided == 0:
        kept |= {(network, mode) for network in changed - machine.copied}
    if kept != machine.modes:
        machine.modes = frozenset(kept)
        machine.memory.lasting()
    return owner


def switch_off(machine: Machine, frame: Frame, arguments: Arguments, site: Site) -> Value:
    """``model.eval()``."""
    return switch(machine, frame, Arguments((*arguments.args[:1], Const(False))), site)


def copied(machine: Machine, value: Value) -> None:
    """A copy has a mode of its own, which the object it shares here cannot tell."""
    networks = {part.network for part in _parts(value, set())}
    machine.copied |= networks
    machine.modes = frozenset((network, mode) for network, mode in machine.modes if network not in networks)


def _parts(value: Value, seen: set[int]) -> Iterator[Instance | LibraryObject | Unknown]:
    """An object and what it holds, each once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    held: tuple[Value, ...] = ()
    if isinstance(value, Instance):
        yield value
        held = tuple(value.attributes.values())
    elif isinstance(value, LibraryObject | Unknown):
        yield value
    elif isinstance(value, Items):
        held = value.items
    elif isinstance(value, Elements):
        held = (value.item,)
    elif isinstance(value, Record):
        held = tuple(v for _, v in value.entries)
    elif isinstance(value, Choice):
        held = value.values
    for part in held:
        if not isinstance(part, Unknown):
            yield from _parts(part, seen)


def made(machine: Machine, network: Network) -> None:
    """A new network is in training mode."""
    if network not in machine.copied and all(known != network for known, _ in machine.modes):
        machine.modes |= {(network, True)}


def note_call(machine: Machine, network: Network, site: Site) -> None:
    """A network is called: in which mode, with or without gradients, in which dtype."""
    mode = next((mode for known, mode in machine.modes if known == network), None)
    dtype = "float16" if network in machine.half_networks else None
    call = NetworkCall(site, machine.calls, network, mode, machine.grad, dtype, machine.amp_dtype)
    machine.seen.network_calls[call] = None
