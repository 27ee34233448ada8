"""DFL613: the network is trained for another prediction than its scheduler takes it for."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Event, File, Function, Term
from difflint.relations.diffusers import same_object, schedulers
from difflint.relations.draws import bare, distribution
from difflint.relations.terms import alternatives, walk

LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
NAMES = {"epsilon": "the noise", "v_prediction": "the velocity", "sample": "the clean sample"}


def check_file(file: File) -> Iterator[Problem]:
    if "config.prediction_type" in file.text or "args.prediction_type" in file.text:
        return  # the target follows the scheduler
    for function in file.functions:
        for noising in function.calls:
            if noising.term.called == "add_noise" and noising.term.receiver is not None:
                predicts = _prediction_type(file, noising.term.receiver)
                if predicts is not None:
                    yield from _judged(file, function, noising, predicts)


def _prediction_type(file: File, scheduler: Term) -> tuple[str, Term] | None:
    """What the scheduler is told that the network predicts, and where it is made."""
    made = schedulers(file, scheduler)
    if len(made) != 1:
        return None
    given = made[0].given.get("prediction_type")
    if given is None:
        return ("epsilon", made[0].call) if made[0].whole else None
    return (given.value, made[0].call) if given.op == "const" and given.value in NAMES else None


def _judged(file: File, function: Function, noising: Event, predicts: tuple[str, Term]) -> Iterator[Problem]:
    for loss in function.calls:
        if loss.term.called in LOSSES and len(loss.term.positional) >= 2:
            targets = {_target(part, noising) for part in loss.term.positional[:2]} - {""}
            if len(targets) == 1 and predicts[0] not in targets and _sees(loss.term, noising):
                yield _problem(file, noising, loss, predicts, targets.pop())


def _target(term: Term, noising: Event) -> str:
    """What a side of a loss is, when it is that for sure."""
    ways = alternatives(bare(term))
    kinds = {_kind(bare(way), noising) for way in ways}
    return kinds.pop() if len(kinds) == 1 else ""


def _kind(term: Term, noising: Event) -> str:
    call = noising.term
    if term.called == "get_velocity" and term.receiver is not None and call.receiver is not None:
        return "v_prediction" if same_object(term.receiver, call.receiver) else ""
    given = call.arg(1, "noise")
    if distribution(term) == "normal":
        return "epsilon" if given is not None and bare(given) == term else ""
    clean = call.arg(0, "original_samples")
    return "sample" if clean is not None and bare(clean) == term and term.op != "unknown" else ""


def _sees(loss: Term, noising: Event) -> bool:
    """Whether the other side is predicted from what add_noise returns."""
    return any(part == noising.term for part in walk(loss))


def _problem(file: File, noising: Event, loss: Event, predicts: tuple[str, Term], target: str) -> Problem:
    told, made = predicts
    return Problem(
        file.place(loss),
        {"code": file.code(loss), "trained": NAMES[target], "told": f"prediction_type={told!r}", "taken": NAMES[told]},
        (
            file.step(made, f"prediction_type={told!r}: the output is taken for {NAMES[told]}"),
            file.step(noising, "makes the network's input"),
            file.step(loss, f"the target is {NAMES[target]}"),
        ),
        f"Train for {NAMES[told]}, or make the scheduler with prediction_type={target!r}.",
    )
