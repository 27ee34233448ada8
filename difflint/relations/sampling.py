"""Sampling: the loops that lead from noise to data, and the calls of networks in them.

A reverse loop is a loop in which a state is replaced by something computed from itself and from what a network, a step
function or a scheduler makes of it at the time of the round. Names are what makes a call one of a network, together
with the shape of the call: it is given the state and the time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from difflint.relations.counting import scalar
from difflint.relations.file import File
from difflint.relations.model import Context, Event, Function
from difflint.relations.terms import Term, alternatives, holds, label, walk

TIMES = ("t", "timestep", "timesteps", "time", "times", "ts", "t_emb", "time_cond", "noise_level", "noise_levels")
SIGMAS = ("sigma", "sigmas", "sigma_hat", "noise_labels", "c_noise", "log_snr")
_LAST = frozenset(("forward", "module", "apply", "__call__", "_forward"))  # methods that say nothing of what is called
_NETWORK = frozenset(
    {
        *("model", "net", "network", "unet", "denoiser", "denoise", "dit", "score", "eps", "epsilon", "velocity"),
        *("backbone", "predictor", "theta", "transformer", "nn", "diffuser", "ema"),
    }
)
_NO_NETWORK = re.compile(
    r"schedul|vae|loss|save|embed|extract|sample|step|add_noise|encod|decod|load|prepare|text|clip|tokeniz|callback|_of_|to_"
    r"|create|build|make|init|parse|output|_from_|sigmas?$|^get_|weight|_mean|coef|scale_model_input|classif|cond_fn|corrector"
)
_STEP = re.compile(r"(^|_)(p_sample|denoise_step|reverse_step|sampling_step|sample_step|ddim_sample|step)(_|$)")
_NO_STEP = re.compile(r"loop|progress|forward_|noise_step|optim|train|loss")
Made = TypeVar("Made")


def once(work: Callable[[File], Made]) -> Callable[[File], Made]:
    """Work on a file that several rules share is done once."""
    kept: WeakKeyDictionary[File, Made] = WeakKeyDictionary()

    @wraps(work)
    def look_up(file: File) -> Made:
        if file not in kept:
            kept[file] = work(file)
        return kept[file]

    return look_up


@dataclass(frozen=True, eq=False)
class StateCall:
    """A call that is given the state: of a network, of a ``step`` function, or of a scheduler's ``step``."""

    kind: str  # network, step, scheduler
    event: Event
    state: Term
    time: Term | None  # the argument that says where on the way the state is

    @property
    def term(self) -> Term:
        return self.event.term


@dataclass(frozen=True, eq=False)
class ReverseLoop:
    """A loop that makes data of noise (or noise of data, when it is an inversion)."""

    function: Function
    context: Context
    state: str
    entry: Term  # the state at the start of a round
    calls: tuple[StateCall, ...]
    updates: tuple[Event, ...]  # what gives the state a new value

    @property
    def start(self) -> Term:
        """The state before the loop."""
        return self.entry.args[0]

    @property
    def networks(self) -> tuple[StateCall, ...]:
        return tuple(call for call in self.calls if call.kind == "network")

    def own(self, term: Term) -> bool:
        """Whether a term changes from round to round because the loop counts or walks on."""
        return any(_belongs(part, self.context) for part in walk(term))


@once
def reverse_loops(file: File) -> tuple[ReverseLoop, ...]:
    """Every reverse loop of a file, outermost first."""
    return tuple(loop for function in file.functions for loop in _loops(file, function))


def _loops(file: File, function: Function) -> Iterator[ReverseLoop]:
    contexts = dict.fromkeys(c for event in function.events for c in event.loops)
    for context in contexts:
        inside = [event for event in function.events if event.within(context)]
        if any(event.kind == "call" and event.term.called in ("backward", "zero_grad") for event in inside):
            continue
        yield from _of_context(file, function, context, inside)


def _of_context(file: File, function: Function, context: Context, inside: list[Event]) -> Iterator[ReverseLoop]:
    calls = [event for event in inside if event.kind == "call" and kind_of(file, event.term)]
    if not calls:
        return
    for name in dict.fromkeys(event.target for event in inside if event.target.isidentifier() and event.kind != "for"):
        given = [event for event in inside if event.target == name and event.kind in ("assign", "augment")]
        entry = _entry([event.term for event in (*given, *calls)], name, context)
        if entry is None or (entry.args[0].op == "const" and entry.args[0].value is None):
            continue
        found = _state_calls(file, calls, entry, context)
        made = [event for event in given if any(holds(event.term, call.term) for call in found)]
        if made and found and not _is_counter(entry, found):
            yield ReverseLoop(function, context, name, entry, found, tuple(given))


def _state_calls(file: File, calls: list[Event], entry: Term, context: Context) -> tuple[StateCall, ...]:
    def is_state(part: Term) -> bool:
        return holds(part, entry)

    seen = (state_call(file, event, is_state, context) for event in calls)
    return tuple(call for call in seen if call is not None)


def _entry(terms: list[Term], name: str, context: Context) -> Term | None:
    key = name, id(context.node)
    return next((part for term in terms for part in walk(term) if part.op == "loop" and part.value == key), None)


def _is_counter(entry: Term, calls: tuple[StateCall, ...]) -> bool:
    """Whether the name is only ever the time of the calls."""
    return all(call.time is not None and holds(call.time, entry) and not holds(call.state, entry) for call in calls)


def _belongs(part: Term, context: Context) -> bool:
    if part.op == "each":
        return bool(part.value == id(context.node))
    return part.op == "loop" and isinstance(part.value, tuple) and bool(part.value[1] == id(context.node))


def state_call(file: File, event: Event, is_state: Callable[[Term], bool], context: Context | None) -> StateCall | None:
    """What a call is to the state, None if nothing of the kind."""
    call = event.term
    given = (*call.positional, *call.keywords.values())
    states = [part for part in given if is_state(part)]
    if not states or (call.receiver is not None and is_state(call.receiver)):
        return None
    kind = kind_of(file, call)
    if kind == "scheduler":
        sample = call.arg(2, "sample")
        return StateCall(kind, event, sample or states[-1], call.arg(1, "timestep"))
    if not kind:
        return None
    state = call.arg(0, "x") or states[0]
    state = state if is_state(state) else states[0]
    return StateCall(kind, event, state, time_of(call, state, context))


def kind_of(file: File, call: Term) -> str:
    """Whether a call is one of a network, of a step function, of a scheduler's step; empty if of none of them."""
    if call.op != "call" or _is_library(call):
        return ""
    name = called_name(call)
    if call.called == "step" and call.receiver is not None and (len(call.positional) + len(call.keywords)) >= 3:
        return "scheduler"
    if is_network_name(name) or (call.args[0].op == "param" and not _NO_NETWORK.search(name.lower())):
        return "network"
    function = file.function(call.args[0])
    if _STEP.search(name) and not _NO_STEP.search(name):
        return "step" if function is None or reaches_network(file, function) else ""
    return "step" if function is not None and _is_step(file, function) else ""


def called_name(call: Term) -> str:
    """What a person would say is called: ``unet`` for ``self.unet.forward``, ``model`` for ``unwrap(model)``."""
    called = call.args[0] if call.op == "call" else call
    while called.op == "attr" and called.value in _LAST:
        called = called.args[0]
    if called.op not in ("attr", "lib", "function") and isinstance(called.node, ast.Name):
        return called.node.id  # in a script the name stands for what made the network
    if called.op == "call" and called.positional:
        called = called.positional[0]
    return label(called).rpartition(".")[2] if called.op != "attr" else str(called.value)


def is_network_name(name: str) -> bool:
    """Whether a name is one that networks have."""
    lower = name.lower()
    words = lower.strip("_").split("_")
    named = any(word in _NETWORK or word.endswith(("net", "model", "former")) for word in words)
    return named and not _NO_NETWORK.search(lower)


def _is_library(call: Term) -> bool:
    return call.args[0].op == "lib" and call.callee.partition(".")[0] in ("torch", "numpy", "math", "einops", "jax")


def reaches_network(file: File, function: Function, depth: int = 4) -> bool:
    """Whether a function calls a network, or calls one of the file that does."""
    if depth == 0:
        return False
    for event in function.calls:
        if is_network_name(called_name(event.term)) and not _is_library(event.term):
            return True
        inner = file.function(event.term.args[0])
        if inner is not None and inner is not function and reaches_network(file, inner, depth - 1):
            return True
    return False


def _is_step(file: File, function: Function) -> bool:
    """Whether a function of the file makes one step: it calls a network, once, with a state and a time."""
    if len(function.params) < 2 or _NO_STEP.search(function.name) or any(e.kind == "yield" for e in function.events):
        return False
    takes = [e for e in function.calls if is_network_name(called_name(e.term)) and not _is_library(e.term)]
    return any(len(e.term.positional) + len(e.term.keywords) >= 2 and not e.loops for e in takes)


def time_of(call: Term, state: Term, context: Context | None) -> Term | None:
    """The argument that says where on the way the state is."""
    for name in (*TIMES, *SIGMAS):
        if name in call.keywords:
            return call.keywords[name]
    rest = [part for part in (*call.positional, *call.keywords.values()) if part is not state]
    if context is not None:
        own = [part for part in rest if _is_own(scalar(part), state, context)]
        return own[0] if own else None
    return call.positional[1] if len(call.positional) > 1 and call.positional[0] is state else None


def _is_own(part: Term, state: Term, context: Context) -> bool:
    return any(_belongs(inner, context) for inner in walk(part)) and not holds(part, state)


def starts(term: Term) -> tuple[Term, ...]:
    """What a state may begin as, without casts and factors around it."""
    return tuple(dict.fromkeys(_bare(way) for way in alternatives(term)))


def _bare(term: Term) -> Term:
    while term.op == "call" and term.receiver is not None and term.called in ("to", "cuda", "float", "half", "clone"):
        term = term.receiver
    return term
