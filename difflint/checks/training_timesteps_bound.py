"""DFL607: timesteps for training that are not drawn from all timesteps of the scheduler."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import replace
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Function, Term
from difflint.relations.counting import linear
from difflint.relations.diffusers import same_object, schedulers
from difflint.relations.draws import bare
from difflint.relations.terms import is_const, number, path
from difflint.relations.timesteps import opener

DEFAULT = 1000


def check_file(file: File) -> Iterator[Problem]:
    for function in file.functions:
        for event in function.calls:
            if event.term.called == "add_noise" and event.term.receiver is not None:
                draw = _draw(event.term)
                if draw is not None:
                    yield from _judged(file, function, event, draw)


def _draw(noising: Term) -> Term | None:
    times = noising.arg(2, "timesteps")
    draw = bare(times) if times is not None else None
    return draw if draw is not None and draw.callee == "torch.randint" and not draw.open else None


def _judged(file: File, function: Function, event: Event, draw: Term) -> Iterator[Problem]:
    made = next((e for e in function.calls if e.term == draw), None)
    bounds = _bounds(draw)
    assert event.term.receiver is not None
    if made is None or bounds is None:
        return
    low, high = bounds
    owner = path(event.term.receiver) or "scheduler"
    off = _off(high, event.term.receiver)
    if off:
        effect = "leaves out the last timestep, where sampling begins" if off < 0 else "draws one timestep too many"
        yield _problem(file, made, event, high, f"{owner}.config.num_train_timesteps", effect)
        return
    total, bound = _total(file, event.term.receiver), number(opener(file).open(high))
    if total is not None and bound is not None and bound != total and is_const(low, 0):
        effect = f"draws from {bound:g} timesteps, but the scheduler has {total:g}"
        if bound > total or total - bound == 1:
            yield _problem(file, made, event, high, f"{owner}.config.num_train_timesteps", effect)


def _bounds(draw: Term) -> tuple[Term | None, Term] | None:
    low, high = draw.arg(0, "low"), draw.arg(1, "high")
    if high is None or high.op in ("tuple", "list"):
        return None if low is None else (Term("const", (), 0), low)
    return low, high


def _off(high: Term, scheduler: Term) -> int:
    """How many timesteps a bound made of ``scheduler.config.num_train_timesteps`` is off."""
    total = linear(high)
    if len(total.parts) != 1 or total.constant not in (1, -1):
        return 0
    ((part, factor),) = total.parts
    return int(total.constant) if factor == 1 and _is_total(part, scheduler) else 0


def _is_total(term: Term, scheduler: Term) -> bool:
    if term.op == "call" and term.callee == "len":
        return same_object(term.positional[0], scheduler)
    if term.op == "attr" and term.value == "num_train_timesteps":
        owner = term.args[0]
        return same_object(owner, scheduler) or (owner.op == "attr" and same_object(owner.args[0], scheduler))
    return False


def _total(file: File, scheduler: Term) -> float | None:
    """How many timesteps the scheduler is made with."""
    found = set[float | None]()
    for made in schedulers(file, scheduler):
        given = made.given.get("num_train_timesteps") or next(iter(made.call.positional), None)
        found.add(DEFAULT if given is None else number(opener(file).open(given)))
        if not made.whole:
            return None
    return found.pop() if len(found) == 1 else None


def _problem(file: File, made: Event, event: Event, high: Term, right: str, effect: str) -> Problem:
    return Problem(
        file.place(made),
        {"code": file.code(made), "effect": effect},
        (file.step(made, f"draws 0 to {file.code(high)} - 1"), file.step(event, "picks the noise level by it")),
        f"torch.randint(0, {right}, ...)",
        fix=Fix("unsafe", "Draw from all timesteps.", (replace(file.place(high), right),)),
    )
