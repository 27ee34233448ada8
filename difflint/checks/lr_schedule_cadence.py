"""DFL711: a schedule of learning rates is as long as the epochs and goes on every batch, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from difflint.facts import Problem
from difflint.relations import Context, File, Opener, Term
from difflint.relations.roles import origins
from difflint.relations.terms import holds, walk
from difflint.relations.training import Step, trainings

LENGTHS = {  # where schedules say how many steps they last: position and name
    "CosineAnnealingLR": (1, "T_max"),
    "OneCycleLR": (2, "total_steps"),
    "LinearLR": (3, "total_iters"),
    "PolynomialLR": (1, "total_iters"),
    "get_cosine_schedule_with_warmup": (2, "num_training_steps"),
    "get_linear_schedule_with_warmup": (2, "num_training_steps"),
    "get_scheduler": (3, "num_training_steps"),
}
PASSING = ("tqdm", "trange", "list", "enumerate")


def check_file(file: File) -> Iterator[Problem]:
    for training in trainings(file):
        for schedule in training.of_kind("schedule"):
            made = _made(schedule)
            length = made.arg(*LENGTHS[made.called]) if made is not None else None
            epochs = _epoch_loop(schedule) if length is not None else None
            if length is not None and made is not None and epochs is not None:
                yield from _judged(file, schedule, made, length, epochs)


def _made(schedule: Step) -> Term | None:
    leaves = origins(schedule.file, schedule.of) if schedule.of is not None else iter(())
    made = [leaf for leaf in leaves if leaf.op == "call"]
    return made[0] if len(made) == 1 and made[0].called in LENGTHS else None


def _epoch_loop(schedule: Step) -> tuple[Context, Term] | None:
    """The outermost loop ``for epoch in range(epochs)`` around it, and the number of epochs."""
    for context in schedule.act.loops[:1]:
        count = schedule.act.filled(context.term)
        while count.called in PASSING and count.positional:
            count = count.positional[0]
        if context.kind == "for" and count.called in ("range", "trange") and count.positional:
            return context, count.positional[min(1, len(count.positional) - 1)]
    return None


def _judged(file: File, schedule: Step, made: Term, length: Term, loop: tuple[Context, Term]) -> Iterator[Problem]:
    opener = file.once(Opener)
    lasts, epochs = opener.open(length), opener.open(loop[1])
    counts = any(part.called == "len" for part in walk(lasts))
    batches = [c for c in schedule.act.loops[1:] if c.kind == "for" and c.term.called != "range"]
    if lasts == epochs and batches and len(schedule.act.loops) == 2 and not schedule.act.event.branches:
        yield from _problem(file, schedule, made, length, "epochs", "every batch", batches[0])
    elif counts and lasts.op == "*" and holds(lasts, epochs) and len(schedule.act.loops) == 1 and epochs.op != "const":
        yield from _problem(file, schedule, made, length, "batches", "once an epoch", loop[0])


def _problem(
    file: File, schedule: Step, made: Term, length: Term, lasts: str, cadence: str, loop: Context
) -> Iterator[Problem]:
    place = schedule.at(file)
    if place is not None:
        yield Problem(
            place,
            {"made": made.called, "length": file.code(length), "lasts": lasts, "cadence": cadence},
            (
                schedule.file.step(made, f"lasts {file.code(length)} calls: the number of {lasts}"),
                schedule.file.step(loop.node, "the loop that moves it on"),
                schedule.trace(f"is called {cadence}"),
            ),
            "Call the scheduler after the loop over the batches."
            if lasts == "epochs"
            else "Call the scheduler after each step of the optimizer.",
        )
