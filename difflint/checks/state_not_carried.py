"""DFL815: a sampling loop starts each round from the same state, or from the same time."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from difflint.facts import Problem
from difflint.relations import Context, Event, File, Function, Term
from difflint.relations.draws import NORMAL
from difflint.relations.networks import NETWORK, NOISES, NOISING, PREPARING, written_name
from difflint.relations.reads import draws_noise, unread_values
from difflint.relations.terms import alternatives, holds, walk

BACKWARDS = re.compile(r"reversed\(|\[::-1\]|, ?-1\)|timesteps|time_pairs|times\b|sigmas|flip\(")
STEP = re.compile(r"(p|ddim|ddpm|reverse)_sample|sample_(timestep|step)|denoise|reverse_step|remove_noise")
FILLED = (
    "full",
    "ones",
    "zeros",
    "new_ones",
    "new_zeros",
    "new_full",
    "tensor",
    "full_like",
    "ones_like",
    "zeros_like",
)
STATES = ("x", "xt", "x_t", "img", "image", "latents", "sample", "z", "samples", "images")


@dataclass(eq=False)
class Loop:
    """A loop of a function that goes from noise to a picture: its calls of a network or of one step."""

    function: Function
    context: Context
    steps: tuple[Event, ...]

    @property
    def node(self) -> ast.For:
        assert isinstance(self.context.node, ast.For)
        return self.context.node

    @cached_property
    def source(self) -> str:
        """What is looped over, as it is written, with the value of a name in its place."""
        texts = [ast.unparse(self.node.iter)]
        for event in self.function.assigned:
            value = getattr(event.node, "value", None)
            if event.kind == "assign" and value is not None and event.target in texts[0]:
                texts.append(ast.unparse(value))
        return " ".join(texts)

    @property
    def backwards(self) -> bool:
        return bool(BACKWARDS.search(self.source))

    @cached_property
    def changed(self) -> set[str]:
        """The names that a round changes."""
        inside = [e for e in self.function.events if e.within(self.context)]
        return {e.target.rstrip("[]") for e in inside if e.target} | {
            _changed_in_place(e) for e in inside if e.kind == "call"
        }

    @property
    def counts(self) -> bool:
        """Whether a round does something with its number or time."""
        names = _names(self.node.target)
        return any(d.kind == "for" and d.name in names and d.used for d in self.function.definitions)

    def loses(self, step: Term) -> bool:
        """Whether a result of the step is given a name that nobody reads."""
        lost = (event for _, event in unread_values(self.function) if event.within(self.context))
        return any(part == step for event in lost for part in walk(event.term))


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        if function.name.startswith("test") or any(event.term.called == "backward" for event in function.calls):
            continue
        for loop in _loops(function):
            found = next((found for kind in KINDS if (found := kind(loop)) is not None), None)
            if found is not None:
                yield _problem(file, loop, *found)


def _loops(function: Function) -> Iterator[Loop]:
    contexts = {c: None for event in function.events for c in event.loops if isinstance(c.node, ast.For)}
    for context in contexts:
        steps = [e for e in function.calls if e.loops and e.loops[-1] is context and _is_step(e)]
        if steps:
            yield Loop(function, context, tuple(steps))


def _is_step(event: Event) -> bool:
    name = written_name(event.node.func) if isinstance(event.node, ast.Call) else ""
    if NOISING.search(name) or PREPARING.match(name) or not isinstance(event.node, ast.Call):
        return False
    return len(event.node.args) + len(event.node.keywords) > 1 and bool(NETWORK.search(name) or STEP.search(name))


def _same_state(loop: Loop) -> Found | None:
    """The state that the loop starts from is given to the network in each round and never changed."""
    timed = _names(loop.node.target) | loop.changed
    for step in loop.steps:
        given = (
            [part.id for part in step.node.args if isinstance(part, ast.Name)]
            if isinstance(step.node, ast.Call)
            else []
        )
        others = any(isinstance(part, ast.Name) and part.id in timed for part in ast.walk(step.node))
        moving = any(name in STATES and name in loop.changed for name in given)
        for state in given if others and not moving else ():
            lost = loop.loses(step.term) and state in STATES
            begins = loop.backwards and state not in NOISES and _begins_as_noise(loop, state)
            if state not in loop.changed and (lost or begins) and not _named_anew(loop, step, state):
                return step.node, state, f"every round starts from the same {state}, and what it makes is lost"
    return None


def _named_anew(loop: Loop, step: Event, state: str) -> bool:
    """Whether the loop writes the new state out, from the old one and the prediction: then it has only a wrong name."""
    inside = [e for e in loop.function.events if e.within(loop.context)]
    given = next((a for a in step.term.positional if isinstance(a.node, ast.Name) and a.node.id == state), None)
    shown = any(e.kind in ("yield", "break", "return") or e.term.called in ("append", "extend") for e in inside)
    formulas = [e for e in inside if e.kind == "assign" and not e.branches and holds(e.term, step.term)]
    drawn = given is not None and draws_noise(given) is not None
    return drawn and not shown and any(given is not None and _beside(e.term, step.term, given) for e in formulas)


def _beside(term: Term, call: Term, state: Term) -> bool:
    """Whether the state occurs beside the prediction, not only in it."""
    return term != call and (term == state or any(_beside(arg, call, state) for arg in term.args))


def _drawn_again(loop: Loop) -> Found | None:
    """The state is drawn anew in each round, and what the round before has made is lost."""
    inside = [e for e in loop.function.assigned if e.loops and e.loops[-1] is loop.context and not e.branches]
    for event in inside:
        carried = event.old is not None and event.old.op == "loop" and _top(event.term) is draws_noise(event.term)
        later = [e for e in inside if e.target == event.target and e.order > event.order]
        shown = any(_named_first(step, event.target) for step in loop.steps)
        made = any(part == step.term for e in later for part in walk(e.term) for step in loop.steps)
        if carried and draws_noise(event.term) is not None and made and (shown or loop.backwards):
            return (
                event.node,
                event.target,
                f"{event.target} is drawn anew in every round, and the round before is lost",
            )
    return None


def _named_first(step: Event, name: str) -> bool:
    return isinstance(step.node, ast.Call) and bool(step.node.args) and getattr(step.node.args[0], "id", "") == name


def _top(term: Term) -> Term:
    while term.receiver is not None and term.called not in NORMAL:
        term = term.receiver
    return term


def _changed_in_place(event: Event) -> str:
    func = event.node.func if isinstance(event.node, ast.Call) else None
    in_place = isinstance(func, ast.Attribute) and func.attr.endswith("_") and isinstance(func.value, ast.Name)
    return func.value.id if in_place else ""  # type: ignore[union-attr]


def _begins_as_noise(loop: Loop, state: str) -> bool:
    """Whether it is a drawn start, or one that is handed in."""
    before = [e for e in loop.function.assigned if e.target == state and not e.within(loop.context)]
    before = [e for e in before if e.node.lineno < loop.node.lineno]  # type: ignore[attr-defined]
    return bool(before) and all(
        _top(way) is draws_noise(way) or way.op == "param" for way in alternatives(before[-1].term)
    )


def _same_time(loop: Loop) -> Found | None:
    """The network is told the first time, or a constant one, in every round."""
    carried = any(e.within(loop.context) and e.old is not None and e.old.op == "loop" for e in loop.function.assigned)
    for step in loop.steps if carried else ():
        for part in ast.walk(step.node):
            first = isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant) and part.slice.value == 0
            if first and isinstance(part, ast.Subscript) and _goes_through(loop.node.iter, part.value):
                return step.node, ast.unparse(part), "every round tells the network the first time"
        told = (*step.term.positional[1:], *step.term.keywords.values())
        follows = any(part.op == "each" for arg in told for part in walk(arg))  # the time, and not a scale beside it
        for arg in told if not follows else ():
            if _is_constant(_top(arg)) and loop.counts and loop.steps[0] is step:
                name = ast.unparse(arg.node) if arg.node is not None else "the time"
                return step.node, name, f"{name} does not change, so every round tells the network the same time"
    return None


def _goes_through(iterable: ast.expr, table: ast.expr) -> bool:
    """Whether the loop goes through that very table, through ``tqdm`` or ``enumerate`` perhaps."""
    inner = iterable.args if isinstance(iterable, ast.Call) else []
    return ast.dump(iterable) == ast.dump(table) or any(_goes_through(part, table) for part in inner)


def _is_constant(term: Term) -> bool:
    """Whether a tensor is filled with something that no round changes."""
    if term.called not in FILLED:
        return False
    filled = "full" in term.called
    value = term.arg(1 if filled else 0, "fill_value") if filled or term.called == "tensor" else None
    return value is None or not any(part.op in ("each", "loop", "unknown", "phi") for part in walk(value))


Found = tuple[ast.AST, str, str]
KINDS: tuple[Callable[[Loop], Found | None], ...] = (_same_state, _drawn_again, _same_time)


def _names(target: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}


def _problem(file: File, loop: Loop, node: ast.AST, name: str, what: str) -> Problem:
    return Problem(
        file.place(node),
        {"name": name, "what": what, "code": file.code(node)},
        (
            file.step(loop.node, f"a loop from noise to a picture: {file.code(loop.node.iter)}"),
            file.step(node, what),
        ),
        "Give each round what the round before has made: x = step(x, t).",
    )
