"""The steps of a training loop, in the order in which they happen over one round.

A `Step` is one thing that belongs to training: gradients are zeroed, computed, unscaled, clipped, an optimizer, a
scaler or a scheduler of learning rates goes on. A `Round` is the body of the loop that computes gradients and steps;
after its last step comes its first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from difflint.findings import Place, TraceStep
from difflint.relations.file import File
from difflint.relations.model import Context, Function
from difflint.relations.roles import is_made, name_of, role, same
from difflint.relations.terms import Term, alternatives, is_const, last_name, walk
from difflint.relations.trail import LEAVING, Act, called_function, trails

CLIPS = ("clip_grad_norm_", "clip_grad_norm", "clip_grad_value_", "clip_gradients", "clip_grads_with_norm_")
WORDS = re.compile(r"backward|zero_grad")
# Calls that compute no gradients, whatever they are given.
HARMLESS = re.compile(
    r"(torch|numpy|math|time|os|logging|wandb|tqdm)\..*|print|len|float|int|range|str|sum|max|min|zip|enumerate|list|dict|isinstance"
    r"|getattr|hasattr|abs|round|sorted|tuple|any|all|super|format"
    r"|\.(item|parameters|named_parameters|append|extend|update|set_postfix|set_description|log\w*|add_scalar\w*|to|cpu|cuda|detach"
    r"|mean|sum|norm|format|backward|state_dict|get_scale|get_last_lr|numel|size|info|debug|write|items|keys|values|synchronize|join)"
)
SUSPICIOUS = re.compile(r"backward|step|optim|train|grad|closure|update|zero", re.I)
Wanted = Callable[["Step"], bool]
OWNERS = r"accelerator|fabric|engine|trainer|self|amp|optimizer"


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that belongs to training.

    ``kind``: ``zero`` (of: the optimizer or model, None for all), ``backward`` (of: the loss; by: the scaler or
    accelerator that does it), ``unscale`` and ``step`` (of: the optimizer; by: the scaler, if any), ``clip`` (of: the
    parameters), ``update`` (of: the scaler), ``schedule`` (of: the scheduler)."""

    kind: str
    act: Act
    position: int
    of: Term | None = None
    by: Term | None = None
    maybe: bool = False  # on some ways it is not ``by`` that

    @property
    def file(self) -> File:
        return self.act.file

    @property
    def place(self) -> Place:
        return self.file.place(self.act.event)

    def at(self, file: File) -> Place | None:
        """Where it stands in a file: itself, or the call that leads to it; None if nowhere."""
        acts = (act for act in (self.act, *reversed(self.act.calls)) if act.file is file)
        return next((file.place(act.event) for act in acts), None)

    @property
    def code(self) -> str:
        return self.file.code(self.act.event)

    def trace(self, what: str) -> TraceStep:
        return self.file.step(self.act.event, what)


@dataclass(frozen=True, eq=False)
class Round:
    """The steps in the body of a loop (None: a function that its callers run again and again)."""

    training: Training
    loop: Context | None
    steps: tuple[Step, ...]

    def of_kind(self, *kinds: str) -> Iterator[Step]:
        return (step for step in self.steps if step.kind in kinds)

    def before(self, step: Step, wanted: Wanted) -> Step | None:
        """The last wanted step that happens before, going round; None where that is not certain."""
        at = self.steps.index(step)
        return self._first(step, [*reversed(self.steps[:at]), *reversed(self.steps[at + 1 :])], wanted)

    def after(self, step: Step, wanted: Wanted) -> Step | None:
        """The next wanted step, going round; None where that is not certain."""
        at = self.steps.index(step)
        return self._first(step, [*self.steps[at + 1 :], *self.steps[:at]], wanted)

    def _first(self, step: Step, others: list[Step], wanted: Wanted) -> Step | None:
        for other in others:
            if wanted(other) and not self.training.apart(other, step):
                return other if other.act.whenever(step.act) and self._same_depth(other, step) else None
        return None

    def between(self, first: Step, second: Step) -> Iterator[Act]:
        """What else happens on the way from one step to another, going round."""
        wraps = second.position < first.position
        for position, act in enumerate(self.training.acts):
            inside = self.loop is None or self.loop in act.context
            ahead, behind = position > first.position, position < second.position
            if inside and (ahead or behind if wraps else ahead and behind):
                yield act

    def is_quiet(self, first: Step, second: Step) -> bool:
        """Whether nothing happens between two steps that could compute gradients or step unseen."""
        return not any(is_opaque(act) for act in self.between(first, second))

    def _same_depth(self, other: Step, step: Step) -> bool:
        """Whether the other stands in no loop of its own, or in one that surely runs as well."""
        own = [c for c in other.act.loops if c not in step.act.loops]
        return other.kind in ("backward", "zero", "step") or not own


@dataclass(frozen=True, eq=False)
class Training:
    """What one function does for training, with all that it calls."""

    file: File
    acts: tuple[Act, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        found = (recognised(act, position) for position, act in enumerate(self.acts) if act.event.kind != "for")
        return tuple(step for step in found if step is not None)

    def of_kind(self, *kinds: str) -> Iterator[Step]:
        return (step for step in self.steps if step.kind in kinds)

    def opaque_uses(self, thing: Term) -> bool:
        """Whether something unseen is given an object and may do anything with it."""
        return any(_gives(act, thing) for act in self.acts if is_unseen(act))

    @cached_property
    def rounds(self) -> tuple[Round, ...]:
        """One for each loop that is the innermost one around both a step and a computation of gradients."""
        loops: dict[Context | None, None] = {}
        backwards = list(self.of_kind("backward"))
        for step in self.of_kind("step"):
            shared = [c for c in step.act.loops if any(c in b.act.loops for b in backwards)]
            if shared or any(not self.apart(b, step) for b in backwards):
                loops[shared[-1] if shared else None] = None
        return tuple(Round(self, loop, self.inside(loop)) for loop in loops)

    def inside(self, loop: Context | None) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if loop is None or loop in step.act.context)

    def apart(self, one: Step, other: Step) -> bool:
        """Whether no round comes from one of the two to the other."""
        return one.act.excludes(other.act) or self._left(one, other) or self._left(other, one)

    def _left(self, one: Step, other: Step) -> bool:
        """Whether the branch of one leaves the round (``continue``) before the other."""
        return any(c in self._leaving and c not in other.act.context for c in one.act.context)

    @cached_property
    def _leaving(self) -> frozenset[Context]:
        """Branches that end by leaving the round or the outermost function."""
        leaving = (a for a in self.acts if a.event.kind in LEAVING and not (a.event.kind == "return" and a.calls))
        inner = (act.event.context[-1] for act in leaving if act.event.context)
        return frozenset(c for c in inner if c.kind in ("if", "else", "except"))


@lru_cache(maxsize=2)
def trainings(file: File) -> tuple[Training, ...]:
    """Every function of a file that nothing else in it calls, with the steps of training that it leads to."""
    if not WORDS.search(file.text):
        return ()
    found = (Training(file, acts) for acts in trails(file))
    return tuple(training for training in found if training.steps)


def rounds(file: File) -> Iterator[Round]:
    """Every round of training that a file shows."""
    return (one for training in trainings(file) for one in training.rounds)


def everything(file: File) -> Iterator[Step]:
    """Every step in a file, some of them several times: once for each way that leads there."""
    return (step for training in trainings(file) for step in training.steps)


def is_grad_scaler(file: File, scaler: Term) -> bool:
    """Whether a scaler is made as one, or is called one and used as one: somewhere it is updated."""
    return is_made(file, scaler, "scaler") or any(
        step.kind == "update" and step.of is not None and same(step.of, scaler) for step in everything(file)
    )


def is_unseen(act: Act) -> bool:
    """Whether it is a call of something that nobody sees and that is not known to be harmless."""
    if act.event.kind != "call" or recognised(act, 0) is not None or _is_average(act):
        return False
    callee = act.event.term.callee
    if "autograd.grad" in callee:
        return True
    return not HARMLESS.fullmatch(callee) and called_function(act.file, act.term) is None


def _is_average(act: Act) -> bool:
    """Whether it is a method of an average of weights, or a function that is called after it."""
    call = act.event.term
    if call.receiver is not None and not call.callee.startswith("torch."):
        return role(act.file, call.receiver) == "ema"
    return re.search(r"(^|_)ema(_|$)", call.called) is not None


def is_opaque(act: Act) -> bool:
    """Whether a call may compute gradients or step unseen: its name says so, or nobody takes its result."""
    sampling = act.event.term.called == "step" and len(act.event.term.positional) > 1  # a scheduler of diffusers
    return (
        is_unseen(act)
        and not sampling
        and (
            SUSPICIOUS.search(act.event.term.called) is not None
            or id(act.event.node) in _statements(act.function)
            or any(role(act.file, given) in ("optimizer", "scaler") for given in act.term.positional)
        )
    )


@lru_cache(maxsize=64)
def _statements(function: Function) -> frozenset[int]:
    """The calls of a function whose result nobody takes."""
    return frozenset(id(getattr(e.node, "value", None)) for e in function.events if e.kind == "expression")


def recognised(act: Act, position: int) -> Step | None:
    """The step of training that an event is, if any."""
    if act.event.kind == "assign":
        cleared = act.event.target.endswith(".grad") and is_const(act.event.term, None)
        return Step("zero", act, position) if cleared else None
    name = act.event.term.called if act.event.kind == "call" else ""
    maker = _MAKERS.get(name) or (_clip if name in CLIPS else None)
    return maker(act, position) if maker is not None else None


def _zero(act: Act, position: int) -> Step | None:
    of = act.term.receiver
    return Step("zero", act, position, of) if of is not None else None


def _cleared(act: Act, position: int) -> Step | None:
    of = act.term.receiver
    return Step("zero", act, position) if of is not None and last_name(of) == "grad" else None


def _backward(act: Act, position: int) -> Step | None:
    call, of = act.term, act.term.receiver
    if of is None:
        given = call.arg(0, "tensors") if call.callee.startswith("torch.") else None
        return _of_loss(act, position, given) if given is not None else None
    given = call.arg(0, "loss")
    kind = role(act.file, of)
    by_owner = given is not None and not same(of, given)
    if by_owner and (kind in ("accelerator", "scaler", "optimizer") or re.search(OWNERS, name_of(of))):
        return Step("backward", act, position, given, of)
    return _of_loss(act, position, of)


def _of_loss(act: Act, position: int, of: Term) -> Step:
    found = {way: scaler_of(act.file, way) for way in alternatives(of)}
    by = next((scaler for scaler in found.values() if scaler is not None), None)
    inner = of.positional[0] if of.called == "scale" and by is not None and of.positional else of
    return Step("backward", act, position, inner, by, by is not None and None in found.values())


def scaler_of(file: File, loss: Term) -> Term | None:
    """The scaler in ``scaler.scale(loss)``."""
    for part in walk(loss):
        if part.called == "scale" and part.receiver is not None and role(file, part.receiver) == "scaler":
            return part.receiver
        if part.called == "scale_loss":
            return part
    return None


def _unscale(act: Act, position: int) -> Step | None:
    given = act.term.positional
    return Step("unscale", act, position, given[0] if given else None, act.term.receiver)


def _clip(act: Act, position: int) -> Step | None:
    call = act.term
    bound = call.arg(1, "max_norm")
    endless = bound is not None and any(p.called == "float" or last_name(p) == "inf" for p in walk(bound))
    return None if endless else Step("clip", act, position, call.arg(0, "parameters"), call.receiver)


def _step(act: Act, position: int) -> Step | None:
    of, given = act.term.receiver, act.term.positional
    kind = role(act.file, of) if of is not None else ""
    if kind == "optimizer":
        return Step("step", act, position, of)
    if kind == "scaler" and given:
        return Step("step", act, position, given[0], of)
    if kind == "scheduler" and len(given) <= 1 and not (set(act.term.keywords) - {"epoch", "metrics"}):
        return Step("schedule", act, position, of)
    return None


def _optimizer_step(act: Act, position: int) -> Step | None:
    given = act.term.positional
    return Step("step", act, position, given[0]) if given and role(act.file, given[0]) == "optimizer" else None


def _update(act: Act, position: int) -> Step | None:
    of = act.term.receiver
    return Step("update", act, position, of) if of is not None and role(act.file, of) == "scaler" else None


_MAKERS = {
    "zero_grad": _zero,
    "zero_": _cleared,
    "backward": _backward,
    "manual_backward": _backward,
    "unscale_": _unscale,
    "unscale_gradients": _unscale,
    "step": _step,
    "optimizer_step": _optimizer_step,
    "update": _update,
}


def _gives(act: Act, thing: Term) -> bool:
    call = act.term
    if call.called in ("prepare", "setup", "DataParallel") or role(act.file, call) in ("scheduler", "scaler", "ema"):
        return False
    return any(same(part, thing) for given in (*call.positional, *call.keywords.values()) for part in _handed(given))


def _handed(given: Term) -> Iterator[Term]:
    """What a callee gets hold of: the argument, and the items of a display."""
    yield given
    if given.op in ("list", "tuple", "dict", "set", "star", "phi", "if"):
        for part in given.args:
            yield from _handed(part)
