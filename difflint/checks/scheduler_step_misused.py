"""DFL604: what a scheduler's step is given, or what is taken from its result, is the wrong thing."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.edits import wrap
from difflint.facts import Problem
from difflint.findings import Fix
from difflint.relations import Event, File, Term
from difflint.relations.counting import item_of, scalar
from difflint.relations.diffusers import is_diffusers, schedulers
from difflint.relations.draws import bare
from difflint.relations.guidance import is_prediction
from difflint.relations.sampling import ReverseLoop, reverse_loops
from difflint.relations.terms import is_const, walk

ORDER = ("model_output", "timestep", "sample")


def check_file(file: File) -> Iterator[Problem]:
    for loop in reverse_loops(file):
        for call in loop.calls:
            if call.kind == "scheduler" and is_diffusers(file, loop.function, call.term):
                wrong = _order(loop, call.term)
                if wrong:
                    yield _swapped(file, call.event, wrong)
        for event in loop.updates:
            yield from _taken(file, event)


def _order(loop: ReverseLoop, call: Term) -> str:
    """The order in which the first three arguments are given, where it is not the right one."""
    given = call.positional[:3]
    if len(given) < 3 or call.open:
        return ""
    names = tuple(_role(loop, part) for part in given)
    known = [(name, wanted) for name, wanted in zip(names, ORDER, strict=True) if name]
    wrong = [pair for pair in known if pair[0] != pair[1]]
    return ", ".join(name or "?" for name in names) if len(wrong) > 1 else ""


def _role(loop: ReverseLoop, term: Term) -> str:
    """What an argument is, for sure."""
    term = bare(term)
    if term == loop.entry:
        return "sample"
    number = scalar(term)
    if item_of(number) is not None and loop.own(number):
        return "timestep"
    return "model_output" if is_prediction(term) or _mixes_predictions(term) else ""


def _mixes_predictions(term: Term) -> bool:
    """Guidance, which holds no state but in the calls of the network."""
    if term.op not in ("+", "-", "*") or not any(is_prediction(part) for part in walk(term)):
        return False
    return all(_mixes_predictions(arg) or _is_prediction_or_free(bare(arg)) for arg in term.args)


def _is_prediction_or_free(term: Term) -> bool:
    return is_prediction(term) or not any(is_prediction(part) for part in walk(term))


def _swapped(file: File, event: Event, given: str) -> Problem:
    return Problem(
        file.place(event),
        {"code": file.code(event), "effect": f"is given {given}, but takes model_output, timestep, sample"},
        (file.step(event, f"its arguments are {given}"),),
        "Give them as model_output, timestep, sample.",
    )


def _taken(file: File, event: Event) -> Iterator[Problem]:
    """The state becomes the whole result, or the estimate of the clean picture."""
    term = event.term
    step = term.args[0] if term.op in ("attr", "index") else term
    if step.op != "call" or step.called != "step" or step.receiver is None or not schedulers(file, step.receiver):
        return
    if term.op == "attr" and term.value == "pred_original_sample":
        yield _wrong(file, event, "the estimate of the clean picture, which is no state of the next timestep", None)
    elif term is step and not _returns_state(step):
        fix = Fix("safe", "Take the sample.", (wrap(file.place(term), "{}.prev_sample"),))
        whole = "the object that step returns, not the sample in it"
        yield _wrong(file, event, whole, fix if "return_dict" not in step.keywords else None)


def _returns_state(step: Term) -> bool:
    return step.open or ("return_dict" in step.keywords and not is_const(step.keywords["return_dict"], False))


def _wrong(file: File, event: Event, what: str, fix: Fix | None) -> Problem:
    return Problem(
        file.place(event.term),
        {"code": file.code(event.term), "effect": f"makes {event.target} {what}"},
        (file.step(event.term, f"{event.target} becomes {what}"),),
        f"{event.target} = scheduler.step(...).prev_sample",
        fix=fix,
    )
